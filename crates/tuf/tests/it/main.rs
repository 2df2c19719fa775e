//! The client against a repository that misbehaves, and against those that Sigstore has published.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]
#![allow(
    clippy::disallowed_methods,
    reason = "the crate is pure, its tests read published repositories from files"
)]

mod basics;
mod client;
mod delegations;
mod editor;
mod expiry;
mod keys;
mod published;
mod rollback;
mod targets;
