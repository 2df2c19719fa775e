use super::*;

const SHA256: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

fn nonce(text: &str) -> Result<Vec<u8>, JsonRequestError> {
    let body = format!(r#"{{"artifactHash":"{SHA256}","hashAlgorithm":"sha256","nonce":{text}}}"#);
    Ok(from_json(body.as_bytes())?.nonce.unwrap().as_bytes().to_vec())
}

fn error(body: &str) -> JsonRequestError {
    from_json(body.as_bytes()).unwrap_err()
}

#[test]
fn every_member() {
    let body = format!(
        r#"{{"artifactHash":"{SHA256}","certificates":true,"hashAlgorithm":"SHA256","nonce":1123343434,
             "tsaPolicyOID":"1.2.3.4"}}"#
    );
    let mut expected = TimestampRequest::new(sealwax_crypto::digest(HashAlgorithm::Sha256, b""));
    expected.certificates = true;
    expected.nonce = Some(Nonce::new(&1_123_343_434_u32.to_be_bytes()).unwrap());
    expected.policy = Some(ObjectIdentifier::new_unwrap("1.2.3.4"));
    assert_eq!(from_json(body.as_bytes()), Ok(expected));
}

#[test]
fn what_is_null_or_unknown_is_passed_over() {
    let body = format!(
        r#"{{"artifactHash":"{SHA256}","certificates":null,"hashAlgorithm":"sha256","nonce":null,
             "tsaPolicyOID":null,"further":{{"a":[1]}}}}"#
    );
    let expected = TimestampRequest::new(sealwax_crypto::digest(HashAlgorithm::Sha256, b""));
    assert_eq!(from_json(body.as_bytes()), Ok(expected));
}

#[test]
fn nonces_are_integers_of_any_sign() {
    for (text, octets) in [
        ("0", &[0][..]),
        ("-0", &[0]),
        ("127", &[0x7f]),
        ("128", &[0, 0x80]),
        ("256", &[1, 0]),
        ("-1", &[0xff]),
        ("-128", &[0x80]),
        ("-129", &[0xff, 0x7f]),
        ("18446744073709551616", &[1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("-9223372036854775808", &[0x80, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        assert_eq!(nonce(text).unwrap(), octets, "{text}");
    }
    assert_eq!(nonce("1.0"), Err(JsonRequestError::Nonce));
    assert_eq!(nonce("1e3"), Err(JsonRequestError::Nonce));
    let type_of = |found| Err(JsonRequestError::Type { member: "nonce", expected: "a number", found });
    assert_eq!(nonce("\"1\""), type_of(Kind::String));
}

#[test]
fn nonces_end_at_64_bytes() {
    // 2⁵¹¹ − 1 is the largest INTEGER of 64 octets, −2⁵¹¹ the smallest.
    let largest = "6703903964971298549787012499102923063739682910296196688861780721860882015036773488400937149083451\
                   713845015929093243025426876941405973284973216824503042047";
    assert_eq!(nonce(largest).unwrap(), [&[0x7f][..], &[0xff; 63]].concat());
    let beyond = format!("{}8", &largest[..largest.len() - 1]);
    assert_eq!(nonce(&beyond), Err(JsonRequestError::NonceTooLong));
    assert_eq!(nonce(&format!("-{beyond}")).unwrap(), [&[0x80][..], &[0; 63]].concat());
    let beyond = format!("-{}9", &largest[..largest.len() - 1]);
    assert_eq!(nonce(&beyond), Err(JsonRequestError::NonceTooLong));
    assert_eq!(nonce(&"9".repeat(300)), Err(JsonRequestError::NonceTooLong));
}

#[test]
fn refused() {
    assert_eq!(error("{}"), JsonRequestError::HashAlgorithm { found: String::new() });
    let body = format!(r#"{{"artifactHash":"{SHA256}","hashAlgorithm":"sha1"}}"#);
    assert_eq!(error(&body), JsonRequestError::HashAlgorithm { found: "sha1".to_owned() });
    let body = format!(r#"{{"artifactHash":"{SHA256}","hashAlgorithm":"sha512"}}"#);
    let length = JsonRequestError::ImprintLength { algorithm: HashAlgorithm::Sha512, found: 32 };
    assert_eq!(error(&body), length);
    assert_eq!(error(r#"{"artifactHash":"?","hashAlgorithm":"sha256"}"#), JsonRequestError::Base64);
    let body = format!(r#"{{"artifactHash":"{SHA256}","hashAlgorithm":"sha256","tsaPolicyOID":"1.2.x"}}"#);
    assert_eq!(error(&body), JsonRequestError::Policy);
    let type_of = |member, expected, found| JsonRequestError::Type { member, expected, found };
    assert_eq!(error(r#"{"hashAlgorithm":1}"#), type_of("hashAlgorithm", "a string", Kind::Number));
    assert_eq!(error(r#"{"certificates":"yes"}"#), type_of("certificates", "true or false", Kind::String));
    assert!(matches!(error("[]"), JsonRequestError::Json(sealwax_json::Error::Unexpected { .. })));
    let twice = r#"{"hashAlgorithm":"sha256","hashAlgorithm":"sha512"}"#;
    assert!(matches!(error(twice), JsonRequestError::Json(sealwax_json::Error::Duplicate { .. })));
    let long = format!(r#"{{"further":"{}"}}"#, "x".repeat(MAX_JSON_BYTES));
    assert!(matches!(error(&long), JsonRequestError::Json(sealwax_json::Error::TooLong { .. })));
}
