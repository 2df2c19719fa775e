//! Certificates one by one: what a leaf must be, what is malformed, algorithms, Fulcio's issuer.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "common/issue.rs"]
mod issue;

use issue::{
    Template, alternative_names, assemble, basic_constraints, der, ecdsa_sha256, extended_key_usage,
    extension, key, key_usage, name_constraints, oid, sequence, sign, uri_name,
};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, VerifyError};
use sealwax_pki::{
    Certificate, CertificateError, DerCause, EndEntity, EndEntityError, ObjectIdentifier, SignatureError,
    oids,
};

const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4");

fn root() -> Template {
    Template::ca("Root", "Root")
}

fn leaf() -> Template {
    Template::code_signing("Root")
}

#[test]
fn leaves_that_are_none() {
    let signer = key();
    let check = |template: Template, expected: Result<(), EndEntityError>| {
        let certificate = template.issue(&signer, &signer);
        assert_eq!(EndEntity::code_signing(&certificate).map(|_| ()), expected);
    };
    let email = |text: &str| der(0x81, text.as_bytes());
    let names = |names: &[u8]| leaf().replacing(oids::SUBJECT_ALTERNATIVE_NAME, alternative_names(names));
    check(leaf(), Ok(()));
    check(leaf().with(basic_constraints(false, None)), Ok(()));
    check(leaf().with(basic_constraints(true, None)), Err(EndEntityError::IsCa));
    check(
        leaf().with(extension(UNKNOWN, true, &[5, 0])),
        Err(EndEntityError::UnknownCriticalExtension(UNKNOWN)),
    );
    check(leaf().with(extension(UNKNOWN, false, &[5, 0])), Ok(()));
    check(
        leaf().with(extension(oids::PRECERTIFICATE_POISON, true, &[5, 0])),
        Err(EndEntityError::UnknownCriticalExtension(oids::PRECERTIFICATE_POISON)),
    );
    check(
        leaf().with(name_constraints(&email("example.com"), &[])),
        Err(EndEntityError::UnknownCriticalExtension(oids::NAME_CONSTRAINTS)),
    );
    check(leaf().without(oids::KEY_USAGE), Err(EndEntityError::NoKeyUsage));
    check(leaf().replacing(oids::KEY_USAGE, key_usage(0x06, 1)), Err(EndEntityError::NoDigitalSignature));
    check(leaf().without(oids::EXTENDED_KEY_USAGE), Err(EndEntityError::NoExtendedKeyUsage));
    check(
        leaf()
            .replacing(oids::EXTENDED_KEY_USAGE, extended_key_usage(false, &[oids::ANY_EXTENDED_KEY_USAGE])),
        Err(EndEntityError::WrongExtendedKeyUsage {
            expected: oids::CODE_SIGNING,
            found: vec![oids::ANY_EXTENDED_KEY_USAGE],
        }),
    );
    check(
        leaf().without(oids::SUBJECT_ALTERNATIVE_NAME),
        Err(EndEntityError::SubjectAlternativeNameCount(0)),
    );
    check(
        names(&[email("a@b.c"), email("d@e.f")].concat()),
        Err(EndEntityError::SubjectAlternativeNameCount(2)),
    );
    check(
        names(&der(0x87, &[127, 0, 0, 1])),
        Err(EndEntityError::UnsupportedSubjectAlternativeName("iPAddress")),
    );
    check(
        names(&der(0xa0, &[oid("1.2.3"), der(0xa0, &der(0x0c, b"x"))].concat())),
        Err(EndEntityError::UnsupportedSubjectAlternativeName("otherName")),
    );
    let username =
        der(0xa0, &[oid("1.3.6.1.4.1.57264.1.7"), der(0xa0, &der(0x0c, b"me!example.com"))].concat());
    let certificate = names(&username).issue(&signer, &signer);
    let name = EndEntity::code_signing(&certificate).unwrap().name().unwrap();
    assert_eq!(name.identity(), Some("me!example.com"));
}

