//! Trusted roots, versions 0.1 and 0.2: who may sign, log and timestamp, and when.

mod key;
mod log;
mod next;

pub use key::{KeyDetailsField, KeyMaterial, UnusableReason};
pub use log::{TransparencyLog, UsableLog};
pub use next::{DEFAULT_LEAD, Instance, InstanceKind, NextRoot, TrustChange, TrustChangeError};

use crate::bundle::{MAX_CERTIFICATES, raw_bytes, read_certificate};
use crate::field::{self, Message, Result as FieldResult};
use crate::{DocumentError, TimeRange};
use sealwax_json::{Limits, Object, Value};

/// Bytes of a trusted root. The public ones have 7 KiB; TUF targets are far smaller than this, too.
pub const MAX_BYTES: usize = 16 << 20;

/// JSON values in a trusted root: a dozen for each of its instances.
pub const MAX_VALUES: usize = 1 << 17;

/// Logs, authorities of one kind. Public good has two or three of each after five years; all past ones are kept.
pub const MAX_INSTANCES: usize = 1_024;

/// How the JSON of a trusted root is read.
pub const LIMITS: Limits = Limits { bytes: MAX_BYTES, depth: 64, values: MAX_VALUES, members: MAX_VALUES };

/// Everything that a verifier trusts. What cannot be used (an unknown key type, a log without an identity) is kept,
/// and fails where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedRoot {
    /// The version that the document says it has.
    pub version: TrustedRootVersion,
    /// Signature logs (Rekor).
    pub logs: Vec<TransparencyLog>,
    /// Certificate authorities (Fulcio).
    pub certificate_authorities: Vec<CertificateAuthority>,
    /// Certificate logs.
    pub certificate_logs: Vec<TransparencyLog>,
    /// Timestamp authorities.
    pub timestamp_authorities: Vec<CertificateAuthority>,
}

/// The version of a trusted root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustedRootVersion {
    /// `application/vnd.dev.sigstore.trustedroot+json;version=0.1`; `…trustedroot.v0.1+json` is read too.
    V01,
    /// `application/vnd.dev.sigstore.trustedroot.v0.2+json`
    V02,
}

/// A certificate or timestamp authority.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateAuthority {
    /// The name of its root; informative.
    pub subject: DistinguishedName,
    /// Its URI, usually where it can be reached.
    pub uri: String,
    /// Its certificates, in DER, from what issues leaves (or, for a timestamp authority, the leaf itself) to the
    /// anchor, which is last.
    pub cert_chain: Vec<Vec<u8>>,
    /// When the whole chain was in use.
    pub valid_for: Option<TimeRange>,
    /// Who runs it; empty where that is not said.
    pub operator: String,
}

/// `DistinguishedName`: two of a name's attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistinguishedName {
    /// O.
    pub organization: String,
    /// CN.
    pub common_name: String,
}

impl TrustedRoot {
    /// Reads a trusted root.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn parse(input: &[u8]) -> Result<TrustedRoot, DocumentError> {
        TrustedRoot::from_json(&sealwax_json::parse(input, &LIMITS)?)
    }

    /// Reads a trusted root that stands inside another document.
    ///
    /// # Errors
    /// [`DocumentError::MediaType`] and [`DocumentError::Field`].
    pub fn from_json(value: &Value<'_>) -> Result<TrustedRoot, DocumentError> {
        let message = Message::of(value)?;
        let media_type = message.string("mediaType")?;
        let version = TrustedRootVersion::from_media_type(media_type)
            .ok_or_else(|| DocumentError::MediaType { found: field::cut(media_type) })?;
        Ok(TrustedRoot {
            version,
            logs: message.messages("tlogs", MAX_INSTANCES, TransparencyLog::read)?,
            certificate_authorities: message.messages(
                "certificateAuthorities",
                MAX_INSTANCES,
                CertificateAuthority::read,
            )?,
            certificate_logs: message.messages("ctlogs", MAX_INSTANCES, TransparencyLog::read)?,
            timestamp_authorities: message.messages(
                "timestampAuthorities",
                MAX_INSTANCES,
                CertificateAuthority::read,
            )?,
        })
    }

    /// The trusted root as indented JSON.
    pub fn write(&self) -> String {
        sealwax_json::pretty(&self.to_json())
    }

    /// The trusted root as JSON.
    pub fn to_json(&self) -> Value<'static> {
        let logs = |logs: &[TransparencyLog]| {
            logs.iter().map(|log| Value::Object(log.write())).collect::<Value<'_>>()
        };
        let authorities = |list: &[CertificateAuthority]| {
            list.iter().map(|ca| Value::Object(ca.write())).collect::<Value<'_>>()
        };
        let mut object = Object::new().with("mediaType", self.version.media_type());
        for (name, list) in [
            ("tlogs", logs(&self.logs)),
            ("certificateAuthorities", authorities(&self.certificate_authorities)),
            ("ctlogs", logs(&self.certificate_logs)),
            ("timestampAuthorities", authorities(&self.timestamp_authorities)),
        ] {
            if list.as_array().is_some_and(|list| !list.is_empty()) {
                object.insert(name, list);
            }
        }
        Value::Object(object)
    }
}

