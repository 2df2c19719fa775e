use super::super::request::{JsonCause, JsonError};
use super::*;
use sealwax_json::{Error, Kind};

#[track_caller]
fn same(text: &str, request: &CreateEntryRequest) {
    assert_eq!(CreateEntryRequest::from_json(text.as_bytes()).as_ref(), Ok(request), "{text}");
}

#[track_caller]
fn refused(text: &str, path: &str, cause: JsonCause) {
    let expected = Err(JsonError { path: path.to_owned(), cause });
    assert_eq!(CreateEntryRequest::from_json(text.as_bytes()), expected, "{text}");
}

#[test]
fn every_spelling_that_protobuf_allows() {
    for request in [Signs::p256().hashed_rekord(), Signs::p256().dsse()] {
        let text = to_json(&request).to_string();
        same(&text, &request);
        same(&serde_json::to_string_pretty(&to_json(&request)).unwrap(), &request);
        let snake = text
            .replace("hashedRekordRequestV002", "hashed_rekord_request_v002")
            .replace("dsseRequestV002", "dsse_request_v002")
            .replace("keyDetails", "key_details")
            .replace("publicKey", "public_key")
            .replace("rawBytes", "raw_bytes");
        assert_ne!(snake, text);
        same(&snake, &request);
        for number in ["5", "5.0", "5e0", "0.5E1"] {
            same(&text.replace("\"PKIX_ECDSA_P256_SHA_256\"", number), &request);
        }
        // Null is absent, also beside the one of two that is set.
        same(&text.replace("{\"keyDetails\"", "{\"x509Certificate\":null,\"keyDetails\""), &request);
        // URL alphabet, no padding.
        same(&text.replace('=', ""), &request);
        let letters = |text: &str| text.replace('+', "-").replace('/', "_");
        // The payload type has a slash too, and is not base64.
        let around: Vec<String> = text.split(PAYLOAD_TYPE).map(letters).collect();
        same(&around.join(PAYLOAD_TYPE), &request);
    }
}

