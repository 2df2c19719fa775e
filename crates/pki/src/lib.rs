//! Certificates, transparency stamps on them, certification paths, and time-stamp tokens.
//!
//! **Job.** Read X.509 certificates as Fulcio, its peers and time-stamping authorities issue them; rebuild the
//! precertificate that an SCT signs; find every path from a certificate to an anchor of the trust root; read and
//! verify RFC 3161 tokens.
//!
//! **Specification.** RFC 5280 (certificates and paths), RFC 4055, 5480, 5758, 8410, 9881 (algorithms), RFC 4514 (names
//! in words), RFC 6962 (SCTs), RFC 5652 (CMS), RFC 3161 and 5816 (time stamps), RFC 2634 and 5035 (signing-certificate
//! attributes), Fulcio's `oid-info.md` (the 1.3.6.1.4.1.57264.1 arc).
//!
//! **Non-goals.** Revocation, certificate policies, proxy certificates, attribute certificates: nothing in this field
//! uses them, and a certificate that insists (a critical extension) is refused. CMS beyond the one shape that a
//! time-stamp token has. What a certificate may say is decided by who issues it: here it is only
//! written down, as are the log entries and SCTs of a certificate log and the tokens of a time-stamping authority.
//!
//! **How it is tested.** Every certificate, SCT and token of the public trust roots and of the public conformance bundles
//! is read and verified with the real keys (`tests/real_material.rs`, needs `../shared`), and GitHub's from files beside
//! the tests (`tests/github.rs`). A small CA and TSA (`tests/common/issue.rs`) write what real material does not have
//! (`paths`, `certificates`, `scts`, `timestamps`). Bytes of good inputs are flipped, dropped and repeated
//! (`tests/hostile.rs`).
//!
//! Where to start: [`Certificate`], then [`EndEntity`] (what a leaf must be), then [`Authority::paths`];
//! [`TimestampToken`] stands on these.

mod algorithm;
mod asn1;
mod authority;
mod ber;
mod certificate;
mod certificate_parse;
mod certificate_write;
mod cms;
mod end_entity;
mod extensions;
mod fulcio;
mod general_name;
mod leaf_write;
mod memo;
mod name;
mod name_constraints;
mod oid;
mod path;
mod pem;
mod precertificate;
mod request;
mod request_write;
mod sct;
mod sct_write;
mod time;
mod timestamp;
mod timestamp_request;
mod timestamp_write;
mod tst_info;
mod write;

pub use algorithm::{SignatureAlgorithm, SignatureError};
pub use asn1::{DerCause, DerError};
pub use authority::{Authority, AuthorityError, Likelihood, MAX_CHAIN_CERTIFICATES};
pub use ber::{BerCause, BerError};
pub use certificate::{Certificate, Extension};
pub use certificate_parse::{CertificateError, MAX_CERTIFICATE_BYTES};
pub use certificate_write::{CertificateDraft, NewExtension};
pub use cms::{CmsError, SignerIdentifier};
pub use der::oid::ObjectIdentifier;
pub use end_entity::{EndEntity, EndEntityError, Purpose};
pub use extensions::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
pub use fulcio::{FulcioError, FulcioExtensions};
pub use general_name::GeneralName;
pub use jiff::Timestamp;
pub use memo::{LinkError, SignatureMemo};
pub use name::Name;
pub use name_constraints::NameConstraintError;
pub use path::{Path, PathError, PathValidityError, Search};
pub use pem::{MAX_PEM_BYTES, PemError};
pub use precertificate::{PrecertificateError, precert_log_entry, x509_log_entry};
pub use request::{CertificateRequest, MAX_REQUEST_BYTES, RequestError};
pub use request_write::UnsignedRequest;
pub use sct::{MAX_SCTS, Sct, SctError, precertificate_tbs};
pub use sct_write::certificate_timestamp;
pub use timestamp::{MAX_TOKEN_BYTES, TimestampError, TimestampToken, TokenError, VerifiedTimestamp};
pub use timestamp_request::{
    MAX_NONCE_BYTES, MAX_TIMESTAMP_REQUEST_BYTES, Nonce, TimestampRequest, TimestampRequestError,
};
pub use timestamp_write::{Stamp, TimestampWriter, TimestampWriterError, UnsignedTimestamp};
pub use tst_info::{Accuracy, Imprint};

/// Object identifiers that callers meet: extensions, algorithms, content types.
pub mod oids {
    pub use crate::oid::*;
}
