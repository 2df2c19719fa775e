//! The loop that drives `sealwax_tuf`: its questions become requests and files.

use crate::cache::{CacheError, Directory};
use crate::http::{BaseUrl, Client, HttpError, Transport};
use jiff::Timestamp;
use sealwax_tuf::{Action, Answer, Limits, Machine, Refresh, TargetFile, Trusted, inspect_root};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The largest target that is fetched into memory. The largest that Sigstore publishes has 33 kB.
const MAX_TARGET_BYTES: u64 = 64 << 20;
/// How long to wait for another process that updates the same cache.
const PATIENCE: Duration = Duration::from_secs(120);
/// The largest file that is read out of the cache; the largest metadata file has 5 MB.
const MAX_CACHED_BYTES: u64 = 8 << 20;

/// Why an update failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// Something cannot be fetched.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The repository is not to be trusted.
    #[error("{url}: {source}")]
    Repository {
        /// The metadata URL.
        url: String,
        /// What is wrong with it.
        source: sealwax_tuf::Error,
    },
    /// A target is listed and not there.
    #[error("{url} lists the target {path} and does not have it")]
    TargetMissing {
        /// The targets URL.
        url: String,
        /// The target.
        path: String,
    },
    /// A target is not what its metadata says.
    #[error("the target {path} of {url} is not the one that its metadata describes")]
    TargetMismatch {
        /// The targets URL.
        url: String,
        /// The target.
        path: String,
    },
    /// A target is larger than we keep in memory.
    #[error("the target {path} has {length} bytes, more than the {limit} that are fetched")]
    TargetTooLong {
        /// The target.
        path: String,
        /// Its length.
        length: u64,
        /// The limit.
        limit: u64,
    },
}

/// A TUF repository, as a caller knows it.
#[derive(Debug, Clone, Copy)]
pub struct Repository<'a> {
    /// Where the metadata is.
    pub metadata_url: &'a str,
    /// Where the targets are.
    pub targets_url: &'a str,
    /// A root file that is trusted.
    pub initial_root: &'a [u8],
}

/// What an update brought.
#[derive(Debug)]
pub struct Update {
    /// The newest top-level metadata.
    pub trusted: Trusted,
    /// The newest root file, byte for byte.
    pub root: Vec<u8>,
    /// The targets that were asked for, in order; `None` for what the repository does not have.
    pub targets: Vec<(String, Option<Vec<u8>>)>,
    /// Whether the cache could be written; if not, the next update starts where this one did.
    pub kept: bool,
}

/// Refreshes the metadata kept in `cache` and fetches the targets, on a runtime of its own.
///
/// # Errors
/// See [`UpdateError`]; each says in one sentence what could not be had.
pub fn update_blocking(
    repository: &Repository<'_>,
    cache: &Path,
    targets: &[&str],
    now: Timestamp,
) -> Result<Update, UpdateError> {
    block_on(async { update(&Client::new()?, repository, cache, targets, now).await })
}

/// Runs one future to its end on this thread.
///
/// # Errors
/// The future's; [`HttpError::Setup`] if the system gives us no event queue.
pub fn block_on<T, E: From<UpdateError>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let setup = |error: std::io::Error| UpdateError::from(HttpError::Setup { reason: error.to_string() });
    runtime.map_err(setup)?.block_on(future)
}

/// Refreshes the metadata kept in `cache` and fetches the targets. Other processes that update the same cache wait.
///
/// # Errors
/// See [`UpdateError`].
pub async fn update(
    client: &Client,
    repository: &Repository<'_>,
    cache: &Path,
    targets: &[&str],
    now: Timestamp,
) -> Result<Update, UpdateError> {
    let session = Session::open(client, repository, cache)?;
    let trusted = session.refresh(repository.initial_root, now).await?;
    let mut found = Vec::new();
    for path in targets {
        let target = session.find(&trusted, path).await?;
        let bytes = match &target {
            Some(target) => Some(session.fetch(target).await?),
            None => None,
        };
        found.push(((*path).to_owned(), bytes));
    }
    let root = session.store.load(&sealwax_tuf::file_name("root"))?;
    let root = root.unwrap_or_else(|| repository.initial_root.to_vec());
    Ok(Update { trusted, root, targets: found, kept: session.store.keeps() })
}

