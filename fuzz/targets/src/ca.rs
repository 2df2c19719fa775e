//! Requests of the certificate authority, in each encoding: what is read is a request with a token and a key, or has a name for why not;
//! and what is read of a message is written and read again as the same thing.

use prost::Message as _;
use sealwax_ca::api::message::{
    CreateSigningCertificateRequest, Credentials, Key, PublicKey, PublicKeyRequest,
};
use sealwax_ca::api::{KeyProof, RequestError, SigningRequest};
use sealwax_ca::read_public_key;
use sealwax_pki::CertificateRequest;

/// `POST /api/v2/signingCert`, and the same of version 1.
pub(crate) fn json(input: &[u8]) {
    check(&SigningRequest::from_json(input, None));
    check(&SigningRequest::from_json(input, Some("token")));
    check(&SigningRequest::from_legacy_json(input, Some("token")));
}

/// The message of `CreateSigningCertificate`, in its frame.
pub(crate) fn proto(input: &[u8]) {
    if let Ok(framed) = sealwax_server::grpc::read::<CreateSigningCertificateRequest>(input.to_vec().into()) {
        check(&SigningRequest::from_message(framed, None));
    }
    if let Ok(message) = CreateSigningCertificateRequest::decode(input) {
        let again = CreateSigningCertificateRequest::decode(&message.encode_to_vec()[..]);
        assert_eq!(again.as_ref(), Ok(&message), "what we write we read");
        check(&SigningRequest::from_message(message, Some("token")));
    }
}

fn check(request: &Result<SigningRequest, RequestError>) {
    let request = match request {
        Ok(request) => request,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert!(!request.token.is_empty());
    match &request.key {
        KeyProof::PublicKey { content, .. } => {
            if let Ok(key) = read_public_key(content) {
                assert_eq!(read_public_key(key.spki_der()).as_ref(), Ok(&key));
            }
        }
        KeyProof::CertificateRequest(pem) => {
            let text = std::str::from_utf8(pem).unwrap_or_default();
            drop(CertificateRequest::from_pem(text).map(|request| request.check_signature().map(drop)));
        }
    }
}

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

pub(crate) fn json_seeds() -> Vec<Vec<u8>> {
    let key = KEY.replace('\n', "\\n");
    [
        format!(
            r#"{{"credentials":{{"oidcIdentityToken":"a.b.c"}},"publicKeyRequest":{{"publicKey":{{"algorithm":"ED25519","content":"{key}"}},"proofOfPossession":"AAAA"}}}}"#
        ),
        r#"{"credentials":{"oidc_identity_token":"a.b.c"},"certificate_signing_request":"LS0tLS1CRUdJTg=="}"#
            .to_owned(),
        r#"{"publicKey":{"content":"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},"signedEmailAddress":"AAAA"}"#
            .to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub(crate) fn proto_seeds() -> Vec<Vec<u8>> {
    let with = |key| CreateSigningCertificateRequest {
        credentials: Some(Credentials { oidc_identity_token: "a.b.c".to_owned() }),
        key: Some(key),
    };
    let public_key = Some(PublicKey { content: KEY.to_owned() });
    let key = with(Key::PublicKey(PublicKeyRequest { public_key, proof_of_possession: vec![7; 64] }));
    let request = with(Key::CertificateSigningRequest(b"-----BEGIN CERTIFICATE REQUEST-----\n".to_vec()));
    let framed = sealwax_server::grpc::frame(&key).to_vec();
    vec![key.encode_to_vec(), request.encode_to_vec(), framed]
}
