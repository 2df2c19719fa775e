//! A signature as deployed clients make one, request by request.

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, sha256};
use sealwax_formats::base64;
use sealwax_pki::Certificate;
use serde_json::{Value, json};

use crate::common::Scratch;
use crate::instance::{Reply, Running};

/// Signs as a machine, and returns the path of the bundle.
pub(crate) fn sign(scratch: &Scratch, running: &Running, secret: &str, name: &str, content: &[u8]) -> String {
    sign_with(scratch, (running, running), secret, name, content)
}

/// The same with two processes: one that certifies, and one that logs and stamps.
pub(crate) fn sign_with(
    scratch: &Scratch,
    (authority, running): (&Running, &Running),
    secret: &str,
    name: &str,
    content: &[u8],
) -> String {
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let sign = |bytes: &[u8]| signature(&key, bytes);
    let certificate = certificate_of(&key, scratch, authority, secret);
    assert!(matches!(certificate.status, 200 | 201), "{}", certificate.text());
    let chain = certificate.json()["signedCertificateEmbeddedSct"]["chain"]["certificates"].clone();
    let leaf = Certificate::from_pem(chain[0].as_str().unwrap()).unwrap();
    let leaf = base64::encode(leaf.der());

    let (signature, digest) = (sign(content), base64::encode(&sha256(content)));
    let entry = running.post(
        "/api/v2/log/entries",
        &json!({"hashedRekordRequestV002": {
            "digest": digest,
            "signature": {
                "content": signature,
                "verifier": {"x509Certificate": {"rawBytes": leaf}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"},
            },
        }}),
    );
    assert_eq!(entry.status, 201, "{}", entry.text());

    // The timestamp is over the signature.
    let signed = base64::decode(&signature).unwrap();
    let stamp = running.post(
        "/api/v1/timestamp",
        &json!({"artifactHash": base64::encode(&sha256(&signed)), "hashAlgorithm": "sha256", "certificates": true}),
    );
    assert!(matches!(stamp.status, 200 | 201), "{}", String::from_utf8_lossy(&stamp.body));

    let bundle: Value = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": leaf},
            "tlogEntries": [entry.json()],
            "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": base64::encode(&stamp.body)}]},
        },
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": digest},
            "signature": signature,
        },
    });
    scratch.write(&format!("{name}.sigstore.json"), bundle.to_string())
}

/// Asks for a certificate as a machine.
pub(crate) fn certificate(scratch: &Scratch, running: &Running, secret: &str) -> Reply {
    certificate_of(&SigningKey::generate(KeyKind::EcdsaP256).unwrap(), scratch, running, secret)
}

fn certificate_of(key: &SigningKey, scratch: &Scratch, running: &Running, secret: &str) -> Reply {
    let issuer = running.machine_issuer();
    let token =
        scratch.run(&["token", "--issuer", issuer, "--machine", "bot", "--secret-file", secret]).exits(0);
    certificate_for(key, running, token.out.trim(), &format!("{issuer}/bot"))
}

/// Asks for a certificate with a token, which says who that is.
pub(crate) fn certificate_for(key: &SigningKey, running: &Running, token: &str, who: &str) -> Reply {
    running.post(
        "/api/v2/signingCert",
        &json!({
            "credentials": {"oidcIdentityToken": token},
            "publicKeyRequest": {
                "publicKey": {"algorithm": "ECDSA", "content": key.public_key().to_pem()},
                "proofOfPossession": signature(key, who.as_bytes()),
            },
        }),
    )
}

fn signature(key: &SigningKey, bytes: &[u8]) -> String {
    base64::encode(&key.sign(Scheme::Ecdsa(HashAlgorithm::Sha256), Message::Bytes(bytes)).unwrap())
}
