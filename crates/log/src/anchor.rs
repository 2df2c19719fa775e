//! The anchor: the newest checkpoint, kept outside the log's directory, so that a directory that was put back from an older
//! copy does not sign a second history (LOG rule 14).

use crate::engine::{Log, Published, ReadError, frozen_since};
use sealwax_net::http::{Client, HttpError, Method, Timeouts, Transport, Url};
use sealwax_tlog::{
    CheckpointError, LogKey, LogSignatureError, ProofError, SignedCheckpoint, TreeSize, verify_consistency,
};
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Mutex;

/// The longest checkpoint that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The anchor follows the log at this pace.
const PACE: Duration = Duration::from_secs(1);

/// Where the newest checkpoint is kept. Clones are of the same one.
#[derive(Clone, Debug)]
pub struct Anchor {
    place: Place,
    /// Size and time of what was written last, and whether it was frozen. Held while somebody writes.
    written: Arc<Mutex<Option<(u64, bool, u64)>>>,
}

#[derive(Clone, Debug)]
enum Place {
    /// A file, on another disk than the log.
    File(PathBuf),
    /// A URL that is read with GET and written with PUT.
    Url(Url, Client),
}

/// Why a log must not be written to, or the anchor not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The URL cannot be read or written.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It was refused.
    #[error("{url} answered a PUT with status {status}")]
    Refused {
        /// The URL.
        url: Url,
        /// The status.
        status: u16,
    },
    /// It is not a checkpoint.
    #[error("the anchor is not a checkpoint: {0}")]
    NotCheckpoint(#[from] CheckpointError),
    /// It is not text.
    #[error("the anchor is not a checkpoint: it is not UTF-8")]
    NotText,
    /// It is not by this log.
    #[error("the anchor is not signed by this log: {0}")]
    Signature(#[from] LogSignatureError),
    /// The log has fewer entries than the anchor knows of: it was put back from an older copy.
    #[error("the anchor knows {anchor} entries of this log, and here are {log}: this is an older copy")]
    Older {
        /// Size of the anchor.
        anchor: u64,
        /// Size of the log.
        log: u64,
    },
    /// The log has another history than the anchor.
    #[error("the anchor, of size {anchor}, is of another history than this log: {source}")]
    Fork {
        /// Size of the anchor.
        anchor: u64,
        /// What does not fit.
        source: ProofError,
    },
    /// There is no anchor, and the log is not new.
    #[error(
        "there is no anchor, and the log has {log} entries: if it never had one, put the log's checkpoint there"
    )]
    Absent {
        /// Size of the log.
        log: u64,
    },
    /// The anchor says that the log is frozen, and this one is not.
    #[error(
        "the anchor, of size {anchor}, says that this log is frozen, and here it is not: this is an older copy"
    )]
    Thawed {
        /// Size of the anchor.
        anchor: u64,
    },
    /// The log has published nothing yet.
    #[error("the log has published no checkpoint to compare with the anchor")]
    Unpublished,
    /// The log's tiles cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl AnchorError {
    /// Whether the log is certainly not the one that the anchor knows. Everything else says that the two cannot be compared
    /// now, and perhaps later.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Older { .. } | Self::Fork { .. } | Self::Thawed { .. })
    }
}

impl Anchor {
    /// A file, or an `http` or `https` URL.
    ///
    /// # Errors
    /// [`AnchorError::Http`].
    pub fn parse(text: &str) -> Result<Self, AnchorError> {
        // A scheme that is misspelt is not the name of a file.
        if !text.contains("://") {
            return Ok(Self::at(Place::File(text.into())));
        }
        // Reads the URL by the rules of all URLs here; what the anchor says proves itself.
        let url = Url::parse(text)
            .map_err(|error| HttpError::Url { url: text.to_owned(), reason: error.to_string() })?;
        sealwax_net::http::BaseUrl::parse(text, Transport::SelfProving)?;
        let timeouts = Timeouts { connect: PACE * 5, read: PACE * 10, total: PACE * 20 };
        Ok(Self::at(Place::Url(url, Client::without_redirects(&timeouts)?)))
    }

    fn at(place: Place) -> Self {
        Self { place, written: Arc::default() }
    }

