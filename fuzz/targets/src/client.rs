//! What a signer reads: answers of authorities, logs and of the places that give identity tokens, and its own file of what is unfinished.

use sealwax_client::{Unfinished, answers};
use sealwax_crypto::pem;
use sealwax_formats::{Bundle, EntryBody, LogEntry, Material};
use sealwax_json::Value;
use sealwax_pki::Certificate;

/// The answer of a certificate authority.
pub(crate) fn certificate(input: &[u8]) {
    match answers::certificate(input) {
        Ok(leaf) => assert_eq!(Certificate::from_der(leaf.der()).as_ref(), Ok(&leaf)),
        Err(reason) => assert!(!reason.is_empty()),
    }
}

/// The answer of a signature log, of either version.
pub(crate) fn entry(input: &[u8]) {
    let entries = [LogEntry::parse(input).ok(), answers::entry_v1(input).ok()];
    for entry in entries.into_iter().flatten() {
        let _ = (entry.set_payload(), EntryBody::parse(&entry.canonicalized_body));
    }
}

/// The answer of a place that gives tokens, and when it says to come back.
pub(crate) fn token(input: &[u8]) {
    for member in [Some("value"), Some("token"), None] {
        if let Ok(token) = answers::ambient_token(input, member) {
            assert!(token.len() <= input.len());
        }
    }
    let message = answers::grpc_message(input).unwrap_or_else(|_| input.to_vec());
    if let Ok(token) = answers::svid(&message) {
        assert!(token.len() <= message.len());
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = answers::retry_after(text);
    }
}

/// A line of the file of `--resume`: what is read is written and read again as the same thing.
pub(crate) fn resume(input: &[u8]) {
    if let Ok((artifact, unfinished)) = Unfinished::from_line(input) {
        let again = Unfinished::from_line(unfinished.to_line(&artifact).as_bytes()).unwrap();
        assert_eq!(again, (artifact, unfinished));
    }
}

/// A chain of one: the leaf of a published bundle.
pub(crate) fn certificate_seeds() -> Vec<Vec<u8>> {
    let bundle = Bundle::parse(BUNDLE).unwrap();
    let Material::Certificate { leaf, .. } = &bundle.material else { return Vec::new() };
    let leaf = pem::encode("CERTIFICATE", leaf).replace('\n', "\\n");
    let chain = format!(r#"{{"signedCertificateEmbeddedSct":{{"chain":{{"certificates":["{leaf}"]}}}}}}"#);
    vec![chain.into_bytes()]
}

/// An entry of a published bundle, as a log of version 2 answers.
pub(crate) fn entry_seeds() -> Vec<Vec<u8>> {
    let bundle = Bundle::parse(BUNDLE).unwrap();
    let bundle = bundle.to_json();
    let entries = bundle.member("verificationMaterial").and_then(|material| material.member("tlogEntries"));
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    entries.map(|entry| sealwax_json::compact(entry).into_bytes()).collect()
}

/// Answers of GitHub's runner and of Buildkite, and both forms of a pause.
pub(crate) fn token_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"count":7,"value":"a.b.c"}"#,
        r#"{"token":"a.b.c"}"#,
        "a.b.c",
        "120",
        "Sun, 22 Nov 2026 17:00:00 GMT",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// A published bundle that is finished already.
pub(crate) fn resume_seeds() -> Vec<Vec<u8>> {
    let bundle = Bundle::parse(BUNDLE).unwrap().write();
    vec![format!(r#"{{"artifact":"dist/app.tgz","bundle":{bundle}}}"#).into_bytes()]
}

const BUNDLE: &[u8] = include_bytes!("../../../examples/sigstore-5.0.0.tgz.sigstore.json");
