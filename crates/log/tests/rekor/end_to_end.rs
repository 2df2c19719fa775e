//! Signed by the testkit's authority and stamped by its timestamp authority, logged by us, verified as any bundle is.

use crate::running::{ORIGIN, Running, run};
use hyper::StatusCode;
use sealwax_crypto::{HashAlgorithm, KeyKind, digest};
use sealwax_log::rekor::{CreateEntryRequest, create_entry_json};
use sealwax_testkit::{Instance, Made, SignOptions};
use sealwax_verify::{Artifact, Bundle, IdentityRule, Policy, Timestamp, Trust, TrustedRoot, Verifier, Who};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::constant(1_775_000_000, 0);
const ARTIFACT: &[u8] = b"an artifact\n";

#[test]
fn a_bundle_with_our_proof_verifies() {
    for kind in [KeyKind::Ed25519, KeyKind::EcdsaP256] {
        run(async move {
            let running = Running::new(kind).await;
            let instance = Instance::usual();
            let options = SignOptions::timestamp_only();
            // Some entries of others, so that there is something to prove.
            for nth in 0..5_u8 {
                let other = instance.sign_message(&[nth], &options);
                let (status, _) = create(&running, &hashed_rekord(&other)).await;
                assert_eq!(status, StatusCode::CREATED);
            }
            let message = instance.sign_message(ARTIFACT, &options);
            let statement = instance.sign_dsse(ARTIFACT, &options);
            for (made, request, index) in
                [(&message, hashed_rekord(&message), "5"), (&statement, dsse(&statement), "6")]
            {
                let (status, entry) = create(&running, &request).await;
                assert_eq!(status, StatusCode::CREATED);
                assert_eq!(entry["logIndex"], index);
                verifies(&instance, &running, made, &entry);

                // The same again is a success of the same shape, with a fresh proof (LOG rule 8).
                let (status, again) = create(&running, &request).await;
                assert_eq!(status, StatusCode::CREATED);
                assert_eq!(again["logIndex"], index);
                assert_eq!(again["canonicalizedBody"], entry["canonicalizedBody"]);
                verifies(&instance, &running, made, &again);
            }
            // An envelope, and the digest of its PAE submitted as such, are the same entry.
            let (status, again) = create(&running, &pae_as_hashed_rekord(&statement)).await;
            assert_eq!((status, &again["logIndex"]), (StatusCode::CREATED, &json!("6")));
            running.stop().await;
        });
    }
}

#[test]
fn every_part_of_the_answer_counts() {
    run(async {
        let running = Running::new(KeyKind::Ed25519).await;
        let instance = Instance::usual();
        let options = SignOptions::timestamp_only();
        create(&running, &hashed_rekord(&instance.sign_message(b"another", &options))).await;
        let made = instance.sign_message(ARTIFACT, &options);
        let (_, entry) = create(&running, &hashed_rekord(&made)).await;
        let refused = |change: &dyn Fn(&mut Value)| {
            let mut entry = entry.clone();
            change(&mut entry);
            assert!(!is_verified(&instance, &running, &made, &entry), "{entry}");
        };
        assert!(is_verified(&instance, &running, &made, &entry));
        refused(&|entry| entry["inclusionProof"]["hashes"] = json!([]));
        refused(&|entry| entry["inclusionProof"]["hashes"][0] = json!(sealwax_testkit::base64([7; 32])));
        refused(&|entry| entry["inclusionProof"]["logIndex"] = json!("0"));
        refused(&|entry| entry["inclusionProof"]["treeSize"] = json!("3"));
        refused(&|entry| entry["logId"]["keyId"] = json!(sealwax_testkit::base64([7; 32])));
        refused(&|entry| {
            let note =
                entry["inclusionProof"]["checkpoint"]["envelope"].as_str().unwrap().replace("\n2\n", "\n3\n");
            entry["inclusionProof"]["checkpoint"]["envelope"] = json!(note);
        });
        running.stop().await;
    });
}

#[test]
fn a_frozen_log_says_so() {
    run(async {
        let running = Running::new(KeyKind::Ed25519).await;
        let made = Instance::usual().sign_message(ARTIFACT, &SignOptions::timestamp_only());
        let request = hashed_rekord(&made);
        assert_eq!(create(&running, &request).await.0, StatusCode::CREATED);
        running.log.freeze();
        while !running.log.published().is_some_and(|published| published.frozen) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        // Also what it has (LOG rule 11).
        let response = create_entry_json(&running.log, &running.key_id, request.to_string().as_bytes()).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(&response.body()[..], b"This log has been frozen, please switch to the latest log.\n");
    });
}

