//! GitHub's instance: P-384, chains of three, tokens without a certificate, leaves that the upper intermediate issues.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

use sealwax_pki::{
    Authority, Certificate, EndEntity, GeneralName, Likelihood, Search, SignatureMemo, TimestampToken,
};

const LEAF: &[u8] = include_bytes!("github/release_leaf.der");
const RESPONSE: &[u8] = include_bytes!("github/release_response.der");
const SIGNATURE: &[u8] = include_bytes!("github/release_signature.bin");

fn authority(pem: &str) -> Authority {
    Authority::from_chain(&Certificate::list_from_pem(pem).unwrap()).unwrap()
}

#[test]
fn release_leaf_chains_past_the_lower_intermediate() {
    let authority = authority(include_str!("github/ca.pem"));
    let certificate = Certificate::from_der(LEAF).unwrap();
    assert_eq!(authority.likelihood(&certificate), Likelihood::SameKey);
    let leaf = EndEntity::code_signing(&certificate).unwrap();
    assert_eq!(leaf.name(), Some(&GeneralName::Uri("https://dotcom.releases.github.com".to_owned())));
    assert_eq!(certificate.fulcio().unwrap().issuer(), None);
    assert_eq!(certificate.embedded_scts().unwrap(), []);

    let memo = SignatureMemo::default();
    let paths = authority.paths(&leaf, Search { memo: &memo, further_intermediates: &[] }).unwrap();
    let [path] = paths.as_slice() else { panic!("{paths:?}") };
    let names: Vec<String> =
        path.certificates().iter().map(|certificate| certificate.subject().to_string()).collect();
    assert_eq!(
        names,
        [
            "CN=Attester,O=GitHub\\, Inc.",
            "CN=Fulcio Intermediate l1,O=GitHub\\, Inc.",
            "CN=Internal Services Root,O=GitHub\\, Inc.",
        ]
    );
    // One link is between certificates of the trust root; the leaf's is not remembered.
    assert_eq!(memo.len(), 1);

    let check = |at: &str| path.check_at(at.parse().unwrap()).map_err(|error| error.position);
    assert_eq!(check("2025-03-10T15:03:02Z"), Ok(()));
    assert_eq!(check("2026-03-10T15:03:02Z"), Ok(()));
    assert_eq!(check("2025-03-10T15:03:01.999Z"), Err(0));
    assert_eq!(check("2026-03-10T15:03:02.001Z"), Err(0));
}

#[test]
fn token_without_a_certificate() {
    let authority = authority(include_str!("github/tsa.pem"));
    let token = TimestampToken::from_response_der(RESPONSE).unwrap();
    assert_eq!(token.certificates().count(), 0);
    let verified = token.verify(&authority, SIGNATURE, &SignatureMemo::default()).unwrap();
    assert_eq!(verified.time().to_string(), "2025-05-30T20:13:39Z");
    assert_eq!(verified.path().certificates().len(), 3);
}
