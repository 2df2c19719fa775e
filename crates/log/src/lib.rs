//! A transparency log: one sequencer engine, and two faces.
//!
//! **Job.** [`engine`] puts entries in order, makes them durable, signs checkpoints and proves inclusion in the reply.
//! [`rekor`] is the signature log (Rekor v2) over it, [`ct`] the certificate log (static-ct-api); both are pure functions
//! from request to submission and from result to response. [`http`] is either as a site, for a server.
//!
//! **Specification.** RFC 6962, C2SP `tlog-tiles`, `tlog-checkpoint`, `tlog-witness`, `static-ct-api`; the API of
//! rekor-tiles as deployed.
//!
//! **Non-goals.** Arguments, configuration files and output: that is the binary.
//!
//! **Order of work in one round**, and why no crash and no race can fork the log: `docs/adr/0005-the-log-engine.md`.

pub mod anchor;
pub mod check;
pub mod copy;
pub mod ct;
pub mod engine;
pub mod follow;
pub mod http;
pub mod index;
pub mod metrics;
pub mod rekor;
pub mod witness;

pub use engine::{AddError, Added, Coming, Kind, Log, Published, Submission};
