//! Bundles, as they are shown.

use sealwax_formats::readers::{Form, Found};
use sealwax_formats::{
    Bundle, CertificateForm, Content, Envelope, Material, Statement, StatementVersion, Subject, dsse,
};
use sealwax_pki::Certificate;

use super::node::{Node, filled};
use super::{certificate, log, timestamp};

/// Subjects that are shown; the rest are counted.
const MAX_SUBJECTS: usize = 20;

/// What form a file of bundles has.
pub fn form(form: Form) -> &'static str {
    match form {
        Form::Bundle => "Sigstore bundle",
        Form::Lines => "several JSON documents",
        Form::Npm => "npm registry attestations",
        Form::GitHub => "GitHub attestations",
        Form::PypiAttestation => "PyPI attestation (PEP 740)",
        Form::PypiProvenance => "PyPI provenance (PEP 740)",
        Form::Cosign => "cosign bundle",
        Form::Envelope => "DSSE envelope",
        _ => "signature",
    }
}

/// A bundle of a file.
pub fn found(found: &Found) -> Node {
    let node = Node::new().with("place", filled(&found.place));
    match &found.bundle {
        Ok(bundle) => node.and(self::bundle(bundle)),
        Err(error) => node.with("unreadable", error.to_string()),
    }
}

fn bundle(bundle: &Bundle) -> Node {
    let node = Node::new()
        .with("version", bundle.version.to_string())
        .with("form_error", bundle.check_form().err().map(|error| error.to_string()));
    let node = match &bundle.content {
        Content::Message { digest, signature } => node.with(
            "message",
            Node::new()
                .with("digest", digest.as_ref().map(ToString::to_string))
                .with("signature_bytes", signature.len()),
        ),
        Content::Dsse(envelope) => node.with("envelope", self::envelope(envelope)),
    };
    let node = match &bundle.material {
        Material::Certificate { leaf, others, form } => node
            .with("certificate", read_certificate(leaf, certificate::certificate))
            .with(
                "other_certificates",
                Some(
                    others.iter().map(|der| read_certificate(der, certificate::summary)).collect::<Vec<_>>(),
                )
                .filter(|others| !others.is_empty()),
            )
            .with(
                "certificate_field",
                match form {
                    CertificateForm::Chain => "x509CertificateChain",
                    CertificateForm::Single => "certificate",
                },
            ),
        Material::PublicKey { hint } => node.with("public_key", Node::new().with("hint", hint.as_str())),
    };
    node.with("log_entries", bundle.log_entries.iter().map(log::entry).collect::<Vec<_>>())
        .with("timestamps", bundle.timestamps.iter().map(|der| timestamp::response(der)).collect::<Vec<_>>())
}

fn read_certificate(der: &[u8], show: fn(&Certificate) -> Node) -> Node {
    match Certificate::from_der(der) {
        Ok(certificate) => show(&certificate),
        Err(error) => Node::new().with("unreadable", error.to_string()).with("bytes", der.len()),
    }
}

fn envelope(envelope: &Envelope) -> Node {
    let key_ids: Vec<&str> =
        envelope.signatures.iter().filter_map(|signature| filled(&signature.keyid)).collect();
    let node = Node::new()
        .with("payload_type", envelope.payload_type.as_str())
        .with("payload_bytes", envelope.payload.len())
        .with("signatures", envelope.signatures.len())
        .with("key_ids", Some(key_ids).filter(|ids| !ids.is_empty()));
    if envelope.payload_type != dsse::IN_TOTO {
        return node;
    }
    match Statement::parse(&envelope.payload) {
        Ok(statement) => node.with("statement", self::statement(&statement)),
        Err(error) => node.with("statement_unreadable", error.to_string()),
    }
}

fn statement(statement: &Statement<'_>) -> Node {
    let subjects = &statement.subjects;
    Node::new()
        .with(
            "type",
            match statement.version {
                StatementVersion::V01 => "in-toto statement 0.1",
                StatementVersion::V1 => "in-toto statement 1",
            },
        )
        .with("predicate_type", statement.predicate_type.as_ref())
        .with("predicate_bytes", statement.predicate.map_or(0, str::len))
        .with("subjects", subjects.iter().take(MAX_SUBJECTS).map(subject).collect::<Vec<_>>())
        .with(
            "further_subjects",
            Some(subjects.len().saturating_sub(MAX_SUBJECTS)).filter(|count| *count > 0),
        )
}

fn subject(subject: &Subject<'_>) -> Node {
    let digests = subject.digests.iter().map(|digest| format!("{}:{}", digest.algorithm, digest.value));
    Node::new().with("name", filled(&subject.name)).with("digests", digests.collect::<Vec<_>>())
}
