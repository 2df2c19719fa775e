//! Keys in services: a server on this machine answers as each service documents it, signs by a key that it has, and keeps what it was
//! asked. Whether the services do so is for `cargo xtask interop key`, as far as they can be had.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod server;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealwax_crypto::{
    HashAlgorithm, KeyKind, Message, PublicKey, Scheme, SignError, SigningKey, base64::encode, digest,
};
use sealwax_net::http::HttpError;

use self::server::{Asked, Server};
use super::{KmsError, KmsKey, KmsReference, Service, azure};
use crate::{Signer, SignerError};

const P256: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);

fn key(kind: KeyKind) -> &'static SigningKey {
    Box::leak(Box::new(SigningKey::generate(kind).unwrap()))
}

/// The digest that a request has in base64 in this member, signed.
fn signed(key: &SigningKey, scheme: Scheme, asked: &Asked, member: &str) -> Vec<u8> {
    let text = asked.text(member);
    let bytes =
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=').replace('+', "-").replace('/', "_")).unwrap();
    match scheme.prehash() {
        Some(hash) => {
            let digest = sealwax_crypto::Digest::new(hash, &bytes).unwrap();
            key.sign(scheme, Message::Digest(&digest)).unwrap()
        }
        None => key.sign(scheme, Message::Bytes(&bytes)).unwrap(),
    }
}

fn open(reference: &str, settings: &[(&str, &str)]) -> Result<KmsKey, KmsError> {
    KmsKey::open(&KmsReference::parse(reference).unwrap(), &variables(settings))
}

fn variables(settings: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    move |name| settings.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
}

/// The key that was opened is `key`, and what it signs verifies, of a message and of its digest.
fn works(opened: &KmsKey, key: &SigningKey, scheme: Scheme) {
    assert_eq!(Signer::public_key(opened), key.public_key());
    let signature = Signer::sign(opened, scheme, Message::Bytes(b"artifact")).unwrap();
    assert_eq!(key.public_key().verify(scheme, Message::Bytes(b"artifact"), &signature), Ok(()));
    if let Some(hash) = scheme.prehash() {
        let digest = digest(hash, b"artifact");
        let signature = Signer::sign(opened, scheme, Message::Digest(&digest)).unwrap();
        assert_eq!(key.public_key().verify(scheme, Message::Bytes(b"artifact"), &signature), Ok(()));
    }
}

fn refusal(result: Result<Vec<u8>, SignerError>) -> KmsError {
    match result.unwrap_err() {
        SignerError::Kms(error) => *error,
        other => panic!("{other}"),
    }
}

