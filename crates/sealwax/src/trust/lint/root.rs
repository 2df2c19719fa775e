//! Trusted roots.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sealwax_crypto::{KeyDetails, KeyKind, PublicKey};
use sealwax_formats::{
    CertificateAuthority, HashField, KeyDetailsField, TimeRange, TransparencyLog, TrustedRoot,
    TrustedRootVersion, UnusableReason,
};
use sealwax_tlog::LogKey;

use super::chain;
use super::{Finding, host, is_whole_second};

const WHOLE_FILE: &str = "cosign: the whole file is unusable, not this instance alone";

pub(super) fn findings(root: &TrustedRoot, now: Timestamp) -> Vec<Finding> {
    let mut all = Vec::new();
    if root.version == TrustedRootVersion::V02 {
        all.push(
            Finding::problem("media-type", "mediaType", root.version.media_type())
                .affects("sigstore-go, cosign and sigstore-python refuse version 0.2")
                .advice("publish it as application/vnd.dev.sigstore.trustedroot+json;version=0.1"),
        );
    }
    for (index, log) in root.logs.iter().enumerate() {
        let place = format!("tlogs[{index}]");
        self::log(log, &place, now, &mut all);
        log_identity(log, &place, &mut all);
    }
    for (index, log) in root.certificate_logs.iter().enumerate() {
        let place = format!("ctlogs[{index}]");
        self::log(log, &place, now, &mut all);
        certificate_log_identity(log, &place, &mut all);
    }
    repeated_ids(&root.logs, "tlogs", &mut all);
    repeated_ids(&root.certificate_logs, "ctlogs", &mut all);
    for (index, authority) in root.certificate_authorities.iter().enumerate() {
        let place = format!("certificateAuthorities[{index}]");
        self::authority(authority, &place, now, &mut all);
        all.extend(chain::certificate_authority(&authority.cert_chain, &place));
    }
    for (index, authority) in root.timestamp_authorities.iter().enumerate() {
        let place = format!("timestampAuthorities[{index}]");
        self::authority(authority, &place, now, &mut all);
        all.extend(chain::timestamp_authority(&authority.cert_chain, &place));
    }
    whole(root, &mut all);
    all
}

/// What no single instance can be blamed for.
fn whole(root: &TrustedRoot, all: &mut Vec<Finding>) {
    let is_v2 = |log: &TransparencyLog| {
        log.usable().is_ok_and(|usable| {
            usable.public_key.kind() == KeyKind::Ed25519 && usable.log_id != usable.public_key.spki_sha256()
        })
    };
    if root.timestamp_authorities.is_empty() && !root.logs.is_empty() && root.logs.iter().all(is_v2) {
        all.push(
            Finding::problem(
                "no-time-source",
                "timestampAuthorities",
                "none, and only logs of Rekor v2, which give no time",
            )
            .affects("every client: nothing signed with a certificate can be verified")
            .advice("add a timestamp authority"),
        );
    }
    if root.certificate_authorities.is_empty() {
        all.push(
            Finding::remark("no-authority", "certificateAuthorities", "none")
                .advice("only signatures by bare keys can be verified with it"),
        );
    } else if root.certificate_logs.is_empty() {
        all.push(
            Finding::remark("no-certificate-log", "ctlogs", "none")
                .affects("cosign and sigstore-python demand an SCT unless told otherwise")
                .advice("intended for an instance without logs, as GitHub's; else add the certificate log"),
        );
    }
}

