//! Bundles, trusted roots, signing configs, DSSE, in-toto statements and log entries.
//!
//! **Job.** Turns the bytes that people hold in hand into types, and types into bytes. What a document *says* is
//! decided here, once; whether it is *true* is decided in `sealwax-verify`, and nothing here should be believed.
//!
//! **Specifications.** Sigstore's `protobuf-specs` (bundle 0.1–0.3, trusted root 0.1 and 0.2, signing config 0.1 and
//! 0.2, client trust config 0.1) in the JSON form of protobuf; DSSE 1.0.2; in-toto Statement 0.1 and 1; the entry
//! types of Rekor v1 (`hashedrekord`, `dsse`, `intoto`) and of rekor-tiles; PEP 740; the attestation documents of the
//! npm registry and of GitHub; cosign's own bundle.
//!
//! **Rules.** Parse strictly, once, at the edge: every parser takes bytes and has its limits as constants here or
//! beside it. Valid protobuf JSON in any spelling is read (either field name, either base64 alphabet, numbers as
//! text or text as numbers, nulls as defaults). Unknown fields are ignored and not kept. Unknown *material* (a key
//! type, a log without an identity) is kept and fails where it is used. Two members of one `oneof` are refused.
//!
//! **Non-goals.** Checking a signature, reading a certificate, I/O, the wire formats of services.
//!
//! **Tests.** Every bundle and trusted root of the public conformance suite; hand-written oddities of the field, one
//! test each; `parse(write(x)) == x` over arbitrary values.

pub mod base64;
pub mod body;
pub mod bundle;
mod client_trust_config;
pub mod dsse;
mod field;
mod hash_field;
pub mod npm_keys;
pub mod readers;
pub mod signing_config;
pub mod statement;
mod time_range;
pub mod trust;

pub use body::{BodyError, EntryBody, HashedRekordV002, Verifier, VerifierDer};
pub use bundle::{
    Bundle, BundleError, BundleVersion, CertificateForm, Content, InclusionProof, LogEntry, Material,
};
pub use client_trust_config::ClientTrustConfig;
pub use dsse::{Envelope, EnvelopeSignature};
pub use field::{FieldCause, FieldError};
pub use hash_field::HashField;
pub use npm_keys::{NpmKey, NpmKeys};
pub use signing_config::{Selector, Service, ServiceConfiguration, SigningConfig, SigningConfigVersion};
pub use statement::{Statement, StatementError, StatementVersion, Subject, SubjectDigest};
pub use time_range::{TimeRange, Window};
pub use trust::{
    CertificateAuthority, DistinguishedName, KeyDetailsField, KeyMaterial, TransparencyLog, TrustedRoot,
    TrustedRootVersion, UnusableReason, UsableLog,
};

/// A document that could not be read: not JSON, not of the type it claims, or a field that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Not JSON that we read.
    #[error(transparent)]
    Json(#[from] sealwax_json::Error),
    /// A `mediaType` that this parser does not know, or none.
    #[error("unknown media type {found:?}")]
    MediaType {
        /// What the document says it is.
        found: String,
    },
    /// A field that does not fit.
    #[error(transparent)]
    Field(#[from] FieldError),
}