#[test]
fn certificates_that_are_malformed() {
    let signer = key();
    let check = |template: Template, expected: CertificateError| {
        assert_eq!(template.try_issue(&signer, &signer).map(|_| ()), Err(expected));
    };
    check(
        leaf().with(uri_name("https://evil.example")),
        CertificateError::DuplicateExtension(oids::SUBJECT_ALTERNATIVE_NAME),
    );
    check(
        leaf().with(extension(UNKNOWN, false, &[])).with(extension(UNKNOWN, false, &[])),
        CertificateError::DuplicateExtension(UNKNOWN),
    );
    let many = (0..62).fold(leaf(), |template, number: u8| {
        let oid = ObjectIdentifier::new_unwrap(&format!("1.2.3.{number}"));
        template.with(extension(oid, false, &[]))
    });
    check(many, CertificateError::TooManyExtensions { limit: 64 });

    let tbs = leaf().tbs(signer.public_key().spki_der(), &ecdsa_sha256());
    let signature = sign(&signer, &tbs);
    let other = sequence(&[&oid("1.2.840.10045.4.3.3")]);
    assert_eq!(
        Certificate::from_der(&assemble(&tbs, &other, &signature)),
        Err(CertificateError::AlgorithmMismatch)
    );
    assert_eq!(Certificate::from_der(&vec![0x30; 65_537]), Err(CertificateError::TooLarge { size: 65_537 }));
}

#[test]
fn algorithms_of_certificates() {
    let key = |kind| SigningKey::generate(kind).unwrap();
    let check =
        |signer: &SigningKey, scheme: Scheme, algorithm: &[u8], expected: Result<(), SignatureError>| {
            let tbs = root().tbs(signer.public_key().spki_der(), algorithm);
            let signature = signer.sign(scheme, Message::Bytes(&tbs)).unwrap();
            let certificate = Certificate::from_der(&assemble(&tbs, algorithm, &signature)).unwrap();
            assert_eq!(certificate.check_signature_by(signer.public_key()), expected, "{scheme:?}");
        };
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    let null: &[u8] = &[5, 0];
    let bare = |algorithm: &str| sequence(&[&oid(algorithm)]);
    let p384 = key(KeyKind::EcdsaP384);
    check(&p384, Scheme::Ecdsa(Sha256), &bare("1.2.840.10045.4.3.2"), Ok(()));
    check(&p384, Scheme::Ecdsa(Sha384), &bare("1.2.840.10045.4.3.3"), Ok(()));
    check(
        &p384,
        Scheme::Ecdsa(Sha256),
        &bare("1.2.840.10045.4.3.3"),
        Err(SignatureError::Verify(VerifyError::BadSignature)),
    );
    let unsupported =
        |oid: &str| Err(SignatureError::UnsupportedAlgorithm(ObjectIdentifier::new_unwrap(oid)));
    let with_parameters = |parameters: &[u8]| sequence(&[&oid("1.2.840.10045.4.3.2"), parameters]);
    check(&p384, Scheme::Ecdsa(Sha256), &with_parameters(null), Ok(()));
    for other in [der(0x05, &[0]), der(0x04, &[]), sequence(&[])] {
        check(&p384, Scheme::Ecdsa(Sha256), &with_parameters(&other), unsupported("1.2.840.10045.4.3.2"));
    }
    check(
        &key(KeyKind::Ed25519),
        Scheme::Ed25519,
        &sequence(&[&oid("1.3.101.112"), null]),
        unsupported("1.3.101.112"),
    );
    check(&p384, Scheme::Ecdsa(Sha256), &bare("1.2.840.10045.4.1"), unsupported("1.2.840.10045.4.1"));
    check(&key(KeyKind::EcdsaP521), Scheme::Ecdsa(Sha512), &bare("1.2.840.10045.4.3.4"), Ok(()));
    check(&key(KeyKind::Ed25519), Scheme::Ed25519, &bare("1.3.101.112"), Ok(()));
    let ml_dsa = key(KeyKind::MlDsa65);
    check(&ml_dsa, Scheme::MlDsa, &bare("2.16.840.1.101.3.4.3.18"), Ok(()));
    check(
        &ml_dsa,
        Scheme::MlDsa,
        &bare("2.16.840.1.101.3.4.3.17"),
        Err(SignatureError::KeyMismatch { expected: KeyKind::MlDsa44, found: KeyKind::MlDsa65 }),
    );

    let rsa = key(KeyKind::Rsa { bits: 3072 });
    let sha256_rsa = oid("1.2.840.113549.1.1.11");
    check(&rsa, Scheme::RsaPkcs1(Sha256), &sequence(&[&sha256_rsa, null]), Ok(()));
    check(&rsa, Scheme::RsaPkcs1(Sha256), &sequence(&[&sha256_rsa]), Ok(()));
    let pss = |hash: &str, mask_hash: &str, salt_length: u8| {
        let explicit = |number: u8, content: &[u8]| der(0xa0 | number, content);
        let hash = sequence(&[&oid(hash), null]);
        let mask = sequence(&[&oid("1.2.840.113549.1.1.8"), &sequence(&[&oid(mask_hash), null])]);
        let parameters =
            sequence(&[&explicit(0, &hash), &explicit(1, &mask), &explicit(2, &der(0x02, &[salt_length]))]);
        sequence(&[&oid("1.2.840.113549.1.1.10"), &parameters])
    };
    let (sha256, sha512) = ("2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3");
    check(&rsa, Scheme::RsaPss(Sha256), &pss(sha256, sha256, 32), Ok(()));
    for parameters in [pss(sha256, sha512, 32), pss(sha256, sha256, 20)] {
        check(&rsa, Scheme::RsaPss(Sha256), &parameters, unsupported("1.2.840.113549.1.1.10"));
    }
    check(&rsa, Scheme::RsaPss(Sha256), &bare("1.2.840.113549.1.1.10"), unsupported("1.2.840.113549.1.1.10"));
}

