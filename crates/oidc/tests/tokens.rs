//! Every reason for which a token is refused, and the ones that are accepted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SigningKey};
use sealwax_oidc::{
    Algorithm, ClaimError, Jwks, JwksError, MAX_KEYS, MAX_TOKEN_BYTES, Part, Provider, Token, TokenError,
    UnusableKey, VerifiedToken,
};

const ISSUER: &str = "https://issuer.example";
const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn encode(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn claims() -> String {
    format!(r#"{{"iss":"{ISSUER}","sub":"me","aud":"sigstore","iat":{},"exp":{}}}"#, NOW - 10, NOW + 600)
}

/// A signature as JWS has it: what DER says of an ECDSA signature as two numbers.
fn sign(key: &SigningKey, scheme: Scheme, message: &str) -> Vec<u8> {
    let signature = key.sign(scheme, Message::Bytes(message.as_bytes())).unwrap();
    let field = match key.kind() {
        KeyKind::EcdsaP256 => 32,
        KeyKind::EcdsaP384 => 48,
        KeyKind::EcdsaP521 => 66,
        _ => return signature,
    };
    let start = if signature[1] < 0x80 { 2 } else { 3 };
    let (r, rest) = signature[start + 2..].split_at(usize::from(signature[start + 1]));
    let pad = |number: &[u8]| {
        let number: Vec<u8> = number.iter().copied().skip_while(|octet| *octet == 0).collect();
        [vec![0; field - number.len()], number].concat()
    };
    [pad(r), pad(&rest[2..])].concat()
}

fn token(key: &SigningKey, scheme: Scheme, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = sign(key, scheme, &signed);
    format!("{signed}.{}", encode(signature))
}

fn jwk(key: &PublicKey, members: &str) -> String {
    let spki = key.spki_der();
    let curve = |name: &str, field: usize| {
        let (x, y) = spki[spki.len() - 2 * field..].split_at(field);
        format!(r#""kty":"EC","crv":"{name}","x":"{}","y":"{}""#, encode(x), encode(y))
    };
    let material = match key.kind() {
        KeyKind::EcdsaP256 => curve("P-256", 32),
        KeyKind::EcdsaP384 => curve("P-384", 48),
        KeyKind::EcdsaP521 => curve("P-521", 66),
        KeyKind::Ed25519 => format!(r#""kty":"OKP","crv":"Ed25519","x":"{}""#, encode(key.raw().unwrap())),
        KeyKind::Rsa { bits } => {
            // The modulus stands before the three octets of 65537 and their header.
            let modulus = &spki[spki.len() - 5 - usize::from(bits) / 8..spki.len() - 5];
            format!(r#""kty":"RSA","n":"{}","e":"AQAB""#, encode(modulus))
        }
        other => panic!("{other}"),
    };
    format!("{{{material}{members}}}")
}

fn provider(keys: &[String]) -> Provider {
    let text = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    Provider::new(ISSUER, Jwks::parse(text.as_bytes()).unwrap(), &Algorithm::ALL)
}

const ES256: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);

struct World {
    key: SigningKey,
    provider: Provider,
}

fn world() -> World {
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let provider = provider(&[jwk(key.public_key(), r#","kid":"k","use":"sig","alg":"ES256""#)]);
    World { key, provider }
}

impl World {
    fn verify_text(&self, text: &str) -> Result<VerifiedToken, TokenError> {
        Token::parse(text)?.verify(&self.provider, "sigstore", now())
    }

    fn verify(&self, header: &str, claims: &str) -> Result<VerifiedToken, TokenError> {
        self.verify_text(&token(&self.key, ES256, header, claims))
    }

    fn with_header(&self, header: &str) -> TokenError {
        self.verify(header, &claims()).unwrap_err()
    }

    fn with_claims(&self, from: &str, to: &str) -> Result<VerifiedToken, TokenError> {
        let claims = claims();
        assert!(claims.contains(from), "{from} in {claims}");
        self.verify(r#"{"alg":"ES256","kid":"k"}"#, &claims.replace(from, to))
    }
}

#[test]
fn every_algorithm_verifies() {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    let rsa = KeyKind::Rsa { bits: 3072 };
    for (kind, algorithms) in [
        (
            rsa,
            vec![
                ("RS256", Scheme::RsaPkcs1(Sha256)),
                ("RS384", Scheme::RsaPkcs1(Sha384)),
                ("RS512", Scheme::RsaPkcs1(Sha512)),
                ("PS256", Scheme::RsaPss(Sha256)),
                ("PS384", Scheme::RsaPss(Sha384)),
                ("PS512", Scheme::RsaPss(Sha512)),
            ],
        ),
        (KeyKind::EcdsaP256, vec![("ES256", Scheme::Ecdsa(Sha256))]),
        (KeyKind::EcdsaP384, vec![("ES384", Scheme::Ecdsa(Sha384))]),
        (KeyKind::EcdsaP521, vec![("ES512", Scheme::Ecdsa(Sha512))]),
        (KeyKind::Ed25519, vec![("EdDSA", Scheme::Ed25519)]),
    ] {
        let key = SigningKey::generate(kind).unwrap();
        let provider = provider(&[jwk(key.public_key(), r#","kid":"k""#)]);
        for (name, scheme) in algorithms {
            for kid in [r#","kid":"k""#, ""] {
                let text = token(&key, scheme, &format!(r#"{{"alg":"{name}"{kid}}}"#), &claims());
                let verified = Token::parse(&text).unwrap().verify(&provider, "sigstore", now()).unwrap();
                assert_eq!(verified.claims().subject(), "me", "{name}");
            }
        }
    }
}

#[test]
fn form() {
    let world = world();
    let good = token(&world.key, ES256, r#"{"alg":"ES256"}"#, &claims());
    assert!(world.verify_text(&good).is_ok());
    let error = |text: &str| Token::parse(text).unwrap_err();
    assert_eq!(error(""), TokenError::Parts { found: 1 });
    assert_eq!(error(&good.replace('.', "")), TokenError::Parts { found: 1 });
    assert_eq!(error(&format!("{good}.")), TokenError::Parts { found: 4 });
    let size = MAX_TOKEN_BYTES + 1;
    assert_eq!(error(&"a".repeat(size)), TokenError::TooLong { size });
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    assert_eq!(
        error(&format!("{header}=.{payload}.{signature}")),
        TokenError::Encoding { part: Part::Header }
    );
    assert_eq!(
        error(&format!("{header}.{payload}*.{signature}")),
        TokenError::Encoding { part: Part::Payload }
    );
    assert_eq!(
        error(&format!("{header}.{payload}. {signature}")),
        TokenError::Encoding { part: Part::Signature }
    );
    let json = |header: &str, claims: &str| error(&format!("{}.{}.", encode(header), encode(claims)));
    assert!(matches!(json("{", "{}"), TokenError::Json { part: Part::Header, .. }));
    assert!(matches!(json(r#"{"alg":"ES256"}"#, "{}x"), TokenError::Json { part: Part::Payload, .. }));
    let twice = json(r#"{"alg":"ES256","alg":"RS256"}"#, "{}");
    let TokenError::Json { source, .. } = twice else { panic!("{twice:?}") };
    assert!(matches!(source, sealwax_json::Error::Duplicate { .. }));
    let twice = json(r#"{"alg":"ES256"}"#, r#"{"iss":"a","sub":"b","iss":"c"}"#);
    let TokenError::Json { source, part: Part::Payload } = twice else { panic!("{twice:?}") };
    assert!(matches!(source, sealwax_json::Error::Duplicate { .. }));
    let deep = json(r#"{"alg":"ES256"}"#, &format!(r#"{{"a":{}{}}}"#, "[".repeat(20), "]".repeat(20)));
    let TokenError::Json { source, .. } = deep else { panic!("{deep:?}") };
    assert!(matches!(source, sealwax_json::Error::TooDeep { .. }));
    assert_eq!(json(r#"{"alg":"ES256"}"#, "[]"), TokenError::Claim(ClaimError::NotObject));
}

#[test]
fn headers() {
    let world = world();
    for name in ["none", "NONE", "", "HS256", "es256", "RS1", "ES256K"] {
        let error = world.with_header(&format!(r#"{{"alg":"{name}"}}"#));
        assert_eq!(error, TokenError::Algorithm { name: name.to_owned() });
    }
    assert_eq!(world.with_header("{}"), TokenError::Header { member: "alg" });
    assert_eq!(world.with_header(r#"{"alg":1}"#), TokenError::Header { member: "alg" });
    assert_eq!(world.with_header(r#"{"alg":"ES256","kid":1}"#), TokenError::Header { member: "kid" });
    assert_eq!(world.with_header(r#"{"alg":"ES256","crit":["b64"],"b64":false}"#), TokenError::Critical);
    assert_eq!(world.with_header(r#"{"alg":"ES256","crit":[]}"#), TokenError::Critical);
    for name in ["JOSE", "logout+jwt", "dpop+jwt", ""] {
        let error = world.with_header(&format!(r#"{{"alg":"ES256","typ":"{name}"}}"#));
        assert_eq!(error, TokenError::Type { found: name.to_owned() });
    }
    for name in ["JWT", "jwt", "at+jwt", "application/at+JWT"] {
        assert!(world.verify(&format!(r#"{{"alg":"ES256","typ":"{name}"}}"#), &claims()).is_ok(), "{name}");
    }
    // Keys in the header are never looked at.
    let own = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let header = format!(r#"{{"alg":"ES256","jwk":{}}}"#, jwk(own.public_key(), ""));
    let error = world.verify_text(&token(&own, ES256, &header, &claims())).unwrap_err();
    assert_eq!(error, TokenError::Signature);
}

#[test]
fn keys() {
    let world = world();
    let unknown = TokenError::UnknownKey { key_id: Some("other".to_owned()) };
    assert_eq!(world.with_header(r#"{"alg":"ES256","kid":"other"}"#), unknown);
    let mismatch = |name: &str, key_id: Option<&str>| TokenError::KeyMismatch {
        algorithm: Algorithm::from_name(name).unwrap(),
        key_id: key_id.map(str::to_owned),
    };
    // Key confusion: the key is what it is, whatever the header says. ES512's signatures have another length.
    for name in ["RS256", "PS512", "EdDSA"] {
        assert_eq!(world.with_header(&format!(r#"{{"alg":"{name}","kid":"k"}}"#)), mismatch(name, Some("k")));
        assert_eq!(world.with_header(&format!(r#"{{"alg":"{name}"}}"#)), mismatch(name, None));
    }
    assert_eq!(world.with_header(r#"{"alg":"ES512","kid":"k"}"#), TokenError::Signature);

    let text = token(&world.key, ES256, r#"{"alg":"ES256","kid":"k"}"#, &claims());
    let with = |members: &str| {
        let provider = provider(&[jwk(world.key.public_key(), members)]);
        Token::parse(&text).unwrap().verify(&provider, "sigstore", now()).map(drop)
    };
    let key_id = Some("k".to_owned());
    assert_eq!(with(r#","kid":"k""#), Ok(()));
    assert_eq!(with(r#","kid":"k","key_ops":["verify"]"#), Ok(()));
    assert_eq!(with(r#","kid":"k","alg":"ES384""#), Err(mismatch("ES256", Some("k"))));
    let purpose = TokenError::UnusableKey { key_id: key_id.clone(), cause: UnusableKey::Purpose };
    assert_eq!(with(r#","kid":"k","use":"enc""#), Err(purpose.clone()));
    assert_eq!(with(r#","kid":"k","key_ops":["encrypt"]"#), Err(purpose));
    assert_eq!(with(""), Err(TokenError::UnknownKey { key_id }));
    let none = Provider::new(ISSUER, Jwks::default(), &Algorithm::ALL);
    let error = Token::parse(&text).unwrap().verify(&none, "sigstore", now()).unwrap_err();
    assert!(matches!(error, TokenError::UnknownKey { .. }));

    // Two keys of one name, while the provider rotates.
    let other = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let both = provider(&[
        jwk(other.public_key(), r#","kid":"k""#),
        jwk(world.key.public_key(), r#","kid":"k""#),
        r#"{"kty":"oct","k":"AA","kid":"k"}"#.to_owned(),
    ]);
    assert!(Token::parse(&text).unwrap().verify(&both, "sigstore", now()).is_ok());

    let announced = vec![Algorithm::Rs256];
    let jwks =
        Jwks::parse(format!(r#"{{"keys":[{}]}}"#, jwk(world.key.public_key(), "")).as_bytes()).unwrap();
    let error =
        Token::parse(&text).unwrap().verify(&Provider::new(ISSUER, jwks, &announced), "sigstore", now());
    assert_eq!(error.unwrap_err(), TokenError::NotAnnounced { algorithm: Algorithm::Es256, announced });
}

#[test]
fn signatures() {
    let world = world();
    let good = token(&world.key, ES256, r#"{"alg":"ES256","kid":"k"}"#, &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let with = |signature: &[u8]| world.verify_text(&format!("{signed}.{}", encode(signature))).map(drop);
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(with(&bytes), Ok(()));
    let mut flipped = bytes.clone();
    flipped[40] ^= 1;
    let der = world.key.sign(ES256, Message::Bytes(signed.as_bytes())).unwrap();
    for bad in [&flipped[..], &[], &[0; 64], &bytes[..63], &[bytes.as_slice(), &[0]].concat(), &der] {
        assert_eq!(with(bad), Err(TokenError::Signature));
    }
    let other_claims = format!(
        "{}.{}.{signature}",
        encode(r#"{"alg":"ES256","kid":"k"}"#),
        encode(claims().replace("\"me\"", "\"you\""))
    );
    assert_eq!(world.verify_text(&other_claims).map(drop), Err(TokenError::Signature));
    let stranger = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let theirs = token(&stranger, ES256, r#"{"alg":"ES256","kid":"k"}"#, &claims());
    assert_eq!(world.verify_text(&theirs).map(drop), Err(TokenError::Signature));
}

#[test]
fn issuer_and_audience() {
    let world = world();
    let issuer = world.with_claims(ISSUER, "https://issuer.example/").unwrap_err();
    let (expected, found) = (ISSUER.to_owned(), "https://issuer.example/".to_owned());
    assert_eq!(issuer, TokenError::Issuer { expected, found });
    for (aud, found) in [
        (r#""other""#, vec!["other"]),
        (r#"["a","b"]"#, vec!["a", "b"]),
        ("[]", vec![]),
        (r#""Sigstore""#, vec!["Sigstore"]),
    ] {
        let error = world.with_claims(r#""sigstore""#, aud).unwrap_err();
        let (expected, found) = ("sigstore".to_owned(), found.into_iter().map(str::to_owned).collect());
        assert_eq!(error, TokenError::Audience { expected, found });
    }
    assert!(world.with_claims(r#""sigstore""#, r#"["other","sigstore"]"#).is_ok());
}

#[test]
fn times() {
    let world = world();
    let (exp, iat) = (format!(r#""exp":{}"#, NOW + 600), format!(r#""iat":{}"#, NOW - 10));
    let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
    assert!(world.with_claims(&exp, &format!(r#""exp":{NOW}"#)).is_ok());
    assert!(world.with_claims(&exp, &format!(r#""exp":{NOW}.9"#)).is_ok());
    assert!(world.with_claims(&exp, r#""exp":1.9e9"#).is_ok());
    let error = world.with_claims(&exp, &format!(r#""exp":{}"#, NOW - 1)).unwrap_err();
    assert_eq!(error, TokenError::Expired { at: at(NOW - 1) });
    assert!(world.with_claims(&iat, &format!(r#""nbf":{}"#, NOW + 300)).is_ok());
    let error = world.with_claims(&iat, &format!(r#""nbf":{}"#, NOW + 301)).unwrap_err();
    assert_eq!(error, TokenError::NotYetValid { at: at(NOW + 301) });
    assert!(world.with_claims(&iat, &format!(r#""iat":{}"#, NOW + 300)).is_ok());
    let error = world.with_claims(&iat, &format!(r#""iat":{}"#, NOW + 301)).unwrap_err();
    assert_eq!(error, TokenError::IssuedInFuture { at: at(NOW + 301) });
}

#[test]
fn claims_that_every_token_has() {
    let world = world();
    let exp = format!(r#""exp":{}"#, NOW + 600);
    let missing = |claim: &str| TokenError::Claim(ClaimError::Missing { claim: claim.to_owned() });
    for (from, to, claim) in [
        (r#""iss":"https://issuer.example","#, "", "iss"),
        (r#""https://issuer.example""#, r#""""#, "iss"),
        (r#""sub":"me","#, "", "sub"),
        (r#""me""#, "null", "sub"),
        (r#""aud":"sigstore","#, "", "aud"),
        (exp.as_str(), r#""x":1"#, "exp"),
        (exp.as_str(), r#""exp":null"#, "exp"),
    ] {
        assert_eq!(world.with_claims(from, to).unwrap_err(), missing(claim), "{claim}");
    }
    let wrong = |from: &str, to: &str| match world.with_claims(from, to).unwrap_err() {
        TokenError::Claim(ClaimError::Type { claim, .. } | ClaimError::Value { claim, .. }) => claim,
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(r#""me""#, "7"), "sub");
    assert_eq!(wrong(r#""sigstore""#, "7"), "aud");
    assert_eq!(wrong(r#""sigstore""#, r#"["sigstore",7]"#), "aud");
    for bad in [r#""1900000000""#, "true", "[]", "1e300", "-1e15", "99999999999999"] {
        assert_eq!(wrong(&exp, &format!(r#""exp":{bad}"#)), "exp", "{bad}");
    }
}

#[test]
fn key_sets() {
    let error = |text: &str| Jwks::parse(text.as_bytes()).unwrap_err();
    assert_eq!(error("{}"), JwksError::NoKeys);
    assert_eq!(error(r#"{"keys":{}}"#), JwksError::NoKeys);
    assert!(matches!(error("[]"), JwksError::Json(_)));
    assert!(matches!(error(r#"{"keys":[]}x"#), JwksError::Json(sealwax_json::Error::TrailingData { .. })));
    assert!(matches!(
        error(r#"{"keys":[],"keys":[]}"#),
        JwksError::Json(sealwax_json::Error::Duplicate { .. })
    ));
    assert!(matches!(
        error(r#"{"keys":[{"kid":"a","kid":"b"}]}"#),
        JwksError::Json(sealwax_json::Error::Duplicate { .. })
    ));
    let many = |count: usize| format!(r#"{{"keys":[{}]}}"#, vec!["{}"; count].join(","));
    assert_eq!(Jwks::parse(many(MAX_KEYS).as_bytes()).unwrap().len(), MAX_KEYS);
    assert_eq!(error(&many(MAX_KEYS + 1)), JwksError::TooMany);
    assert!(Jwks::parse(br#"{"x":[{"a":1}],"keys":[]}"#).unwrap().is_empty());
    let long = format!(r#"{{"keys":[]}}{}"#, " ".repeat(256 << 10));
    assert!(matches!(error(&long), JwksError::Json(sealwax_json::Error::TooLong { .. })));
}
