//! An identity token of the issuer that both sides believe: RS256 with 2,048 bits, as those of the big providers, made with openssl.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use sealwax_crypto::PublicKey;
use sealwax_formats::base64;
use serde_json::{Value, json};

use crate::Failure;
use crate::bench::services::issuer::Issuer;
use crate::running;

/// Longer than any run.
const LIFETIME_S: u64 = 3600;

/// The name of the key.
const KEY_ID: &str = "bench";

/// Gives the issuer a key, and returns a file with a token by it.
pub(super) fn issue(directory: &Path, issuer: &Issuer) -> Result<PathBuf, Failure> {
    let generate = ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let (private, public) = running::key(directory, "issuer", &generate)?;
    let public = PublicKey::from_pem(&fs::read_to_string(public)?)?;
    let (modulus, exponent) = public.rsa_numbers().ok_or("openssl made no RSA key")?;
    let key = json!({
        "kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, "n": url_safe(modulus), "e": url_safe(exponent),
    });
    issuer.serve_keys(json!({ "keys": [key] }).to_string());

    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let part = |value: &Value| url_safe(value.to_string().as_bytes());
    let signed = format!(
        "{}.{}",
        part(&json!({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"})),
        part(&json!({
            "iss": issuer.url, "aud": "sigstore", "sub": "ada", "iat": now, "exp": now + LIFETIME_S,
            "email": "ada@example.com", "email_verified": true,
        }))
    );
    let file = directory.join("token");
    fs::write(&file, format!("{signed}.{}", url_safe(&sign(&private, signed.as_bytes())?)))?;
    Ok(file)
}

fn sign(key: &Path, message: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-binary", "-sign"]).arg(key);
    let mut child = openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no standard input")?.write_all(message)?;
    let output = child.wait_with_output()?;
    if output.status.success() { Ok(output.stdout) } else { Err("openssl does not sign".into()) }
}

fn url_safe(bytes: &[u8]) -> String {
    base64::encode(bytes).replace('+', "-").replace('/', "_").replace('=', "")
}
