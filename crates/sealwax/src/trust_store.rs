//! Trust, named by a profile or a file, prepared once and shared by all verdicts of the process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use sealwax_formats::{NpmKeys, TrustedRoot};
use sealwax_verify::{Trust, Verifier};

use crate::judge::Stop;
use crate::profile::{self, Origin, Profile};

/// Prepared trust that is kept for the next line of a list.
const MAX_KEPT: usize = 64;

/// On what trust.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustSource {
    /// A profile.
    Profile(String),
    /// A trusted root.
    File(PathBuf),
}

/// The trust that a verdict stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustNote {
    /// The profile's name, or the file's.
    pub name: String,
    /// Where it was read.
    pub origin: Origin,
    /// The version of the TUF root that vouches for it.
    pub root_version: Option<u64>,
    /// When it was last known to be current.
    pub as_of: Option<Timestamp>,
}

/// Prepared trust, shared by all jobs of a process.
#[derive(Debug)]
pub struct TrustStore {
    now: Timestamp,
    loaded: Mutex<BTreeMap<TrustSource, Arc<Loaded>>>,
}

/// Prepared trust.
#[derive(Debug)]
pub struct Loaded {
    /// The verifier that stands on it.
    pub verifier: Verifier,
    /// What it is.
    pub note: TrustNote,
}

impl TrustStore {
    /// An empty store; `now` is the same for all verdicts.
    pub fn new(now: Timestamp) -> Self {
        Self { now, loaded: Mutex::default() }
    }

    /// The instant that counts as now.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The prepared trust, read at its first use.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn load(&self, source: &TrustSource) -> Result<Arc<Loaded>, Stop> {
        let known = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned();
        if let Some(loaded) = known {
            return Ok(loaded);
        }
        let loaded = Arc::new(load(source)?);
        let mut kept = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(source.clone(), Arc::clone(&loaded));
        Ok(loaded)
    }
}

fn load(source: &TrustSource) -> Result<Loaded, Stop> {
    let profile = match source {
        TrustSource::Profile(name) if name == profile::KEY_ONLY => {
            let note =
                TrustNote { name: name.clone(), origin: Origin::KeyOnly, root_version: None, as_of: None };
            return Ok(Loaded { verifier: Verifier::new(Trust::key_only()), note });
        }
        TrustSource::Profile(name) => profile::load(name),
        TrustSource::File(path) => profile::from_file(path),
    };
    prepare(profile.map_err(|error| Stop::cannot_tell(error.to_string()))?)
}

/// A verifier on the trust of a profile.
///
/// # Errors
/// A sentence for people.
pub fn prepare(profile: Profile) -> Result<Loaded, Stop> {
    let Some(root) = &profile.trusted_root else {
        let reason = format!(
            "the trust profile {} has no trusted root yet; `sealwax trust update {0}` gets it",
            profile.name
        );
        return Err(Stop::cannot_tell(reason));
    };
    let unreadable = |what: &str, error: &dyn std::fmt::Display| {
        Stop::cannot_tell(format!("the {what} of {} cannot be read: {error}", profile.name))
    };
    let root = TrustedRoot::parse(root).map_err(|error| unreadable("trusted root", &error))?;
    let mut trust = Trust::new(&root);
    if let Some(keys) = &profile.keys {
        trust = trust.with_keys(NpmKeys::parse(keys).map_err(|error| unreadable("keys", &error))?);
    }
    if let Some(as_of) = profile.as_of {
        trust = trust.with_as_of(as_of);
    }
    let note = TrustNote {
        name: profile.name,
        origin: profile.origin,
        root_version: profile.root_version,
        as_of: profile.as_of,
    };
    Ok(Loaded { verifier: Verifier::new(trust), note })
}
