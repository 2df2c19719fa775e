//! Paths and leaves that real material does not have, one change at a time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "common/issue.rs"]
mod issue;

use issue::{
    Template, alternative_names, assemble, basic_constraints, der, ecdsa_sha256, extended_key_usage,
    extension, key, key_usage, name_constraints, oid, sequence, sign, uri_name,
};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, VerifyError};
use sealwax_pki::{
    Authority, AuthorityError, Certificate, CertificateError, EndEntity, EndEntityError, NameConstraintError,
    ObjectIdentifier, Path, PathError, Search, SignatureError, SignatureMemo, oids,
};

const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4");

fn paths_with(
    chain: &[Certificate],
    leaf: &Certificate,
    further: &[Certificate],
) -> Result<Vec<Path>, PathError> {
    let authority = Authority::from_chain(chain).unwrap();
    let leaf = EndEntity::code_signing(leaf).unwrap();
    let memo = SignatureMemo::default();
    authority.paths(&leaf, Search { memo: &memo, further_intermediates: further })
}

fn paths(chain: &[Certificate], leaf: &Certificate) -> Result<Vec<Path>, PathError> {
    paths_with(chain, leaf, &[])
}

/// Leaf, intermediate and root, the CAs as the test wants them.
fn three(intermediate: &Template, root: &Template, leaf: &Template) -> Result<Vec<Path>, PathError> {
    let (root_key, intermediate_key, leaf_key) = (key(), key(), key());
    let root = root.issue(&root_key, &root_key);
    let intermediate = intermediate.issue(&intermediate_key, &root_key);
    paths(&[intermediate, root], &leaf.issue(&leaf_key, &intermediate_key))
}

fn intermediate() -> Template {
    Template::ca("Intermediate", "Root")
}

fn root() -> Template {
    Template::ca("Root", "Root")
}

fn leaf() -> Template {
    Template::code_signing("Intermediate")
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn a_plain_path() {
    let found = three(&intermediate(), &root(), &leaf()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].certificates().len(), 3);
    assert_eq!(found[0].issuer(), &found[0].certificates()[1]);
}

#[test]
fn issuers_that_may_not_issue() {
    let check = |intermediate: Template, root: Template, expected: PathError| {
        assert_eq!(three(&intermediate, &root, &leaf()), Err(expected));
    };
    let intermediate_name = || text("CN=Intermediate");
    check(
        intermediate().replacing(oids::KEY_USAGE, key_usage(0x80, 7)),
        root(),
        PathError::NoCertificateSigning { issuer: intermediate_name() },
    );
    check(
        intermediate().with(extended_key_usage(false, &[oids::TIME_STAMPING])),
        root(),
        PathError::ExtendedKeyUsage { issuer: intermediate_name(), purpose: oids::CODE_SIGNING },
    );
    check(
        intermediate(),
        root().with(extended_key_usage(false, &[oids::TIME_STAMPING])),
        PathError::ExtendedKeyUsage { issuer: text("CN=Root"), purpose: oids::CODE_SIGNING },
    );
    check(
        intermediate(),
        root().replacing(oids::BASIC_CONSTRAINTS, basic_constraints(true, Some(0))),
        PathError::PathLength { issuer: text("CN=Root"), allowed: 0, found: 1 },
    );
    check(
        intermediate().with(extension(UNKNOWN, true, &[5, 0])),
        root(),
        PathError::UnknownCriticalExtension { issuer: intermediate_name(), extension: UNKNOWN },
    );
    check(
        intermediate(),
        root().with(extension(UNKNOWN, true, &[5, 0])),
        PathError::UnknownCriticalExtension { issuer: text("CN=Root"), extension: UNKNOWN },
    );
    check(
        Template::ca("Intermediate", "Nobody"),
        root(),
        PathError::UnknownIssuer { issuer: text("CN=Nobody") },
    );
    // What is allowed: no key usage at all, the right purpose, any purpose, unknown extensions that are not critical.
    for fine in [
        intermediate().without(oids::KEY_USAGE),
        intermediate().with(extended_key_usage(true, &[oids::TIME_STAMPING, oids::CODE_SIGNING])),
        intermediate().with(extended_key_usage(false, &[oids::ANY_EXTENDED_KEY_USAGE])),
        intermediate().with(extension(UNKNOWN, false, &[5, 0])),
        intermediate().replacing(oids::BASIC_CONSTRAINTS, basic_constraints(true, Some(0))),
    ] {
        assert_eq!(three(&fine, &root(), &leaf()).map(|found| found.len()), Ok(1));
    }
}

