//! A TUF client and a repository editor, as state machines over bytes.
//!
//! **Job.** [`Refresh`] walks from a trusted root to the newest top-level metadata; what it returns when it is finished,
//! [`Trusted`], can be built in no other way and is where a [`Search`] for one target starts. Both say what they want
//! next ([`Action`]: read this file, fetch that path, store these bytes) and are handed the answer. Whoever drives
//! them does the input and output; `sealwax-net` has that loop.
//!
//! ```
//! use sealwax_tuf::{Action, Answer, Error, Limits, Machine, Refresh, Trusted};
//!
//! fn refresh(root: &[u8], now: jiff::Timestamp) -> Result<Trusted, Error> {
//!     let mut machine = Refresh::new(root, now, &Limits::default())?;
//!     while let Some(action) = machine.next_action() {
//!         match action {
//!             Action::Load { file } => machine.answer(Answer::Absent)?,          // read the file, if it is there
//!             Action::Fetch { path, max_bytes } => machine.answer(Answer::Absent)?, // HTTP GET
//!             Action::Store { file, bytes } => {}                                 // replace the file atomically
//!             Action::Remove { file } => {}
//!         }
//!     }
//!     machine.finish()
//! }
//! # assert!(refresh(b"{}", jiff::Timestamp::UNIX_EPOCH).is_err());
//! ```
//!
//! **Specification.** The Update Framework 1.0.34 (<https://theupdateframework.github.io/specification/v1.0.34/>), formats
//! (§4) and client workflow (§5), with TAP 15 (succinct roles); clauses are cited as `TUF §5.3.4`. Where deployed repositories differ from it, see `docs/divergences.md`.
//!
//! **What is trusted.** The root that the caller starts with, the start time, and the stored files: they count
//! against rollback, and each is verified again under the newest root before it is used. The repository is not.
//!
//! **Non-goals.** Input and output, clocks, mirrors, TAP 4, snapshot Merkle trees.
//!
//! **Tests.** `tests/` drives the client against a repository that misbehaves in every way we know of
//! (`sealwax_testkit::tuf_repository`), and through the published roots of Sigstore. The public client suite runs
//! beside the project: `cargo xtask conformance tuf`. Other people's clients follow what the editor writes:
//! `cargo xtask interop tuf-editor`.

pub mod editor;
mod encode;
mod error;
mod limits;
mod machine;
mod metadata;
mod pattern;
mod refresh;
mod search;
mod trusted;
mod wanted;

pub use encode::file_name;
pub use error::{Error, Expired, MetadataError, Rollback};
pub use limits::Limits;
pub use machine::{Action, Answer, Machine};
pub use metadata::{RootSummary, TargetFile, inspect_root};
pub use refresh::Refresh;
pub use search::Search;
pub use trusted::Trusted;
