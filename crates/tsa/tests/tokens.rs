//! Requests, and what an authority answers, read and verified by the house's own verifier.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{Hands, Scratch, at, authority, chain, credentials, key};
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{HashAlgorithm, KeyKind, digest};
use sealwax_pki::{
    Accuracy, Authority, Nonce, ObjectIdentifier, SignatureMemo, SignerIdentifier, TimestampRequest,
    TimestampToken,
};
use sealwax_signer::Signer;
use sealwax_tsa::{
    CertificateLog, Credentials, CredentialsError, Embedded, Refusal, SIGSTORE_POLICY, Settings,
    clock::Untrusted,
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const MESSAGE: &[u8] = b"message";

fn request() -> TimestampRequest {
    TimestampRequest::new(digest(HashAlgorithm::Sha256, MESSAGE))
}

fn token(response: &[u8]) -> TimestampToken {
    TimestampToken::from_response_der(response).unwrap()
}

#[test]
fn tokens_of_both_curves_and_every_hash_verify() {
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        let (scratch, hands) = (Scratch::new(), Hands::new());
        hands.pass(Duration::from_millis(999));
        let authority = authority(credentials(kind), &scratch, &hands, None, Settings::default());
        let trusted = Authority::from_chain(authority.credentials().chain()).unwrap();
        for hash in HashAlgorithm::ALL {
            for (certificates, nonce) in [(false, None), (true, Some(Nonce::new(&[0, 0x80, 1]).unwrap()))] {
                let mut request = TimestampRequest::new(digest(hash, MESSAGE));
                request.certificates = certificates;
                request.nonce = nonce.clone();
                let token = token(&authority.stamp(&request).unwrap());
                let verified = token.verify(&trusted, MESSAGE, &SignatureMemo::default()).unwrap();
                assert_eq!(verified.time(), at(0), "whole seconds, cut off");
                assert_eq!(token.nonce(), nonce.as_ref().map(Nonce::as_bytes));
                assert_eq!(token.policy(), SIGSTORE_POLICY);
                assert_eq!(token.accuracy(), Some(Accuracy { seconds: 1, ..Accuracy::default() }));
                assert!(!token.ordering());
                assert_eq!(token.certificates().count(), usize::from(certificates));
                assert!(token.serial().len() == 16 && token.serial()[0] >> 6 == 1, "{:?}", token.serial());
                assert!(matches!(token.signer(), SignerIdentifier::IssuerAndSerial { .. }));
            }
        }
    }
}

#[test]
fn a_token_with_its_certificate_verifies_under_the_root_alone() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let authority = authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, Settings::default());
    let root = authority.credentials().chain()[1].clone();
    let trusted = Authority::from_chain(&[root]).unwrap();
    let request = TimestampRequest { certificates: true, ..request() };
    let token = token(&authority.stamp(&request).unwrap());
    assert!(token.verify(&trusted, MESSAGE, &SignatureMemo::default()).is_ok());
}

#[test]
fn the_imprint_is_repeated_octet_for_octet() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let authority = authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, Settings::default());
    for null_parameters in [false, true] {
        let request = TimestampRequest { null_parameters, ..request() };
        let der = request.to_der();
        // SEQUENCE, its length, INTEGER 1: then the imprint, to the end.
        let imprint = &der[5..];
        let token = token(&authority.stamp(&request).unwrap());
        assert!(token.info_der().windows(imprint.len()).any(|part| part == imprint));
    }
}

#[test]
fn serial_numbers_differ() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let authority = authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, Settings::default());
    let serials: std::collections::BTreeSet<Vec<u8>> =
        (0..50).map(|_| token(&authority.stamp(&request()).unwrap()).serial().to_vec()).collect();
    assert_eq!(serials.len(), 50);
}

#[test]
fn policies_and_extensions() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let further = ObjectIdentifier::new_unwrap("1.2.3.4");
    let settings = Settings { further_policies: vec![further], ..Settings::default() };
    let authority = authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, settings);
    for policy in [SIGSTORE_POLICY, further] {
        let request = TimestampRequest { policy: Some(policy), ..request() };
        assert_eq!(token(&authority.stamp(&request).unwrap()).policy(), policy);
    }
    let other = ObjectIdentifier::new_unwrap("1.2.3.5");
    let refused = authority.stamp(&TimestampRequest { policy: Some(other), ..request() }).unwrap_err();
    assert!(matches!(refused, Refusal::Policy(policy) if policy == other));
    assert_eq!((refused.status(), refused.failure_info().name()), (400, "unacceptedPolicy"));
    let refused = authority.stamp(&TimestampRequest { extensions: vec![other], ..request() }).unwrap_err();
    assert!(matches!(refused, Refusal::Extension(extension) if extension == other));
    assert_eq!((refused.status(), refused.failure_info().name()), (400, "unacceptedExtension"));
}

#[test]
fn a_clock_that_jumped_stamps_nothing() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let authority = authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, Settings::default());
    assert!(authority.stamp(&request()).is_ok());
    assert!(authority.ready().is_ok());
    hands.set(SignedDuration::from_secs(60));
    let refused = authority.stamp(&request()).unwrap_err();
    let by = SignedDuration::from_secs(60);
    assert!(matches!(refused, Refusal::Clock(Untrusted::Jumped { by: found }) if found == by));
    assert_eq!((refused.status(), refused.failure_info().name()), (503, "timeNotAvailable"));
    assert!(matches!(authority.ready(), Err(Refusal::Clock(Untrusted::Jumped { .. }))));
    hands.set(-by);
    assert!(authority.stamp(&request()).is_ok());
}