#[test]
fn a_leaf_issues_nothing() {
    let (root_key, leaf_key, victim_key) = (key(), key(), key());
    let root = root().issue(&root_key, &root_key);
    let mut template = Template::code_signing("Root");
    template.subject = text("Leaf");
    let leaf = template.issue(&leaf_key, &root_key);
    let forged = Template::code_signing("Leaf").issue(&victim_key, &leaf_key);
    assert_eq!(
        paths_with(std::slice::from_ref(&root), &forged, std::slice::from_ref(&leaf)),
        Err(PathError::NotACa { issuer: text("CN=Leaf") })
    );
    // In a trust root it has no place either, except as the first of a chain, where it is the authority's own leaf.
    assert_eq!(
        Authority::from_chain(&[root.clone(), leaf.clone(), root.clone()]),
        Err(AuthorityError::NotACa { position: 1 })
    );
    assert_eq!(
        Authority::from_chain(&[root.clone(), leaf.clone()]),
        Err(AuthorityError::NotACa { position: 1 })
    );
    assert_eq!(
        Authority::from_chain(std::slice::from_ref(&leaf)),
        Err(AuthorityError::NotACa { position: 0 })
    );
    assert_eq!(Authority::from_chain(&[]), Err(AuthorityError::Empty));
    assert_eq!(Authority::from_chain(&vec![root.clone(); 17]), Err(AuthorityError::TooMany { count: 17 }));
    assert_eq!(paths(&[leaf, root], &forged), Err(PathError::UnknownIssuer { issuer: text("CN=Leaf") }));
}

#[test]
fn the_same_name_with_other_keys() {
    let (root_key, right_key, wrong_key, leaf_key) = (key(), key(), key(), key());
    let root = root().issue(&root_key, &root_key);
    let right = intermediate().issue(&right_key, &root_key);
    let wrong = intermediate().issue(&wrong_key, &root_key);
    let leaf = leaf().issue(&leaf_key, &right_key);
    let found = paths(&[wrong.clone(), right.clone(), root.clone()], &leaf).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].issuer(), &right);
    assert_eq!(
        paths(&[wrong, root], &leaf),
        Err(PathError::Signature {
            subject: text("https://example.com/a"),
            issuer: text("CN=Intermediate"),
            source: SignatureError::Verify(VerifyError::BadSignature)
        })
    );
}

#[test]
fn cross_signed_intermediates_give_every_path() {
    let (root_key, bridge_key, intermediate_key, leaf_key) = (key(), key(), key(), key());
    let root = root().issue(&root_key, &root_key);
    let bridge = Template::ca("Bridge", "Root").issue(&bridge_key, &root_key);
    let direct =
        intermediate().valid("20200101000000Z", "20210101000000Z").issue(&intermediate_key, &root_key);
    let crossed = Template::ca("Intermediate", "Bridge").issue(&intermediate_key, &bridge_key);
    let leaf = leaf().issue(&leaf_key, &intermediate_key);
    let found = paths(&[direct, crossed, bridge, root], &leaf).unwrap();
    let lengths: Vec<usize> = found.iter().map(|path| path.certificates().len()).collect();
    assert_eq!(lengths, [3, 4]);
    // The short one has run out, the long one has not: the caller needs both.
    let at = "2025-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(found[0].check_at(at).unwrap_err().position, 1);
    assert_eq!(found[1].check_at(at), Ok(()));
}

#[test]
fn an_expired_anchor_is_expired() {
    let expired = root().valid("20200101000000Z", "20210101000000Z");
    let found = three(&intermediate(), &expired, &leaf()).unwrap();
    let check =
        |at: &str| found[0].check_at(at.parse().unwrap()).map_err(|error| (error.position, error.subject));
    assert_eq!(check("2021-01-01T00:00:00Z"), Ok(()));
    assert_eq!(check("2021-01-01T00:00:00.000000001Z"), Err((2, text("CN=Root"))));
    assert_eq!(check("2019-12-31T23:59:59Z"), Err((0, text("https://example.com/a"))));
}