#[test]
fn empty_requests_are_read_and_refused_later() {
    for text in ["{}", r#"{"hashedRekordRequestV002":null}"#, " { } "] {
        same(text, &CreateEntryRequest::default());
    }
    same(
        r#"{"hashedRekordRequestV002":{}}"#,
        &spec(RequestSpec::HashedRekord(HashedRekordRequest::default())),
    );
    same(r#"{"dsseRequestV002":{"verifiers":null}}"#, &spec(RequestSpec::Dsse(DsseRequest::default())));
    // A number need not be known.
    let verifier = Verifier { key: None, key_details: 4711 };
    let request = DsseRequest { envelope: None, verifiers: vec![verifier] };
    same(r#"{"dsseRequestV002":{"verifiers":[{"keyDetails":4711}]}}"#, &spec(RequestSpec::Dsse(request)));
}

#[test]
fn unknown_fields() {
    let unknown = |expected: &str, found: &str| JsonCause::UnknownField {
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    let kinds = "hashedRekordRequestV002, dsseRequestV002";
    refused(r#"{"extra":1}"#, "", unknown(kinds, "extra"));
    refused(r#"{"HashedRekordRequestV002":{}}"#, "", unknown(kinds, "HashedRekordRequestV002"));
    // Also where the value is null.
    refused(r#"{"kind":null}"#, "", unknown(kinds, "kind"));
    refused(
        r#"{"hashedRekordRequestV002":{"signature":{"verifier":{"key":{}}}}}"#,
        "hashedRekordRequestV002.signature.verifier",
        unknown("publicKey, x509Certificate, keyDetails", "key"),
    );
    refused(
        r#"{"dsseRequestV002":{"envelope":{"payload_type":""}}}"#,
        "dsseRequestV002.envelope",
        unknown("payload, payloadType, signatures", "payload_type"),
    );
    refused(
        r#"{"dsse_request_v002":{"verifiers":[{},{"x509_certificate":{"der":""}}]}}"#,
        "dsseRequestV002.verifiers[1].x509Certificate",
        unknown("rawBytes", "der"),
    );
    let long = "é".repeat(100);
    refused(&format!(r#"{{"{long}":0}}"#), "", unknown(kinds, &"é".repeat(64)));
}

#[test]
fn twice() {
    let text = r#"{"dsseRequestV002":{},"dsseRequestV002":{}}"#;
    let twice = Error::Duplicate { name: "dsseRequestV002".to_owned(), offset: 39 };
    refused(text, "", twice.into());
    refused(r#"{"dsseRequestV002":{},"dsse_request_v002":null}"#, "dsseRequestV002", JsonCause::Spellings);
    refused(
        r#"{"dsseRequestV002":{},"hashedRekordRequestV002":{}}"#,
        "hashedRekordRequestV002",
        JsonCause::OneOf { other: "dsseRequestV002" },
    );
    refused(
        r#"{"hashedRekordRequestV002":{"signature":{"verifier":{"publicKey":{},"x509Certificate":{}}}}}"#,
        "hashedRekordRequestV002.signature.verifier.x509Certificate",
        JsonCause::OneOf { other: "publicKey" },
    );
}

#[test]
fn wrong_types() {
    let wrong = |expected, found| JsonCause::Type { expected, found };
    refused("[]", "", wrong("an object", Kind::Array));
    refused("null", "", wrong("an object", Kind::Null));
    refused(
        r#"{"hashedRekordRequestV002":"x"}"#,
        "hashedRekordRequestV002",
        wrong("an object", Kind::String),
    );
    refused(
        r#"{"hashedRekordRequestV002":{"digest":[1,2]}}"#,
        "hashedRekordRequestV002.digest",
        wrong("base64 in a string", Kind::Array),
    );
    refused(
        r#"{"dsseRequestV002":{"verifiers":{}}}"#,
        "dsseRequestV002.verifiers",
        wrong("an array", Kind::Object),
    );
    refused(
        r#"{"dsseRequestV002":{"verifiers":[null]}}"#,
        "dsseRequestV002.verifiers[0]",
        wrong("an object", Kind::Null),
    );
    refused(
        r#"{"dsseRequestV002":{"envelope":{"payloadType":7}}}"#,
        "dsseRequestV002.envelope.payloadType",
        wrong("a string", Kind::Number),
    );
    refused(
        r#"{"dsseRequestV002":{"verifiers":[{"keyDetails":true}]}}"#,
        "dsseRequestV002.verifiers[0].keyDetails",
        wrong("a name or number", Kind::Bool),
    );
}

#[test]
fn values() {
    let details = |value: &str, found: &str| {
        refused(
            &format!(r#"{{"dsseRequestV002":{{"verifiers":[{{"keyDetails":{value}}}]}}}}"#),
            "dsseRequestV002.verifiers[0].keyDetails",
            JsonCause::KeyDetails { found: found.to_owned() },
        );
    };
    details(r#""5""#, "5");
    details(r#""pkix_ecdsa_p256_sha_256""#, "pkix_ecdsa_p256_sha_256");
    details("5.5", "5.5");
    details("2147483648", "2147483648");
    details("1e300", "1e+300");
    for text in ["====", "A", "+_8=", "AB=="] {
        let body = format!(r#"{{"hashedRekordRequestV002":{{"digest":"{text}"}}}}"#);
        let error = CreateEntryRequest::from_json(body.as_bytes()).unwrap_err();
        assert_eq!(error.path, "hashedRekordRequestV002.digest");
        assert!(matches!(error.cause, JsonCause::Base64(_)), "{text}: {error}");
    }
}

#[test]
fn limits() {
    let list = |count: usize| vec!["{}"; count].join(",");
    let verifiers = |count| format!(r#"{{"dsseRequestV002":{{"verifiers":[{}]}}}}"#, list(count));
    assert!(CreateEntryRequest::from_json(verifiers(10).as_bytes()).is_ok());
    refused(&verifiers(11), "dsseRequestV002.verifiers", JsonCause::TooMany { limit: 10 });

    let digest = |length| format!(r#"{{"hashedRekordRequestV002":{{"digest":"{}"}}}}"#, "A".repeat(length));
    let frame = digest(0).len();
    assert!(CreateEntryRequest::from_json(digest(((4 << 20) - frame) & !3).as_bytes()).is_ok());
    let too_long = digest((4 << 20) - frame + 1);
    refused(&too_long, "", Error::TooLong { limit: 4 << 20, found: (4 << 20) + 1 }.into());

    let deep = format!(r#"{{"dsseRequestV002":{{"verifiers":[{{"keyDetails":{}"#, "[".repeat(9));
    let error = CreateEntryRequest::from_json(deep.as_bytes()).unwrap_err();
    assert!(matches!(error.cause, JsonCause::Type { .. }), "{error}");
}

#[test]
fn text_that_is_not_json() {
    refused("", "", Error::UnexpectedEnd.into());
    refused("{", "", Error::UnexpectedEnd.into());
    refused("{} {}", "", Error::TrailingData { offset: 3 }.into());
    refused("\u{feff}{}", "", Error::Unexpected { offset: 0, found: 0xef, expected: "a value" }.into());
    assert_eq!(
        CreateEntryRequest::from_json(b"{\"\xff\":0}"),
        Err(JsonError::from(Error::NotUtf8 { offset: 2 }))
    );
    assert_eq!(
        CreateEntryRequest::from_json(b"{}x").unwrap_err().to_string(),
        "the request: expected JSON, found this: text after the value, at byte 2"
    );
}
