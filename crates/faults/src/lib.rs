//! The machinery that breaks the log, and that notices.
//!
//! **Job.** [`world`] runs asynchronous code of several machines on one thread in an order drawn from a seed, under a
//! clock of its own. [`bucket`] is an object store behind a network that delays, duplicates, reorders and loses requests
//! and replies. [`disk`] is a disk that keeps after a power failure whatever an operating system may keep. [`oracle`]
//! collects every checkpoint that was ever signed, every answer and every lock value, and compares them with the log as
//! it is in the end.
//!
//! **Everything follows from the seed**: the same seed gives the same run, on every machine.
//!
//! **Non-goals.** Speed of the log; what one function does alone (unit tests beside the code do that).
//!
//! **Tested** with small protocols that have a known mistake each (`tests/toys.rs`): the machinery has to find all of
//! them and nothing in the one without.

pub mod bucket;
pub mod campaign;
pub mod crash;
pub mod disk;
pub mod engine;
pub mod oracle;
pub mod random;
pub mod simulate;
pub mod world;

pub use disk::SimDisk;
pub use random::Random;
pub use world::World;