/// Its newest timestamp, set by hand.
struct Log(Mutex<Option<Timestamp>>);

impl CertificateLog for Log {
    fn newest_timestamp(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap()
    }
}

#[test]
fn the_certificate_log_knows_better() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let log = Arc::new(Log(Mutex::new(None)));
    let settings = Settings { log: Some(Arc::clone(&log) as _), ..Settings::default() };
    let authority = authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, settings);
    assert!(authority.stamp(&request()).is_ok());
    *log.0.lock().unwrap() = Some(at(9));
    let refused = authority.stamp(&request()).unwrap_err();
    assert!(matches!(refused, Refusal::Clock(Untrusted::BehindLog { .. })));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(9)));
    hands.pass(Duration::from_secs(8));
    assert!(authority.stamp(&request()).is_ok());
}

#[test]
fn no_process_stamps_before_what_another_one_stamped() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let start = || authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, Settings::default());
    let first = start();
    assert!(first.must_store());
    first.stamp(&request()).unwrap();
    assert!(!first.must_store() && !first.signer_may_wait());
    drop(first);
    // Killed: it may have stamped what it had stored.
    let second = start();
    assert!(matches!(second.stamp(&request()), Err(Refusal::Clock(Untrusted::BehindLastStamp { .. }))));
    hands.pass(Duration::from_secs(2));
    second.stamp(&request()).unwrap();
    hands.pass(Duration::from_millis(1_500));
    second.stamp(&request()).unwrap();
    // Stopped in good order.
    second.stop().unwrap();
    let third = start();
    third.stamp(&request()).unwrap();
    hands.set(SignedDuration::from_secs(-3));
    assert!(matches!(start().stamp(&request()), Err(Refusal::Clock(Untrusted::BehindLastStamp { .. }))));
}

#[test]
fn what_cannot_be_stored_is_not_stamped() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let authority = authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, Settings::default());
    std::fs::remove_dir_all(scratch.path()).unwrap();
    let refused = authority.stamp(&request()).unwrap_err();
    assert!(matches!(refused, Refusal::Store(_)));
    assert_eq!(refused.status(), 503);
    std::fs::create_dir(scratch.path()).unwrap();
    assert!(authority.stamp(&request()).is_ok());
}

#[test]
fn a_certificate_that_has_expired_signs_nothing_until_it_is_renewed() {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let authority = authority(credentials(KeyKind::EcdsaP256), &scratch, &hands, None, Settings::default());
    hands.pass(Duration::from_secs(1800));
    assert!(authority.stamp(&request()).is_ok(), "the last instant is inclusive");
    hands.pass(Duration::from_secs(1));
    let refused = authority.stamp(&request()).unwrap_err();
    let (first, last) = (at(-1800), at(1800));
    assert!(matches!(refused, Refusal::Certificate { from, until } if (from, until) == (first, last)));
    assert_eq!((refused.status(), refused.failure_info().name()), (503, "systemFailure"));
    assert!(authority.ready().is_err());

    let (root_key, leaf_key) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP384));
    let valid = |common_name| sealwax_tsa::Subject {
        organization: "sealwax.test",
        common_name,
        not_before: at(0),
        not_after: at(7200),
    };
    let root = sealwax_tsa::issue_root(&*root_key, valid("root 2")).unwrap();
    let leaf = sealwax_tsa::issue_leaf(&*root_key, &root, leaf_key.public_key(), valid("tsa 2")).unwrap();
    authority.renew(Credentials::new(leaf_key, vec![leaf, root], Embedded::Leaf).unwrap());
    let trusted = Authority::from_chain(authority.credentials().chain()).unwrap();
    let token = token(&authority.stamp(&request()).unwrap());
    assert!(token.verify(&trusted, MESSAGE, &SignatureMemo::default()).is_ok());
    assert!(authority.ready().is_ok());
}

#[test]
fn keys_and_chains_that_do_not_fit() {
    let (root_key, leaf_key) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
    let good = chain(&root_key, &leaf_key);
    let new = |key: &Arc<sealwax_crypto::SigningKey>, chain: &[_]| {
        Credentials::new(Arc::clone(key) as Arc<dyn Signer>, chain.to_vec(), Embedded::Leaf).map(drop)
    };
    assert_eq!(new(&leaf_key, &good), Ok(()));
    assert_eq!(new(&root_key, &good), Err(CredentialsError::OtherKey));
    assert_eq!(
        new(&leaf_key, &good[..1]),
        Err(CredentialsError::Chain(sealwax_pki::AuthorityError::NotACa { position: 0 }))
    );
    assert_eq!(new(&root_key, &good[1..]), Err(CredentialsError::NoLeaf));
    let other = chain(&key(KeyKind::EcdsaP256), &leaf_key);
    let mixed = [good[0].clone(), other[1].clone()];
    assert!(matches!(new(&leaf_key, &mixed), Err(CredentialsError::Path(_))));
    let ed25519 = key(KeyKind::Ed25519);
    let unsupported = new(&ed25519, &chain(&root_key, &ed25519));
    let kind = sealwax_pki::TimestampWriterError::KeyKind(KeyKind::Ed25519);
    assert_eq!(unsupported, Err(CredentialsError::Writer(kind)));
}
