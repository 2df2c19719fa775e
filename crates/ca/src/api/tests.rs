use super::*;
use crate::providers::ProviderError;
use sealwax_oidc::Configuration;
use sealwax_server::grpc::Code;

fn read(body: &str) -> Result<SigningRequest, RequestError> {
    SigningRequest::from_json(body.as_bytes(), None)
}

#[test]
fn requests_in_every_spelling() {
    let key = KeyProof::PublicKey { content: b"PEM".to_vec(), proof: vec![0xfb, 0xff] };
    let expected = SigningRequest { token: "t".to_owned(), key };
    for body in [
        r#"{"credentials":{"oidcIdentityToken":"t"},"publicKeyRequest":{"publicKey":{"algorithm":"ECDSA","content":"PEM"},"proofOfPossession":"+/8="}}"#,
        r#"{"credentials":{"oidc_identity_token":"t"},"public_key_request":{"public_key":{"algorithm":2,"content":"PEM"},"proof_of_possession":"-_8"}}"#,
        r#"{"x":1,"certificateSigningRequest":null,"credentials":{"oidcIdentityToken":"t"},"publicKeyRequest":{"publicKey":{"content":"PEM"},"proofOfPossession":"+/\n8=\n"}}"#,
    ] {
        assert_eq!(read(body).as_ref(), Ok(&expected), "{body}");
    }
    let csr = r#"{"credentials":{"oidcIdentityToken":"t"},"certificateSigningRequest":"eA=="}"#;
    assert_eq!(read(csr).unwrap().key, KeyProof::CertificateRequest(b"x".to_vec()));
    let without = r#"{"certificateSigningRequest":"eA"}"#;
    assert_eq!(SigningRequest::from_json(without.as_bytes(), Some("b")).unwrap().token, "b");
    assert_eq!(SigningRequest::from_json(csr.as_bytes(), Some("b")).unwrap().token, "t");
    let legacy = r#"{"publicKey":{"algorithm":"ecdsa","content":"UEVN"},"signedEmailAddress":"+/8="}"#;
    let legacy = SigningRequest::from_legacy_json(legacy.as_bytes(), Some("t")).unwrap();
    assert_eq!(legacy, expected);
    let legacy = SigningRequest::from_legacy_json(without.as_bytes(), Some("t")).unwrap();
    assert_eq!(legacy.key, KeyProof::CertificateRequest(b"x".to_vec()));
}

#[test]
fn requests_that_are_none() {
    let error = |body: &str| read(body).unwrap_err();
    assert!(matches!(error("{"), RequestError::Json(_)));
    assert!(matches!(error(r#"{"credentials":{},"credentials":{}}"#), RequestError::Json(_)));
    assert!(matches!(error("[]"), RequestError::Type { field: "the request", .. }));
    assert!(matches!(error(r#"{"credentials":1}"#), RequestError::Type { field: "credentials", .. }));
    assert_eq!(error("{}"), RequestError::NoKey);
    assert_eq!(error(r#"{"publicKeyRequest":{}}"#), RequestError::NoKey);
    assert_eq!(error(r#"{"publicKeyRequest":{},"certificateSigningRequest":""}"#), RequestError::BothKeys);
    assert_eq!(
        error(r#"{"certificateSigningRequest":"*"}"#),
        RequestError::Base64 { field: "certificateSigningRequest" }
    );
    assert_eq!(error(r#"{"certificateSigningRequest":"eA"}"#), RequestError::NoToken);
    let twice = r#"{"publicKeyRequest":{},"public_key_request":{}}"#;
    assert_eq!(error(twice), RequestError::Spellings { field: "publicKeyRequest" });
    let number = r#"{"publicKeyRequest":{"publicKey":{"content":7}}}"#;
    assert!(matches!(error(number), RequestError::Type { field: "content", .. }));
    let long = format!("{{}}{}", " ".repeat(MAX_REQUEST_BYTES));
    assert!(matches!(error(&long), RequestError::Json(sealwax_json::Error::TooLong { .. })));
    assert_eq!(SigningRequest::from_legacy_json(b"{}", Some("t")), Err(RequestError::NoKey));
    let request = br#"{"certificateSigningRequest":"eA"}"#;
    assert_eq!(SigningRequest::from_legacy_json(request, Some("")), Err(RequestError::NoToken));
}

#[test]
fn the_configuration_is_told() {
    let text = "oidc-issuers:\n  https://a: {client-id: x, type: spiffe, spiffe-trust-domain: d}\n  \
        https://b: {client-id: x, type: email, skip-email-verification: true}\nmeta-issuers:\n  https://*: {client-id: y, type: kubernetes}\n";
    let configuration = Configuration::parse(text.as_bytes()).unwrap();
    let expected = concat!(
        r#"{"issuers":[{"issuerUrl":"https://a","audience":"x","challengeClaim":"sub","spiffeTrustDomain":"d","issuerType":"spiffe","#,
        r#""subjectDomain":"","skipEmailVerification":false},{"issuerUrl":"https://b","audience":"x","challengeClaim":"email","#,
        r#""spiffeTrustDomain":"","issuerType":"email","subjectDomain":"","skipEmailVerification":true},{"wildcardIssuerUrl":"https://*","#,
        r#""audience":"y","challengeClaim":"sub","spiffeTrustDomain":"","issuerType":"kubernetes","subjectDomain":"","skipEmailVerification":false}]}"#
    );
    assert_eq!(message::Configuration::of(&configuration).to_json(), expected);
}

#[test]
fn errors_in_words() {
    let error = ApiError::from(RequestError::NoToken);
    let status = error.status();
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(
        status.to_json().starts_with(r#"{"code":3,"message":"invalid request: there is no identity token"#)
    );
    assert!(status.to_json().ends_with(r#","details":[]}"#));
    // The operator is told where it failed, strangers are not.
    let cause = ProviderError::NotFound { url: "https://10.0.0.1/keys".to_owned() };
    let away = ApiError::Provider { issuer: "https://i".to_owned(), cause };
    assert!(away.to_string().contains("10.0.0.1"));
    let status = away.status();
    assert_eq!(status.code, Code::Unavailable);
    assert!(
        status.message.contains("https://i") && !status.message.contains("10.0.0.1"),
        "{}",
        status.message
    );
    let unknown = ApiError::UnknownIssuer { issuer: "i".to_owned() };
    assert_eq!((unknown.code().http().as_u16(), Code::Internal.http().as_u16()), (400, 500));
}
