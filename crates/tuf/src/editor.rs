//! Writes what the client reads: a repository editor as a state machine over bytes.
//!
//! **Job.** [`Opening`] reads a repository with the client's own code. [`Edition::plan`] turns it and a list of changes
//! into files to be signed; signatures come one at a time and are verified as they come ([`Edition::add_signature`]);
//! [`Edition::finish`] gives the files in the order in which they must be written ([`Publication`]), and nothing before
//! every threshold is met. [`due`] says what has to be signed again, by when.
//!
//! ```
//! use sealwax_crypto::{KeyKind, Message, SigningKey};
//! use sealwax_tuf::editor::{Change, Edition, Role, RoleKey, Terms};
//!
//! let key = SigningKey::generate(KeyKind::EcdsaP256)?;
//! let listed = RoleKey::new(key.public_key(), Some("alice"))?;
//! let mut changes: Vec<_> =
//!     Role::ALL.iter().map(|role| Change::AddKey { role: *role, key: listed.clone() }).collect();
//! changes.push(Change::PutTarget { path: "trusted_root.json".into(), bytes: b"{}".to_vec() });
//!
//! let terms = Terms::new("2026-01-01T00:00:00Z".parse()?);
//! let mut edition = Edition::plan(None, &changes, &terms)?;
//! edition.date(&terms)?;
//! for request in edition.requests(key.public_key()) {
//!     let signature = key.sign(request.scheme, Message::Bytes(&request.message))?;
//!     edition.add_signature(&request.file, &request.keyid, &signature)?;
//! }
//! let publication = edition.finish()?;
//! let paths: Vec<_> = publication.files.iter().map(|file| file.path.as_str()).collect();
//! assert_eq!(paths.last(), Some(&"timestamp.json"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Rules.** Consistent snapshots only. Versions only rise. Every prefix of a publication is a repository that clients
//! accept, which [`Edition::finish`] tries with the client before it gives anything out: where new keys would strand a
//! file that is still published, a root in between lists old and new ones. What the editor does not know in a file (members,
//! keys, delegations) stays as it is.
//!
//! **Non-goals.** Delegated roles are carried along, not edited. Keys and files are the caller's.

mod change;
mod draft;
mod edition;
mod error;
mod expiry;
mod file;
mod outline;
mod plan;
mod publication;
mod repository;
mod review;
mod role;
mod roots;

pub use change::Change;
pub use edition::{Edition, Request, Standing};
pub use error::EditError;
pub use expiry::{Due, Policy, Terms, Validity, due};
pub use outline::{MAX_OUTLINE_BYTES, MAX_SIGNATURE_BYTES, Outline, parse_signature, write_signature};
pub use plan::Plan;
pub use publication::{File, Publication};
pub use repository::{Opening, Repository};
pub use review::{Difference, ListedKey, Review};
pub use role::{Role, RoleKey};
