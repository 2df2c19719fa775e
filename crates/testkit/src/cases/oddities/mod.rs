//! Good bundles that are unusual in one way: a verifier that refuses one refuses something real.

mod logs;
mod times;

use std::sync::Arc;

use jiff::SignedDuration;
use sealwax_crypto::{HashAlgorithm, KeyKind, Scheme};

use super::{ARTIFACT, Case, Cases, witnesses};
use crate::{
    Instance, SIGNED_AT, Window,
    authority::AuthorityOptions,
    certificate::GeneralName,
    certificate_log::CertificateLog,
    instance::{InstanceBuilder, ManagedKey},
    leaf::{ISSUER, LeafOptions},
    options::{BundleVersion, Evidence, SignOptions},
    signature_log::SignatureLog,
    statement::{STATEMENT_V01, Statement, Subject},
    timestamp_authority::TimestampAuthorityOptions,
};

const P256: KeyKind = KeyKind::EcdsaP256;
const P384: KeyKind = KeyKind::EcdsaP384;
const P521: KeyKind = KeyKind::EcdsaP521;
const RSA: KeyKind = KeyKind::Rsa { bits: 3072 };

/// Every good bundle that is unusual in one way.
pub fn oddities() -> Vec<Case> {
    let mut cases = Cases::of(&Instance::usual());
    leaves(&mut cases);
    authorities(&mut cases);
    certificate_logs(&mut cases);
    logs::logs(&mut cases);
    logs::checkpoints(&mut cases);
    times::timestamps(&mut cases);
    times::windows(&mut cases);
    statements(&mut cases);
    json(&mut cases);
    managed_keys(&mut cases);
    witnesses::good(&mut cases);
    cases.all()
}

/// Everything but the authorities that matter to the case.
fn builder() -> InstanceBuilder {
    Instance::builder()
        .log(SignatureLog::v1("rekor.sealwax.test"))
        .log(SignatureLog::v2("log2026.rekor.sealwax.test"))
}

fn with_authority(options: &AuthorityOptions) -> Instance {
    builder()
        .authority(options)
        .certificate_log(CertificateLog::new(P256))
        .timestamp_authority(&TimestampAuthorityOptions::default())
        .build()
}

fn with_timestamp_authority(options: &TimestampAuthorityOptions) -> Instance {
    builder()
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(P256))
        .timestamp_authority(options)
        .build()
}

fn leaves(cases: &mut Cases) {
    let v1 = SignOptions::rekor_v1;
    for kind in [P256, P384, P521, RSA] {
        cases.message(&format!("signing key {kind:?}"), &v1().with_leaf(|leaf| leaf.key(kind)));
        let attestation = SignOptions::rekor_v2().with_leaf(|leaf| leaf.key(kind));
        cases.attestation(&format!("signing key {kind:?}, attestation, v2"), &attestation);
    }
    let ed25519 = v1().with_leaf(|leaf| leaf.key(KeyKind::Ed25519));
    cases.attestation("signing key Ed25519, attestation", &ed25519);
    cases.message("signing key Ed25519, message", &ed25519);
    let prehashed = |leaf: LeafOptions| leaf.key(KeyKind::Ed25519).scheme(Scheme::Ed25519ph);
    cases.message("signing key Ed25519ph, v2", &SignOptions::rekor_v2().with_leaf(prehashed));
    for kind in [P384, P521] {
        let sha256 = v1().with_leaf(|leaf| leaf.key(kind).scheme(Scheme::Ecdsa(HashAlgorithm::Sha256)));
        cases.message(&format!("signing key {kind:?} with SHA-256"), &sha256);
    }

    let named = |name: GeneralName| v1().with_leaf(|leaf| leaf.names([name]));
    cases.message("identity is an e-mail address", &named(GeneralName::Email("me@sealwax.test".into())));
    cases.message("identity is a user name", &named(GeneralName::Username("me!sealwax.test".into())));
    cases.message("issuer in .1.1 only", &v1().with_leaf(|leaf| leaf.issuers(Some(ISSUER), None)));
    cases.message("issuer in .1.8 only", &v1().with_leaf(|leaf| leaf.issuers(None, Some(ISSUER))));
    let fulcio = v1().with_leaf(|leaf| {
        (2..=24).filter(|number| !matches!(number, 7 | 8)).fold(leaf, |leaf, number| {
            let text = format!("value {number}");
            leaf.fulcio(number, &text)
        })
    });
    cases.message("all extensions of Fulcio", &fulcio);
}

