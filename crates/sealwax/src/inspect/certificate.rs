//! Certificates and keys, as they are shown.

use sealwax_crypto::PublicKey;
use sealwax_pki::{Certificate, GeneralName, ObjectIdentifier, SignatureAlgorithm, oids};

use super::node::{Node, filled, hex};

/// A whole certificate.
pub fn certificate(certificate: &Certificate) -> Node {
    let node = summary(certificate)
        .with("serial", hex(certificate.serial()))
        .with("signature_algorithm", algorithm(certificate.signature_algorithm()))
        .with("ca", certificate.is_ca())
        .with("path_length", certificate.basic_constraints().and_then(|constraints| constraints.path_length))
        .with("key_usage", key_usage(certificate))
        .with("extended_key_usage", extended_key_usage(certificate))
        .with("subject_key_identifier", certificate.subject_key_identifier().map(hex))
        .with("authority_key_identifier", certificate.authority_key_identifier().map(hex));
    let node = match certificate.fulcio() {
        Ok(extensions) => {
            let mut shown = Node::new();
            for (_, name, value) in extensions.iter() {
                shown.insert(name.to_owned(), value);
            }
            node.with("extensions", shown)
        }
        Err(error) => node.with("extensions_unreadable", error.to_string()),
    };
    let node = match certificate.embedded_scts() {
        Ok(scts) if scts.is_empty() => node,
        Ok(scts) => node.with("signed_certificate_timestamps", scts.iter().map(sct).collect::<Vec<_>>()),
        Err(error) => node.with("signed_certificate_timestamps_unreadable", error.to_string()),
    };
    node.with("other_extensions", Some(other_extensions(certificate)).filter(|others| !others.is_empty()))
}

/// What tells one certificate from another.
pub fn summary(certificate: &Certificate) -> Node {
    let names: Vec<String> = certificate.subject_alternative_names().iter().map(general_name).collect();
    let issuer = certificate.fulcio().ok().and_then(|extensions| extensions.issuer());
    Node::new()
        .with("identity", Some(names).filter(|names| !names.is_empty()))
        .with("identity_issuer", issuer)
        .with("subject", filled(&certificate.subject().to_string()))
        .with("issued_by", certificate.issuer().to_string())
        .with("not_before", certificate.not_before())
        .with("not_after", certificate.not_after())
        .with(
            "key",
            match certificate.public_key() {
                Ok(key) => key.kind().to_string(),
                Err(error) => format!("unreadable: {error}"),
            },
        )
        .with("key_sha256", hex(&certificate.spki_fingerprint()))
        .with("sha256", hex(&certificate.fingerprint()))
}

/// A bare key.
pub fn public_key(key: &PublicKey) -> Node {
    use base64::Engine as _;
    let fingerprint = key.spki_sha256();
    Node::new()
        .with("key", key.kind().to_string())
        .with("key_sha256", hex(&fingerprint))
        .with("hint", base64::engine::general_purpose::STANDARD.encode(fingerprint))
        .with("schemes", key.artifact_schemes().iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// A name with what kind of name it is.
fn general_name(name: &GeneralName) -> String {
    match (name, name.identity()) {
        (GeneralName::OtherName { .. }, Some(text)) => format!("{text} (user name)"),
        (GeneralName::Email(_), Some(text)) => format!("{text} (e-mail)"),
        (GeneralName::Uri(_), Some(text)) => format!("{text} (URI)"),
        (_, Some(text)) => format!("{text} ({})", name.kind()),
        (GeneralName::Directory(name), None) => format!("{name} (directoryName)"),
        (GeneralName::OtherName { type_id, value }, None) => format!("{} (otherName {type_id})", hex(value)),
        (GeneralName::IpAddress(bytes), None) => format!("{} (iPAddress)", hex(bytes)),
        (_, None) => name.kind().to_owned(),
    }
}

fn algorithm(algorithm: SignatureAlgorithm) -> String {
    match algorithm {
        SignatureAlgorithm::Known { scheme, .. } => scheme.to_string(),
        SignatureAlgorithm::Unsupported(oid) => format!("{oid}, which is not supported"),
        _ => "unknown".to_owned(),
    }
}

fn key_usage(certificate: &Certificate) -> Option<Vec<&'static str>> {
    let usage = certificate.key_usage()?;
    let named = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.content_commitment(), "contentCommitment"),
        (usage.certificate_signing(), "keyCertSign"),
    ];
    Some(named.into_iter().filter_map(|(set, name)| set.then_some(name)).collect())
}

fn extended_key_usage(certificate: &Certificate) -> Option<Vec<String>> {
    let usage = certificate.extended_key_usage()?;
    let name = |purpose: &ObjectIdentifier| match *purpose {
        oids::CODE_SIGNING => "codeSigning".to_owned(),
        oids::TIME_STAMPING => "timeStamping".to_owned(),
        oids::ANY_EXTENDED_KEY_USAGE => "any".to_owned(),
        other => other.to_string(),
    };
    let critical = if usage.critical { " (critical)" } else { "" };
    Some(usage.purposes.iter().map(|purpose| name(purpose) + critical).collect())
}

fn sct(sct: &sealwax_pki::Sct) -> Node {
    Node::new()
        .with("log_id", hex(&sct.log_id))
        .with("time", sct.timestamp())
        .with("time_ms", Some(sct.timestamp_ms).filter(|_| sct.timestamp().is_none()))
        .with("leaf_index", sct.leaf_index())
}

/// What is not shown by name elsewhere.
fn other_extensions(certificate: &Certificate) -> Vec<String> {
    const SHOWN: [ObjectIdentifier; 7] = [
        oids::SUBJECT_KEY_IDENTIFIER,
        oids::AUTHORITY_KEY_IDENTIFIER,
        oids::KEY_USAGE,
        oids::EXTENDED_KEY_USAGE,
        oids::BASIC_CONSTRAINTS,
        oids::SUBJECT_ALTERNATIVE_NAME,
        oids::SCT_LIST,
    ];
    let fulcio = certificate.fulcio().is_ok();
    certificate
        .extensions()
        .filter(|extension| !SHOWN.contains(&extension.oid))
        .filter(|extension| !(fulcio && extension.oid.as_bytes().starts_with(oids::FULCIO_ARC.as_bytes())))
        .map(|extension| {
            let critical = if extension.critical { " (critical)" } else { "" };
            format!("{}{critical}, {} bytes", extension.oid, extension.value.len())
        })
        .collect()
}