const AWS: [(&str, &str); 3] =
    [("AWS_REGION", "eu-west-3"), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")];

fn aws(server: &Server) -> Result<KmsKey, KmsError> {
    let settings =
        [&AWS[..], &[("AWS_ENDPOINT_URL", server.url()), ("AWS_SESSION_TOKEN", "session")]].concat();
    open("awskms:///alias/release", &settings)
}

#[test]
fn aws_signs() {
    for (kind, scheme, name) in [
        (KeyKind::EcdsaP256, P256, "ECDSA_SHA_256"),
        (KeyKind::EcdsaP384, Scheme::Ecdsa(HashAlgorithm::Sha384), "ECDSA_SHA_384"),
        (KeyKind::Rsa { bits: 3072 }, Scheme::RsaPkcs1(HashAlgorithm::Sha256), "RSASSA_PKCS1_V1_5_SHA_256"),
        (KeyKind::Ed25519, Scheme::Ed25519, "ED25519_SHA_512"),
    ] {
        let key = key(kind);
        let server = Server::new(move |asked| match asked.header("x-amz-target") {
            "TrentService.GetPublicKey" => {
                let public = encode(key.public_key().spki_der());
                (200, format!(r#"{{"KeyId":"arn:the-key","PublicKey":"{public}"}}"#))
            }
            _ => {
                let signature = signed(key, scheme, asked, "Message");
                (200, format!(r#"{{"Signature":"{}"}}"#, encode(&signature)))
            }
        });
        works(&aws(&server).unwrap(), key, scheme);
        let asked = server.asked();
        assert_eq!((asked[0].line.as_str(), asked[0].text("KeyId").as_str()), ("POST /", "alias/release"));
        // The alias was followed once.
        assert_eq!(
            (asked[1].text("KeyId").as_str(), asked[1].text("SigningAlgorithm").as_str()),
            ("arn:the-key", name)
        );
        let kind = if scheme.prehash().is_some() { "DIGEST" } else { "RAW" };
        assert_eq!(asked[1].text("MessageType"), kind);
        let authorization = asked[1].header("authorization");
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{authorization}");
        assert!(authorization.contains("/eu-west-3/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "));
        assert_eq!(asked[1].header("x-amz-security-token"), "session");
    }
}

#[test]
fn google_signs_with_the_newest_version() {
    let key = key(KeyKind::EcdsaP384);
    let scheme = Scheme::Ecdsa(HashAlgorithm::Sha384);
    let name = "projects/p/locations/global/keyRings/r/cryptoKeys/k";
    let versions = format!("GET /v1/{name}/cryptoKeyVersions?filter=state%3DENABLED&pageSize=500");
    let public = format!("GET /v1/{name}/cryptoKeyVersions/7/publicKey");
    let sign = format!("POST /v1/{name}/cryptoKeyVersions/7:asymmetricSign");
    let lines = [versions, public, sign];
    let server = Server::new(move |asked| match lines.iter().position(|line| *line == asked.line) {
        Some(0) => (
            200,
            format!(
                r#"{{"cryptoKeyVersions":[{{"name":"{name}/cryptoKeyVersions/7"}},{{"name":"{name}/cryptoKeyVersions/5"}}]}}"#
            ),
        ),
        Some(1) => {
            let pem = key.public_key().to_pem().replace('\n', "\\n");
            (200, format!(r#"{{"pem":"{pem}","algorithm":"EC_SIGN_P384_SHA384"}}"#))
        }
        Some(_) => {
            let signature = signed(key, Scheme::Ecdsa(HashAlgorithm::Sha384), asked, "digest.sha384");
            (200, format!(r#"{{"signature":"{}"}}"#, encode(&signature)))
        }
        None if asked.line == "GET /computeMetadata/v1/instance/service-accounts/default/token" => {
            assert_eq!(asked.header("metadata-flavor"), "Google");
            (200, r#"{"access_token":"let-me-in","expires_in":3599,"token_type":"Bearer"}"#.to_owned())
        }
        None => (404, String::new()),
    });
    let host = server.url().trim_start_matches("http://");
    let endpoint = ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", server.url());
    let opened = open(&format!("gcpkms://{name}"), &[endpoint, ("GCE_METADATA_HOST", host)]).unwrap();
    works(&opened, key, scheme);
    let asked = server.asked();
    // One token for all.
    assert_eq!(asked.iter().filter(|asked| asked.line.contains("token")).count(), 1);
    assert_eq!(asked.last().unwrap().header("authorization"), "Bearer let-me-in");
    let error = refusal(Signer::sign(&opened, P256, Message::Bytes(b"x")));
    assert!(matches!(error, KmsError::Scheme { service: Service::Google, .. }));

    // An account's key signs what lets it in.
    let file = std::env::temp_dir().join(format!("sealwax-google-{}", std::process::id()));
    let account = SigningKey::generate(KeyKind::Rsa { bits: 3072 }).unwrap();
    let pem = sealwax_crypto::pem::encode("PRIVATE KEY", &account.to_pkcs8_der().unwrap());
    let credentials = |kind: &str| {
        let pem = pem.replace('\n', "\\n");
        let text = format!(
            r#"{{"type":"{kind}","client_email":"bot@p","private_key_id":"1","private_key":"{pem}"}}"#
        );
        std::fs::write(&file, text).unwrap();
        let settings = [endpoint, ("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap())];
        open(&format!("gcpkms://{name}/cryptoKeyVersions/7"), &settings)
    };
    works(&credentials("service_account").unwrap(), key, scheme);
    let asked = server.asked();
    let jwt = asked.last().unwrap().header("authorization").strip_prefix("Bearer ").unwrap();
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
    let claims = String::from_utf8(claims).unwrap();
    assert!(
        claims.starts_with(r#"{"iss":"bot@p","sub":"bot@p","aud":"https://cloudkms.googleapis.com/","#),
        "{claims}"
    );
    let rs256 = Scheme::RsaPkcs1(HashAlgorithm::Sha256);
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(account.public_key().verify(rs256, Message::Bytes(signed.as_bytes()), &signature), Ok(()));
    assert!(matches!(credentials("authorized_user"), Err(KmsError::File { .. })));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn azure_signs() {
    let key = key(KeyKind::EcdsaP256);
    let server = Server::new(move |asked| match asked.line.as_str() {
        "POST /tenant/oauth2/v2.0/token" => {
            (200, r#"{"token_type":"Bearer","expires_in":3599,"access_token":"let-me-in"}"#.to_owned())
        }
        "GET /keys/release?api-version=7.4" => {
            let mut jwk = key.public_key().to_jwk().unwrap();
            jwk.insert("kty", "EC-HSM");
            let jwk = jwk.with("kid", "https://v.vault.azure.net/keys/release/0af3");
            (200, sealwax_json::compact(&sealwax_json::Object::new().with("key", jwk).into()))
        }
        "POST /keys/release/0af3/sign?api-version=7.4" => {
            let raw = server::raw_of_der(&signed(key, P256, asked, "value"), 32);
            (200, format!(r#"{{"kid":"x","value":"{}"}}"#, URL_SAFE_NO_PAD.encode(raw)))
        }
        _ => (404, String::new()),
    });
    let settings = [
        ("AZURE_AUTHORITY_HOST", server.url()),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_CLIENT_SECRET", "se&cret"),
    ];
    let KmsReference::Azure(name) = KmsReference::parse("azurekms://v.vault.azure.net/release").unwrap()
    else {
        panic!("another service")
    };
    let opened =
        KmsKey::of(Service::Azure, azure::open_at(server.url(), &name, &variables(&settings)).unwrap());
    works(&opened, key, P256);
    let asked = server.asked();
    assert_eq!(
        asked[0].body,
        "grant_type=client_credentials&client_id=client&client_secret=se%26cret&scope=https%3A%2F%2Fvault.azure.net%2F.default"
    );
    assert_eq!(asked.last().unwrap().text("alg"), "ES256");
    assert_eq!(asked.last().unwrap().header("authorization"), "Bearer let-me-in");
}

#[test]
fn vault_signs() {
    for (kind, scheme, name) in [
        (KeyKind::EcdsaP256, P256, "ecdsa-p256"),
        (KeyKind::Ed25519, Scheme::Ed25519, "ed25519"),
        (KeyKind::Ed25519, Scheme::Ed25519ph, "ed25519"),
        (KeyKind::Rsa { bits: 3072 }, Scheme::RsaPkcs1(HashAlgorithm::Sha256), "rsa-3072"),
    ] {
        let key = key(kind);
        let server = Server::new(move |asked| match asked.line.as_str() {
            "GET /v1/keys/transit/keys/release" => {
                let public = match key.public_key() {
                    public if kind == KeyKind::Ed25519 => encode(public.raw().unwrap()),
                    public => public.to_pem().replace('\n', "\\n"),
                };
                (
                    200,
                    format!(
                        r#"{{"data":{{"type":"{name}","latest_version":3,"keys":{{"1":{{"public_key":"old"}},"3":{{"public_key":"{public}"}}}}}}}}"#
                    ),
                )
            }
            "POST /v1/keys/transit/sign/release" => {
                let signature = encode(&signed(key, scheme, asked, "input"));
                (200, format!(r#"{{"data":{{"key_version":3,"signature":"vault:v3:{signature}"}}}}"#))
            }
            _ => (404, r#"{"errors":[]}"#.to_owned()),
        });
        let settings = [
            ("VAULT_ADDR", server.url()),
            ("VAULT_TOKEN", "let-me-in"),
            ("VAULT_NAMESPACE", "team"),
            ("TRANSIT_SECRET_ENGINE_PATH", "keys/transit"),
        ];
        works(&open("hashivault://release", &settings).unwrap(), key, scheme);
        let asked = server.asked();
        assert_eq!(asked[1].header("x-vault-token"), "let-me-in");
        assert_eq!(asked[1].header("x-vault-namespace"), "team");
        assert!(
            asked[1].body.contains(r#""key_version":3,"marshaling_algorithm":"asn1""#),
            "{}",
            asked[1].body
        );
        assert_eq!(asked[1].body.contains(r#""prehashed":true"#), scheme.prehash().is_some());
    }
}

#[test]
fn what_the_environment_lacks_is_named() {
    let missing = |reference: &str, settings: &[(&str, &str)]| match open(reference, settings).unwrap_err() {
        KmsError::Missing { what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(missing("awskms:///alias/a", &[("AWS_REGION", "")]), "a region: AWS_REGION");
    assert_eq!(missing("awskms:///alias/a", &AWS[..2]), "credentials: AWS_SECRET_ACCESS_KEY");
    assert_eq!(missing("azurekms://v.example/k", &[]), "credentials: AZURE_TENANT_ID");
    assert_eq!(missing("openbao://k", &[]), "an address: VAULT_ADDR or BAO_ADDR");
    let address = ("BAO_ADDR", "http://127.0.0.1:1");
    assert_eq!(missing("openbao://k", &[address]), "a token: VAULT_TOKEN or BAO_TOKEN");
    let file = ("GOOGLE_APPLICATION_CREDENTIALS", "/does/not/exist");
    let google = open("gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k", &[file]);
    assert!(matches!(google, Err(KmsError::File { .. })));
}

#[test]
fn secrets_are_not_sent_in_the_clear() {
    let insecure = |result: Result<KmsKey, KmsError>| {
        assert!(
            matches!(result, Err(KmsError::Http { cause: HttpError::Insecure { .. }, .. })),
            "{result:?}"
        );
    };
    let elsewhere = "http://kms.example";
    insecure(open("awskms:///alias/a", &[&AWS[..], &[("AWS_ENDPOINT_URL_KMS", elsewhere)]].concat()));
    insecure(open("hashivault://k", &[("VAULT_ADDR", elsewhere), ("VAULT_TOKEN", "x")]));
}

#[test]
fn services_that_refuse_are_busy_or_lie() {
    let error =
        |status, body: &'static str| aws(&Server::new(move |_| (status, body.to_owned()))).unwrap_err();
    match error(400, r#"{"__type":"NotFoundException","message":"no such alias"}"#) {
        KmsError::Refused { service: Service::Aws, status: 400, message } => {
            assert_eq!(message, "NotFoundException: no such alias");
        }
        other => panic!("{other}"),
    }
    // A redirect is an answer like any other.
    assert!(matches!(error(307, ""), KmsError::Refused { status: 307, .. }));
    assert!(matches!(error(200, "<html>"), KmsError::Answer { member: "JSON", .. }));
    assert!(matches!(error(200, "{}"), KmsError::Answer { member: "PublicKey", .. }));
    assert!(matches!(error(200, r#"{"PublicKey":"AAAA"}"#), KmsError::Key { .. }));

    let (key, other) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
    let public = |key: &SigningKey| {
        format!(r#"{{"KeyId":"1","PublicKey":"{}"}}"#, encode(key.public_key().spki_der()))
    };
    let of = move |key: &'static SigningKey| {
        let mut was_asked = false;
        move |asked: &Asked| match asked.header("x-amz-target") {
            "TrentService.GetPublicKey" if !was_asked => {
                was_asked = true;
                (503, String::new())
            }
            "TrentService.GetPublicKey" => (200, public(other)),
            _ => (200, format!(r#"{{"Signature":"{}"}}"#, encode(&signed(key, P256, asked, "Message")))),
        }
    };
    works(&aws(&Server::new(of(other))).unwrap(), other, P256);
    let liar = aws(&Server::new(of(key))).unwrap();
    let error = refusal(Signer::sign(&liar, P256, Message::Bytes(b"x")));
    assert!(matches!(error, KmsError::Signature { service: Service::Aws, .. }));
    // What the key could not verify is not asked for.
    let refused = Signer::sign(&liar, Scheme::Ed25519, Message::Bytes(b"x"));
    assert!(matches!(refused, Err(SignerError::Key(SignError::Request(_)))));
    assert!(liar.may_wait());
    let _: &PublicKey = Signer::public_key(&liar);
}