#[test]
fn what_is_wrong_is_said_and_not_logged() {
    run(async {
        let running = Running::new(KeyKind::Ed25519).await;
        let mut request = hashed_rekord(&Instance::usual().sign_message(ARTIFACT, &SignOptions::bare()));
        request["hashedRekordRequestV002"]["digest"] = json!(sealwax_testkit::base64([7; 32]));
        let (status, error) = create(&running, &request).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let message = "invalid entry: hashedRekordRequestV002.signature.content: expected a signature by this key over \
                       the digest, found one that does not verify";
        assert_eq!(error, json!({"code": 3, "message": message, "details": []}));
        assert_eq!(running.log.published().unwrap().size, 0);
        running.stop().await;
    });
}

/// Posts a request, as JSON.
async fn create(running: &Running, request: &Value) -> (StatusCode, Value) {
    let text = request.to_string();
    assert!(CreateEntryRequest::from_json(text.as_bytes()).is_ok());
    let response = create_entry_json(&running.log, &running.key_id, text.as_bytes()).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status(), serde_json::from_slice(response.body()).unwrap())
}

pub(crate) fn hashed_rekord(made: &Made) -> Value {
    let algorithm = made.signer.hash();
    request_over(made, digest(algorithm, &made.artifact).as_bytes(), &made.signature)
}

fn pae_as_hashed_rekord(made: &Made) -> Value {
    let bundle = Bundle::parse(&made.bundle_json()).unwrap();
    let sealwax_formats::Content::Dsse(envelope) = &bundle.content else { panic!() };
    request_over(made, envelope.pae_digest(HashAlgorithm::Sha256).as_bytes(), &envelope.signatures[0].sig)
}

fn request_over(made: &Made, digest: &[u8], signature: &[u8]) -> Value {
    let signature = sealwax_testkit::base64(signature);
    json!({"hashedRekordRequestV002": {
        "digest": sealwax_testkit::base64(digest),
        "signature": {"content": signature, "verifier": verifier(made)},
    }})
}

fn dsse(made: &Made) -> Value {
    json!({"dsseRequestV002": {"envelope": made.bundle["dsseEnvelope"], "verifiers": [verifier(made)]}})
}

fn verifier(made: &Made) -> Value {
    let raw_bytes = sealwax_testkit::base64(made.leaf.as_deref().unwrap_or_default());
    json!({"keyDetails": made.signer.key_details(), "x509Certificate": {"rawBytes": raw_bytes}})
}

#[track_caller]
fn verifies(instance: &Instance, running: &Running, made: &Made, entry: &Value) {
    assert!(is_verified(instance, running, made, entry), "{entry}");
}

/// Whether the bundle with this entry satisfies a usual policy under a trusted root that lists our log.
fn is_verified(instance: &Instance, running: &Running, made: &Made, entry: &Value) -> bool {
    let mut bundle = made.bundle.clone();
    bundle["verificationMaterial"]["tlogEntries"] = json!([entry]);
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let mut root = instance.trusted_root();
    let key = running.log.verifier_keys()[0].public_key();
    let details = match key.kind() {
        KeyKind::Ed25519 => "PKIX_ED25519",
        _ => "PKIX_ECDSA_P256_SHA_256",
    };
    root["tlogs"] = json!([{
        "baseUrl": format!("https://{ORIGIN}"),
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": sealwax_testkit::base64(key.spki_der()),
            "keyDetails": details,
            "validFor": {"start": "2026-01-01T00:00:00Z"},
        },
        "logId": {"keyId": sealwax_testkit::base64(running.key_id)},
    }]);
    let root = TrustedRoot::parse(root.to_string().as_bytes()).unwrap();
    let verifier = Verifier::new(Trust::new(&root));
    let rule = IdentityRule::exact(made.identity.as_ref().unwrap(), made.issuer.as_ref().unwrap());
    let policy = Policy { who: Who::Identities(vec![rule]), ..Policy::default() };
    let digests = [digest(HashAlgorithm::Sha256, ARTIFACT)];
    let artifact = Artifact { digests: &digests, ..Artifact::default() };
    verifier.verify(&bundle, artifact, &policy, NOW).is_ok()
}
