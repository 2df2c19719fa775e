//! The index never takes an entry that is there for one that is not: against a model, with files deleted, cut and
//! changed, and with readers beside merges.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    reason = "tests"
)]
#![allow(clippy::cast_possible_truncation, reason = "small numbers")]

mod damage;
mod desk;
mod model;
mod threads;
mod whole;
