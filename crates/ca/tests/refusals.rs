//! Everything that is wrong with a token, a key or a proof has a name and a status, over both faces; the same request without the
//! fault gets its certificate.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::der::{element, request as certificate_request};
use common::service::{base64url, post, rs256_service};
use common::{ISSUER, key, now, scheme};
use sealwax_ca::api::message::{
    CreateSigningCertificateRequest, Credentials, Key, PublicKey, PublicKeyRequest,
};
use sealwax_ca::api::{ApiError, SigningRequest};
use sealwax_ca::{PossessionError, Service, WeakKey};
use sealwax_crypto::{HashAlgorithm, KeyError, KeyKind, Message, Scheme, SigningKey, base64, pem, sha256};
use sealwax_oidc::{IdentityError, MAX_TOKEN_BYTES, TokenError};
use sealwax_pki::{RequestError, SignatureError};
use sealwax_server::StatusCode;
use sealwax_server::grpc::Code;
use std::sync::Arc;

const RS256: Scheme = Scheme::RsaPkcs1(HashAlgorithm::Sha256);

/// What is wrong, the request, and what it is refused for.
type Row<E> = (&'static str, Asked, fn(&E) -> bool);

/// A good request, in which one thing is changed.
#[derive(Clone)]
struct Asked {
    header: String,
    claims: String,
    /// Behind what is signed, in place of the issuer's signature.
    signature: Option<Vec<u8>>,
    content: Vec<u8>,
    proof: Vec<u8>,
    /// In place of key and proof.
    request: Option<String>,
}

struct World {
    service: Arc<Service>,
    issuer: SigningKey,
    client: SigningKey,
}

impl World {
    fn new() -> Self {
        let issuer = key(KeyKind::Rsa { bits: 3072 });
        World { service: rs256_service(issuer.public_key()), issuer, client: key(KeyKind::EcdsaP256) }
    }

    fn good(&self) -> Asked {
        let expires = now().as_second() + 60;
        Asked {
            header: r#"{"alg":"RS256"}"#.to_owned(),
            claims: format!(
                r#"{{"iss":"{ISSUER}","aud":"sigstore","sub":"7","email":"ann@a.example","email_verified":true,"exp":{expires}}}"#
            ),
            signature: None,
            content: self.client.public_key().to_pem().into_bytes(),
            proof: self.prove(&self.client, "ann@a.example"),
            request: None,
        }
    }

    fn prove(&self, key: &SigningKey, challenge: &str) -> Vec<u8> {
        key.sign(scheme(key), Message::Bytes(challenge.as_bytes())).unwrap()
    }

    fn token(&self, asked: &Asked) -> String {
        let signed = format!("{}.{}", base64url(asked.header.as_bytes()), base64url(asked.claims.as_bytes()));
        let signature = || self.issuer.sign(RS256, Message::Bytes(signed.as_bytes())).unwrap();
        let signature = asked.signature.clone().unwrap_or_else(signature);
        format!("{signed}.{}", base64url(&signature))
    }

    fn json(&self, asked: &Asked) -> String {
        let token = self.token(asked);
        let key = match &asked.request {
            Some(request) => {
                format!(r#""certificateSigningRequest":"{}""#, base64::encode(request.as_bytes()))
            }
            None => {
                let content = String::from_utf8(asked.content.clone()).unwrap().replace('\n', "\\n");
                let proof = base64::encode(&asked.proof);
                format!(
                    r#""publicKeyRequest":{{"publicKey":{{"content":"{content}"}},"proofOfPossession":"{proof}"}}"#
                )
            }
        };
        format!(r#"{{"credentials":{{"oidcIdentityToken":"{token}"}},{key}}}"#)
    }

    fn message(&self, asked: &Asked) -> CreateSigningCertificateRequest {
        let key = match &asked.request {
            Some(request) => Key::CertificateSigningRequest(request.clone().into_bytes()),
            None => Key::PublicKey(PublicKeyRequest {
                public_key: Some(PublicKey { content: String::from_utf8(asked.content.clone()).unwrap() }),
                proof_of_possession: asked.proof.clone(),
            }),
        };
        let credentials = Some(Credentials { oidc_identity_token: self.token(asked) });
        CreateSigningCertificateRequest { credentials, key: Some(key) }
    }

    /// Both faces read the same request, and it is refused for this.
    async fn refused(&self, name: &str, asked: &Asked, expected: fn(&ApiError) -> bool) {
        let json = self.json(asked);
        let request = SigningRequest::from_json(json.as_bytes(), None).unwrap();
        assert_eq!(SigningRequest::from_message(self.message(asked), None).as_ref(), Ok(&request), "{name}");
        let error = self.service.certify(Ok(request), None).await.unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
        // 400 over HTTP, and never 401: as deployed.
        assert_eq!(error.code(), Code::InvalidArgument, "{name}");
        let answer = post(&self.service, "/api/v2/signingCert", json).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{name}");
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!((&body["code"], &body["message"]), (&3.into(), &error.to_string().into()), "{name}");
    }
}

#[tokio::test]
async fn tokens() {
    let world = World::new();
    let good = world.good();
    let answer = post(&world.service, "/api/v2/signingCert", world.json(&good)).await;
    assert_eq!(answer.status(), StatusCode::OK);

    let now = now().as_second();
    let claims = |from: &str, to: &str| {
        assert!(good.claims.contains(from));
        Asked { claims: good.claims.replace(from, to), ..good.clone() }
    };
    let exp = format!(r#""exp":{}"#, now + 60);
    let stranger = key(KeyKind::Rsa { bits: 3072 });
    let signed =
        |header: &str| format!("{}.{}", base64url(header.as_bytes()), base64url(good.claims.as_bytes()));
    let signed_by = |key: &SigningKey| {
        let signature = key.sign(RS256, Message::Bytes(signed(&good.header).as_bytes())).unwrap();
        Asked { signature: Some(signature), ..good.clone() }
    };
    let none = r#"{"alg":"none"}"#;
    // Key confusion: the public key, which everybody knows, as the secret of an HMAC; in each form of the key.
    let confused = |secret: &[u8]| {
        let header = r#"{"alg":"HS256"}"#;
        let mac = hmac_sha256(secret, signed(header).as_bytes());
        Asked { header: header.to_owned(), signature: Some(mac.to_vec()), ..good.clone() }
    };
    let public = world.issuer.public_key();
    let oversized = format!(r#""x":"{}","exp""#, "x".repeat(MAX_TOKEN_BYTES));

    let table: Vec<Row<ApiError>> = vec![
        ("expired", claims(&exp, &format!(r#""exp":{}"#, now - 1)), |error| {
            matches!(error, ApiError::Token(TokenError::Expired { .. }))
        }),
        ("not yet valid", claims(&exp, &format!(r#"{exp},"nbf":{}"#, now + 301)), |error| {
            matches!(error, ApiError::Token(TokenError::NotYetValid { .. }))
        }),
        ("issued in the future", claims(&exp, &format!(r#"{exp},"iat":{}"#, now + 301)), |error| {
            matches!(error, ApiError::Token(TokenError::IssuedInFuture { .. }))
        }),
        ("without an end", claims(&format!(",{exp}"), ""), |error| {
            matches!(error, ApiError::Token(TokenError::Claim(_)))
        }),
        ("wrong audience", claims(r#""aud":"sigstore""#, r#""aud":"another""#), |error| {
            matches!(error, ApiError::Token(TokenError::Audience { .. }))
        }),
        (
            "wrong issuer",
            claims(ISSUER, "https://other.example"),
            |error| matches!(error, ApiError::UnknownIssuer { issuer } if issuer == "https://other.example"),
        ),
        ("an issuer with a slash more", claims(ISSUER, "https://issuer.example/"), |error| {
            matches!(error, ApiError::UnknownIssuer { .. })
        }),
        ("by another's key", signed_by(&stranger), |error| {
            matches!(error, ApiError::Token(TokenError::Signature))
        }),
        (
            "changed after it was signed",
            {
                let signature =
                    world.issuer.sign(RS256, Message::Bytes(signed(&good.header).as_bytes())).unwrap();
                Asked { signature: Some(signature), ..claims("ann@a.example", "bob@a.example") }
            },
            |error| matches!(error, ApiError::Token(TokenError::Signature)),
        ),
        (
            "alg none",
            Asked { header: none.to_owned(), signature: Some(Vec::new()), ..good.clone() },
            |error| matches!(error, ApiError::Token(TokenError::Algorithm { name }) if name == "none"),
        ),
        (
            "alg None",
            Asked { header: none.replace("none", "None"), signature: Some(Vec::new()), ..good.clone() },
            |error| matches!(error, ApiError::Token(TokenError::Algorithm { .. })),
        ),
        (
            "key confusion, PEM",
            confused(public.to_pem().as_bytes()),
            |error| matches!(error, ApiError::Token(TokenError::Algorithm { name }) if name == "HS256"),
        ),
        (
            "key confusion, DER",
            confused(public.spki_der()),
            |error| matches!(error, ApiError::Token(TokenError::Algorithm { name }) if name == "HS256"),
        ),
        (
            "an algorithm that the issuer does not announce",
            Asked { header: r#"{"alg":"PS256"}"#.to_owned(), ..good.clone() },
            |error| matches!(error, ApiError::Token(TokenError::NotAnnounced { .. })),
        ),
        (
            "an extension that must be understood",
            Asked { header: r#"{"alg":"RS256","crit":["x"],"x":1}"#.to_owned(), ..good.clone() },
            |error| matches!(error, ApiError::Token(TokenError::Critical)),
        ),
        ("a claim twice", claims(r#""sub":"7""#, r#""sub":"7","sub":"8""#), |error| {
            matches!(error, ApiError::Token(TokenError::Json { .. }))
        }),
        ("oversized", claims(r#""exp""#, &oversized), |error| {
            matches!(error, ApiError::Token(TokenError::TooLong { .. }))
        }),
        ("an address that is not verified", claims("true", "false"), |error| {
            matches!(error, ApiError::Identity(IdentityError::EmailNotVerified { .. }))
        }),
        ("without an address", claims(r#""email":"ann@a.example","#, ""), |error| {
            matches!(error, ApiError::Identity(IdentityError::Claim(_)))
        }),
    ];
    for (name, asked, expected) in table {
        world.refused(name, &asked, expected).await;
    }
    let large = format!("{}{}", world.json(&good), " ".repeat(256 << 10));
    let answer = post(&world.service, "/api/v2/signingCert", large).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn keys_and_proofs() {
    let world = World::new();
    let good = world.good();
    let thief = key(KeyKind::EcdsaP256);
    let with_key =
        |spki: &[u8]| Asked { content: pem::encode("PUBLIC KEY", spki).into_bytes(), ..good.clone() };
    let rsa = |bytes: usize, exponent: &[u8]| {
        // The highest and the lowest bit are set, and no factor is small: it is not looked for so far here.
        let modulus = [&[0, 0x80], &vec![0x5a; bytes - 2][..], &[0x31]].concat();
        let numbers = element(0x30, &[element(2, &modulus), element(2, exponent)].concat());
        spki(&[0x30, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0], &numbers)
    };
    const P224: &[u8] = &[0x30, 16, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 5, 43, 129, 4, 0, 33];
    const P256: &[u8] = &[0x30, 19, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 8, 42, 134, 72, 206, 61, 3, 1, 7];
    let csr = |der: &[u8]| Asked { request: Some(pem::encode("CERTIFICATE REQUEST", der)), ..good.clone() };
    let der = certificate_request(&world.client, scheme(&world.client));
    let answer = post(&world.service, "/api/v2/signingCert", world.json(&csr(&der))).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let mut broken = der.clone();
    let place = broken.len() - 20;
    broken[place] ^= 1;
    let p384 = key(KeyKind::EcdsaP384);

    let table: Vec<Row<PossessionError>> = vec![
        (
            "replayed with another key",
            Asked { content: thief.public_key().to_pem().into_bytes(), ..good.clone() },
            |error| matches!(error, PossessionError::Proof { .. }),
        ),
        (
            "a proof over another subject",
            Asked { proof: world.prove(&world.client, "bob@a.example"), ..good.clone() },
            |error| matches!(error, PossessionError::Proof { challenge } if challenge == "ann@a.example"),
        ),
        (
            "a proof over the token's subject, not the address",
            Asked { proof: world.prove(&world.client, "7"), ..good.clone() },
            |error| matches!(error, PossessionError::Proof { .. }),
        ),
        ("no proof", Asked { proof: Vec::new(), ..good.clone() }, |error| {
            matches!(error, PossessionError::Proof { .. })
        }),
        ("RSA with 1024 bits", with_key(&rsa(128, &[1, 0, 1])), |error| {
            matches!(error, PossessionError::Key(KeyError::RsaModulusSize { .. }))
        }),
        ("RSA with the exponent 3", with_key(&rsa(256, &[3])), |error| {
            matches!(error, PossessionError::Weak(WeakKey::Exponent))
        }),
        ("RSA with the exponent 1", with_key(&rsa(256, &[1])), |error| {
            matches!(error, PossessionError::Key(KeyError::RsaExponent))
        }),
        ("P-224", with_key(&spki(P224, &[&[4], &[1; 56][..]].concat())), |error| {
            matches!(error, PossessionError::Key(KeyError::UnsupportedCurve { .. }))
        }),
        (
            "a point that is not on the curve",
            with_key(&spki(P256, &[&[4], &[1; 64][..]].concat())),
            |error| matches!(error, PossessionError::Key(KeyError::Invalid { .. })),
        ),
        ("the point at infinity", with_key(&spki(P256, &[0])), |error| {
            matches!(error, PossessionError::Key(_))
        }),
        ("a key that is none", Asked { content: b"a key".to_vec(), ..good.clone() }, |error| {
            matches!(error, PossessionError::Key(_))
        }),
        ("a request with a broken signature", csr(&broken), |error| {
            matches!(error, PossessionError::RequestSignature(SignatureError::Verify(_)))
        }),
        (
            "a request signed with another hash",
            csr(&certificate_request(&p384, Scheme::Ecdsa(HashAlgorithm::Sha256))),
            |error| matches!(error, PossessionError::Algorithm { .. }),
        ),
        ("a request that is none", csr(b"0"), |error| matches!(error, PossessionError::Request(_))),
        ("a request that is not PEM", Asked { request: Some("x".to_owned()), ..good.clone() }, |error| {
            matches!(error, PossessionError::Request(RequestError::Pem(_)))
        }),
    ];
    for (name, asked, expected) in table {
        let json = world.json(&asked);
        let request = SigningRequest::from_json(json.as_bytes(), None).unwrap();
        match world.service.certify(Ok(request), None).await.unwrap_err() {
            ApiError::Possession(error) => assert!(expected(&error), "{name}: {error:?}"),
            other => panic!("{name}: {other:?}"),
        }
        world.refused(name, &asked, |error| matches!(error, ApiError::Possession(_))).await;
    }
}

/// A SubjectPublicKeyInfo of this algorithm and these bits.
fn spki(algorithm: &[u8], bits: &[u8]) -> Vec<u8> {
    element(0x30, &[algorithm.to_vec(), element(3, &[&[0], bits].concat())].concat())
}

/// RFC 2104.
fn hmac_sha256(secret: &[u8], message: &[u8]) -> [u8; 32] {
    let secret = if secret.len() > 64 { sha256(secret).to_vec() } else { secret.to_vec() };
    let padded =
        |pad: u8| -> Vec<u8> { (0..64).map(|place| secret.get(place).unwrap_or(&0) ^ pad).collect() };
    let inner = sha256(&[padded(0x36).as_slice(), message].concat());
    sha256(&[padded(0x5c).as_slice(), &inner].concat())
}
