//! Paths that real material does not have, one change at a time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "common/issue.rs"]
mod issue;

use issue::{
    Template, basic_constraints, der, extended_key_usage, extension, key, key_usage, name_constraints, oid,
};
use sealwax_crypto::{SigningKey, VerifyError};
use sealwax_pki::{
    Authority, AuthorityError, Certificate, EndEntity, NameConstraintError, ObjectIdentifier, Path,
    PathError, Search, SignatureError, SignatureMemo, oids,
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