/// A repository and a cache that this process has for itself, until it is dropped.
#[derive(Debug)]
pub struct Session<'a> {
    client: &'a Client,
    metadata_url: BaseUrl,
    targets_url: BaseUrl,
    store: Store,
    limits: Limits,
}

impl<'a> Session<'a> {
    /// Opens the cache (making it if need be) and takes its lock.
    ///
    /// # Errors
    /// [`UpdateError::Http`] for a URL that is none, [`UpdateError::Cache`].
    pub fn open(client: &'a Client, repository: &Repository<'_>, cache: &Path) -> Result<Self, UpdateError> {
        Ok(Session {
            client,
            metadata_url: BaseUrl::parse(repository.metadata_url, Transport::SelfProving)?,
            targets_url: BaseUrl::parse(repository.targets_url, Transport::SelfProving)?,
            store: Store::open(cache)?,
            limits: Limits::default(),
        })
    }

    /// Brings the top-level metadata up to date, from the newer one of `initial_root` and the root in the cache.
    ///
    /// # Errors
    /// See [`UpdateError`]. What was trusted on the way is in the cache all the same.
    pub async fn refresh(&self, initial_root: &[u8], now: Timestamp) -> Result<Trusted, UpdateError> {
        let wrong = |source| UpdateError::Repository { url: self.metadata_url.to_string(), source };
        let file = sealwax_tuf::file_name("root");
        let given = inspect_root(initial_root, &self.limits).map_err(wrong)?;
        let stored = self.store.load(&file)?;
        // A root in the cache was trusted once; one that is damaged is as good as none.
        let stored = stored.and_then(|bytes| Some((inspect_root(&bytes, &self.limits).ok()?, bytes)));
        let mut refresh = match &stored {
            Some((summary, bytes)) if summary.version > given.version => {
                Refresh::new(bytes, now, &self.limits).map_err(wrong)?
            }
            Some((_, bytes)) if bytes == initial_root => {
                Refresh::new(initial_root, now, &self.limits).map_err(wrong)?
            }
            _ => {
                let mut refresh = Refresh::new(initial_root, now, &self.limits).map_err(wrong)?;
                if let Some((_, bytes)) = &stored {
                    refresh.succeed(bytes).map_err(wrong)?;
                }
                refresh.keep_root(initial_root);
                refresh
            }
        };
        self.drive(&mut refresh).await?;
        refresh.finish().map_err(wrong)
    }

    /// Looks for a target.
    ///
    /// # Errors
    /// See [`UpdateError`].
    pub async fn find(&self, trusted: &Trusted, path: &str) -> Result<Option<TargetFile>, UpdateError> {
        let wrong = |source| UpdateError::Repository { url: self.metadata_url.to_string(), source };
        let mut search = trusted.search(path).map_err(wrong)?;
        self.drive(&mut search).await?;
        search.finish().map_err(wrong)
    }

    /// Fetches a target (TUF §5.7).
    ///
    /// # Errors
    /// See [`UpdateError`]; no byte of a target that does not fit its metadata is returned.
    pub async fn fetch(&self, target: &TargetFile) -> Result<Vec<u8>, UpdateError> {
        let path = target.path.clone();
        if target.length > MAX_TARGET_BYTES {
            let (length, limit) = (target.length, MAX_TARGET_BYTES);
            return Err(UpdateError::TargetTooLong { path, length, limit });
        }
        let url = self.targets_url.join(&target.url_path)?;
        let Some(bytes) = self.client.get(&url, target.length).await? else {
            return Err(UpdateError::TargetMissing { url: self.targets_url.to_string(), path });
        };
        if target.matches(&bytes) {
            return Ok(bytes);
        }
        Err(UpdateError::TargetMismatch { url: self.targets_url.to_string(), path })
    }