#[test]
fn serial_numbers_are_not_negative() {
    let signer = key();
    let issue = |serial| {
        Template { serial, ..root() }.try_issue(&signer, &signer).map_err(|error| match error {
            CertificateError::Der(error) => error.cause,
            other => panic!("{other}"),
        })
    };
    assert!(issue(0).is_ok() && issue(0x7f).is_ok());
    assert_eq!(issue(0x80), Err(DerCause::IntegerOutOfRange));
}

#[test]
fn issuers_in_fulcio_extensions() {
    let signer = key();
    let fulcio = |number: u8| ObjectIdentifier::new_unwrap(&format!("1.3.6.1.4.1.57264.1.{number}"));
    let v1 = |text: &str| extension(fulcio(1), false, text.as_bytes());
    let v2 = |text: &str| extension(fulcio(8), false, &der(0x0c, text.as_bytes()));
    let check = |template: Template, expected: Option<&str>| {
        let certificate = template.issue(&signer, &signer);
        let found = certificate.fulcio().ok().map(|extensions| extensions.issuer().unwrap_or("none"));
        assert_eq!(found, expected);
    };
    check(leaf(), Some("none"));
    check(leaf().with(v1("https://a")), Some("https://a"));
    check(leaf().with(v2("https://a")), Some("https://a"));
    check(leaf().with(v1("https://a")).with(v2("https://a")), Some("https://a"));
    check(leaf().with(v1("https://a")).with(v2("https://b")), None);
    check(leaf().with(extension(fulcio(8), false, b"https://a")), None);
    check(leaf().with(extension(fulcio(8), false, &der(0x13, b"https://a"))), None);
    check(leaf().with(extension(fulcio(1), false, b"\xff")), None);
    check(leaf().with(v1("")), None);
    check(leaf().with(v2("")), None);
}