fn managed_keys(cases: &mut Cases) {
    let v1 = SignOptions::rekor_v1().managed_key(0);
    for kind in [P256, P384, P521, RSA, KeyKind::Ed25519] {
        let key = Arc::new(ManagedKey::new(kind));
        cases.turn_to(&Instance { managed_keys: vec![key], ..Instance::usual() });
        cases.attestation(&format!("managed key {kind:?}"), &v1);
    }
    let established = SIGNED_AT + SignedDuration::from_secs(5);
    let key = ManagedKey { valid_for: Window::between(established, established), ..ManagedKey::new(P256) };
    cases.turn_to(&Instance { managed_keys: vec![Arc::new(key)], ..Instance::usual() });
    cases.message("managed key valid in that second only", &v1);
}

fn authorities(cases: &mut Cases) {
    let v1 = SignOptions::rekor_v1();
    for (name, keys) in [
        ("the root issues leaves", &[P384][..]),
        ("two intermediates", &[P384, P384, P384]),
        ("RSA root and intermediate", &[RSA, RSA]),
        ("P-256 root and intermediate", &[P256, P256]),
        ("P-521 root, P-256 intermediate", &[P521, P256]),
        ("Ed25519 root and intermediate", &[KeyKind::Ed25519, KeyKind::Ed25519]),
    ] {
        cases.turn_to(&with_authority(&AuthorityOptions::default().keys(keys)));
        cases.message(name, &v1);
    }
    let upper = AuthorityOptions::default().keys(&[P384, P384, P384]).issued_by_level(1);
    cases.turn_to(&with_authority(&upper));
    cases.message("the upper of two intermediates issues leaves", &v1);

    let twins = builder()
        .authority(&AuthorityOptions::default())
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(P256))
        .build();
    cases.turn_to(&twins);
    cases.message("two authorities of one name, the first issues", &v1);
    cases.message("two authorities of one name, the second issues", &v1.clone().issued_by(1));

    cases.turn_to(&Instance::usual());
    let case = cases.message("an authority without subject in the trusted root", &v1);
    case.trusted_root["certificateAuthorities"][0]["subject"] = serde_json::json!({});
}

fn certificate_logs(cases: &mut Cases) {
    let v1 = SignOptions::rekor_v1;
    for kind in [P384, RSA] {
        let instance = builder()
            .authority(&AuthorityOptions::default())
            .certificate_log(CertificateLog::new(kind))
            .build();
        cases.turn_to(&instance);
        cases.message(&format!("certificate log with key {kind:?}"), &v1());
    }
    let unlisted = CertificateLog { listed: false, ..CertificateLog::new(P256) };
    let instance = builder()
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(P256))
        .certificate_log(CertificateLog::new(P256))
        .certificate_log(unlisted)
        .build();
    cases.turn_to(&instance);
    cases.message("SCT with leaf_index", &v1().on_scts(|scts| scts[0].set_leaf_index(0x01_0203_0405)));
    cases.message("SCTs of two logs", &v1().with_leaf(|leaf| leaf.certificate_logs(&[0, 1])));
    cases.message(
        "SCT of an unknown log beside a good one",
        &v1().with_leaf(|leaf| leaf.certificate_logs(&[2, 0])),
    );
    let without = builder().authority(&AuthorityOptions::default()).build();
    cases.turn_to(&without);
    cases.message("no certificate log, no SCT", &v1());
}

