//! An issuer of identity tokens on loopback: its discovery document and its keys, for whoever asks.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Failure;

/// The issuer. It answers until the process ends.
pub(in crate::bench) struct Issuer {
    pub(in crate::bench) url: String,
    keys: Arc<Mutex<String>>,
}

impl Issuer {
    /// One without keys.
    pub(in crate::bench) fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let keys = Arc::new(Mutex::new(r#"{"keys":[]}"#.to_owned()));
        let (base, served) = (url.clone(), keys.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // Who hangs up gets nothing.
                let _ = answer(connection, &base, &served.lock().unwrap_or_else(PoisonError::into_inner));
            }
        });
        Ok(Self { url, keys })
    }

    /// Has these keys, a JWKS, from now on.
    pub(in crate::bench) fn serve_keys(&self, keys: String) {
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The configuration of a Fulcio, or of ours, that believes this issuer.
    pub(in crate::bench) fn configuration(url: &str) -> String {
        format!("oidc-issuers:\n  {url}:\n    issuer-url: {url}\n    client-id: sigstore\n    type: email\n")
    }
}

fn answer(mut connection: TcpStream, base: &str, keys: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let (mut request, mut header) = (String::new(), String::new());
    reader.read_line(&mut request)?;
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let body = if request.contains("/.well-known/openid-configuration") {
        serde_json::json!({
            "issuer": base, "jwks_uri": format!("{base}/keys"), "authorization_endpoint": format!("{base}/auth"),
            "token_endpoint": format!("{base}/token"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
        })
        .to_string()
    } else {
        keys.to_owned()
    };
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    connection.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes())
}
