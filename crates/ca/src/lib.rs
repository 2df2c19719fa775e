//! The certificate authority: who a token says somebody is becomes a certificate for a key that they have.
//!
//! **Job.** [`issue`]: an [`Identity`](sealwax_oidc::Identity) and a [`ProvenKey`] become a certificate that is in a certificate log.
//! The steps are types, each made by the one before it alone and used up by the next: a draft is linted; only what was linted is
//! signed; only a signed precertificate is logged; only SCTs that were verified go into the certificate; only a certificate
//! that says what its precertificate said, and was linted again, is signed.
//!
//! **Specification.** Fulcio's certificates (`docs/certificate-specification.md`), RFC 5280, RFC 6962 §3, static-ct-api for the index in an
//! SCT.
//!
//! [`Service`] is all of it at work: token, identity, proof, issuance; [`api`] reads requests and writes answers, [`mount`] puts them on HTTP.
//!
//! **What is trusted.** The identity (the token's issuer vouches for it), the key of the authority, the keys of the logs as
//! configured. Not a log's answer: it counts after it was verified.
//!
//! **Non-goals.** Tokens and who may have what: that is `sealwax-oidc`. Revocation: certificates live ten minutes.
//!
//! **How it is tested.** `tests/issuing.rs`: certificates of every kind of authority key, verified as `sealwax-verify` would, and logs that
//! are down, slow or lie in each way. `tests/possession.rs`: proofs and keys that are refused.
//! `examples/like_fulcio`: every type of issuer beside a running Fulcio, byte for byte (`cargo xtask interop ca`).

pub mod api;
mod audit;
mod authority;
mod create;
mod ct_log;
mod grpc;
mod http_log;
mod issue;
mod lint;
mod metrics;
mod possession;
mod profile;
mod providers;
mod quota;
mod service;
mod site;
mod weak_key;

pub use audit::{Audit, Event, NotRecorded};
pub use authority::{Authority, AuthorityError, LinkCause, MAX_CHAIN, SigningError};
pub use create::{create_intermediate, create_root};
pub use ct_log::{CertificateLog, CtLog, CtLogError, LogLies, MAX_CLOCK_DIFFERENCE, Promise};
pub use grpc::SERVICE;
pub use http_log::HttpLog;
pub use issue::{IssueError, IssuedCertificate, issue};
pub use lint::LintError;
pub use metrics::{IssuerLabel, LogFailure, Metrics, RefusedFor};
pub use possession::{PossessionError, ProvenKey, read_public_key};
pub use profile::VALIDITY;
pub use providers::{HttpProviders, ProviderAnswer, ProviderError, Providers, Wanted};
pub use quota::{QuotaExceeded, QuotaOf, Quotas};
pub use service::{Service, identify};
pub use site::mount;
pub use weak_key::WeakKey;

/// What [`create_root`] and [`create_intermediate`] are told, and answer.
pub use sealwax_signer::{CertifyError, Subject};
