//! An identity provider on this machine: any path is an issuer, and all have one key.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey, base64};
use serde_json::{Value, json};

/// The provider. It runs until the process ends.
pub(crate) struct Provider {
    /// Without a path.
    pub(crate) url: String,
    key: SigningKey,
}

fn url_safe(bytes: &[u8]) -> String {
    base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
        let mut jwk = sealwax_json::compact(&key.public_key().to_jwk().unwrap().into());
        jwk.insert_str(1, r#""kid":"k","use":"sig","alg":"EdDSA","#);
        let keys = format!(r#"{{"keys":[{jwk}]}}"#);
        let base = url.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                answer(connection.unwrap(), &base, &keys);
            }
        });
        Provider { url, key }
    }

    /// A token with these claims, which this provider signs whatever they are.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = url_safe(br#"{"alg":"EdDSA","kid":"k","typ":"JWT"}"#);
        let signed = format!("{header}.{}", url_safe(claims.to_string().as_bytes()));
        let signature = self.key.sign(Scheme::Ed25519, Message::Bytes(signed.as_bytes())).unwrap();
        format!("{signed}.{}", url_safe(&signature))
    }
}

fn answer(mut connection: TcpStream, base: &str, keys: &str) {
    let mut line = String::new();
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    reader.read_line(&mut line).unwrap();
    let mut header = String::new();
    while reader.read_line(&mut header).is_ok_and(|length| length > 2) {
        header.clear();
    }
    let path = line.split(' ').nth(1).unwrap_or_default();
    let body = match path.strip_suffix("/.well-known/openid-configuration") {
        Some(issuer) => json!({
            "issuer": format!("{base}{issuer}"),
            "jwks_uri": format!("{base}/keys"),
            "id_token_signing_alg_values_supported": ["EdDSA"],
        })
        .to_string(),
        None => keys.to_owned(),
    };
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let _ = connection.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes());
}

/// What stands at a URL of this machine.
pub(crate) fn get(url: &str) -> Vec<u8> {
    exchange(url, "GET", "")
}

/// The body of the answer to a request in JSON.
pub(crate) fn exchange(url: &str, method: &str, body: &str) -> Vec<u8> {
    let rest = url.strip_prefix("http://").unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!("{method} /{path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n");
    connection.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    answer.split_off(end + 4)
}
