use crate::metadata::{Document, Root, Snapshot, Targets, Timestamp};
use crate::{Error, Limits, Search};

/// The newest top-level metadata of a repository, signed and unexpired at the start time of the refresh that made it.
#[derive(Debug, Clone)]
pub struct Trusted {
    pub(crate) now: jiff::Timestamp,
    pub(crate) limits: Limits,
    pub(crate) root: Document<Root>,
    pub(crate) timestamp: Document<Timestamp>,
    pub(crate) snapshot: Document<Snapshot>,
    pub(crate) targets: Document<Targets>,
}

impl Trusted {
    /// The version of the root.
    pub fn root_version(&self) -> u64 {
        self.root.version
    }

    /// The version of the timestamp.
    pub fn timestamp_version(&self) -> u64 {
        self.timestamp.version
    }

    /// The version of the snapshot.
    pub fn snapshot_version(&self) -> u64 {
        self.snapshot.version
    }

    /// The version of the top-level targets role.
    pub fn targets_version(&self) -> u64 {
        self.targets.version
    }

    /// When the first of the four roles expires.
    pub fn expires(&self) -> jiff::Timestamp {
        let others = [self.timestamp.expires, self.snapshot.expires, self.targets.expires];
        others.into_iter().fold(self.root.expires, jiff::Timestamp::min)
    }

    /// Looks for the target of that path (TUF §5.6.7).
    ///
    /// # Errors
    /// What is wrong with the top-level targets, as far as this target is concerned.
    pub fn search(&self, path: &str) -> Result<Search<'_>, Error> {
        Search::new(self, path)
    }
}
