//! Messages, envelopes, statements, and the bundle's own shape.

use jiff::SignedDuration;
use sealwax_crypto::{HashAlgorithm, KeyKind, sha256};
use serde_json::{Value, json};

use super::Change;
use crate::{
    Instance, SIGNED_AT, Window, base64,
    cases::{ARTIFACT, Cases},
    hex,
    instance::ManagedKey,
    leaf::LeafOptions,
    options::{BundleVersion, Evidence, SignOptions},
    signer::Signer,
    statement::{EnvelopeDraft, EnvelopeSignature, IN_TOTO, Statement, Subject},
};

const V1: fn() -> SignOptions = SignOptions::rekor_v1;
const V2: fn() -> SignOptions = SignOptions::rekor_v2;

/// Message signatures.
pub(super) fn message(cases: &mut Cases, twin: &Instance) {
    cases.turn_to(&Instance::usual());
    cases.message("another artifact than was signed", &V1()).made.artifact = b"another artifact\n".to_vec();
    cases.message(
        "messageDigest altered",
        &V1().on_bundle(|bundle| {
            bundle["messageSignature"]["messageDigest"]["digest"] =
                base64(sha256(b"another artifact\n")).into();
        }),
    );
    cases.message(
        "messageDigest of another algorithm",
        &V1().on_bundle(|bundle| {
            bundle["messageSignature"]["messageDigest"]["algorithm"] = "SHA2_512".into();
        }),
    );
    cases.message("signature over other bytes", &{
        V1().on_signed_bytes(|bytes| bytes.push(0))
            .on_entry(|entry| entry.digest = sha256(ARTIFACT).to_vec())
            .on_bundle(|bundle| {
                bundle["messageSignature"]["messageDigest"]["digest"] = base64(sha256(ARTIFACT)).into();
            })
    });
    let impostor = twin.managed_keys[0].signer.clone();
    cases.message(
        "signature by another key",
        &V1().on_signature(move |signature| *signature = impostor.sign(ARTIFACT)),
    );
    cases.message("signature corrupted", &V2().on_signature(|signature| *signature.last_mut().unwrap() ^= 1));
    cases.message("signature empty", &V2().on_signature(Vec::clear));
    let signer = Signer::generate(KeyKind::EcdsaP256);
    let again = base64(signer.sign(ARTIFACT));
    cases.message("signature made again by the same key after the other was logged", &{
        V1().with_leaf(|leaf| LeafOptions { signer: Some(signer), ..leaf })
            .on_bundle(move |bundle| bundle["messageSignature"]["signature"] = again.clone().into())
    });
    let case = cases.message("managed key other than the demanded", &V1().managed_key(0));
    case.managed_key = Some(ManagedKey::new(KeyKind::EcdsaP256).into());
    let key = cases.instance.managed_keys[0].clone();
    cases.message("a certificate where a key is demanded", &V1()).managed_key = Some(key);
    cases.message("a key where an identity is demanded", &V1().managed_key(0)).managed_key = None;
}

/// Windows of managed keys.
pub(super) fn managed_key(cases: &mut Cases) {
    let ended = Window::until(SIGNED_AT - SignedDuration::from_secs(1));
    let to_come = Window::since(SIGNED_AT + SignedDuration::from_secs(6));
    for (name, valid_for) in
        [("managed key after its window ended", ended), ("managed key before its window began", to_come)]
    {
        let key = ManagedKey { valid_for, ..ManagedKey::new(KeyKind::EcdsaP256) };
        cases.turn_to(&Instance { managed_keys: vec![key.into()], ..Instance::usual() });
        cases.message(name, &V1().managed_key(0));
    }
}

