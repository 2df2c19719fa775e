//! Metadata files, parsed once and strictly; what signs them, checked.

mod document;
pub(crate) mod field;
mod key;
mod meta_file;
mod role;
mod root;
mod targets;

pub(crate) use document::{Content, Document, signed_part};
pub(crate) use key::Key;
pub(crate) use meta_file::{MetaFile, Snapshot, Timestamp};
pub(crate) use role::Authority;
pub(crate) use root::{ROOT, Root, SNAPSHOT, TARGETS, TIMESTAMP, read_root};
pub(crate) use targets::{Delegation, Targets};

pub use root::{RootSummary, inspect_root};
pub use targets::TargetFile;
