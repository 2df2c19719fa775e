//! One good bundle of every class that is published in the wild, each with the trust that it needs.

use std::sync::Arc;

use sealwax_crypto::{HashAlgorithm, KeyKind, Scheme};
use serde_json::json;

use super::{ARTIFACT, Case, Cases};
use crate::{
    Instance,
    authority::AuthorityOptions,
    certificate_log::CertificateLog,
    checkpoint::Witness,
    entry::EntryKind,
    instance::ManagedKey,
    options::{BundleVersion, Evidence, SignOptions},
    signature_log::SignatureLog,
    statement::{STATEMENT_V01, Statement, Subject},
    timestamp_authority::TimestampAuthorityOptions,
};

const VERSIONS: [(&str, BundleVersion); 3] =
    [("0.1", BundleVersion::V01), ("0.2", BundleVersion::V02), ("0.3", BundleVersion::V03)];

/// Every class that a correct verifier accepts. Fresh keys every time: make them once per test.
pub fn classes() -> Vec<Case> {
    let public = public();
    let mut classes = Cases::of(&public);

    for (version_name, version) in VERSIONS {
        let v1 = SignOptions::rekor_v1().version(version);
        let intoto = v1.clone().entry_kind(EntryKind::IntotoV002).key_id("");
        classes.message(&format!("{version_name} message, hashedrekord 0.0.1, proof and SET"), &v1);
        classes.attestation(&format!("{version_name} dsse, dsse 0.0.1, proof and SET"), &v1);
        classes.attestation(&format!("{version_name} dsse, intoto 0.0.2, proof and SET"), &intoto);
    }

    let v01 = SignOptions::rekor_v1().version(BundleVersion::V01).evidence(Evidence::SetOnly);
    let full_chain = public.authorities[0].certificates_above_leaf();
    let intoto = v01.clone().entry_kind(EntryKind::IntotoV002).key_id("");
    classes.message("0.1 message, hashedrekord 0.0.1, SET", &v01);
    classes.attestation("0.1 dsse, dsse 0.0.1, SET", &v01);
    classes.attestation("0.1 dsse, intoto 0.0.2, SET", &intoto);
    classes.attestation("0.1 dsse, intoto 0.0.2, SET, chain of three", &intoto.chain(full_chain));

    let by_key = SignOptions::rekor_v1().entry_kind(EntryKind::IntotoV002).managed_key(0);
    let set_only = by_key.clone().version(BundleVersion::V01).evidence(Evidence::SetOnly);
    publish(&mut classes, "0.1 dsse, intoto 0.0.2, SET, key by hint", &set_only);
    publish(
        &mut classes,
        "0.2 dsse, intoto 0.0.2, proof and SET, key by hint",
        &by_key.version(BundleVersion::V02),
    );

    let v2 = SignOptions::rekor_v2();
    classes.message("0.3 message, hashedrekord 0.0.2, proof and timestamp", &v2);
    classes.attestation("0.3 dsse, hashedrekord 0.0.2, proof and timestamp", &v2);
    let stamped = SignOptions::rekor_v1().timestamps(&[0]);
    classes.message("0.3 message, hashedrekord 0.0.1, proof, SET and timestamp", &stamped);
    let stamped = stamped.evidence(Evidence::ProofOnly);
    classes.message("0.3 message, hashedrekord 0.0.1, proof and timestamp", &stamped);

    let instance = Instance::without_logs();
    classes.turn_to(&instance);
    let stamped = SignOptions::timestamp_only().on_timestamp(|timestamp| timestamp.embedded.clear());
    classes.attestation("0.3 dsse, no entry, timestamp", &stamped);
    classes.message("0.3 message, no entry, timestamp, key by hint", &stamped.managed_key(0));
    classes.all()
}

/// An instance like the public one: old shards, witnesses, a hint as npm writes it.
fn public() -> Instance {
    let witnesses = [
        Arc::new(Witness::new("witness.test/one", KeyKind::Ed25519)),
        Arc::new(Witness::new("witness.test/two", KeyKind::MlDsa44)),
    ];
    let v2 = SignatureLog::v2("log2026.rekor.sealwax.test");
    Instance::builder()
        .authority(&AuthorityOptions::default())
        .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
        .log(SignatureLog::v1("rekor.sealwax.test").with_checkpoint_timestamp())
        .log(witnesses.iter().fold(v2, SignatureLog::witnessed_by))
        .timestamp_authority(
            &TimestampAuthorityOptions::default().scheme(Scheme::Ecdsa(HashAlgorithm::Sha256)),
        )
        .managed_key(ManagedKey::with_hint(
            KeyKind::EcdsaP256,
            "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA",
        ))
        .build()
}

/// npm's publish attestation: Statement v0.1, SHA-512 only.
fn publish(classes: &mut Cases, name: &str, options: &SignOptions) {
    let statement = Statement {
        statement_type: STATEMENT_V01.into(),
        subjects: vec![Subject::of("pkg:npm/demo@1.0.0", ARTIFACT, &[HashAlgorithm::Sha512])],
        predicate_type: "https://github.com/npm/attestation/tree/main/specs/publish/v0.1".into(),
        predicate: json!({"name": "demo", "registry": "https://registry.npmjs.org", "version": "1.0.0"}),
    };
    classes.statement(name, &statement, options);
}
