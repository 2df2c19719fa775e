//! The engine: from submissions to sequenced, proved and published entries.
//!
//! [`open`] brings a log to what its lock value says and gives two halves: a [`Log`], the front for any number of threads, and
//! the [`Sequencer`], which somebody has to run. A round, in `sequencer.rs`:
//!
//! 1. collect what waits; find what is there already; give indices to the rest;
//! 2. stage the batch, and swap in the lock value that names it: from here on it is the truth;
//! 3. read it back; put the tiles that are full (with other replicas about: all, durably);
//! 4. sign the checkpoint, publish it, answer.
//!
//! `docs/adr/0005-the-log-engine.md` says what each crash leaves behind, and why no two histories can come of it.

mod batch;
mod config;
mod cosigning;
mod edge;
mod error;
mod handle;
mod host;
mod indexing;
mod lock_value;
mod open;
mod queue;
mod reader;
mod record;
mod replicas;
mod round;
mod sabotage;
mod sequencer;
mod settle;
mod signing;
mod submission;
mod tree;
mod view;

pub(crate) use batch::Batch;
pub use batch::BatchError;
pub use config::{Config, Shape};
pub use cosigning::{CosignError, Cosigners, Proofs};
pub(crate) use edge::{Edge, Entries};
pub use error::EngineError;
use handle::Front;
pub use handle::{AddError, Added, Coming, KeepError, Log, Published};
pub use host::Host;
pub use lock_value::{LockValue, LockValueError, MAX_LOCK_BYTES};
pub use open::{create, open};
pub use queue::QueueLimits;
pub use reader::ReadError;
pub use record::{MAX_CERTIFICATE_RECORD, RecordError};
pub use sabotage::Step;
pub use sequencer::Sequencer;
pub(crate) use signing::PATIENCE;
pub use signing::{Signing, SigningError, frozen_since};
pub use submission::{Body, Kind, Submission};
pub(crate) use tree::Tree;
pub use view::{Shown, ShownError, open_view};
