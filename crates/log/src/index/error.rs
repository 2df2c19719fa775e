use std::{io, path::PathBuf, sync::Arc};

/// Why the index has no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// A run is not what was written, or cannot be read. [`super::Index::forget_from`] `first` removes it; the log has
    /// the data.
    #[error("{} is damaged{}", file.display(), place_and_cause(*page, cause.as_deref()))]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Its first leaf.
        first: u64,
        /// The page of 4 KiB, from 0; `None` if it is the file's length, or what follows the pages.
        page: Option<u64>,
        /// What the system said, if it could not read.
        cause: Option<Arc<io::Error>>,
    },
    /// The system refused an operation on a file of the index.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file or directory.
        file: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The identities do not continue what was absorbed.
    #[error("leaves from {first} on do not follow the {absorbed} that were absorbed")]
    OutOfOrder {
        /// Where the index stands.
        absorbed: u64,
        /// Where the identities begin.
        first: u64,
    },
    /// The log has as many leaves as it can have.
    #[error("a log has at most {limit} leaves")]
    Full {
        /// The most leaves a log has.
        limit: u64,
    },
    /// More leaves share this fingerprint than are compared with a submission. Only a submitter who searched for
    /// identities that collide can bring this about, and only for these.
    #[error("more than {} leaves share the fingerprint {fingerprint:016x}", super::MAX_CANDIDATES)]
    Crowded {
        /// The first eight bytes of their identities.
        fingerprint: u64,
    },
}

impl IndexError {
    /// For `map_err`.
    pub(super) fn io(file: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let file = file.into();
        |source| Self::Io { file, source: Arc::new(source) }
    }
}

fn place_and_cause(page: Option<u64>, cause: Option<&io::Error>) -> String {
    let place = page.map(|page| format!(" at page {page}")).unwrap_or_default();
    place + &cause.map(|cause| format!(": {cause}")).unwrap_or_default()
}
