//! The door to the network, to the cache directory and to the system's clock.
//!
//! **Job.** [`http`]: one client (proxies from the environment, the system's trust store or `SSL_CERT_FILE`, limits on
//! size and time). [`grpc`]: one call to an agent on this machine. [`cache`]: files that many processes share, refused when
//! others than us could have written them. [`tuf`]: the loop that drives `sealwax_tuf` with both. [`now`]: the clock.
//!
//! **Specification.** RFC 9110 and 9112 as `reqwest` speaks them; TUF 1.0.34 §5 and §6.2 for what is asked for.
//!
//! **What is trusted.** The system's trust store for who a server is; the owner and the mode of a cache file for what it
//! says. What TUF brings is believed for its signatures, never for where it comes from.
//!
//! **Non-goals.** Deciding anything: what is fetched here is bytes. HTTP/2 but for gRPC, cookies, compression, FTP.
//!
//! **Tests.** `tests/`: a misbehaving server on a loopback socket, a directory with every wrong owner and mode that a
//! test can make, processes that share a cache.

pub mod cache;
mod clock;
pub mod grpc;
pub mod http;
pub mod tuf;

pub use clock::now;
