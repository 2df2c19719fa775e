//! The TUF repository over HTTP: the files of a directory, and a 404 for everything else. Clients walk roots until one.

use std::path::{Path, PathBuf};

use sealwax_server::read::{self, Coding, Lifetime, Representation};
use sealwax_server::{Answer, Bytes, Head, Reply, Response, Route, Site, StatusCode, reply};

use crate::sources::read_limited;

/// The largest file that is served, bytes: a trusted root of many years.
const MAX_BYTES: u64 = 16 << 20;

/// The files of a repository.
pub struct Files {
    directory: PathBuf,
}

impl Files {
    /// Those of this directory.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The file that a path names, if it is one that a repository has: metadata in the directory itself, and contents below
    /// `targets`. What has another name is for others who may be on the same host.
    fn path(&self, path: &str) -> Option<PathBuf> {
        let name = path.strip_prefix('/')?;
        let (folder, name) = match name.strip_prefix("targets/") {
            Some(name) => (self.directory.join("targets"), name),
            None if name.ends_with(".json") => (self.directory.clone(), name),
            None => return None,
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let named = !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain);
        named.then(|| folder.join(name))
    }
}

impl Site for Files {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        self.path(head.path()).map(|_| Route::read("tuf"))
    }

    fn answer<'a>(&'a self, head: Head<'a>, _: Bytes) -> Answer<'a> {
        Box::pin(async move {
            let Some(path) = self.path(head.path()) else { return reply::not_found() };
            let lifetime = lifetime(&path);
            // A small file, of which the system has the pages.
            let found = tokio::task::spawn_blocking(move || read_limited(&path, MAX_BYTES)).await;
            match found {
                Ok(Ok(bytes)) => answer(head, bytes.into(), lifetime),
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => reply::not_found(),
                _ => reply::plain(StatusCode::INTERNAL_SERVER_ERROR, "cannot be read\n"),
            }
        })
    }
}

/// What has a version or a digest in front of its name never changes; `timestamp.json` is never kept.
fn lifetime(path: &Path) -> Lifetime {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("timestamp.json") | None => Lifetime::Moment,
        Some(_) => Lifetime::Immutable,
    }
}

fn answer(head: Head<'_>, bytes: Bytes, lifetime: Lifetime) -> Response<Reply> {
    let tag = read::tag(&bytes, "");
    let representation =
        Representation { bytes, tag: &tag, media_type: "application/json", lifetime, coding: Coding::Only };
    read::answer(head.method(), head.headers(), &representation)
}
