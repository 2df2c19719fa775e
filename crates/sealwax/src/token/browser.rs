//! Signing in with a browser on this machine (RFC 8252 §7.3).

use std::process::{Command, Stdio};

use sealwax_idp::form::Form;
use tokio::time::timeout_at;

use super::answers::Failed;
use super::listener::Listener;
use super::{Proof, Session, endpoint_url, failed, fresh_text};
use crate::Failure;
use crate::terminal::notice;

/// The token, and the nonce that must be in it.
pub async fn sign_in(session: &Session) -> Result<(String, String), Failure> {
    let issuer = &session.issuer;
    let Some(endpoint) = &session.discovery.authorization_endpoint else {
        return Err(Failure::cannot(format!("{issuer} has no sign-in with a browser")));
    };
    if !session.discovery.has_pkce {
        return Err(failed(issuer, &Failed::NoPkce));
    }
    let listener = Listener::bind().await?;
    let redirect_uri = listener.redirect_uri();
    let (proof, state, nonce) = (Proof::new()?, fresh_text()?, fresh_text()?);
    let form = Form::default()
        .with("response_type", "code")
        .with("client_id", &session.client_id)
        .with("redirect_uri", &redirect_uri)
        .with("scope", "openid email")
        .with("state", &state)
        .with("nonce", &nonce);
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    let link = format!("{endpoint}{separator}{}", proof.promise(form).encode());
    endpoint_url(&link)?;
    // Always printed: there may be no browser, or the wrong one.
    notice(&format!("sign in at {link}"));
    open(&link);
    let answered = timeout_at(session.deadline, listener.answer(&state)).await;
    let answer = answered.map_err(|_| Failure::cannot("nobody signed in in time"))?;
    let code =
        code(&answer, issuer, session.discovery.names_itself).map_err(|error| failed(issuer, &error))?;
    let form = Form::default()
        .with("grant_type", "authorization_code")
        .with("code", &code)
        .with("redirect_uri", &redirect_uri)
        .with("code_verifier", &proof.verifier);
    let token = session.redeem(form).await?.map_err(|error| failed(issuer, &error))?;
    Ok((token, nonce))
}

/// The code in an answer whose state is ours.
fn code(answer: &Form, issuer: &str, names_itself: bool) -> Result<String, Failed> {
    // RFC 9207 §2.4: an issuer that says that it names itself does.
    if answer.get("iss").map_or(names_itself, |named| named != issuer) {
        return Err(Failed::MixedUp);
    }
    let text = |name| answer.get(name).map(|text| text.chars().take(256).collect::<String>());
    if let Some(code) = text("error") {
        return Err(Failed::Refused { code, description: text("error_description") });
    }
    let reason = "there is no code".to_owned();
    answer.get("code").map(str::to_owned).ok_or(Failed::Malformed { what: "answer in the browser", reason })
}

/// Opens a browser, as far as that can be told: the link has been printed.
fn open(link: &str) {
    let (program, arguments): (String, &[&str]) = match std::env::var("BROWSER") {
        Ok(program) if !program.is_empty() => (program, &[]),
        _ if cfg!(target_os = "macos") => ("open".to_owned(), &[]),
        _ if cfg!(windows) => ("rundll32".to_owned(), &["url.dll,FileProtocolHandler"]),
        _ => ("xdg-open".to_owned(), &[]),
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It lives on by itself, or there is none.
    let _ = command.spawn();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_code_it_is() {
        let answer = |iss: Option<&str>| {
            let form = Form::default().with("code", "c");
            iss.map_or(form.clone(), |iss| form.with("iss", iss))
        };
        assert_eq!(code(&answer(Some("i")), "i", true), Ok("c".to_owned()));
        assert_eq!(code(&answer(None), "i", false), Ok("c".to_owned()));
        assert_eq!(code(&answer(None), "i", true), Err(Failed::MixedUp));
        assert_eq!(code(&answer(Some("j")), "i", false), Err(Failed::MixedUp));
        let refused = code(&Form::default().with("error", "access_denied"), "i", false);
        assert_eq!(refused, Err(Failed::Refused { code: "access_denied".to_owned(), description: None }));
        assert!(matches!(code(&Form::default(), "i", false), Err(Failed::Malformed { .. })));
    }
}