/// What is mandatory for logs of either kind.
fn log(log: &TransparencyLog, place: &str, now: Timestamp, all: &mut Vec<Finding>) {
    let range = log.public_key.as_ref().and_then(|key| key.valid_for().copied());
    window(range.as_ref(), &format!("{place}.publicKey.validFor"), now, all);
    if log.log_id.is_none() {
        all.push(
            Finding::problem("log-id-missing", &format!("{place}.logId"), "none")
                .affects(WHOLE_FILE)
                .advice("give logId.keyId: SHA-256 of the key, in Rekor v2 the hash of name and key"),
        );
    }
    if log.hash_algorithm == HashField::Unspecified {
        all.push(
            Finding::problem("hash-algorithm-missing", &format!("{place}.hashAlgorithm"), "none")
                .affects(WHOLE_FILE)
                .advice("give hashAlgorithm: SHA2_256"),
        );
    } else if log.hash_algorithm.name() != "SHA2_256" {
        all.push(
            Finding::problem("hash-algorithm", &format!("{place}.hashAlgorithm"), log.hash_algorithm.name())
                .affects("every client: Merkle trees are hashed with SHA-256")
                .advice("give SHA2_256, or remove the log"),
        );
    }
    let Some(key) = &log.public_key else {
        all.push(
            Finding::problem("key-missing", &format!("{place}.publicKey"), "none")
                .affects(WHOLE_FILE)
                .advice("give the key, or remove the log"),
        );
        return;
    };
    let place = format!("{place}.publicKey");
    match key.public_key() {
        Ok((key, _)) => new_key_type(key, &place, all),
        Err(UnusableReason::UnknownKeyDetails { details }) => all.push(
            Finding::problem("key-type", &format!("{place}.keyDetails"), details)
                .affects(WHOLE_FILE)
                .advice("distribute this log apart, until the clients know the type"),
        ),
        Err(UnusableReason::UnsupportedKeyDetails { details: KeyDetails::Unspecified }) => all.push(
            Finding::problem("key-type", &format!("{place}.keyDetails"), "none")
                .affects(WHOLE_FILE)
                .advice("name the type of the key, such as PKIX_ECDSA_P256_SHA_256"),
        ),
        Err(reason) => all.push(
            Finding::problem("key", &place, reason.to_string())
                .affects("every client")
                .advice("rawBytes is the DER of the public key (SubjectPublicKeyInfo), keyDetails its type"),
        ),
    }
    if let KeyDetailsField::Known(KeyDetails::Pkcs1RsaPkcs1v5 | KeyDetails::Pkcs1RsaPss) = key.details() {
        all.push(
            Finding::remark("key-encoding", &format!("{place}.keyDetails"), key.details().name())
                .affects("deprecated: the key stands there as PKCS#1")
                .advice("new keys stand there as SubjectPublicKeyInfo"),
        );
    }
}

fn new_key_type(key: &PublicKey, place: &str, all: &mut Vec<Finding>) {
    if matches!(key.kind(), KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87) {
        all.push(
            Finding::problem("key-type", &format!("{place}.keyDetails"), key.kind().to_string())
                .affects(WHOLE_FILE)
                .advice("distribute this log apart, until the clients know the type"),
        );
    }
}

/// A signature log is found by its id, and its checkpoints by its host name.
fn log_identity(log: &TransparencyLog, place: &str, all: &mut Vec<Finding>) {
    let Some((with_port, name)) = host(&log.base_url) else {
        all.push(
            Finding::problem("base-url", &format!("{place}.baseUrl"), log.base_url.as_str())
                .affects("sigstore-go, cosign and Sealwax take the origin of a Rekor v2 log from it")
                .advice("give the URL of the log, with https://"),
        );
        return;
    };
    let (Ok(usable), Some(id)) = (log.usable(), &log.log_id) else { return };
    let id_under =
        |name: &str| LogKey::named(name, usable.public_key.clone()).ok().map(|key| key.id().to_vec());
    if *id == usable.public_key.spki_sha256() || id_under(&name).as_ref() == Some(id) {
        return;
    }
    let finding = if with_port != name && id_under(&with_port).as_ref() == Some(id) {
        Finding::problem(
            "origin-with-port",
            &format!("{place}.logId"),
            format!("made with the origin {with_port}"),
        )
        .affects("sigstore-go and cosign take the origin to be the host name without the port")
        .advice("let the log's origin be its host name, and make its id anew")
    } else {
        Finding::problem(
            "log-id",
            &format!("{place}.logId"),
            format!("neither SHA-256 of the key nor the key id of {name} and the key"),
        )
        .affects("every client: no entry or no checkpoint of this log is found")
        .advice("Rekor v1: SHA-256 of the SPKI; v2: SHA-256 of name, 0x0A, 0x01 and key, the name being the host of baseUrl")
    };
    all.push(finding);
}

