//! Requests of the signature log, in both encodings: what is read is written and read again as the same thing, and what is
//! taken is a leaf that every reader takes.

use prost::Message as _;
use sealwax_crypto::{HashAlgorithm, KeyDetails, KeyKind, Message, Scheme, SigningKey, base64, digest};
use sealwax_formats::EntryBody;
use sealwax_formats::dsse::pae_digest;
use sealwax_json::Limits;
use sealwax_log::rekor::{CreateEntryRequest, ValidEntry};

/// `POST /api/v2/log/entries`.
pub(crate) fn json(input: &[u8]) {
    if let Ok(request) = CreateEntryRequest::from_json(input) {
        check(&request);
    }
}

/// The message of `CreateEntry`.
pub(crate) fn proto(input: &[u8]) {
    if let Ok(request) = CreateEntryRequest::decode(input) {
        check(&request);
    }
}

fn check(request: &CreateEntryRequest) {
    let again = CreateEntryRequest::decode(&request.encode_to_vec()[..]);
    assert_eq!(again.as_ref(), Ok(request), "what we write we read");
    match ValidEntry::check(request) {
        Ok(entry) => {
            let body = entry.body();
            assert!(matches!(EntryBody::parse(body), Ok(EntryBody::HashedRekordV002 { .. })));
            let value = sealwax_json::parse(body, &Limits::of_bytes(65_535)).unwrap();
            assert_eq!(sealwax_json::jcs(&value), body[..]);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// One good request of each kind.
pub(crate) fn json_seeds() -> Vec<Vec<u8>> {
    let key = SigningKey::from_seed(KeyKind::Ed25519, &[7; 32]).unwrap();
    let sign = |digest| base64::encode(&key.sign(Scheme::Ed25519ph, Message::Digest(&digest)).unwrap());
    let (details, der) = (KeyDetails::PkixEd25519ph.name(), base64::encode(key.public_key().spki_der()));
    let verifier = format!(r#"{{"keyDetails":"{details}","publicKey":{{"rawBytes":"{der}"}}}}"#);
    let artifact = digest(HashAlgorithm::Sha512, b"artifact");
    let (hash, signature) = (base64::encode(artifact.as_bytes()), sign(artifact));
    let (payload, sig) = (base64::encode(b"{}"), sign(pae_digest("t", b"{}", HashAlgorithm::Sha512)));
    let certificate =
        verifier.replace("publicKey", "x509_certificate").replace(details, "PKIX_ECDSA_P256_SHA_256");
    let hashed_rekord = |verifier: &str| {
        format!(
            r#"{{"hashedRekordRequestV002":{{"digest":"{hash}","signature":{{"content":"{signature}","verifier":{verifier}}}}}}}"#
        )
    };
    let dsse = format!(
        r#"{{"dsseRequestV002":{{"envelope":{{"payload":"{payload}","payloadType":"t","signatures":[{{"sig":"{sig}","keyid":""}}]}},"verifiers":[{verifier}]}}}}"#
    );
    [hashed_rekord(&verifier), hashed_rekord(&certificate), dsse].map(String::into_bytes).to_vec()
}

/// The same in protobuf.
pub(crate) fn proto_seeds() -> Vec<Vec<u8>> {
    let encode = |seed: &Vec<u8>| CreateEntryRequest::from_json(seed).unwrap().encode_to_vec();
    json_seeds().iter().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_good_where_they_mean_to_be() {
        let taken = |seed: &Vec<u8>| ValidEntry::check(&CreateEntryRequest::from_json(seed).unwrap()).is_ok();
        assert_eq!(json_seeds().iter().map(taken).collect::<Vec<_>>(), [true, false, true]);
    }
}
