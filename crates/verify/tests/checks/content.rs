//! Whose signature it is, and over what.

use sealwax_crypto::PublicKey;
use sealwax_testkit::{
    Instance, SignOptions, Statement,
    options::BundleVersion,
    statement::{EnvelopeSignature, Subject},
};
use sealwax_verify::{CheckId, HashAlgorithm, Who, digest};

use crate::scenario::{ARTIFACT, Scenario};
use crate::{Fixture, fails};

const V1: fn() -> SignOptions = SignOptions::rekor_v1;
const V2: fn() -> SignOptions = SignOptions::rekor_v2;

pub(crate) fn fixtures() -> Vec<Fixture> {
    let instance = Instance::usual();
    [material(&instance), envelope(&instance), artifact(&instance)].into_iter().flatten().collect()
}

fn message(instance: &Instance, options: &SignOptions) -> Scenario {
    Scenario::of(instance, &instance.sign_message(ARTIFACT, options))
}

fn attestation(instance: &Instance, options: &SignOptions) -> Scenario {
    Scenario::of(instance, &instance.sign_dsse(ARTIFACT, options))
}

fn statement(instance: &Instance, statement: &Statement) -> Scenario {
    Scenario::of(instance, &instance.sign_statement(ARTIFACT, statement, &V1()))
}

fn material(instance: &Instance) -> Vec<Fixture> {
    let key = PublicKey::from_spki_der(instance.managed_keys[0].signer.spki()).unwrap();
    let identities = message(instance, &V1()).policy.who;
    vec![
        fails(
            CheckId::MaterialKind,
            "a certificate where a key is demanded",
            message(instance, &V1()).with(|scenario| scenario.policy.who = Who::Key(key)),
            "a signature by the given key",
            "a certificate",
        ),
        fails(
            CheckId::MaterialKind,
            "a key where an identity is demanded",
            message(instance, &V1().managed_key(0)).with(|scenario| scenario.policy.who = identities),
            "a certificate with an identity",
            "a bare key with the hint \"*\"",
        ),
        fails(
            CheckId::MaterialKind,
            "the field of 0.3 in a bundle that says 0.1",
            message(
                instance,
                &V1().on_bundle(|bundle| bundle["mediaType"] = BundleVersion::V01.media_type().into()),
            ),
            "a certificate, in the field that this bundle version has for it",
            "a certificate in the field of another version than 0.1",
        ),
        fails(
            CheckId::KeyKnown,
            "a hint that names no key",
            message(instance, &V1().managed_key(0))
                .with(|scenario| scenario.keys = serde_json::json!({"keys": []})),
            "the key that the hint names",
            "the trust material lists no key with the hint \"*\"; give the key that you trust",
        ),
        fails(
            CheckId::Signature,
            "a signature by another key, logged and stamped as it is",
            message(instance, &{
                let another = instance.managed_keys[0].signer.clone();
                V1().on_signature(move |signature| *signature = another.sign(ARTIFACT))
            }),
            "a signature by the signer's key over the content",
            "it does not verify",
        ),
        fails(
            CheckId::Signature,
            "a signature over the payload alone",
            attestation(instance, &{
                V2().on_signed_bytes(|bytes| {
                    let start = bytes.iter().position(|byte| *byte == b'{').unwrap();
                    bytes.drain(..start);
                })
                .on_entry(|entry| {
                    let payload = Statement::about(ARTIFACT).to_json();
                    let head = format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len());
                    let encoded = [head.as_bytes(), &payload].concat();
                    entry.digest = digest(HashAlgorithm::Sha256, &encoded).as_bytes().to_vec();
                })
            }),
            "a signature by the signer's key over the content",
            "it does not verify",
        ),
    ]
}

fn envelope(instance: &Instance) -> Vec<Fixture> {
    let about =
        |subjects: Vec<Subject>| statement(instance, &Statement { subjects, ..Statement::about(ARTIFACT) });
    let sha256 = [HashAlgorithm::Sha256];
    let wrong_sha512 = "00".repeat(64);
    vec![
        fails(
            CheckId::DssePayloadType,
            "a payload of another type",
            attestation(instance, &{
                V1().on_envelope(|envelope| envelope.payload_type = "application/json".into())
            }),
            "payload type application/vnd.in-toto+json",
            "payload type \"application/json\"",
        )
        .not_run(CheckId::Statement, "dsse.payload-type did not pass"),
        fails(
            CheckId::DsseSignatures,
            "a stranger's signature behind the logged one",
            attestation(instance, &{
                V1().on_signed_envelope(|envelope| {
                    envelope.signatures.push(EnvelopeSignature { key_id: None, signature: vec![7; 64] });
                })
            }),
            "exactly one signature",
            "2 signatures",
        ),
        fails(
            CheckId::DsseSignatures,
            "no signature at all",
            attestation(instance, &V1().on_signed_envelope(|envelope| envelope.signatures.clear())),
            "exactly one signature",
            "0 signatures",
        ),
        fails(
            CheckId::Statement,
            "a statement of a version to come",
            statement(
                instance,
                &Statement {
                    statement_type: "https://in-toto.io/Statement/v2".into(),
                    ..Statement::about(ARTIFACT)
                },
            ),
            "a readable in-toto statement v0.1 or v1",
            "*\"https://in-toto.io/Statement/v2\"*",
        ),
        fails(
            CheckId::Statement,
            "a payload that is not JSON",
            attestation(instance, &V1().on_envelope(|envelope| envelope.payload.truncate(9))),
            "a readable in-toto statement v0.1 or v1",
            "the text ends in the middle of a value",
        ),
        fails(
            CheckId::StatementSubject,
            "a statement about another artifact",
            about(vec![Subject::of("another", b"another artifact\n", &sha256)]),
            "a subject with the artifact's digest",
            "1 subjects, none is sha256:*, sha384:*, sha512:*",
        ),
        fails(
            CheckId::StatementSubject,
            "a statement about nothing",
            about(Vec::new()),
            "a subject with the artifact's digest",
            "0 subjects, none is sha256:*, sha384:*, sha512:*",
        ),
        fails(
            CheckId::StatementSubject,
            "a subject of which one digest is another's",
            about(vec![Subject::of("half", ARTIFACT, &sha256).with_digest("sha512", &wrong_sha512)]),
            "a subject with the artifact's digest",
            "1 subjects, none is sha256:*, sha384:*, sha512:*",
        ),
        fails(
            CheckId::StatementPredicateType,
            "an attestation of another type",
            attestation(instance, &V1()).with(|scenario| {
                scenario.policy.predicate_type =
                    Some("https://in-toto.io/attestation/test-result/v0.1".into());
            }),
            "https://in-toto.io/attestation/test-result/v0.1",
            "https://slsa.dev/provenance/v1",
        ),
        fails(
            CheckId::StatementPredicateType,
            "a signature where an attestation is demanded",
            message(instance, &V1()).with(|scenario| {
                scenario.policy.predicate_type = Some("https://slsa.dev/provenance/v1".into());
            }),
            "an attestation of type https://slsa.dev/provenance/v1",
            "a signature over the artifact itself",
        ),
    ]
}

fn artifact(instance: &Instance) -> Vec<Fixture> {
    let altered = V1().on_bundle(|bundle| {
        let another = digest(HashAlgorithm::Sha256, b"another artifact\n");
        bundle["messageSignature"]["messageDigest"]["digest"] =
            sealwax_testkit::base64(another.as_bytes()).into();
    });
    vec![fails(
        CheckId::ArtifactDigest,
        "a stated digest that is another's, all else good",
        message(instance, &altered),
        "sha256:*",
        "sha256:*",
    )]
}