/// DSSE envelopes.
pub(super) fn envelope(cases: &mut Cases) {
    cases.turn_to(&Instance::usual());
    let signed: [Change<EnvelopeDraft>; 5] = [
        ("envelope with two signatures", |envelope| {
            let first = envelope.signatures[0].clone();
            envelope.signatures.push(first);
        }),
        ("envelope with a stranger's signature behind ours", |envelope| {
            envelope.signatures.push(EnvelopeSignature { key_id: None, signature: vec![7; 64] });
        }),
        ("envelope without signature", |envelope| envelope.signatures.clear()),
        ("envelope whose payload was replaced", |envelope| {
            envelope.payload = Statement { predicate: json!({}), ..Statement::about(ARTIFACT) }.to_json();
        }),
        ("envelope whose payload type was replaced", |envelope| {
            envelope.payload_type = "application/vnd.in-toto+json ".into();
        }),
    ];
    for (version, options) in [("v1", V1()), ("v2", V2())] {
        for (name, change) in signed {
            cases.attestation(&format!("{version} {name}"), &options.clone().on_signed_envelope(change));
        }
    }
    cases.attestation("payload of another type", &{
        V2().on_envelope(|envelope| envelope.payload_type = "application/json".into())
    });
    let payload_hash = sha256(&Statement::about(ARTIFACT).to_json());
    let encoded = EnvelopeDraft {
        payload_type: IN_TOTO.into(),
        payload: Statement::about(ARTIFACT).to_json(),
        signatures: Vec::new(),
    };
    let encoded_hash = sha256(&encoded.pre_authentication_encoding());
    cases.attestation("payload signed without its type", &{
        V2().on_signed_bytes(|bytes| {
            let start = bytes.iter().position(|byte| *byte == b'{').unwrap();
            bytes.drain(..start);
        })
        .on_entry(move |entry| {
            assert_eq!(entry.digest, payload_hash, "the payload alone was signed");
            entry.digest = encoded_hash.to_vec();
        })
    });
    cases.attestation(
        "payload that is not JSON",
        &V2().on_envelope(|envelope| {
            envelope.payload.pop();
        }),
    );
    cases.attestation(
        "payload with a member twice",
        &V2().on_envelope(|envelope| {
            let subject =
                format!("{{\"subject\":[{{\"digest\":{{\"sha256\":\"{}\"}}}}],", hex(&sha256(ARTIFACT)));
            envelope.payload = [subject.as_bytes(), &envelope.payload[1..]].concat();
        }),
    );
    cases.attestation(
        "payload with a member of the predicate twice",
        &V2().on_envelope(|envelope| {
            let text = String::from_utf8(envelope.payload.clone()).unwrap();
            envelope.payload =
                text.replacen("\"buildType\":", "\"buildType\":\"\",\"buildType\":", 1).into_bytes();
        }),
    );
}

/// in-toto statements.
pub(super) fn statement(cases: &mut Cases) {
    cases.turn_to(&Instance::usual());
    let digest = hex(&sha256(ARTIFACT));
    let subject = |digests: &[(&str, &str)]| Subject {
        name: Some("artifact".into()),
        digests: digests.iter().map(|(name, digest)| (name.to_string(), digest.to_string())).collect(),
    };
    let other = Subject::of("artifact", b"another artifact", &[HashAlgorithm::Sha256]);
    let wrong = hex(&sha256(b"another artifact"));
    let sha512 = hex(sealwax_crypto::digest(HashAlgorithm::Sha512, b"another artifact").as_bytes());
    let right_sha512 = hex(sealwax_crypto::digest(HashAlgorithm::Sha512, ARTIFACT).as_bytes());
    let subjects: [(&str, Vec<Subject>); 11] = [
        ("statement about another artifact", vec![other]),
        ("statement about nothing", Vec::new()),
        (
            "subject whose second digest is another's",
            vec![subject(&[("sha256", &digest), ("sha512", &sha512)])],
        ),
        (
            "two subjects that fit in half",
            vec![
                subject(&[("sha256", &digest), ("sha512", &sha512)]),
                subject(&[("sha256", &wrong), ("sha512", &right_sha512)]),
            ],
        ),
        ("subject with upper-case digest", vec![subject(&[("sha256", &digest.to_uppercase())])]),
        ("subject with digest cut short", vec![subject(&[("sha256", &digest[..62])])]),
        ("subject with digest in base64", vec![subject(&[("sha256", &base64(sha256(ARTIFACT)))])]),
        ("subject with SHA-1 only", vec![subject(&[("sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709")])]),
        ("subject with the digest under another name", vec![subject(&[("gitCommit", &digest)])]),
        ("subject with the digest under an upper-case name", vec![subject(&[("SHA256", &digest)])]),
        ("subject without digest", vec![subject(&[])]),
    ];
    for (name, subjects) in subjects {
        cases.statement(name, &Statement { subjects, ..Statement::about(ARTIFACT) }, &V2());
    }
    for statement_type in ["https://in-toto.io/Statement/v2", "", "https://in-toto.io/Statement/v1/"] {
        let statement = Statement { statement_type: statement_type.into(), ..Statement::about(ARTIFACT) };
        cases.statement(&format!("statement of type {statement_type:?}"), &statement, &V2());
    }
}

