//! What every service needs in front: one listener, within limits, for HTTP/1.1, HTTP/2 with prior knowledge and, if a
//! certificate is given, TLS.
//!
//! **Job.** [`Server`] accepts connections, answers what its [`Site`] answers, and stops gracefully. A [`Site`] says what a
//! request names ([`Route`]) and answers it from memory; a [`Router`] is a site made of sites by their paths, [`Hosts`] by their host names. What a path does not take is
//! refused here, and a submission that is too large, too slow or too much is refused before the site hears of it. Beside
//! that, what answers are made of ([`reply`], [`read`], [`encoding`]), and what an operator sees: [`journal`] and [`metrics`].
//!
//! **What a client can cost.** Everything a stranger can make the server hold has a limit in [`Limits`]: connections, in
//! all and per address, bytes of a head and of a body, bodies in memory, requests at once, streams of a connection, and
//! the time of each. A slow client costs a slot until its time is over, never a thread. What goes wrong on one
//! connection ends that connection only, and what goes wrong in accepting is waited out.
//!
//! **Specification.** RFC 9110 to 9113, with conditional and range requests for reads; Fetch for cross-origin reads;
//! Prometheus' text exposition format 0.0.4.
//!
//! **What is trusted.** Nothing of a request, but for where it comes from if a proxy that was named says so ([`Proxies`]).
//!
//! **Non-goals.** Authentication, files, compression of answers as they go: that is what a reverse proxy is for. What is
//! answered: that is the services'.
//!
//! **Tests.** A server on a real socket and clients that send bytes no proper client would, over HTTP/1.1, HTTP/2 and TLS,
//! slowly, too much, and while the server stops (`tests/served`); one that has no descriptors left (`tests/descriptors`).
//!
//! # A service
//!
//! ```
//! use sealwax_server::{Answer, Bytes, Head, Options, Reply, Request, Response, Route, Server, Site, StatusCode, ask, reply};
//!
//! struct Echo;
//!
//! impl Site for Echo {
//!     fn route(&self, head: Head<'_>) -> Option<Route> {
//!         match head.path() {
//!             "/echo" => Some(Route::submission("echo").body_bytes(64 << 10)),
//!             "/motto" => Some(Route::read("motto")),
//!             _ => None,
//!         }
//!     }
//!     fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
//!         Box::pin(async move {
//!             match head.path() {
//!                 "/echo" => Response::new(Reply::whole(body)),
//!                 _ => reply::plain(StatusCode::OK, "again\n"),
//!             }
//!         })
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // Tested without a socket …
//! let request = Request::post("/echo").body(Bytes::from_static(b"hello")).unwrap();
//! assert_eq!(ask(&Echo, request).await.body(), "hello");
//! let request = Request::post("/echo").body(vec![0; 65_537].into()).unwrap();
//! assert_eq!(ask(&Echo, request).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
//!
//! // … and served until `stop` is ready.
//! let server = Server::bind("127.0.0.1:0".parse().unwrap(), Echo, Options::default()).unwrap();
//! println!("http://{}", server.address());
//! let stop = std::future::ready(());
//! assert_eq!(server.run(stop).await.cut, 0);
//! # });
//! ```

mod address;
mod body;
mod connection;
pub mod descriptors;
pub mod encoding;
mod from_file;
mod front;
pub mod grpc;
mod hosts;
pub mod journal;
mod limits;
pub mod metrics;
mod proxies;
mod rate;
pub mod read;
mod refused;
pub mod reply;
mod route;
mod router;
mod serve;
mod site;
mod socket;
mod tls;

pub use front::ask;
pub use hosts::Hosts;
pub use limits::Limits;
pub use proxies::{ForwardedField, Network, NetworkError, Proxies};
pub use rate::{Buckets, Rate};
pub use refused::Refused;
pub use reply::Reply;
pub use route::Route;
pub use router::Router;
pub use serve::{Listener, Options, Server, Stopped};
pub use site::{Answer, Head, Site};
pub use tls::{Tls, TlsError};

/// Of `bytes` and `hyper`, what sites are written with.
pub use bytes::Bytes;
/// Of `bytes` and `hyper`, what sites are written with.
pub use hyper::{HeaderMap, Method, Request, Response, StatusCode, header};
