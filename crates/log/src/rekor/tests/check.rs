use super::super::validate::{ACCEPTED, InvalidEntry, ValidEntry};
use super::*;
use sealwax_crypto::{HashAlgorithm, KeyError, Scheme};
use sealwax_formats::{EntryBody, KeyDetailsField, Verifier as BodyVerifier};

const DIGEST: &str = "hashedRekordRequestV002.digest";
const CONTENT: &str = "hashedRekordRequestV002.signature.content";
const VERIFIER: &str = "hashedRekordRequestV002.signature.verifier";
const KEY_DETAILS: &str = "hashedRekordRequestV002.signature.verifier.keyDetails";
const PUBLIC_KEY: &str = "hashedRekordRequestV002.signature.verifier.publicKey.rawBytes";
const CERTIFICATE: &str = "hashedRekordRequestV002.signature.verifier.x509Certificate.rawBytes";

/// A good request, changed.
#[track_caller]
fn hashed_rekord(change: impl FnOnce(&mut HashedRekordRequest), expected: InvalidEntry) {
    let mut request = Signs::p256().hashed_rekord();
    let Some(RequestSpec::HashedRekord(inner)) = &mut request.spec else { panic!() };
    change(inner);
    assert_eq!(ValidEntry::check(&request), Err(expected));
}

#[track_caller]
fn verifier(change: impl FnOnce(&mut Verifier), expected: InvalidEntry) {
    hashed_rekord(|request| change(request.signature.as_mut().unwrap().verifier.as_mut().unwrap()), expected);
}

#[track_caller]
fn dsse(change: impl FnOnce(&mut DsseRequest), expected: InvalidEntry) {
    let mut request = Signs::p256().dsse();
    let Some(RequestSpec::Dsse(inner)) = &mut request.spec else { panic!() };
    change(inner);
    assert_eq!(ValidEntry::check(&request), Err(expected));
}

/// Every algorithm that is taken and that signs here, in both kinds of request.
#[test]
fn good() {
    for (kind, details) in [
        (KeyKind::EcdsaP256, KeyDetails::PkixEcdsaP256Sha256),
        (KeyKind::EcdsaP384, KeyDetails::PkixEcdsaP384Sha384),
        (KeyKind::EcdsaP521, KeyDetails::PkixEcdsaP521Sha512),
        (KeyKind::Ed25519, KeyDetails::PkixEd25519ph),
        (KeyKind::Rsa { bits: 3072 }, KeyDetails::PkixRsaPkcs1v15_3072Sha256),
        (KeyKind::Rsa { bits: 4096 }, KeyDetails::PkixRsaPkcs1v15_4096Sha256),
    ] {
        assert!(ACCEPTED.contains(&details));
        let signs = Signs::with(kind, details);
        let hash = details.scheme().unwrap().prehash().unwrap();
        for (request, data) in [
            (signs.hashed_rekord(), signs.artifact_digest()),
            (signs.dsse(), pae_digest(PAYLOAD_TYPE, PAYLOAD, hash)),
        ] {
            let entry = ValidEntry::check(&request).unwrap();
            let EntryBody::HashedRekordV002 { data: found, signature, verifier, key_details } =
                EntryBody::parse(entry.body()).unwrap()
            else {
                panic!("{details:?}")
            };
            assert_eq!((found, key_details), (data, KeyDetailsField::Known(details)));
            assert_eq!(verifier, BodyVerifier::PublicKey(signs.key.public_key().clone()));
            let scheme = details.scheme().unwrap();
            let good = signs.key.public_key().verify(scheme, Message::Digest(&data), &signature);
            assert_eq!(good, Ok(()));
            assert_eq!(entry.submission().identity, sealwax_tlog::leaf_hash(entry.body()));
        }
    }
}

#[test]
fn missing() {
    let missing = |field| InvalidEntry::Missing { field };
    assert_eq!(ValidEntry::check(&CreateEntryRequest::default()), Err(InvalidEntry::NoSpec));
    hashed_rekord(|request| request.digest = Default::default(), missing(DIGEST));
    hashed_rekord(|request| request.signature = None, missing(CONTENT));
    hashed_rekord(|request| request.signature.as_mut().unwrap().content.clear(), missing(CONTENT));
    hashed_rekord(|request| request.signature.as_mut().unwrap().verifier = None, missing(VERIFIER));
    verifier(|verifier| verifier.key = None, missing(VERIFIER));
    let empty = RawBytes::default;
    verifier(|verifier| verifier.key = Some(VerifierKey::PublicKey(empty())), missing(PUBLIC_KEY));
    verifier(|verifier| verifier.key = Some(VerifierKey::Certificate(empty())), missing(CERTIFICATE));

    dsse(|request| request.envelope = None, missing("dsseRequestV002.envelope"));
    let signature = "dsseRequestV002.envelope.signatures[0].sig";
    dsse(|request| request.envelope.as_mut().unwrap().signatures[0].sig.clear(), missing(signature));
    let payload_type = "dsseRequestV002.envelope.payloadType";
    dsse(|request| request.envelope.as_mut().unwrap().payload_type.clear(), missing(payload_type));
}

#[test]
fn one_signature_and_one_verifier() {
    let not_one = |field, found| InvalidEntry::NotOne { field, found };
    let signatures = "dsseRequestV002.envelope.signatures";
    dsse(|request| request.envelope.as_mut().unwrap().signatures.clear(), not_one(signatures, 0));
    dsse(
        |request| {
            let list = &mut request.envelope.as_mut().unwrap().signatures;
            list.push(list[0].clone());
        },
        not_one(signatures, 2),
    );
    dsse(|request| request.verifiers.clear(), not_one("dsseRequestV002.verifiers", 0));
    dsse(|request| request.verifiers.push(Signs::p256().verifier()), not_one("dsseRequestV002.verifiers", 2));
}

