//! A certificate authority is asked, with tokens of an issuer that the bench plays, and its certificates are verified.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sealwax_crypto::{KeyKind, PublicKey};
use sealwax_pki::{Authority, Certificate, EndEntity, GeneralName, Search, SignatureMemo};
use sealwax_testkit::{Signer, base64, der};
use serde_json::{Value, json};

use crate::{prepare, verify};

/// How long tokens are valid, seconds: longer than any run takes.
const LIFETIME: i64 = 4 * 3600;

/// What the only key of the issuer is called.
const KEY_ID: &str = "bench";

/// Requests of as many people, each with a key of their own: every second one proves it, as cosign does, every second one sends
/// a certificate request, as sigstore-python does. Tokens are RS256 with 2048 bits, as those of the big providers.
pub(crate) fn prepare(count: usize, file: &Path, issuer: &str) -> Value {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    fs::write(file.with_extension("jwks"), jwks(&key)).unwrap();
    let expires = Timestamp::now().as_second() + LIFETIME;
    let number = AtomicU64::new(0);
    prepare::write(count, file, || {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let email = format!("person-{number}@bench.example");
        let token = token(
            &key,
            &json!({
                "iss": issuer, "aud": "sigstore", "sub": number.to_string(), "exp": expires,
                "iat": expires - LIFETIME, "email": email, "email_verified": true,
            }),
        );
        let signer = Signer::generate(KeyKind::EcdsaP256);
        let mut body = if number.is_multiple_of(2) {
            json!({"publicKeyRequest": {
                "publicKey": {"algorithm": "ECDSA", "content": signer.public_key_pem()},
                "proofOfPossession": base64(signer.sign(email.as_bytes())),
            }})
        } else {
            json!({"certificateSigningRequest": base64(certificate_request(&signer))})
        };
        body["credentials"] = json!({"oidcIdentityToken": token});
        prepare::post("/api/v2/signingCert", &body)
    })
}

fn jwks(key: &KeyPair) -> String {
    let spki = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap();
    let public = PublicKey::from_spki_der(spki.as_ref()).unwrap();
    let (modulus, exponent) = public.rsa_numbers().unwrap();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"keys": [{
        "kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, "n": number(modulus), "e": number(exponent),
    }]})
    .to_string()
}

fn token(key: &KeyPair, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"});
    let signed = format!("{}.{}", part(&header), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// PKCS#10 (RFC 2986 4) that says nothing but its key, in PEM.
fn certificate_request(signer: &Signer) -> String {
    let subject: [&[u8]; 0] = [];
    let information = der::sequence([
        der::integer(0),
        der::sequence(subject),
        signer.spki().to_vec(),
        der::context(0, subject),
    ]);
    let signature = der::bit_string(signer.sign(&information));
    der::pem("CERTIFICATE REQUEST", &der::sequence([information, signer.signature_algorithm(), signature]))
}

/// Every reply has a certificate of the authority with this chain, for the identity and the key of the request, which the log
/// with this key promised to log.
pub(crate) fn verify(chain: &str, log: Option<&str>, replies: &Path) -> Value {
    let chain = Certificate::list_from_pem(&fs::read_to_string(chain).unwrap()).unwrap();
    let log = log.map(|file| PublicKey::from_pem(&fs::read_to_string(file).unwrap()).unwrap());
    let (authority, memo) = (Authority::from_chain(&chain).unwrap(), SignatureMemo::default());
    let mut verified = 0;
    for (request, reply) in verify::pairs(replies) {
        let request: Value = serde_json::from_slice(&request).unwrap();
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        let embedded = reply.pointer("/signedCertificateEmbeddedSct/chain/certificates/0");
        let detached = reply.pointer("/signedCertificateDetachedSct/chain/certificates/0");
        let certificate = if log.is_some() { embedded } else { detached };
        let certificate = Certificate::list_from_pem(certificate.unwrap().as_str().unwrap()).unwrap();
        let [certificate] = certificate.as_slice() else { panic!("one certificate") };
        let leaf = EndEntity::code_signing(certificate).unwrap();
        let paths = authority.paths(&leaf, Search { memo: &memo, further_intermediates: &[] }).unwrap();
        assert_eq!(certificate.public_key_spki(), wanted_key(&request));
        assert_eq!(certificate.subject_alternative_names(), [GeneralName::Email(wanted_email(&request))]);
        if let Some(log) = &log {
            let [sct] = certificate.embedded_scts().unwrap().try_into().expect("one SCT");
            sct.verify(certificate, paths[0].issuer(), log).unwrap();
        }
        verified += 1;
    }
    json!({"verified": verified})
}

fn wanted_key(request: &Value) -> Vec<u8> {
    if let Some(pem) = request.pointer("/publicKeyRequest/publicKey/content") {
        return PublicKey::from_pem(pem.as_str().unwrap()).unwrap().spki_der().to_vec();
    }
    let pem = STANDARD.decode(request["certificateSigningRequest"].as_str().unwrap()).unwrap();
    let request = sealwax_pki::CertificateRequest::from_pem(std::str::from_utf8(&pem).unwrap()).unwrap();
    request.claimed_key().spki_der().to_vec()
}

fn wanted_email(request: &Value) -> String {
    let token = request["credentials"]["oidcIdentityToken"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["email"].as_str().unwrap().to_owned()
}