fn certificate_log_identity(log: &TransparencyLog, place: &str, all: &mut Vec<Finding>) {
    let Some(Ok((key, _))) = log.public_key.as_ref().map(|key| key.public_key()) else { return };
    if !matches!(
        key.kind(),
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 | KeyKind::Rsa { .. }
    ) {
        all.push(
            Finding::problem("certificate-log-key", &format!("{place}.publicKey"), key.kind().to_string())
                .affects("every client: RFC 6962 knows ECDSA P-256 and RSA only")
                .advice("give the certificate log an ECDSA P-256 key"),
        );
    }
    if log.log_id.as_ref().is_some_and(|id| *id != key.spki_sha256()) {
        all.push(
            Finding::problem("certificate-log-id", &format!("{place}.logId"), "not the SHA-256 of the key")
                .affects("every client: an SCT names its log by the SHA-256 of its SPKI")
                .advice("give SHA-256 of the key's SubjectPublicKeyInfo"),
        );
    }
}

fn repeated_ids(logs: &[TransparencyLog], list: &str, all: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&[u8], usize> = BTreeMap::new();
    for (index, log) in logs.iter().enumerate() {
        let Some(id) = log.log_id.as_deref() else { continue };
        if let Some(first) = seen.insert(id, index) {
            all.push(
                Finding::problem(
                    "log-id-twice",
                    &format!("{list}[{index}].logId"),
                    format!("as in {list}[{first}]"),
                )
                .affects("sigstore-go and cosign keep one log for each id: the last")
                .advice("one instance for each key, with one window"),
            );
        }
    }
}

fn authority(authority: &CertificateAuthority, place: &str, now: Timestamp, all: &mut Vec<Finding>) {
    window(authority.valid_for.as_ref(), &format!("{place}.validFor"), now, all);
    let start = authority.valid_for.and_then(|range| range.start);
    if let (Some(start), Some(not_before)) = (start, chain::first_not_before(&authority.cert_chain))
        && start > not_before
    {
        all.push(
            Finding::remark(
                "start-after-certificate",
                &format!("{place}.validFor.start"),
                format!("{start}, the certificate is valid from {not_before}"),
            )
            .affects("every client refuses what was signed in between")
            .advice("let the start not be after the first thing signed under it"),
        );
    }
}

/// A window that every client can read, and compare exactly.
fn window(range: Option<&TimeRange>, place: &str, now: Timestamp, all: &mut Vec<Finding>) {
    let Some(start) = range.and_then(|range| range.start) else {
        all.push(
            Finding::problem("start-missing", &format!("{place}.start"), "none")
                .affects(WHOLE_FILE)
                .advice("give the instant since which it is in use, in whole seconds"),
        );
        return;
    };
    if !is_whole_second(start) {
        all.push(
            Finding::problem("start-fraction", &format!("{place}.start"), start.to_string())
                .affects(
                    "every client: the times compared with it are whole seconds, so the first second is lost",
                )
                .advice("give a whole second, not after the first thing signed"),
        );
    }
    match range.and_then(|range| range.end) {
        Some(end) if end < start => all.push(
            Finding::problem("window-empty", place, format!("{start} to {end}"))
                .affects("every client: it is never valid")
                .advice("let the end not be before the start"),
        ),
        _ if start > now => all.push(
            Finding::remark("start-in-future", &format!("{place}.start"), start.to_string())
                .advice("right for a key that is announced before it is used"),
        ),
        _ => {}
    }
}
