//! An issuer of identity tokens, of few words.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic; each uses some of it"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey, base64};

fn url_safe(bytes: &[u8]) -> String {
    base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// A provider that serves one key, and its URL.
pub fn provider() -> (SigningKey, String) {
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

/// A token of it.
pub fn token(key: &SigningKey, claims: &str) -> String {
    let signed = format!("{}.{}", url_safe(br#"{"alg":"EdDSA"}"#), url_safe(claims.as_bytes()));
    let signature = key.sign(Scheme::Ed25519, Message::Bytes(signed.as_bytes())).unwrap();
    format!("{signed}.{}\n", url_safe(&signature))
}