fn statements(cases: &mut Cases) {
    cases.turn_to(&Instance::usual());
    let v2 = SignOptions::rekor_v2();
    let statement = || Statement::about(ARTIFACT);
    let of = |algorithms: &[HashAlgorithm]| Subject::of("artifact", ARTIFACT, algorithms);
    let other = Subject::of("other", b"another artifact", &[HashAlgorithm::Sha256]);
    let subjects = |subjects| Statement { subjects, ..statement() };
    let old = Statement { statement_type: STATEMENT_V01.into(), ..statement() };
    cases.statement("statement 0.1", &old, &v2);
    cases.statement("second of two subjects", &subjects(vec![other, of(&[HashAlgorithm::Sha256])]), &v2);
    cases.statement("subject with SHA-384 only", &subjects(vec![of(&[HashAlgorithm::Sha384])]), &v2);
    cases.statement("subject with SHA-512 only", &subjects(vec![of(&[HashAlgorithm::Sha512])]), &v2);
    cases.statement(
        "subject with an unknown digest beside",
        &{
            subjects(vec![
                of(&[HashAlgorithm::Sha256]).with_digest("gitCommit", "c0ffee").with_digest("sha1", "00"),
            ])
        },
        &v2,
    );
    cases.statement(
        "subject without name",
        &{ subjects(vec![Subject { name: None, ..of(&[HashAlgorithm::Sha256]) }]) },
        &v2,
    );
    cases.statement("no predicate", &Statement { predicate: serde_json::Value::Null, ..statement() }, &v2);
    cases.statement("empty predicate type", &Statement { predicate_type: String::new(), ..statement() }, &v2);
}

fn json(cases: &mut Cases) {
    let v1 = SignOptions::rekor_v1;
    cases.message("0.3 in the older media type", &v1().version(BundleVersion::V03Parameter));
    cases.message("no message digest", &v1().without_message_digest());
    cases.attestation("empty keyid", &v1().key_id(""));
    cases.message(
        "timestamp data null",
        &v1().on_bundle(|bundle| {
            bundle["verificationMaterial"]["timestampVerificationData"] = serde_json::Value::Null;
        }),
    );
    cases.message(
        "timestamp data empty",
        &v1().on_bundle(|bundle| {
            bundle["verificationMaterial"]["timestampVerificationData"] = serde_json::json!({});
        }),
    );
    let v01 = v1().version(BundleVersion::V01).evidence(Evidence::SetOnly);
    cases.message(
        "inclusion proof null",
        &v01.on_log_entry(|entry| {
            entry["inclusionProof"] = serde_json::Value::Null;
        }),
    );
    cases.message(
        "64-bit integers as numbers",
        &v1().on_log_entry(|entry| {
            entry["logIndex"] = entry["logIndex"].as_str().unwrap().parse::<i64>().unwrap().into();
            entry["integratedTime"] =
                entry["integratedTime"].as_str().unwrap().parse::<i64>().unwrap().into();
        }),
    );
    cases.message(
        "names of the proto file",
        &v1().on_log_entry(|entry| {
            let members = entry.as_object_mut().unwrap();
            for (camel, snake) in [("logIndex", "log_index"), ("canonicalizedBody", "canonicalized_body")] {
                let value = members.remove(camel).unwrap();
                members.insert(snake.into(), value);
            }
        }),
    );
    cases.message(
        "base64url without padding",
        &v1().on_bundle(|bundle| {
            let signature = &mut bundle["messageSignature"]["signature"];
            let text = signature.as_str().unwrap().replace('+', "-").replace('/', "_");
            *signature = text.trim_end_matches('=').into();
        }),
    );
    cases.message(
        "enum as number",
        &v1().on_bundle(|bundle| {
            bundle["messageSignature"]["messageDigest"]["algorithm"] = 1.into();
        }),
    );
    let v2_zero = Instance {
        logs: vec![Arc::new(SignatureLog::v2("log.sealwax.test").entry_at(0, 1))],
        ..Instance::usual()
    };
    cases.turn_to(&v2_zero);
    cases.message(
        "zero index left out",
        &SignOptions::rekor_v2().on_log_entry(|entry| {
            entry.as_object_mut().unwrap().remove("logIndex");
            entry["inclusionProof"].as_object_mut().unwrap().remove("logIndex");
        }),
    );
}
