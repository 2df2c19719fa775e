//! Certificate chains of authorities.

use jiff::Timestamp;
use sealwax_crypto::KeyKind;
use sealwax_pki::{Certificate, oids};

use super::Finding;

/// From when the first certificate, which issues or stamps, is valid.
pub(super) fn first_not_before(chain: &[Vec<u8>]) -> Option<Timestamp> {
    chain.first().and_then(|der| Certificate::from_der(der).ok()).map(|certificate| certificate.not_before())
}

/// The chain of a CA: what issues leaves first, the self-signed root last.
pub(super) fn certificate_authority(chain: &[Vec<u8>], place: &str) -> Vec<Finding> {
    let mut all = Vec::new();
    let Some(certificates) = linked(chain, place, &mut all) else { return all };
    for (index, certificate) in certificates.iter().enumerate() {
        if !certificate.is_ca() {
            all.push(
                Finding::problem(
                    "chain-not-ca",
                    &certificate_place(place, index),
                    certificate.subject().to_string(),
                )
                .affects("every client: nothing that it issued is accepted")
                .advice("list CA certificates only, in the chain of a certificate authority"),
            );
        }
    }
    if let Some(issuer) = certificates.first()
        && !matches!(kind(issuer), Some(kind) if is_ecdsa(kind) || matches!(kind, KeyKind::Rsa { .. }))
    {
        all.push(
            Finding::problem("authority-key", &certificate_place(place, 0), key_name(issuer))
                .affects("sigstore-python checks SCTs under ECDSA and RSA issuers only")
                .advice("give the issuing CA an ECDSA key"),
        );
    }
    all
}

/// The chain of a timestamp authority: its leaf first, the self-signed root last.
pub(super) fn timestamp_authority(chain: &[Vec<u8>], place: &str) -> Vec<Finding> {
    let mut all = Vec::new();
    let Some(certificates) = linked(chain, place, &mut all) else { return all };
    let Some(leaf) = certificates.first() else { return all };
    if certificates.len() < 2 || leaf.is_ca() {
        all.push(
            Finding::problem(
                "timestamp-leaf-missing",
                &certificate_place(place, 0),
                leaf.subject().to_string(),
            )
            .affects("sigstore-js, which asks for tokens without a certificate and needs the leaf here")
            .advice("list the leaf that stamps first, then its issuers up to the root"),
        );
        return all;
    }
    let sole = leaf
        .extended_key_usage()
        .is_some_and(|usage| usage.critical && usage.purposes == [oids::TIME_STAMPING]);
    if !sole {
        all.push(
            Finding::problem(
                "timestamp-purpose",
                &certificate_place(place, 0),
                "its extended key usage is another",
            )
            .affects("every client: RFC 3161 demands timeStamping alone, critical")
            .advice("issue the leaf anew"),
        );
    }
    if !kind(leaf).is_some_and(is_ecdsa) {
        all.push(
            Finding::problem("timestamp-key", &certificate_place(place, 0), key_name(leaf))
                .affects("sigstore-js verifies no other timestamps than ECDSA ones")
                .advice("give the timestamp authority an ECDSA key"),
        );
    }
    all
}

/// The certificates, if all can be read; checks that each is issued by the next, and the last by itself.
fn linked(chain: &[Vec<u8>], place: &str, all: &mut Vec<Finding>) -> Option<Vec<Certificate>> {
    if chain.is_empty() {
        all.push(
            Finding::problem("chain-missing", &format!("{place}.certChain"), "none")
                .affects("every client: cosign refuses the whole file")
                .advice("give the chain, or remove the authority"),
        );
        return None;
    }
    let mut certificates = Vec::new();
    for (index, der) in chain.iter().enumerate() {
        match Certificate::from_der(der) {
            Ok(certificate) => certificates.push(certificate),
            Err(error) => all.push(
                Finding::problem("certificate", &certificate_place(place, index), error.to_string())
                    .affects("every client")
                    .advice("give the DER of an X.509 certificate, in base64"),
            ),
        }
    }
    if certificates.len() != chain.len() {
        return None;
    }
    for (index, pair) in certificates.windows(2).enumerate() {
        if let [certificate, issuer] = pair
            && !is_issued_by(certificate, issuer)
        {
            all.push(
                Finding::problem("chain-order", &certificate_place(place, index), "not issued by the next certificate")
                    .affects("every client: no path to the root")
                    .advice("order the chain: what issues leaves (or the leaf of a timestamp authority) first, the root last"),
            );
        }
    }
    if let Some(anchor) = certificates.last()
        && !is_issued_by(anchor, anchor)
    {
        all.push(
            Finding::problem(
                "chain-without-root",
                &certificate_place(place, certificates.len().saturating_sub(1)),
                format!("{} is not self-signed", anchor.subject()),
            )
            .affects("sigstore-go, sigstore-python and cosign build paths to a self-signed root")
            .advice("let the chain end in its self-signed root"),
        );
    }
    Some(certificates)
}

pub(in crate::trust) fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.issuer() == issuer.subject()
        && issuer.public_key().is_ok_and(|key| certificate.check_signature_by(key).is_ok())
}

fn certificate_place(place: &str, index: usize) -> String {
    format!("{place}.certChain.certificates[{index}]")
}

fn kind(certificate: &Certificate) -> Option<KeyKind> {
    certificate.public_key().ok().map(|key| key.kind())
}

fn key_name(certificate: &Certificate) -> String {
    match certificate.public_key() {
        Ok(key) => format!("an {} key", key.kind()),
        Err(error) => error.to_string(),
    }
}

fn is_ecdsa(kind: KeyKind) -> bool {
    matches!(kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521)
}
