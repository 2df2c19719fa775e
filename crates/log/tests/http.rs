//! The server over real sockets: what it answers, what it refuses, and that others are served meanwhile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // helpers of tests

#[path = "http/client.rs"]
mod client;
#[path = "http/hostile.rs"]
mod hostile;
#[path = "http/http2.rs"]
mod http2;
#[path = "http/server.rs"]
mod server;
#[path = "http/slow.rs"]
mod slow;
#[path = "http/stop.rs"]
mod stop;
#[path = "engine/support.rs"]
#[expect(dead_code, reason = "the engine's tests use more of it")]
mod support;