#[test]
fn path_length_does_not_count_self_issued_certificates() {
    let (old_key, new_key, intermediate_key, leaf_key) = (key(), key(), key(), key());
    let limited = root().replacing(oids::BASIC_CONSTRAINTS, basic_constraints(true, Some(1)));
    let old_root = limited.issue(&old_key, &old_key);
    // The root's new key under its old one: self-issued, not self-signed.
    let rollover = root().issue(&new_key, &old_key);
    let intermediate = intermediate().issue(&intermediate_key, &new_key);
    let leaf = leaf().issue(&leaf_key, &intermediate_key);
    let found = paths(&[intermediate, rollover, old_root], &leaf).unwrap();
    assert_eq!(found[0].certificates().len(), 4);
}

#[test]
fn circles_and_crowds_end() {
    // Two CAs that issue each other, and no anchor.
    let (root_key, a_key, b_key, leaf_key) = (key(), key(), key(), key());
    let root = root().issue(&root_key, &root_key);
    let a = Template::ca("A", "B").issue(&a_key, &b_key);
    let b = Template::ca("B", "A").issue(&b_key, &a_key);
    let leaf = Template::code_signing("A").issue(&leaf_key, &a_key);
    assert_eq!(paths(&[a, b, root.clone()], &leaf), Err(PathError::UnknownIssuer { issuer: text("CN=A") }));

    // Fifteen CAs of one name, each of which could have issued each other.
    let keys: Vec<SigningKey> = (0..15).map(|_| key()).collect();
    let mut crowd: Vec<Certificate> =
        keys.iter().map(|key| Template::ca("Crowd", "Crowd").issue(key, &keys[0])).collect();
    crowd.push(root.clone());
    let leaf = Template::code_signing("Crowd").issue(&leaf_key, &keys[0]);
    assert!(matches!(paths(&crowd, &leaf), Err(PathError::Signature { .. } | PathError::BudgetSpent)));

    // A chain longer than any honest one.
    let keys: Vec<SigningKey> = (0..10).map(|_| key()).collect();
    let mut chain: Vec<Certificate> = (1..10)
        .map(|level| {
            Template::ca(&format!("L{level}"), &format!("L{}", level - 1))
                .issue(&keys[level], &keys[level - 1])
        })
        .collect();
    chain.reverse();
    chain.push(Template::ca("L0", "L0").issue(&keys[0], &keys[0]));
    let leaf_of = |level: usize| Template::code_signing(&format!("L{level}")).issue(&leaf_key, &keys[level]);
    assert_eq!(paths(&chain, &leaf_of(6)).unwrap()[0].certificates().len(), 8);
    assert_eq!(paths(&chain, &leaf_of(7)), Err(PathError::TooLong));
}

#[test]
fn every_signature_check_counts() {
    // Three twins at each of five levels, all with one key: 3^5 chains of good signatures, and no anchor above.
    let (root_key, crowd_key, leaf_key) = (key(), key(), key());
    let mut crowd: Vec<Certificate> = Vec::new();
    for level in 0..5u8 {
        for twin in 1..=3u8 {
            let mut template = Template::ca(&format!("L{level}"), &format!("L{}", level + 1));
            template.serial = twin;
            crowd.push(template.issue(&crowd_key, &crowd_key));
        }
    }
    crowd.push(root().issue(&root_key, &root_key));
    let leaf = Template::code_signing("L0").issue(&leaf_key, &crowd_key);
    assert_eq!(paths(&crowd, &leaf), Err(PathError::BudgetSpent));
}

