//! A checkpoint that others must sign before anybody sees it (LOG rule 13).

use super::{
    EngineError, Published, Sequencer, Shape,
    handle::not_now,
    open::read_lock,
    reader::{ReadError, Reader},
    sequencer::{PAUSE, refuse},
    view::verified,
};
use sealwax_store::{Cell, LockStore, ObjectStore};
use sealwax_tlog::{Hash, Note, TreeSize, merkle::build::Plan, note::Signature};
use std::{fmt, future::Future, mem, pin::Pin, sync::Arc, time::Instant};

/// Gathers the cosignatures without which a checkpoint is not published.
pub trait Cosigners: fmt::Debug + Send + Sync {
    /// The lines that the policy demands for this checkpoint. Asked again, with the same or a later checkpoint, until it
    /// has them. Bounded in time by itself.
    fn cosign<'a>(
        &'a self,
        checkpoint: &'a Note,
        tree: &'a Proofs,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Signature>, CosignError>> + Send + 'a>>;

    /// Whether this checkpoint has the lines that the policy demands.
    fn suffice(&self, checkpoint: &Note) -> bool;
}

/// Why there is no quorum.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CosignError {
    /// Too few answered in time. What is sequenced stays, and is published when they do.
    #[error("the witnesses that the policy demands have not cosigned: {reason}")]
    Missing {
        /// Who, and why.
        reason: String,
    },
    /// A witness has seen more of this log than we have. If no other replica has put it there, this is not the log that it was.
    #[error("witness {witness} has seen {seen} entries of this log, and this are {size}")]
    Ahead {
        /// Who.
        witness: String,
        /// What it has seen.
        seen: u64,
        /// What it was asked to cosign.
        size: u64,
    },
    /// A witness has seen another tree: this is not the log that it was. Final.
    #[error("witness {witness} has seen another history of this log: {reason}")]
    Conflict {
        /// Who.
        witness: String,
        /// What it has seen.
        reason: String,
    },
}

impl CosignError {
    /// Whether it stops a log that has one writer.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Missing { .. })
    }
}

/// Proofs in the tree of a checkpoint that may not be published yet.
#[derive(Clone)]
pub struct Proofs {
    reader: Reader,
    size: u64,
}

impl Proofs {
    pub(crate) fn new(reader: Reader, size: u64) -> Self {
        Self { reader, size }
    }

    /// Leaves of the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// That the tree begins with the tree of `old` leaves (RFC 6962 section 2.1.2).
    ///
    /// # Errors
    /// [`ReadError`]: `old` is larger than the tree, or tiles cannot be read.
    pub async fn consistency(&self, old: u64) -> Result<Vec<Hash>, ReadError> {
        let size = TreeSize(self.size);
        self.reader.carry_out(&Plan::consistency(TreeSize(old), size)?, size).await
    }
}

impl<S: ObjectStore + LockStore + 'static> Sequencer<S> {
    /// Signs what the lock value says, has it cosigned if it must be, and publishes it. `false`: there is no quorum, nothing
    /// is published, and no more entries are taken until there is one.
    pub(crate) async fn sign_and_publish(&mut self, early: Option<Note>) -> Result<bool, EngineError> {
        let note = match early {
            Some(note) => note,
            None => self.sign().await?,
        };
        let text = note.text().to_owned();
        let note = match self.cosigned(note).await {
            Ok(note) => note,
            Err(EngineError::Cosign(error)) if self.may_yet_be_cosigned(&error).await? => {
                self.withheld = true;
                let error = not_now(error);
                self.queue.close(Some(error.clone()));
                let waiting = mem::take(&mut self.carried).into_iter().chain(self.queue.take_all());
                waiting.for_each(|waiting| refuse(waiting, error.clone()));
                if self.publish.borrow().is_none() {
                    self.show_stored(&text).await?;
                }
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        if self.withheld {
            self.withheld = false;
            self.queue.close(None);
        }
        self.publish(&note).await?;
        Ok(true)
    }

    async fn sign(&mut self) -> Result<Note, EngineError> {
        let start = Instant::now();
        let note = self.signing.sign_anywhere(&self.lock, self.host.as_ref()).await?;
        self.metrics.sign_seconds.time(start.elapsed());
        Ok(note)
    }

    /// A log that was opened, and waits for its quorum, shows the checkpoint that lies beside the tiles if that has one, and says
    /// what is signed now. An older one may have been followed by others.
    async fn show_stored(&mut self, text: &str) -> Result<(), EngineError> {
        let loaded = self.store.load(Cell::Checkpoint).await;
        let Some(stored) = self.unless_shared(loaded)?.flatten() else { return Ok(()) };
        // What this log has not signed is no checkpoint of it.
        let Ok((signed, timestamp)) = verified(&stored.value, &self.signing) else { return Ok(()) };
        let has_quorum =
            self.config.cosigners.as_ref().is_none_or(|cosigners| cosigners.suffice(signed.note()));
        if signed.note().text() == text && has_quorum {
            let timestamp = timestamp.unwrap_or(self.lock.timestamp);
            self.show(Published { timestamp, ..self.published(stored.value) });
        }
        Ok(())
    }

    async fn cosigned(&mut self, note: Note) -> Result<Note, EngineError> {
        let Some(cosigners) = &self.config.cosigners else { return Ok(note) };
        let proofs = Proofs::new(self.reader.clone(), self.lock.size);
        let lines = cosigners.cosign(&note, &proofs).await?;
        let signatures = note.signatures().iter().cloned().chain(lines).collect();
        let note = Note::new(note.text().to_owned(), signatures);
        note.map_err(|error| EngineError::Signing(error.into()))
    }

    /// A quorum that is missing may come. A witness that is ahead has seen what another replica has swapped in since, if the
    /// lock value says that there is so much; this one is to catch up and ask again.
    async fn may_yet_be_cosigned(&mut self, error: &CosignError) -> Result<bool, EngineError> {
        match error {
            CosignError::Missing { .. } => Ok(true),
            CosignError::Ahead { seen, .. } if self.config.shape == Shape::Shared => {
                let loaded = self.store.load(Cell::Lock).await;
                let Some(now) = self.unless_shared(loaded)?.flatten() else { return Ok(true) };
                Ok(read_lock(&now, &self.signing)?.size >= *seen)
            }
            _ => Ok(false),
        }
    }

    /// Tries again to publish what has no quorum, after a pause; with other replicas about, what the lock value says by then.
    pub(crate) async fn try_again(&mut self) -> Result<(), EngineError> {
        self.host.sleep(PAUSE).await;
        let before = self.version.clone();
        self.catch_up().await?;
        if self.withheld && self.version == before {
            self.sign_and_publish(None).await?;
        }
        Ok(())
    }
}

/// A published checkpoint with one more line, if the line is for that very text.
pub(crate) fn with_line(published: &Published, text: &str, line: Signature) -> Option<Arc<Published>> {
    let note = Note::parse(std::str::from_utf8(&published.note).ok()?).ok()?;
    if note.text() != text || note.signatures().contains(&line) {
        return None;
    }
    let signatures = note.signatures().iter().cloned().chain([line]).collect();
    let note = Note::new(note.text().to_owned(), signatures).ok()?;
    Some(Arc::new(Published { note: note.to_string().into(), ..published.clone() }))
}
