//! `sealwax ca try-token`: a dry run of a token against a configuration.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use common::Scratch;
use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey, base64};

fn url_safe(bytes: &[u8]) -> String {
    base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// A provider that serves one key, and its URL.
fn provider() -> (SigningKey, String) {
    let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
    let keys =
        format!(r#"{{"keys":[{}]}}"#, sealwax_json::compact(&key.public_key().to_jwk().unwrap().into()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let base = url.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
            let document = format!(
                r#"{{"issuer":"{base}","jwks_uri":"{base}/keys","id_token_signing_alg_values_supported":["EdDSA"]}}"#
            );
            let body = if first.contains("openid-configuration") { &document } else { &keys };
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length";
            write!(connection, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    (key, url)
}

fn token(key: &SigningKey, claims: &str) -> String {
    let signed = format!("{}.{}", url_safe(br#"{"alg":"EdDSA"}"#), url_safe(claims.as_bytes()));
    let signature = key.sign(Scheme::Ed25519, Message::Bytes(signed.as_bytes())).unwrap();
    format!("{signed}.{}\n", url_safe(&signature))
}

#[test]
fn what_the_certificate_would_say() {
    let (scratch, (key, url)) = (Scratch::new(), provider());
    let config = format!("oidc-issuers:\n  {url}: {{client-id: sigstore, type: email}}\n");
    let config = scratch.write("config.yaml", config);
    let claims = format!(
        r#"{{"iss":"{url}","aud":"sigstore","sub":"7","exp":4102444800,"email":"a@b.cc","email_verified":true}}"#
    );
    let file = scratch.write("token", token(&key, &claims));
    let ran = scratch.run(&["ca", "try-token", "--config", &config, &file, "--json"]).exits(0);
    let shown = ran.json();
    assert_eq!((&shown["subject"], &shown["type"]), (&"a@b.cc".into(), &"email".into()));
    assert_eq!(shown["extensions"]["1.3.6.1.4.1.57264.1.8 issuer"], url.as_str());
    let piped = token(&key, &claims);
    scratch.run_with(&["ca", "try-token", "--config", &config, "-"], &[], piped.as_bytes()).exits(0);

    let file = scratch.write("token", token(&key, &claims.replace("\"email\"", "\"mail\"")));
    let ran = scratch.run(&["ca", "try-token", "--config", &config, &file]).exits(1);
    assert!(ran.out.contains("the token has no claim \"email\""), "{ran:?}");
}

#[test]
fn what_is_wrong_is_said() {
    let scratch = Scratch::new();
    let config = scratch.write("config.yaml", "oidc-issuers: {}\n");
    let file = scratch.write("token", "a.b");
    let ran = scratch.run(&["ca", "try-token", "--config", &config, &file]).exits(1);
    assert!(ran.out.contains("three parts"), "{ran:?}");
    let typo = scratch.write("typo.yaml", "oidc-issuer: {}\n");
    let ran = scratch.run(&["ca", "try-token", "--config", &typo, &file]).exits(3);
    assert!(ran.err.contains("did you mean \"oidc-issuers\"?"), "{ran:?}");
    scratch.run(&["ca", "try-token", "--config", "none", &file]).exits(3);
}