/// The bundle's own members.
pub(super) fn shape(cases: &mut Cases) {
    cases.turn_to(&Instance::usual());
    let certificate = |bundle: &Value| bundle["verificationMaterial"]["certificate"].clone();
    let remove = |value: &mut Value, member: &str| {
        value.as_object_mut().unwrap().remove(member);
    };
    cases.message("0.1 with the certificate member", &{
        V1().evidence(Evidence::ProofAndSet)
            .on_bundle(|bundle| bundle["mediaType"] = BundleVersion::V01.media_type().into())
    });
    cases.message("0.3 with a chain", &{
        V1().version(BundleVersion::V02)
            .on_bundle(|bundle| bundle["mediaType"] = BundleVersion::V03.media_type().into())
    });
    let empty_chain = json!({"certificates": []});
    cases.message(
        "empty chain",
        &V1().version(BundleVersion::V02).on_bundle(move |bundle| {
            bundle["verificationMaterial"]["x509CertificateChain"] = empty_chain.clone();
        }),
    );
    cases.message(
        "empty certificate",
        &V1().on_bundle(|bundle| {
            bundle["verificationMaterial"]["certificate"]["rawBytes"] = "".into();
        }),
    );
    cases.message("certificate with bytes behind it", &V1().on_leaf(|leaf| leaf.push(0)));
    cases.message(
        "no certificate",
        &V1().on_bundle(move |bundle| {
            remove(&mut bundle["verificationMaterial"], "certificate");
        }),
    );
    cases.message(
        "certificate and public key",
        &V1().on_bundle(|bundle| {
            bundle["verificationMaterial"]["publicKey"] = json!({"hint": "hint"});
        }),
    );
    cases.message(
        "certificate and chain",
        &V1().on_bundle(move |bundle| {
            bundle["verificationMaterial"]["x509CertificateChain"] =
                json!({"certificates": [certificate(bundle)]});
        }),
    );
    cases.message(
        "message and envelope",
        &V1().on_bundle(|bundle| {
            bundle["dsseEnvelope"] =
                json!({"payload": "e30=", "payloadType": "x", "signatures": [{"sig": "AA=="}]});
        }),
    );
    cases.message(
        "neither message nor envelope",
        &V1().on_bundle(move |bundle| remove(bundle, "messageSignature")),
    );
    for media_type in ["", "application/json", "application/vnd.dev.sigstore.bundle.v0.4+json"] {
        cases.message(
            &format!("media type {media_type:?}"),
            &V1().on_bundle(move |bundle| {
                bundle["mediaType"] = media_type.into();
            }),
        );
    }
    cases.message(
        "signature that is not base64",
        &V1().on_bundle(|bundle| {
            bundle["messageSignature"]["signature"] = "not base64!".into();
        }),
    );
}
