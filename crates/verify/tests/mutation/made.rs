//! Bundles of every class, made for the occasion.

use std::sync::Arc;

use sealwax_crypto::{HashAlgorithm, KeyKind};
use sealwax_testkit::{
    BundleVersion, EntryKind, Evidence, Instance, Made, ManagedKey, SignOptions, Signer, Statement,
    Subject as About,
    cases::{self, ARTIFACT},
    leaf::LeafOptions,
    statement::STATEMENT_V01,
};
use sealwax_verify::{IdentityRule, NpmKeys, Policy, Trust, TrustedRoot, Verifier, Who, digest};
use serde_json::json;

use crate::change::Density;
use crate::subject::{Subject, TrustDocuments};

/// A class: how its bundles are made.
#[derive(Clone)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) instance: Instance,
    pub(crate) content: Content,
    pub(crate) options: SignOptions,
    pub(crate) density: Density,
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Message,
    Attestation,
    /// npm's publish attestation.
    Publish,
}

const OTHER_ARTIFACT: &[u8] = b"another artifact\n";
const OTHER_IDENTITY: &str = "https://github.com/sealwax/other/.github/workflows/release.yml@refs/heads/main";

/// Every class of `sealwax_testkit::cases::classes`, by the same names, with the same instances.
pub(crate) fn classes() -> Vec<Class> {
    let known = cases::classes();
    let instance = |name: &str| {
        let case = known.iter().find(|case| case.name == name).expect("a class of this name");
        let mut instance = case.instance.clone();
        // A second key, for parts from another signer.
        instance.managed_keys.push(Arc::new(ManagedKey::with_hint(KeyKind::EcdsaP256, "another key")));
        instance
    };
    let mut classes: Vec<Class> = Vec::new();
    let mut class = |name: &str, content: Content, options: SignOptions| {
        let (instance, density) = (instance(name), Density::Sample(10));
        classes.push(Class { name: name.into(), instance, content, options, density });
    };
    let (message, attestation) = (Content::Message, Content::Attestation);
    let intoto = |options: SignOptions| options.entry_kind(EntryKind::IntotoV002).key_id("");
    let versions = [("0.1", BundleVersion::V01), ("0.2", BundleVersion::V02), ("0.3", BundleVersion::V03)];
    for (version_name, version) in versions {
        let v1 = SignOptions::rekor_v1().version(version);
        class(&format!("{version_name} message, hashedrekord 0.0.1, proof and SET"), message, v1.clone());
        class(&format!("{version_name} dsse, dsse 0.0.1, proof and SET"), attestation, v1.clone());
        class(&format!("{version_name} dsse, intoto 0.0.2, proof and SET"), attestation, intoto(v1));
    }
    let v01 = || SignOptions::rekor_v1().version(BundleVersion::V01).evidence(Evidence::SetOnly);
    class("0.1 message, hashedrekord 0.0.1, SET", message, v01());
    class("0.1 dsse, dsse 0.0.1, SET", attestation, v01());
    class("0.1 dsse, intoto 0.0.2, SET", attestation, intoto(v01()));
    let above = known[0].instance.authorities[0].certificates_above_leaf();
    class("0.1 dsse, intoto 0.0.2, SET, chain of three", attestation, intoto(v01()).chain(above));
    let by_key = SignOptions::rekor_v1().entry_kind(EntryKind::IntotoV002).managed_key(0);
    let set_only = by_key.clone().version(BundleVersion::V01).evidence(Evidence::SetOnly);
    class("0.1 dsse, intoto 0.0.2, SET, key by hint", Content::Publish, set_only);
    let v02 = by_key.version(BundleVersion::V02);
    class("0.2 dsse, intoto 0.0.2, proof and SET, key by hint", Content::Publish, v02);
    let v2 = SignOptions::rekor_v2();
    class("0.3 message, hashedrekord 0.0.2, proof and timestamp", message, v2.clone());
    class("0.3 dsse, hashedrekord 0.0.2, proof and timestamp", attestation, v2);
    let stamped = SignOptions::rekor_v1().timestamps(&[0]);
    class("0.3 message, hashedrekord 0.0.1, proof, SET and timestamp", message, stamped.clone());
    let stamped = stamped.evidence(Evidence::ProofOnly);
    class("0.3 message, hashedrekord 0.0.1, proof and timestamp", message, stamped);
    let no_log = SignOptions::timestamp_only().on_timestamp(|timestamp| timestamp.embedded.clear());
    class("0.3 dsse, no entry, timestamp", attestation, no_log.clone());
    class("0.3 message, no entry, timestamp, key by hint", message, no_log.managed_key(0));

    let ours: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    let theirs: Vec<&str> = known.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(ours, theirs, "the classes of the testkit");
    // Here nothing but the certificate's own signature and the timestamp stands against a change.
    classes[19].density = Density::Every;
    // And here nothing is left out.
    classes[7].density = Density::Every;
    classes[15].density = Density::Every;
    classes
}

