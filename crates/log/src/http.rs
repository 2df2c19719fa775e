//! A log as a site: what its paths name, and what they answer. A server (`sealwax_server`) puts it on a socket.
//!
//! **Job.** A [`LogSite`] is a log with its face. Requests are answered by pure functions over whole bodies; the engine does
//! the rest. Full tiles and bundles are kept in memory.
//!
//! **Specification.** C2SP `tlog-tiles` and `static-ct-api` for paths, types and caching.

mod cache;
mod route;
mod site;

pub use route::{ADD, CHECKPOINT, ENTRIES, GRPC, HEALTH, ISSUER, ROOTS, TILE};
pub use site::{CACHE_BYTES, Face, LogSite};