    /// Compares what the anchor knows with the log, which must contain it. Nothing is compared if there is none and the log has no
    /// entries. To be called after opening and before the first round.
    ///
    /// # Errors
    /// [`AnchorError`]: do not write to this log, for good if it is [final](AnchorError::is_final).
    pub async fn check(&self, log: &Log) -> Result<(), AnchorError> {
        let Some(bytes) = self.read().await? else {
            // Perhaps its disk is not mounted.
            let published = log.published().ok_or(AnchorError::Unpublished)?;
            return if published.size == 0 {
                Ok(())
            } else {
                Err(AnchorError::Absent { log: published.size })
            };
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| AnchorError::NotText)?;
        let signed = SignedCheckpoint::parse(text)?;
        let Some(key) = log.verifier_keys().first() else { return Err(AnchorError::Unpublished) };
        if let Ok(key) = LogKey::from_verifier_key(key.clone()) {
            key.verify(&signed)?;
        }
        let (size, root) = (signed.unverified().size(), *signed.unverified().root());
        let published = log.published().ok_or(AnchorError::Unpublished)?;
        if size.0 > published.size {
            return Err(AnchorError::Older { anchor: size.0, log: published.size });
        }
        let proof = log.proofs(published.size).consistency(size.0).await?;
        verify_consistency(size, &root, TreeSize(published.size), &published.root, &proof)
            .map_err(|source| AnchorError::Fork { anchor: size.0, source })?;
        if frozen_since(signed.unverified()).is_some() && !published.frozen {
            return Err(AnchorError::Thawed { anchor: size.0 });
        }
        Ok(())
    }

    /// Writes each newest checkpoint, at most once a second. Runs until it is dropped; what goes
    /// wrong is told to `failed`, and tried again with the next one.
    pub async fn follow(self, log: Log, failed: impl Fn(AnchorError) + Send) {
        let mut watch = log.watch();
        let mut written = None;
        loop {
            let newest = watch.borrow_and_update().clone();
            if let Some(newest) = newest.filter(|newest| Some(newest) != written.as_ref()) {
                match self.write(&newest).await {
                    Ok(()) => written = Some(newest),
                    Err(error) => failed(error),
                }
                tokio::time::sleep(PACE).await;
                continue;
            }
            if watch.changed().await.is_err() {
                // The log was opened again.
                tokio::time::sleep(PACE).await;
                watch = log.watch();
            }
        }
    }

    async fn read(&self) -> Result<Option<Vec<u8>>, AnchorError> {
        match &self.place {
            Place::File(path) => match beside(path, |path| fs::read(path)).await {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(AnchorError::File { path: path.clone(), source }),
            },
            Place::Url(url, client) => Ok(client.get(url, MAX_BYTES).await?),
        }
    }

    /// Writes a checkpoint now, unless a newer one was written: when a log stops, the last one is written while the one before may
    /// be on its way.
    ///
    /// # Errors
    /// [`AnchorError`].
    pub async fn write(&self, published: &Arc<Published>) -> Result<(), AnchorError> {
        let this = (published.size, published.frozen, published.timestamp);
        let mut written = self.written.lock().await;
        if written.is_none_or(|written| written <= this) {
            self.put(published).await?;
            *written = Some(this);
        }
        Ok(())
    }

    async fn put(&self, published: &Published) -> Result<(), AnchorError> {
        match &self.place {
            Place::File(path) => {
                let note = published.note.clone();
                let replaced = beside(path, move |path| replace(path, &note)).await;
                replaced.map_err(|source| AnchorError::File { path: path.clone(), source })
            }
            Place::Url(url, client) => {
                let headers = [("content-type", "text/plain; charset=utf-8")];
                let body = published.note.to_vec();
                let answer = client.send(Method::PUT, url, &headers, body, MAX_BYTES).await?;
                match answer.status {
                    200..300 => Ok(()),
                    status => Err(AnchorError::Refused { url: url.clone(), status }),
                }
            }
        }
    }
}

/// On a thread that may wait: the disk of the anchor must not hold up the log.
async fn beside<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || work(&path))
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The file is the old one or the new one, and durable.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
