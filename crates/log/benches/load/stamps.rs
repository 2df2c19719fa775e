//! A timestamp authority is asked, and its tokens are verified.

use std::fs;
use std::path::Path;

use sealwax_crypto::{HashAlgorithm, digest, random};
use sealwax_pki::{Authority, Certificate, Nonce, SignatureMemo, TimestampRequest, TimestampToken};
use serde_json::{Value, json};

use crate::{prepare, verify};

/// Requests for digests of as many nonces, as `openssl ts` and rfc3161-client make them: with that nonce, and the certificate
/// wanted.
pub(crate) fn prepare(count: usize, file: &Path) -> Value {
    prepare::write(count, file, || {
        let mut nonce: [u8; 8] = random().unwrap();
        // Positive, and in its shortest form.
        nonce[0] = nonce[0] & 0x3f | 0x40;
        let mut request = TimestampRequest::new(digest(HashAlgorithm::Sha256, &nonce));
        request.nonce = Some(Nonce::new(&nonce).unwrap());
        request.certificates = true;
        prepare::post_bytes("/api/v1/timestamp", "application/timestamp-query", &request.to_der())
    })
}

/// Every reply is a token of the authority with this chain, over the digest and with the nonce of the request.
pub(crate) fn verify(chain: &str, replies: &Path) -> Value {
    let chain = Certificate::list_from_pem(&fs::read_to_string(chain).unwrap()).unwrap();
    let (authority, memo) = (Authority::from_chain(&chain).unwrap(), SignatureMemo::default());
    let mut verified = 0;
    for (request, reply) in verify::pairs(replies) {
        let request = TimestampRequest::from_der(&request).unwrap();
        let nonce = request.nonce.as_ref().map(Nonce::as_bytes).unwrap();
        let token = TimestampToken::from_response_der(&reply).unwrap();
        token.verify(&authority, nonce, &memo).unwrap();
        assert_eq!(token.nonce(), Some(nonce));
        verified += 1;
    }
    json!({"verified": verified})
}
