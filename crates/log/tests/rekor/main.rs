//! The signature log: its leaves against those of others, and whole bundles with proofs from a running log.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests may"
)]

mod bundles;
mod calls;
mod end_to_end;
mod running;
