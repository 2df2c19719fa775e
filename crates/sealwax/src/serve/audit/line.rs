//! A line of the audit log.

use sealwax_ca::{Event, IssuedCertificate};
use sealwax_crypto::hex;
use sealwax_json::{Object, Value};
use sealwax_oidc::{Identity, Subject};

/// The longest text of a refusal that is kept, characters: it may repeat what whoever was refused has sent.
const MAX_TEXT: usize = 512;

/// The arcs of Fulcio's extensions for the issuer and the token's subject.
const ISSUER: u8 = 8;
const SUBJECT: u8 = 24;

/// An event as a line, with its end. `unrecorded`: how many refusals before it were only counted.
pub fn of(event: &Event<'_>, unrecorded: u64) -> String {
    let name = if event.outcome.is_ok() { "issued" } else { "refused" };
    let mut line = Object::new().with("time", event.time.to_string()).with("event", name);
    if let Some(address) = event.address {
        line.insert("address", address.to_string());
    }
    match (event.identity, event.claimed_issuer) {
        (Some(identity), _) => identified(&mut line, identity),
        (None, Some(issuer)) => {
            line.insert("claimed_issuer", short(issuer));
        }
        (None, None) => {}
    }
    match event.outcome {
        Ok(issued) => certified(&mut line, issued),
        Err(error) => {
            line.insert("status", u64::from(error.code().http().as_u16()));
            line.insert("reason", short(&error.to_string()));
        }
    }
    if unrecorded > 0 {
        line.insert("unrecorded", unrecorded);
    }
    let mut line = sealwax_json::compact(&Value::Object(line));
    line.push('\n');
    line
}

fn identified<'a>(line: &mut Object<'a>, identity: &'a Identity) {
    let text = |number| identity.extensions().get(number).unwrap_or_default();
    let (kind, name) = match identity.subject() {
        Subject::Email(text) => ("email", text),
        Subject::Uri(text) => ("uri", text),
        Subject::Username(text) => ("username", text),
    };
    line.insert("issuer", text(ISSUER));
    line.insert("subject", text(SUBJECT));
    line.insert("san_type", kind);
    line.insert("san", name.as_str());
}

fn certified(line: &mut Object<'_>, issued: &IssuedCertificate) {
    let certificate = issued.certificate();
    line.insert("serial", hex(certificate.serial()));
    line.insert("not_after", certificate.not_after().to_string());
    line.insert("certificate_sha256", hex(&certificate.fingerprint()));
    line.insert("public_key_sha256", hex(&certificate.spki_fingerprint()));
    // They were verified before the certificate was signed.
    let scts = certificate.embedded_scts().unwrap_or_default().into_iter().map(|sct| {
        let log = Object::new().with("log_id", hex(&sct.log_id));
        Value::from(match sct.leaf_index() {
            Some(index) => log.with("index", index),
            None => log,
        })
    });
    line.insert("logs", scts.collect::<Value<'_>>());
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
