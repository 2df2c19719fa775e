//! The identity provider: what strangers send, and its own files.

use sealwax_idp::account::Accounts;
use sealwax_idp::authorize::{AuthorizationError, AuthorizationRequest, refused};
use sealwax_idp::client::Client;
use sealwax_idp::device::UserCode;
use sealwax_idp::form::Form;
use sealwax_idp::html::Html;
use sealwax_idp::keys::Rings;
use sealwax_idp::password::PasswordHash;
use sealwax_idp::token::TokenRequest;
use sealwax_idp::totp::TotpSecret;
use sealwax_idp::used::LastSteps;

const CONTENT_TYPE: Option<&str> = Some("application/x-www-form-urlencoded");

/// A query, a body, a header: the first line is one, the rest is the other.
pub(crate) fn request(input: &[u8]) {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (header, body) = input.split_at(at);
    if let Ok(form) = Form::parse(body) {
        assert_eq!(
            Form::parse(form.encode().as_bytes()).as_ref(),
            Ok(&form),
            "a form is not what was written"
        );
    }
    let header = std::str::from_utf8(header).ok();
    let _ = TokenRequest::parse(CONTENT_TYPE, header, body);
    let Ok(text) = std::str::from_utf8(body) else { return };
    if let Some(code) = UserCode::parse(text) {
        assert_eq!(UserCode::parse(&code.shown()), Some(code));
    }
    let markup = Html::new("").text(text).into_string();
    assert!(!markup.contains(['<', '>', '"', '\'']), "text became markup");
    // Wherever the browser is sent, it is a place that the client may use, in one line.
    let clients =
        [Client::sigstore(), Client { id: "c".to_owned(), redirects: vec!["https://c.example/".to_owned()] }];
    let to = match AuthorizationRequest::parse(text, &clients) {
        Ok(request) => request.granted("code", "https://i.example"),
        Err(AuthorizationError::Refused { refusal, redirect, state }) => {
            refused(refusal, &redirect, state.as_deref(), "https://i.example")
        }
        Err(_) => return,
    };
    let allowed = [
        "http://localhost",
        "http://127.",
        "http://[::1]",
        "https://c.example/",
        "urn:ietf:wg:oauth:2.0:oob",
    ];
    assert!(allowed.iter().any(|front| to.starts_with(front)), "{to}");
    assert!(to.bytes().all(|byte| byte.is_ascii_graphic()), "{to:?}");
}

pub(crate) fn request_seeds() -> Vec<Vec<u8>> {
    let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    [
        format!("\nclient_id=sigstore&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fauth&response_type=code&scope=openid&state=s&nonce=n&{challenge}"),
        format!("\nclient_id=c&redirect_uri=https://c.example/&response_type=code&scope=openid&state=s&{challenge}"),
        "Basic c2lnc3RvcmU6\ngrant_type=authorization_code&code=c&redirect_uri=r&code_verifier=v".to_owned(),
        "\nclient_id=a&client_secret=b&grant_type=client_credentials".to_owned(),
        "\nBCDF-GHJK".to_owned(),
    ]
    .map(String::into_bytes)
    .into()
}

/// The files, each of which is written as it was read, or read again as the same.
pub(crate) fn state(input: &[u8]) {
    if let Ok(accounts) = Accounts::parse(input) {
        assert_eq!(Accounts::parse(&accounts.write()).as_ref(), Ok(&accounts));
    }
    if let Ok(last) = LastSteps::parse(input) {
        assert_eq!(LastSteps::parse(&last.write()).as_ref(), Ok(&last));
    }
    if let Ok(rings) = Rings::parse(input) {
        assert!(Rings::parse(&rings.write().unwrap()).is_ok());
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(hash) = PasswordHash::parse(text) {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(secret) = TotpSecret::parse(text) {
        assert_eq!(secret.to_string(), text);
    }
}

pub(crate) fn state_seeds() -> Vec<Vec<u8>> {
    let (id, hash) = ("0".repeat(32), PasswordHash::of_nobody());
    let created = "\"created\":\"2026-01-01T00:00:00Z\"";
    let person = format!(
        "{{\"name\":\"a\",\"id\":\"{id}\",{created},\"person\":{{\"email\":\"a@b.cc\",\"email_verified\":true,\"password\":\"{hash}\",\"totp\":\"{}\"}}}}",
        TotpSecret::new([1; 20])
    );
    let machine = format!(
        "{{\"name\":\"b\",\"id\":\"1{}\",{created},\"machine\":{{\"secret_sha256\":\"{}\"}}}}",
        "0".repeat(31),
        "0".repeat(64)
    );
    let key = "{\"issuer\":\"people\",\"algorithm\":\"ES256\",\"published\":\"2026-01-01T00:00:00Z\",\"private_key\":\"\"}";
    [
        format!("{{\"version\":1,\"accounts\":[{person},{machine}]}}"),
        format!("{{\"version\":1,\"used\":[{{\"account\":\"{id}\",\"step\":1}}]}}"),
        format!("{{\"version\":1,\"keys\":[{key}]}}"),
        hash.to_string(),
        TotpSecret::new([1; 20]).to_string(),
    ]
    .map(String::into_bytes)
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_read() {
        let [accounts, used, ..] = &state_seeds()[..] else { panic!() };
        assert_eq!(Accounts::parse(accounts).unwrap().iter().len(), 2);
        assert!(LastSteps::parse(used).is_ok());
        let body = |seed: &[u8]| {
            String::from_utf8(seed[seed.iter().position(|byte| *byte == b'\n').unwrap() + 1..].to_vec())
                .unwrap()
        };
        let [first, _, third, ..] = &request_seeds()[..] else { panic!() };
        assert!(AuthorizationRequest::parse(&body(first), &[Client::sigstore()]).is_ok());
        assert!(
            TokenRequest::parse(CONTENT_TYPE, Some("Basic c2lnc3RvcmU6"), body(third).as_bytes()).is_ok()
        );
    }
}
