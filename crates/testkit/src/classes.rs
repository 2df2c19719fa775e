//! One good bundle of every class that is published in the wild, each with the trust that it needs.

use std::sync::Arc;

use sealwax_crypto::{HashAlgorithm, KeyKind, Scheme};

use crate::{
    Instance,
    authority::AuthorityOptions,
    certificate_log::CertificateLog,
    checkpoint::Witness,
    entry::EntryKind,
    instance::ManagedKey,
    options::{BundleVersion, Evidence, SignOptions},
    sign::Made,
    signature_log::SignatureLog,
    statement::{STATEMENT_V01, Statement, Subject},
    timestamp::TimestampAuthorityOptions,
};

/// A class of bundles, with one example.
#[derive(Clone)]
pub struct Class {
    /// Version, content, entry, evidence.
    pub name: String,
    /// Whose bundle it is.
    pub instance: Instance,
    /// The bundle.
    pub made: Made,
    /// The managed key that verifies it, if no certificate does.
    pub managed_key: Option<Arc<ManagedKey>>,
}

/// What every example is about.
pub const ARTIFACT: &[u8] = b"an artifact\n";

const VERSIONS: [(&str, BundleVersion); 3] =
    [("0.1", BundleVersion::V01), ("0.2", BundleVersion::V02), ("0.3", BundleVersion::V03)];

/// Every class that a correct verifier accepts. Fresh keys every time: make them once per test.
pub fn classes() -> Vec<Class> {
    let public = public();
    let mut classes = Classes { instance: public.clone(), classes: Vec::new() };

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

    let publish = SignOptions::rekor_v1().entry_kind(EntryKind::IntotoV002).managed_key(0);
    let set_only = publish.clone().version(BundleVersion::V01).evidence(Evidence::SetOnly);
    classes.publish("0.1 dsse, intoto 0.0.2, SET, key by hint", &set_only);
    classes
        .publish("0.2 dsse, intoto 0.0.2, proof and SET, key by hint", &publish.version(BundleVersion::V02));

    let v2 = SignOptions::rekor_v2();
    classes.message("0.3 message, hashedrekord 0.0.2, proof and timestamp", &v2);
    classes.attestation("0.3 dsse, hashedrekord 0.0.2, proof and timestamp", &v2);
    let stamped = SignOptions::rekor_v1().timestamps(&[0]);
    classes.message("0.3 message, hashedrekord 0.0.1, proof, SET and timestamp", &stamped);
    let stamped = stamped.evidence(Evidence::ProofOnly);
    classes.message("0.3 message, hashedrekord 0.0.1, proof and timestamp", &stamped);

    classes.instance = Instance::without_logs();
    let stamped = SignOptions::timestamp_only().on_timestamp(|timestamp| timestamp.embedded.clear());
    classes.attestation("0.3 dsse, no entry, timestamp", &stamped);
    classes.message("0.3 message, no entry, timestamp, key by hint", &stamped.managed_key(0));
    classes.classes
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

struct Classes {
    instance: Instance,
    classes: Vec<Class>,
}

impl Classes {
    fn message(&mut self, name: &str, options: &SignOptions) {
        let made = self.instance.sign_message(ARTIFACT, options);
        self.push(name, made);
    }

    fn attestation(&mut self, name: &str, options: &SignOptions) {
        let made = self.instance.sign_dsse(ARTIFACT, options);
        self.push(name, made);
    }

    /// npm's publish attestation: Statement v0.1, SHA-512 only.
    fn publish(&mut self, name: &str, options: &SignOptions) {
        let statement = Statement {
            statement_type: STATEMENT_V01.into(),
            subjects: vec![Subject::of("pkg:npm/demo@1.0.0", ARTIFACT, &[HashAlgorithm::Sha512])],
            predicate_type: "https://github.com/npm/attestation/tree/main/specs/publish/v0.1".into(),
            predicate: serde_json::json!({"name": "demo", "registry": "https://registry.npmjs.org", "version": "1.0.0"}),
        };
        let made = self.instance.sign_statement(ARTIFACT, &statement, options);
        self.push(name, made);
    }

    fn push(&mut self, name: &str, made: Made) {
        let managed_key =
            if made.leaf.is_none() { self.instance.managed_keys.first().cloned() } else { None };
        self.classes.push(Class { name: name.into(), instance: self.instance.clone(), made, managed_key });
    }
}
