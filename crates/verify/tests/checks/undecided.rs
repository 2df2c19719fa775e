//! What cannot be decided with what was given: neither yes nor no.

use sealwax_crypto::KeyKind;
use sealwax_testkit::{Instance, SignOptions, Statement, statement::Subject};
use sealwax_verify::{CheckId, HashAlgorithm, Outcome, digest};

use crate::Fixture;
use crate::scenario::{ARTIFACT, Scenario};

const V1: fn() -> SignOptions = SignOptions::rekor_v1;

fn open(id: CheckId, what: &'static str, scenario: Scenario) -> Fixture {
    Fixture { id, what, scenario, lines: Vec::new() }
}

impl Fixture {
    fn undecided(
        self,
        id: CheckId,
        item: Option<usize>,
        expected: &'static str,
        found: &'static str,
    ) -> Self {
        self.line(id, item, Outcome::Undecided, expected, found)
    }

    /// The entry that is undecided would have given the only time.
    fn without_time(self) -> Self {
        self.not_run(CheckId::TimeEstablished, "log.content did not pass")
            .not_run(CheckId::CertificateTime, "time.established did not pass")
    }
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    let instance = Instance::usual();
    // Only the SHA-256 of the artifact is known.
    let message = |options: &SignOptions| {
        let made = instance.sign_message(ARTIFACT, options);
        Scenario::of(&instance, &made).with(|scenario| scenario.digests.truncate(1))
    };
    let signature = "a signature by the signer's key over the content";
    let sha512 = V1().without_message_digest().on_entry(|entry| {
        entry.digest_algorithm = HashAlgorithm::Sha512;
        entry.digest = digest(HashAlgorithm::Sha512, ARTIFACT).as_bytes().to_vec();
    });
    let ed25519 =
        SignOptions::rekor_v1().without_message_digest().with_leaf(|leaf| leaf.key(KeyKind::Ed25519));
    let ed25519 = ed25519.on_entry(|entry| {
        entry.digest_algorithm = HashAlgorithm::Sha256;
        entry.digest = digest(HashAlgorithm::Sha256, ARTIFACT).as_bytes().to_vec();
    });
    let stated = V1().on_bundle(|bundle| {
        let sha512 = digest(HashAlgorithm::Sha512, ARTIFACT);
        bundle["messageSignature"]["messageDigest"] = serde_json::json!({
            "algorithm": "SHA2_512",
            "digest": sealwax_testkit::base64(sha512.as_bytes()),
        });
    });
    let statement = Statement {
        subjects: vec![Subject::of("artifact", ARTIFACT, &[HashAlgorithm::Sha512])],
        ..Statement::about(ARTIFACT)
    };
    let attestation = Scenario::of(&instance, &instance.sign_statement(ARTIFACT, &statement, &V1()))
        .with(|scenario| scenario.digests.truncate(1));
    vec![
        open(CheckId::ArtifactDigest, "a stated digest of another algorithm", message(&stated)).undecided(
            CheckId::ArtifactDigest,
            None,
            "sha512:*",
            "no sha512 digest of the artifact was given",
        ),
        open(CheckId::StatementSubject, "a statement with another algorithm", attestation).undecided(
            CheckId::StatementSubject,
            None,
            "a subject with the artifact's digest",
            "digests of other algorithms than sha256:*",
        ),
        open(CheckId::LogContent, "an entry with another algorithm", message(&sha512))
            .undecided(
                CheckId::LogContent,
                Some(0),
                "an entry for this content",
                "no sha512 digest of the artifact was given",
            )
            .without_time(),
        open(CheckId::Signature, "a key that signs the whole artifact", message(&ed25519)).undecided(
            CheckId::Signature,
            None,
            signature,
            "Ed25519 needs the artifact itself, not a digest",
        ),
        open(CheckId::Signature, "everything by SHA-512", {
            message(&V1().with_leaf(|leaf| leaf.key(KeyKind::EcdsaP521)))
        })
        .undecided(
            CheckId::Signature,
            None,
            signature,
            "ECDSA with sha512 needs the artifact or its sha512 digest",
        )
        .undecided(CheckId::ArtifactDigest, None, "sha512:*", "no sha512 digest of the artifact was given")
        .undecided(
            CheckId::LogContent,
            Some(0),
            "an entry for this content",
            "no sha512 digest of the artifact was given",
        )
        .without_time(),
        open(CheckId::Signature, "no digest at all, for a message", {
            message(&V1()).with(|scenario| scenario.digests.clear())
        })
        .undecided(
            CheckId::Signature,
            None,
            signature,
            "ECDSA with sha256 needs the artifact or its sha256 digest",
        )
        .undecided(CheckId::ArtifactDigest, None, "sha256:*", "no sha256 digest of the artifact was given")
        .undecided(
            CheckId::LogContent,
            Some(0),
            "an entry for this content",
            "no sha256 digest of the artifact was given",
        )
        .without_time(),
        open(CheckId::StatementSubject, "no digest at all, for an attestation", {
            Scenario::of(&instance, &instance.sign_dsse(ARTIFACT, &V1()))
                .with(|scenario| scenario.digests.clear())
        })
        .undecided(
            CheckId::StatementSubject,
            None,
            "a subject with the artifact's digest",
            "no digest of the artifact was given",
        ),
    ]
}