#[test]
fn further_intermediates_are_never_anchors() {
    let (root_key, intermediate_key, leaf_key, stranger_key) = (key(), key(), key(), key());
    let root = root().issue(&root_key, &root_key);
    let intermediate = intermediate().issue(&intermediate_key, &root_key);
    let leaf = leaf().issue(&leaf_key, &intermediate_key);
    let authority = std::slice::from_ref(&root);
    assert_eq!(paths(authority, &leaf), Err(PathError::UnknownIssuer { issuer: text("CN=Intermediate") }));
    let found = paths_with(authority, &leaf, std::slice::from_ref(&intermediate)).unwrap();
    assert_eq!(found[0].certificates().len(), 3);

    let stranger = Template::ca("Intermediate", "Intermediate").issue(&stranger_key, &stranger_key);
    let forged = self::leaf().issue(&leaf_key, &stranger_key);
    assert_eq!(
        paths_with(authority, &forged, std::slice::from_ref(&stranger)),
        Err(PathError::UnknownIssuer { issuer: text("CN=Intermediate") })
    );
    assert_eq!(
        paths_with(authority, &leaf, &vec![intermediate; 17]),
        Err(PathError::TooManyIntermediates { count: 17 })
    );
}

#[test]
fn only_links_of_the_trust_root_are_remembered() {
    let (root_key, intermediate_key, leaf_key) = (key(), key(), key());
    let root = root().issue(&root_key, &root_key);
    let intermediate = intermediate().issue(&intermediate_key, &root_key);
    let certificate = leaf().issue(&leaf_key, &intermediate_key);
    let leaf = EndEntity::code_signing(&certificate).unwrap();
    let memo = SignatureMemo::default();
    let anchor_only = Authority::from_chain(std::slice::from_ref(&root)).unwrap();
    let further = std::slice::from_ref(&intermediate);
    anchor_only.paths(&leaf, Search { memo: &memo, further_intermediates: further }).unwrap();
    assert_eq!(memo.len(), 0);
    let whole = Authority::from_chain(&[intermediate, root]).unwrap();
    for _ in 0..2 {
        whole.paths(&leaf, Search { memo: &memo, further_intermediates: &[] }).unwrap();
        assert_eq!(memo.len(), 1);
    }
    let none = SignatureMemo::with_capacity(0);
    whole.paths(&leaf, Search { memo: &none, further_intermediates: &[] }).unwrap();
    assert!(none.is_empty());
}

#[test]
fn names_under_constraints() {
    let uri = |text: &str| der(0x86, text.as_bytes());
    let check = |constraints: Vec<u8>, expected: Result<(), NameConstraintError>| {
        let found = three(&intermediate().with(constraints), &root(), &leaf()).map(|_| ());
        let expected =
            expected.map_err(|source| PathError::NameConstraints { issuer: text("CN=Intermediate"), source });
        assert_eq!(found, expected);
    };
    let a = || text("https://example.com/a");
    check(name_constraints(&uri("example.com"), &[]), Ok(()));
    check(name_constraints(&uri("example.org"), &[]), Err(NameConstraintError::NotPermitted(a())));
    check(name_constraints(&[], &uri("example.com")), Err(NameConstraintError::Excluded(a())));
    check(name_constraints(&der(0x81, b"example.org"), &[]), Ok(()));
    check(
        name_constraints(&der(0xa0, &[oid("1.2.3"), der(0xa0, &[5, 0])].concat()), &[]),
        Err(NameConstraintError::UnsupportedKind("otherName")),
    );

    // The root's constraints reach the intermediate's subject and the leaf.
    let directory = |name: &str| der(0xa4, &issue::name(name));
    let constrained = root().with(name_constraints(&directory("Other"), &[]));
    assert_eq!(
        three(&intermediate(), &constrained, &leaf()),
        Err(PathError::NameConstraints {
            issuer: text("CN=Root"),
            source: NameConstraintError::NotPermitted(text("CN=Intermediate"))
        })
    );
    let constrained = root().with(name_constraints(&[], &uri("example.com")));
    assert_eq!(
        three(&intermediate(), &constrained, &leaf()),
        Err(PathError::NameConstraints {
            issuer: text("CN=Root"),
            source: NameConstraintError::Excluded(a())
        })
    );
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
    check(
        &p384,
        Scheme::Ecdsa(Sha256),
        &sequence(&[&oid("1.2.840.10045.4.3.2"), null]),
        unsupported("1.2.840.10045.4.3.2"),
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
