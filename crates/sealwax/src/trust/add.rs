//! `trust add`: a profile of the user's own.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sealwax_formats::{ClientTrustConfig, NpmKeys, TrustedRoot};
use sealwax_net::http::{BaseUrl, Transport};
use sealwax_tuf::{Limits, inspect_root};

use super::say;
use crate::Failure;
use crate::judge::Status;
use crate::profile::{self, Description, Files};
use crate::sources::read_limited;

/// The largest file of a profile, as profiles are read.
const MAX_FILE: u64 = profile::MAX_FILE;

/// What the command line says a profile is made of.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) tuf: Option<String>,
    pub(super) root: Option<PathBuf>,
    pub(super) trusted_root: Option<PathBuf>,
    pub(super) config: Option<PathBuf>,
    pub(super) keys: Option<PathBuf>,
    pub(super) private: bool,
}

pub(super) fn run(
    name: &str,
    source: &Source,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let (files, next) = gather(name, source)?;
    let private = source.private;
    let description = Description { tuf_url: source.tuf.clone(), root_version: None, as_of: now, private };
    profile::create(name, &description, &files)?;
    say(out, &format!("added the trust profile {name}; {next}"))
}

fn gather(name: &str, source: &Source) -> Result<(Files, String), Failure> {
    let mut files = Files::default();
    if let Some(path) = &source.keys {
        let bytes = read(path)?;
        NpmKeys::parse(&bytes).map_err(|error| not(path, "a list of keys in npm's form", &error))?;
        files.keys = Some(bytes);
    }
    let next = match (&source.tuf, &source.root, &source.trusted_root, &source.config) {
        (Some(url), Some(path), None, None) => {
            BaseUrl::parse(url, Transport::SelfProving).map_err(|error| Failure::usage(error.to_string()))?;
            let root = read(path)?;
            inspect_root(&root, &Limits::default()).map_err(|error| not(path, "a TUF root", &error))?;
            if files.keys.is_some() {
                return Err(Failure::usage("a TUF repository brings its own keys: leave --keys out"));
            }
            files.root = Some(root);
            format!("nothing was fetched yet: `sealwax trust update {name}` is next")
        }
        (None, None, Some(path), None) => {
            let root = read(path)?;
            TrustedRoot::parse(&root).map_err(|error| not(path, "a trusted root", &error))?;
            files.trusted_root = Some(root);
            use_it(name)
        }
        (None, None, None, Some(path)) => {
            let config = ClientTrustConfig::parse(&read(path)?);
            let config = config.map_err(|error| not(path, "a client trust config", &error))?;
            if let Some(url) = profile::public_service(&config.signing_config).filter(|_| source.private) {
                return Err(Failure::usage(format!("it is not private: {url}, which it asks, is public")));
            }
            files.trusted_root = Some(config.trusted_root.write().into_bytes());
            files.signing_config = Some(config.signing_config.write().into_bytes());
            format!("`sealwax sign FILE --trust {name}` and `sealwax verify FILE --trust {name}` use it")
        }
        _ => return Err(Failure::usage("give --tuf with --root, or --trusted-root, or --config")),
    };
    Ok((files, next))
}

fn use_it(name: &str) -> String {
    format!("`sealwax verify FILE --trust {name}` uses it")
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path, MAX_FILE)
        .map_err(|error| Failure::cannot(format!("cannot read {}: {error}", path.display())))
}

fn not(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("{} is not {what} that can be read: {error}", path.display()))
}
