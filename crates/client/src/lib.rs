//! The flow of a signature: identity, certificate, signature, timestamp, log entry, verified bundle.
//!
//! **Job.** A [`Session`] takes what was chosen ([`Services`]) and who signs ([`Who`]), and turns digests and statements into [`Signed`]
//! bundles, as many as wanted and at the same time. Each state of the flow is a type that only the step before it builds; the table
//! is in `docs/adr/0008-the-flow-of-a-signature.md`.
//!
//! **Specification.** Sigstore's client specification and `protobuf-specs`, the interfaces of Fulcio, rekor-tiles, Rekor v1 and RFC 3161
//! authorities as deployed.
//!
//! **What is trusted.** The signing config for whom to ask, and who gets the token. No service: what they answer is believed as far as
//! our own verifier, on the trust that will verify the bundle later, believes it.
//!
//! **Non-goals.** Files, terminals, signing in, refreshing trust.
//!
//! **Tests.** Choosing services, requests and answers beside the code; the flow against a running `sealwax serve`, and against one behind a
//! proxy that lies, in the tests of the binary.

mod ambient;
#[doc(hidden)] // for the fuzzer
pub mod answers;
mod certificate;
mod error;
mod exchange;
mod join;
mod log;
mod scheme;
mod services;
mod session;
mod timestamp;
mod token;
mod unfinished;

pub use ambient::{AmbientError, Found, Surroundings, System, TOKEN_FILE, ambient};
pub use error::{CertificateFault, Kind, SignError};
pub use exchange::{Fault, Patience, ServiceError};
pub use services::{Choice, Endpoint, LogVersion, LogVersions, Purpose, Services, ServicesError};
pub use session::{Credential, MAX_PARALLEL, Session, Signed, Who};
pub use token::{AUDIENCE, IdentityToken, Prediction, TokenError};
pub use unfinished::{LineError, Subject, Unfinished};