impl TrustedRootVersion {
    /// The version of a media type.
    pub fn from_media_type(media_type: &str) -> Option<TrustedRootVersion> {
        match media_type {
            "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
            | "application/vnd.dev.sigstore.trustedroot.v0.1+json" => Some(TrustedRootVersion::V01),
            "application/vnd.dev.sigstore.trustedroot.v0.2+json" => Some(TrustedRootVersion::V02),
            _ => None,
        }
    }

    /// The media type to write: for 0.1 the one that is published.
    pub fn media_type(self) -> &'static str {
        match self {
            TrustedRootVersion::V01 => "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            TrustedRootVersion::V02 => "application/vnd.dev.sigstore.trustedroot.v0.2+json",
        }
    }
}

impl CertificateAuthority {
    /// When the authority was in use, if it can be used at all.
    ///
    /// # Errors
    /// [`UnusableReason::NoStart`], [`UnusableReason::NoCertificate`].
    pub fn usable(&self) -> Result<crate::Window, UnusableReason> {
        if self.cert_chain.is_empty() {
            return Err(UnusableReason::NoCertificate);
        }
        self.valid_for.and_then(|range| range.window()).ok_or(UnusableReason::NoStart)
    }

    /// Who runs it, for counting: two under one name count once (VERIFY rule 3).
    pub fn operator_or_uri(&self) -> &str {
        if self.operator.is_empty() { &self.uri } else { &self.operator }
    }

    fn read(message: Message<'_, '_>) -> FieldResult<CertificateAuthority> {
        let subject = message.message("subject", |m| {
            Ok(DistinguishedName {
                organization: m.string("organization")?.to_owned(),
                common_name: m.string("commonName")?.to_owned(),
            })
        })?;
        let cert_chain = message
            .message("certChain", |m| m.messages("certificates", MAX_CERTIFICATES, read_certificate))?;
        Ok(CertificateAuthority {
            subject: subject.unwrap_or_default(),
            uri: message.string("uri")?.to_owned(),
            cert_chain: cert_chain.unwrap_or_default(),
            valid_for: message.message("validFor", TimeRange::read)?,
            operator: message.string("operator")?.to_owned(),
        })
    }

    fn write(&self) -> Object<'static> {
        let mut object = Object::new();
        let mut subject = Object::new();
        put_text(&mut subject, "organization", &self.subject.organization);
        put_text(&mut subject, "commonName", &self.subject.common_name);
        if !subject.is_empty() {
            object.insert("subject", subject);
        }
        put_text(&mut object, "uri", &self.uri);
        if !self.cert_chain.is_empty() {
            let chain =
                self.cert_chain.iter().map(|der| Value::Object(raw_bytes(der))).collect::<Value<'_>>();
            object.insert("certChain", Object::new().with("certificates", chain));
        }
        if let Some(range) = &self.valid_for {
            object.insert("validFor", range.write());
        }
        put_text(&mut object, "operator", &self.operator);
        object
    }
}

/// Adds a string, unless it is empty, which is the default.
pub(crate) fn put_text(object: &mut Object<'static>, name: &'static str, text: &str) {
    if !text.is_empty() {
        object.insert(name, text.to_owned());
    }
}

#[cfg(test)]
mod tests;
