//! The editor: what it writes, the client follows; what it must not write, it refuses.

mod follow;
mod plan;
mod refusals;
mod review;
mod sequences;
mod world;
