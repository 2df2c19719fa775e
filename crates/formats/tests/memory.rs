//! What a large attestation costs: the payload once, beyond the input; and nothing for its predicate.

#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests read files; the crate does not")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use sealwax_formats::{Bundle, Content, Statement, base64};

const PAYLOAD_BYTES: usize = 24 << 20;

/// The most memory that this process has held, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// One test in this file, so that no other moves the peak.
#[test]
fn a_payload_costs_itself_once() {
    let head = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{}},
        "dsseEnvelope":{"payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"c2ln"}],"payload":""#;
    // All parts are multiples of three bytes, so that their base64 can be joined.
    let open = base64::encode(br#"{"_type":"https://in-toto.io/Statement/v1","predicate": ["#);
    let element = base64::encode(br#"{"a":"some text","b":[1,2]}, "#.repeat(3).as_slice());
    let close = base64::encode(b"0]}");
    assert!([&open, &element, &close].iter().all(|part| !part.contains('=')));
    let mut text = String::with_capacity(PAYLOAD_BYTES / 3 * 4 + 1_000);
    text.push_str(head);
    text.push_str(&open);
    while text.len() < PAYLOAD_BYTES / 3 * 4 {
        text.push_str(&element);
    }
    text.push_str(&close);
    text.push_str("\"}}");

    let before = peak();
    let bundle = Bundle::parse(text.as_bytes()).unwrap();
    let Content::Dsse(envelope) = &bundle.content else { panic!("no envelope") };
    assert!(envelope.payload.len() > PAYLOAD_BYTES * 9 / 10);
    let parsed = peak();
    assert!(parsed - before < PAYLOAD_BYTES * 11 / 10, "the bundle took {} bytes", parsed - before);

    let statement = Statement::parse(&envelope.payload).unwrap();
    assert!(statement.predicate.unwrap().len() > PAYLOAD_BYTES * 9 / 10);
    assert!(peak() - parsed < PAYLOAD_BYTES / 50, "the statement took {} bytes", peak() - parsed);
}