impl Class {
    pub(crate) fn subject(&self) -> Subject {
        let signer = Signer::generate(KeyKind::EcdsaP256);
        let ours = |options: &SignOptions| {
            options.clone().with_leaf(|leaf| LeafOptions { signer: Some(signer.clone()), ..leaf })
        };
        let theirs = match self.options.material {
            sealwax_testkit::Material::ManagedKey(_) => self.options.clone().managed_key(1),
            _ => self
                .options
                .clone()
                .with_leaf(|leaf| leaf.names([sealwax_testkit::GeneralName::Uri(OTHER_IDENTITY.into())])),
        };
        let made = self.sign(ARTIFACT, &ours(&self.options));
        let others = vec![
            ("of the same signer again", self.sign(ARTIFACT, &ours(&self.options)).bundle),
            ("of another artifact", self.sign(OTHER_ARTIFACT, &ours(&self.options)).bundle),
            ("of another signer", self.sign(ARTIFACT, &theirs).bundle),
        ];
        let trust = TrustDocuments { root: self.instance.trusted_root(), keys: self.instance.npm_keys() };
        Subject {
            name: self.name.clone(),
            verifier: trust.verifier().expect("trust"),
            trust,
            policy: policy(&made),
            digests: digests(ARTIFACT),
            document: made.bundle,
            others,
            density: self.density,
        }
    }

    pub(crate) fn sign(&self, artifact: &[u8], options: &SignOptions) -> Made {
        match self.content {
            Content::Message => self.instance.sign_message(artifact, options),
            Content::Attestation => self.instance.sign_dsse(artifact, options),
            Content::Publish => {
                let statement = Statement {
                    statement_type: STATEMENT_V01.into(),
                    subjects: vec![About::of("pkg:npm/demo@1.0.0", artifact, &[HashAlgorithm::Sha512])],
                    predicate_type: "https://github.com/npm/attestation/tree/main/specs/publish/v0.1".into(),
                    predicate: json!({"name": "demo", "version": "1.0.0"}),
                };
                self.instance.sign_statement(artifact, &statement, options)
            }
        }
    }
}

pub(crate) fn policy(made: &Made) -> Policy {
    let who = match (&made.identity, &made.issuer) {
        (Some(identity), Some(issuer)) => Who::Identities(vec![IdentityRule::exact(identity, issuer)]),
        _ => Who::Unnamed,
    };
    Policy { who, ..Policy::default() }
}

pub(crate) fn digests(artifact: &[u8]) -> Vec<sealwax_verify::Digest> {
    [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
        .map(|algorithm| digest(algorithm, artifact))
        .to_vec()
}

impl TrustDocuments {
    /// A verifier on this trust, if it can be read.
    pub(crate) fn verifier(&self) -> Option<Verifier> {
        Self::verifier_of(&self.root.to_string(), &self.keys.to_string())
    }

    /// The same of JSON texts.
    pub(crate) fn verifier_of(root: &str, keys: &str) -> Option<Verifier> {
        let root = TrustedRoot::parse(root.as_bytes()).ok()?;
        let keys = NpmKeys::parse(keys.as_bytes()).ok()?;
        Some(Verifier::new(Trust::new(&root).with_keys(keys)))
    }
}
