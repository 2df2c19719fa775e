//! Good bytes made bad, byte by byte: nothing panics, and nothing that was changed is believed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

use sealwax_pki::{Authority, Certificate, EndEntity, PemError, Search, SignatureMemo, TimestampToken};

const LEAF: &[u8] = include_bytes!("github/release_leaf.der");
const RESPONSE: &[u8] = include_bytes!("github/release_response.der");
const SIGNATURE: &[u8] = include_bytes!("github/release_signature.bin");
const CA: &str = include_str!("github/ca.pem");
const TSA: &str = include_str!("github/tsa.pem");

fn authority(pem: &str) -> Authority {
    Authority::from_chain(&Certificate::list_from_pem(pem).unwrap()).unwrap()
}

fn leaf_is_believed(authority: &Authority, der: &[u8], memo: &SignatureMemo) -> bool {
    let Ok(certificate) = Certificate::from_der(der) else { return false };
    let Ok(leaf) = EndEntity::code_signing(&certificate) else { return false };
    authority.paths(&leaf, Search { memo, further_intermediates: &[] }).is_ok()
}

fn token_is_believed(authority: &Authority, der: &[u8], memo: &SignatureMemo) -> bool {
    let Ok(token) = TimestampToken::from_response_der(der) else { return false };
    token.verify(authority, SIGNATURE, memo).is_ok()
}

/// Every input with one byte changed in one of three ways, and where.
fn flips(good: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..good.len()).flat_map(move |position| {
        [0x01, 0x80, 0xff].map(|mask| {
            let mut bad = good.to_vec();
            bad[position] ^= mask;
            (position, bad)
        })
    })
}

/// Every input with a byte or a stretch of bytes dropped or repeated.
fn splices(good: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..good.len()).flat_map(move |position| {
        let (head, tail) = good.split_at(position);
        let stretch = tail.len().min(7);
        [
            head.to_vec(),
            [head, &tail[1..]].concat(),
            [head, &tail[stretch..]].concat(),
            [head, &tail[..1], tail].concat(),
            [head, &tail[..stretch], tail].concat(),
        ]
    })
}

#[test]
fn every_byte_of_a_leaf_counts() {
    let (authority, memo) = (authority(CA), SignatureMemo::default());
    assert!(leaf_is_believed(&authority, LEAF, &memo));
    for (position, bad) in flips(LEAF) {
        assert!(!leaf_is_believed(&authority, &bad, &memo), "byte {position}");
    }
    for bad in splices(LEAF) {
        assert!(!leaf_is_believed(&authority, &bad, &memo));
    }
    assert!(!leaf_is_believed(&authority, &[LEAF, &[0]].concat(), &memo));
}

/// Bytes of the response that may change without harm, by their offset in the fixture, with the reason.
const UNSIGNED: &[(usize, &str)] = &[
    (8, "PKIStatus: 0 granted, 1 granted with modifications; both come with a token that proves itself"),
    (241, "an empty set of certificates becomes an empty set of revocation lists; neither is used"),
];

#[test]
fn every_signed_byte_of_a_token_counts() {
    let (authority, memo) = (authority(TSA), SignatureMemo::default());
    assert!(token_is_believed(&authority, RESPONSE, &memo));
    let mut accepted: Vec<usize> = flips(RESPONSE)
        .filter(|(_, bad)| token_is_believed(&authority, bad, &memo))
        .map(|(position, _)| position)
        .collect();
    accepted.dedup();
    let listed: Vec<usize> = UNSIGNED.iter().map(|(position, _)| *position).collect();
    assert_eq!(accepted, listed);
    for bad in splices(RESPONSE) {
        assert!(!token_is_believed(&authority, &bad, &memo));
    }
    assert!(!token_is_believed(&authority, &[RESPONSE, &[0]].concat(), &memo));
}

/// Inputs that are nothing but headers: deep, wide, or longer than they say.
#[test]
fn bombs() {
    let deep = [0x30, 0x80].repeat(60_000);
    let wide = [&[0x30, 0x83, 0x01, 0xff, 0x00], [0x05, 0x00].repeat(65_408).as_slice()].concat();
    let pieces = [&[0x24, 0x80], [0x04, 0x00].repeat(60_000).as_slice()].concat();
    let long = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
    for bomb in [deep.as_slice(), &wide, &pieces, &long, &[0x30], &[]] {
        assert!(TimestampToken::from_response_der(bomb).is_err());
        assert!(TimestampToken::from_token_der(bomb).is_err());
        assert!(Certificate::from_der(bomb).is_err());
    }
}

#[test]
fn pem_texts() {
    let check = |text: &str, expected: PemError| assert_eq!(Certificate::list_from_pem(text), Err(expected));
    check("", PemError::NoCertificate);
    check("-----BEGIN CERTIFICATE-----\nAAAA\n", PemError::NoEnd { position: 0 });
    check("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", PemError::Base64 { position: 0 });
    check(&"-".repeat(1 << 21), PemError::TooLarge { size: 1 << 21 });
    assert!(matches!(
        Certificate::list_from_pem(&format!(
            "{CA}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
        )),
        Err(PemError::Certificate { position: 3, .. })
    ));
    assert_eq!(Certificate::from_pem(CA), Err(PemError::TooMany { limit: 1 }));
    check(&CA.repeat(22), PemError::TooMany { limit: 64 });
    // What people paste: text around the blocks, Windows line ends, no line ends.
    let pasted = CA.replace('\n', "\r\n").replace("-----BEGIN", "subject=/O=GitHub\r\n-----BEGIN");
    assert_eq!(Certificate::list_from_pem(&pasted), Certificate::list_from_pem(CA));
    assert_eq!(Certificate::list_from_pem(&CA.replace('\n', "")), Certificate::list_from_pem(CA));
}