/// Each entry of the registry that is not taken is refused by name, whatever the key.
#[test]
fn algorithms() {
    let refused = KeyDetails::ALL.iter().filter(|details| !ACCEPTED.contains(details));
    let numbers = refused.map(|details| details.number()).chain([24, 4711, -1, i32::MIN]);
    for found in numbers {
        let expected = InvalidEntry::Algorithm { field: KEY_DETAILS, found };
        verifier(|verifier| verifier.key_details = found, expected);
    }
    let text = |found| InvalidEntry::Algorithm { field: KEY_DETAILS, found }.to_string();
    let list = "PKIX_ECDSA_P256_SHA_256, PKIX_ECDSA_P384_SHA_384, PKIX_ECDSA_P521_SHA_512, PKIX_ED25519_PH, \
                PKIX_RSA_PKCS1V15_2048_SHA256, PKIX_RSA_PKCS1V15_3072_SHA256, PKIX_RSA_PKCS1V15_4096_SHA256";
    assert_eq!(text(4711), format!("{KEY_DETAILS}: expected one of {list}; found 4711"));
    assert!(text(7).ends_with(
        "found PKIX_ED25519, which signs the whole message; sign with PKIX_ED25519_PH, since the log has the digest only"
    ));
}

/// A key must be of the algorithm that stands beside it; the deployed server only asks for the same hash.
#[test]
fn key_and_algorithm() {
    let mismatch =
        |expected: KeyDetails, found| InvalidEntry::KeyMismatch { field: PUBLIC_KEY, expected, found };
    for expected in ACCEPTED.into_iter().filter(|details| *details != KeyDetails::PkixEcdsaP256Sha256) {
        let wrong = |verifier: &mut Verifier| verifier.key_details = expected.number();
        verifier(wrong, mismatch(expected, KeyKind::EcdsaP256));
    }
}

#[test]
fn keys() {
    let key = |der: Vec<u8>| {
        move |verifier: &mut Verifier| {
            verifier.key = Some(VerifierKey::PublicKey(RawBytes { raw_bytes: der.into() }));
        }
    };
    let refused = |source| InvalidEntry::Key { field: PUBLIC_KEY, source };
    verifier(key(b"not DER".to_vec()), refused(KeyError::Malformed));
    let mut trailing = Signs::p256().key.public_key().spki_der().to_vec();
    trailing.push(0);
    verifier(key(trailing), refused(KeyError::Malformed));
    let pem = Signs::p256().key.public_key().to_pem();
    verifier(key(pem.into_bytes()), refused(KeyError::Malformed));
}

#[test]
fn certificates() {
    let certificate = |der: &[u8]| {
        let raw_bytes = der.to_vec().into();
        let mut request = Signs::p256().hashed_rekord();
        let Some(RequestSpec::HashedRekord(inner)) = &mut request.spec else { panic!() };
        inner.signature.as_mut().unwrap().verifier.as_mut().unwrap().key =
            Some(VerifierKey::Certificate(RawBytes { raw_bytes }));
        ValidEntry::check(&request)
    };
    let refused = certificate(Signs::p256().key.public_key().spki_der());
    assert!(
        matches!(refused, Err(InvalidEntry::Certificate { field: CERTIFICATE, .. })),
        "a key is no certificate: {refused:?}"
    );
}

#[test]
fn digests() {
    for found in [1, 31, 33, 48, 64] {
        let algorithm = HashAlgorithm::Sha256;
        let expected = InvalidEntry::DigestLength { field: DIGEST, algorithm, found };
        hashed_rekord(|request| request.digest = vec![7; found].into(), expected);
    }
}

#[test]
fn signatures() {
    let bad = InvalidEntry::Signature { field: CONTENT, over: "the digest" };
    hashed_rekord(|request| request.digest = vec![7; 32].into(), bad.clone());
    let other = Signs::p256();
    verifier(|verifier| *verifier = other.verifier(), bad.clone());
    hashed_rekord(
        |request| {
            let signature = request.signature.as_mut().unwrap();
            signature.content = [&signature.content[..], &[0]].concat().into();
        },
        bad,
    );
    let bad = InvalidEntry::Signature {
        field: "dsseRequestV002.envelope.signatures[0].sig",
        over: "the PAE of the envelope",
    };
    dsse(|request| request.envelope.as_mut().unwrap().payload = b"other".as_slice().into(), bad.clone());
    dsse(|request| request.envelope.as_mut().unwrap().payload_type.push('x'), bad.clone());
    // A signature over the payload alone.
    let signs = Signs::p256();
    let sig = signs.key.sign(Scheme::Ecdsa(HashAlgorithm::Sha256), Message::Bytes(PAYLOAD)).unwrap();
    dsse(
        |request| {
            request.verifiers = vec![signs.verifier()];
            request.envelope.as_mut().unwrap().signatures[0].sig = sig.into();
        },
        bad,
    );
}

/// The keyid of an envelope is a hint, and not in the log.
#[test]
fn hints_do_not_count() {
    let mut request = Signs::p256().dsse();
    let body = ValidEntry::check(&request).unwrap();
    let Some(RequestSpec::Dsse(inner)) = &mut request.spec else { panic!() };
    inner.envelope.as_mut().unwrap().signatures[0].keyid = "another".to_owned();
    assert_eq!(ValidEntry::check(&request), Ok(body));
}

/// A leaf must fit the 16-bit length of an entry bundle; only a certificate can be so large.
#[test]
fn too_large() {
    let error = InvalidEntry::TooLarge { found: 65_536 };
    assert_eq!(error.to_string(), "expected an entry of at most 65535 bytes, found 65536");
}
