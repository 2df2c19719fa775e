//! A time-stamping authority: RFC 3161 over HTTP, as deployed clients of Sigstore speak it.
//!
//! **Job.** [`TimestampAuthority`] turns a request into a token, if the [`clock`] allows it: one ECDSA signature and little
//! else. [`request`] reads the form in JSON, `sealwax-pki` the one in DER, and writes the token. [`Credentials`] are a key
//! and a chain that are known to fit. [`ntp`] asks time sources. [`router`] is the API on HTTP.
//!
//! **Specification.** RFC 3161 with RFC 5816 (signing-certificate-v2), RFC 5652; the API of timestamp-authority as
//! deployed; RFC 5905 for the sources of time.
//!
//! **What a token says.** The time in whole seconds, cut off, since a deployed client reads no fraction; an accuracy of one
//! second, with the tolerance of the time sources on top where there are any; no ordering; a serial number with 126
//! random bits; the imprint and the nonce as they were sent.
//!
//! **When there is no token.** A clock that was set, that time sources contradict, or that is behind the certificate log
//! or behind what was stamped already, stamps nothing: 503, and not ready, until it is right again. See [`clock`].
//!
//! **What is trusted.** The system's clocks, for what the rules of [`clock`] cannot contradict. A time source for nothing
//! alone, unless one alone was asked for. The file of the last stamp, since only its owner may write it.
//!
//! **Non-goals.** Steering the clock: that is a time daemon's. NTP's own algorithms: a source agrees or does not. Other
//! hashes than SHA-2, other keys than ECDSA: nobody verifies them. Extensions of requests: none is defined.
//!
//! **How it is tested.** Tokens are read and verified by `sealwax-pki`, the verifier of the rest of the house, and by
//! OpenSSL and rfc3161-client (`cargo xtask interop tsa`). The clock is a pure state machine and is walked through every
//! rule; time sources that lie, are late, or answer for others are real UDP servers (`tests/sources.rs`). Requests,
//! bodies in JSON and packets are fuzzed, and changed byte by byte (`tests/hostile.rs`).

pub mod clock;
pub mod ntp;
pub mod request;

mod authority;
mod credentials;
mod issue;
mod last_stamp;
mod metrics;
mod refusal;
mod site;

pub use authority::{CertificateLog, SIGSTORE_POLICY, Settings, TimestampAuthority};
pub use credentials::{Credentials, CredentialsError, Embedded};
pub use issue::{issue_leaf, issue_root};
pub use last_stamp::{LastStamp, LastStampError};
pub use metrics::{Metrics, StampResult};
pub use refusal::{FailureInfo, Refusal};
pub use site::{mount, router};

/// What [`issue_root`] and [`issue_leaf`] are told, and answer.
pub use sealwax_signer::{CertifyError, Subject};
