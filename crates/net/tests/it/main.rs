//! The client against a misbehaving server on a loopback socket; caches with every wrong owner and mode that a test can
//! make; processes that share one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

#[cfg(unix)]
mod cache;
mod directory;
mod environment;
mod http;
mod server;
mod update;
