//! What became of each artifact, for people and programs.

use std::path::Path;

use sealwax_client::{SignError, Signed};
use sealwax_crypto::Digest;
use sealwax_verify::Signer;
use serde_json::{Value, json};

use crate::Failure;
use crate::judge::Status;
use crate::terminal::{BAD, BOLD, Escaped, GOOD, escaped_json};

/// An artifact whose bundle is written, or will be with the others.
pub struct Done<'a> {
    pub name: &'a str,
    pub digest: Option<Digest>,
    pub signed: &'a Signed,
    /// Where its bundle is.
    pub bundle: &'a Path,
}

/// Whether the world is not ready, or somebody is not who they should be.
pub fn status(error: &SignError) -> Status {
    match error {
        SignError::Certificate(_)
        | SignError::OwnCertificate(_)
        | SignError::Begun(_)
        | SignError::NotVerified(_) => Status::NotVerified,
        SignError::Service(service) if !service.may_pass() => Status::NotVerified,
        _ => Status::CannotTell,
    }
}

pub fn failure(error: &SignError) -> Failure {
    Failure { status: status(error), message: error.to_string() }
}

pub fn done(done: &Done<'_>, as_json: bool) -> String {
    if as_json { line(&done_json(done)) } else { done_text(done) }
}

pub fn failed(name: &str, failure: &Failure, as_json: bool) -> String {
    if as_json {
        return line(&json!({"artifact": name, "status": word(failure), "reason": failure.message}));
    }
    format!("{BAD}not signed{BAD:#}  {}\n  reason     {}\n", Escaped(name), Escaped(&failure.message))
}

/// Why nothing was begun, for programs.
pub fn nothing(failure: &Failure) -> String {
    line(&json!({"status": word(failure), "reason": failure.message}))
}

fn word(failure: &Failure) -> &'static str {
    if failure.status == Status::NotVerified { "refused" } else { "failed" }
}

fn done_text(done: &Done<'_>) -> String {
    let mut text = format!("{GOOD}signed{GOOD:#}  {}\n", Escaped(done.name));
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<10} {}\n", Escaped(value)));
    match &done.signed.signer {
        Signer::Certificate(signer) => {
            line("by", signer.subject());
            line("issuer", signer.issuer().unwrap_or("none"));
        }
        Signer::Key(signer) => line("by", &format!("key {}", sealwax_crypto::hex(&signer.fingerprint))),
        _ => {}
    }
    if let Some(time) = done.signed.time() {
        line("at", &time.to_string());
    }
    for entry in &done.signed.entries {
        line("logged", &format!("{} index {}", entry.log, entry.index));
    }
    text.push_str(&format!("  bundle     {BOLD}{}{BOLD:#}\n", Escaped(&done.bundle.display().to_string())));
    text
}

fn done_json(done: &Done<'_>) -> Value {
    let signer = match &done.signed.signer {
        Signer::Certificate(signer) => json!({"identity": signer.subject(), "issuer": signer.issuer()}),
        Signer::Key(signer) => json!({"key": sealwax_crypto::hex(&signer.fingerprint)}),
        _ => Value::Null,
    };
    let entries: Vec<Value> =
        done.signed.entries.iter().map(|entry| json!({"log": entry.log, "index": entry.index})).collect();
    json!({
        "artifact": done.name,
        "status": "signed",
        "digest": done.digest.map(|digest| digest.to_string()),
        "signer": signer,
        "time": done.signed.time().map(|time| time.to_string()),
        "log_entries": entries,
        "bundle": done.bundle.display().to_string(),
    })
}

fn line(value: &Value) -> String {
    format!("{}\n", escaped_json(&value.to_string()))
}
