use super::super::error::CreateError;
use super::super::message::{Checkpoint, InclusionProof, KindVersion, LogId, TransparencyLogEntry};
use super::super::response::{entry_json, entry_message};
use super::super::validate::InvalidEntry;
use crate::engine::{AddError, Added, Published};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};
use prost::Message as _;
use sealwax_server::grpc::Code;
use std::sync::Arc;
use std::time::Duration;

const NOTE: &str = "log.example\n3\nAwMD\n\n\u{2014} log.example c2lnbmF0dXJl\n";
const BODY: &[u8] = b"{\"the\":\"body\"}";
const KEY_ID: [u8; 32] = [9; 32];

fn added(proof: &[[u8; 32]]) -> Added {
    let published = Published {
        size: 3,
        root: [3; 32],
        timestamp: 1_700_000_000_000,
        note: Bytes::from_static(NOTE.as_bytes()),
        frozen: false,
    };
    Added {
        index: 1,
        timestamp: 1_700_000_000_000,
        duplicate: false,
        proof: proof.to_vec(),
        published: Arc::new(published),
    }
}

fn base64_of(byte: u8) -> String {
    sealwax_crypto::base64::encode(&[byte; 32])
}

/// Every field is there, in the order of the definition, as the deployed server writes it.
#[test]
fn json() {
    let (key, root, a, b) = (base64_of(9), base64_of(3), base64_of(1), base64_of(2));
    let body = sealwax_crypto::base64::encode(BODY);
    let expected = |hashes: &str| {
        format!(
            r#"{{"logIndex":"1","logId":{{"keyId":"{key}"}},"kindVersion":{{"kind":"hashedrekord","version":"0.0.2"}},"integratedTime":"0","inclusionPromise":null,"inclusionProof":{{"logIndex":"1","rootHash":"{root}","treeSize":"3","hashes":[{hashes}],"checkpoint":{{"envelope":"log.example\n3\nAwMD\n\n— log.example c2lnbmF0dXJl\n"}}}},"canonicalizedBody":"{body}"}}"#
        )
    };
    let text = |proof: &[[u8; 32]]| String::from_utf8(entry_json(&KEY_ID, BODY, &added(proof))).unwrap();
    assert_eq!(text(&[]), expected(""));
    assert_eq!(text(&[[1; 32], [2; 32]]), expected(&format!(r#""{a}","{b}""#)));
    assert!(serde_json::from_str::<serde_json::Value>(&text(&[[1; 32]])).is_ok());
}

#[test]
fn protobuf() {
    let message = entry_message(&KEY_ID, &Bytes::from_static(BODY), &added(&[[1; 32]]));
    let expected = TransparencyLogEntry {
        log_index: 1,
        log_id: Some(LogId { key_id: KEY_ID.to_vec().into() }),
        kind_version: Some(KindVersion { kind: "hashedrekord".to_owned(), version: "0.0.2".to_owned() }),
        inclusion_proof: Some(InclusionProof {
            log_index: 1,
            root_hash: vec![3; 32].into(),
            tree_size: 3,
            hashes: vec![vec![1; 32].into()],
            checkpoint: Some(Checkpoint { envelope: NOTE.to_owned() }),
        }),
        canonicalized_body: BODY.into(),
    };
    assert_eq!(message, expected);
    // By hand, from the numbers of the definition.
    let field = |number: u8, bytes: &[u8]| {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()][..], bytes].concat()
    };
    let proof = [
        vec![1 << 3, 1],
        field(2, &[3; 32]),
        vec![3 << 3, 3],
        field(4, &[1; 32]),
        field(5, &field(1, NOTE.as_bytes())),
    ]
    .concat();
    let bytes = [
        vec![1 << 3, 1],
        field(2, &field(1, &KEY_ID)),
        field(3, &[field(1, b"hashedrekord"), field(2, b"0.0.2")].concat()),
        field(6, &proof),
        field(7, BODY),
    ]
    .concat();
    assert_eq!(message.encode_to_vec(), bytes);
}

#[track_caller]
fn refusal(error: impl Into<CreateError>, status: StatusCode, code: Code, message: &str, wait: Option<&str>) {
    let error = error.into();
    let response = error.to_http();
    assert_eq!((response.status(), error.code()), (status, code));
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap()), wait);
    let expected = serde_json::json!({"code": code as i32, "message": message, "details": []});
    assert_eq!(serde_json::from_slice::<serde_json::Value>(response.body()).unwrap(), expected);
}

#[test]
fn refusals() {
    let bad_request = StatusCode::BAD_REQUEST;
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    refusal(
        InvalidEntry::NoSpec,
        bad_request,
        Code::InvalidArgument,
        "invalid entry: expected hashedRekordRequestV002 or dsseRequestV002, found neither",
        None,
    );
    let json = super::CreateEntryRequest::from_json(b"{").unwrap_err();
    refusal(
        json,
        bad_request,
        Code::InvalidArgument,
        "invalid request: the request: expected JSON, found this: the text ends in the middle of a value",
        None,
    );
    refusal(
        AddError::TooLarge { found: 70_000, limit: 65_535 },
        bad_request,
        Code::InvalidArgument,
        "the entry has 70000 bytes; the log takes 65535",
        None,
    );
    refusal(
        AddError::Full { retry_after: Duration::from_secs(3) },
        unavailable,
        Code::Unavailable,
        "the log is busy; try again in 3 s",
        Some("3"),
    );
    refusal(
        AddError::Full { retry_after: Duration::from_millis(20) },
        unavailable,
        Code::Unavailable,
        "the log is busy; try again in 1 s",
        Some("1"),
    );
    refusal(
        AddError::NotNow { reason: "the clock is behind".to_owned() },
        unavailable,
        Code::Unavailable,
        "the log cannot take entries at the moment: the clock is behind",
        Some("1"),
    );
    refusal(AddError::Stopped, unavailable, Code::Unavailable, "the log has stopped", Some("1"));
}

/// Status and body to the letter: deployed clients look for both.
#[test]
fn frozen() {
    let error = CreateError::from(AddError::Frozen);
    let response = error.to_http();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(&response.body()[..], b"This log has been frozen, please switch to the latest log.\n");
    assert_eq!(error.code(), Code::Unimplemented);
}
