//! PyPI's attestations (<https://peps.python.org/pep-0740/>): a bundle 0.3 over a DSSE envelope, under other names.

use super::{Found, MAX_BUNDLES, ReadError};
use crate::bundle::{CertificateForm, MAX_LOG_ENTRIES};
use crate::dsse::{Envelope, EnvelopeSignature, IN_TOTO};
use crate::field::{FieldCause, Message, Result as FieldResult};
use crate::{Bundle, BundleVersion, Content, LogEntry, Material};
use sealwax_json::Value;

/// The provenance object: attestations by publisher.
pub(super) fn provenance(message: Message<'_, '_>) -> Result<Vec<Found>, ReadError> {
    version(message)?;
    let mut found = Vec::new();
    for (i, bundle) in message.values("attestation_bundles", MAX_BUNDLES)?.iter().enumerate() {
        let place = format!("attestation_bundles[{i}]");
        let bundle = Message::exact(bundle).map_err(|e| e.within(&place))?;
        let attestations = bundle.values("attestations", MAX_BUNDLES).map_err(|e| e.within(&place))?;
        if found.len() + attestations.len() > MAX_BUNDLES {
            return Err(ReadError::TooMany { limit: MAX_BUNDLES });
        }
        found.extend(attestations.iter().enumerate().map(|(j, value): (usize, &Value<'_>)| Found {
            place: format!("{place}.attestations[{j}]"),
            bundle: Message::exact(value).map_err(Into::into).and_then(attestation),
        }));
    }
    Ok(found)
}

/// The attestation object.
pub(super) fn attestation(message: Message<'_, '_>) -> Result<Bundle, ReadError> {
    version(message)?;
    let (leaf, log_entries) = message.required_message("verification_material", |m| {
        let entry = |(i, value)| {
            let place = format!("transparency_entries[{i}]");
            // The entries are protobuf JSON, which has more than one spelling.
            Message::of(value).and_then(LogEntry::read).map_err(|e| e.within(&place))
        };
        let entries = m.values("transparency_entries", MAX_LOG_ENTRIES)?;
        let entries = entries.iter().enumerate().map(entry).collect::<FieldResult<Vec<_>>>()?;
        Ok((m.required_bytes("certificate")?, entries))
    })?;
    let envelope = message.required_message("envelope", |m| {
        let signature = EnvelopeSignature { keyid: String::new(), sig: m.required_bytes("signature")? };
        Ok(Envelope {
            payload_type: IN_TOTO.to_owned(),
            payload: m.required_bytes("statement")?,
            signatures: vec![signature],
        })
    })?;
    Ok(Bundle {
        version: BundleVersion::V03,
        material: Material::Certificate { leaf, others: Vec::new(), form: CertificateForm::Single },
        log_entries,
        timestamps: Vec::new(),
        content: Content::Dsse(envelope),
    })
}

fn version(message: Message<'_, '_>) -> FieldResult<()> {
    match message.integer("version", 0, i64::MAX)? {
        1 => Ok(()),
        other => Err(FieldCause::unknown(&other.to_string()).at("version")),
    }
}
