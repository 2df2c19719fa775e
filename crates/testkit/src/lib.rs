//! A whole Sigstore in memory, for tests.
//!
//! **Job.** An [`Instance`] has certificate authorities, certificate logs, signature logs (Rekor v1 and v2), timestamp
//! authorities and managed keys, and signs artifacts and statements into bundles of every version. A [`SignOptions`]
//! says how, and its hooks (`on_…`) change one part before later parts are computed from it, so that a bundle is bad
//! in exactly one way.
//!
//! **Specification.** The protobuf formats of Sigstore, RFC 5280, RFC 6962, RFC 3161 with RFC 5652 and 5035, C2SP
//! signed-note, tlog-checkpoint, tlog-cosignature and tlog-policy, DSSE, in-toto.
//!
//! **Non-goals.** Parsing anything: this is the oracle of the parsers, so it shares no code with them (cryptography
//! apart) and writes its own DER. Production use: it panics on wrong use, and its serial numbers are not random.
//!
//! **Tests.** Small vectors here; the output as a whole is accepted by OpenSSL and by other clients of Sigstore.
//!
//! ```
//! use sealwax_testkit::{Instance, SignOptions};
//!
//! let instance = Instance::usual();
//! let good = instance.sign_message(b"artifact", &SignOptions::rekor_v1());
//! let other_key = instance.logs[1].signer.clone();
//! let bad = instance
//!     .sign_message(b"artifact", &SignOptions::rekor_v1().on_set(move |set| set.signer = other_key.clone()));
//! assert_ne!(good.bundle, bad.bundle);
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "only tests use this crate, and a panic is how a test fails"
)]

pub mod authority;
pub mod cases;
pub mod certificate;
pub mod certificate_log;
pub mod checkpoint;
pub mod der;
pub mod entry;
mod hooks;
pub mod http;
pub mod instance;
pub mod leaf;
pub mod merkle;
pub mod options;
pub mod rekor_v1;
mod sha1;
mod sign;
pub mod signature_log;
pub mod signer;
pub mod statement;
pub mod timestamp;
pub mod timestamp_authority;
pub mod tuf_repository;
mod window;

use ::base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::Value;

pub use crate::{
    authority::{Authority, AuthorityOptions},
    certificate::GeneralName,
    certificate_log::CertificateLog,
    checkpoint::Witness,
    entry::{EntryKind, Verifier},
    instance::{Instance, InstanceBuilder, ManagedKey},
    options::{BundleVersion, EntryOptions, Evidence, LogChoice, Material, SignOptions},
    sign::Made,
    signature_log::SignatureLog,
    signer::Signer,
    statement::{Statement, Subject},
    timestamp_authority::{TimestampAuthority, TimestampAuthorityOptions},
    window::Window,
};

/// When bundles are signed unless told otherwise: 2026-03-01T12:00:00Z.
pub const SIGNED_AT: Timestamp = Timestamp::constant(1_772_366_400, 0);

/// Base64 with padding, the standard alphabet.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Canonical JSON (RFC 8785) of what occurs here: strings, integers below 2^53, sorted ASCII member names.
pub fn canonical(value: &Value) -> Vec<u8> {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| name.as_str());
                members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
            }
            Value::Array(items) => items.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    serde_json::to_vec(&sorted(value)).expect("JSON")
}