    async fn drive(&self, machine: &mut impl Machine) -> Result<(), UpdateError> {
        while let Some(action) = machine.next_action() {
            let answer = match action {
                Action::Load { file } => Some(self.store.load(&file)?),
                Action::Fetch { path, max_bytes } => Some(self.fetch_metadata(&path, max_bytes).await?),
                Action::Store { file, bytes } => {
                    self.store.write(&file, bytes)?;
                    None
                }
                Action::Remove { file } => {
                    self.store.remove(&file)?;
                    None
                }
            };
            if let Some(answer) = answer {
                let answer = answer.map_or(Answer::Absent, Answer::Bytes);
                let wrong = |source| UpdateError::Repository { url: self.metadata_url.to_string(), source };
                machine.answer(answer).map_err(wrong)?;
            }
        }
        Ok(())
    }

    async fn fetch_metadata(&self, path: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, UpdateError> {
        match self.client.get(&self.metadata_url.join(path)?, max_bytes).await {
            // A bucket that may not be listed says 403 for what it does not have, and the walk of the roots ends there.
            Err(HttpError::Status { status: 403, .. }) if path.ends_with(".root.json") => Ok(None),
            other => Ok(other?),
        }
    }
}

/// The cache directory; or, where it cannot be written, the directory below what would have been written.
#[derive(Debug)]
struct Store {
    directory: Option<Directory>,
    /// Present once the directory has turned out to be read-only. `None` is a file that was removed.
    overlay: RefCell<Option<BTreeMap<String, Option<Vec<u8>>>>>,
    _lock: Option<crate::cache::Lock>,
}

impl Store {
    fn open(path: &Path) -> Result<Self, UpdateError> {
        let in_memory =
            |directory| Store { directory, overlay: RefCell::new(Some(BTreeMap::new())), _lock: None };
        let directory = match Directory::create(path) {
            Ok(directory) => directory,
            Err(error) if error.is_read_only() => return Ok(in_memory(None)),
            Err(error) => return Err(error.into()),
        };
        match directory.lock(PATIENCE) {
            Ok(lock) => {
                Ok(Store { directory: Some(directory), overlay: RefCell::new(None), _lock: Some(lock) })
            }
            // Who cannot lock cannot write, and readers need no lock: files are replaced whole, and verified.
            Err(error) if error.is_read_only() => Ok(in_memory(Some(directory))),
            Err(error) => Err(error.into()),
        }
    }

    fn keeps(&self) -> bool {
        self.overlay.borrow().is_none()
    }

    fn load(&self, file: &str) -> Result<Option<Vec<u8>>, UpdateError> {
        if let Some(bytes) = self.overlay.borrow().as_ref().and_then(|overlay| overlay.get(file)) {
            return Ok(bytes.clone());
        }
        match &self.directory {
            Some(directory) => Ok(directory.read(file, MAX_CACHED_BYTES)?),
            None => Ok(None),
        }
    }

    fn write(&self, file: &str, bytes: Vec<u8>) -> Result<(), UpdateError> {
        if let (Some(directory), true) = (&self.directory, self.keeps()) {
            return Ok(directory.write(file, &bytes)?);
        }
        self.overlay.borrow_mut().get_or_insert_default().insert(file.to_owned(), Some(bytes));
        Ok(())
    }

    fn remove(&self, file: &str) -> Result<(), UpdateError> {
        if let (Some(directory), true) = (&self.directory, self.keeps()) {
            return Ok(directory.remove(file)?);
        }
        self.overlay.borrow_mut().get_or_insert_default().insert(file.to_owned(), None);
        Ok(())
    }
}
