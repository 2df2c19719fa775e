//! Time-stamp tokens that real authorities do not write, one change at a time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "common/issue.rs"]
mod issue;

use issue::{
    SEQUENCE, Template, TokenTemplate, basic_constraints, der, extended_key_usage, extension, imprint, key,
    key_usage, oid, sequence, signing_certificate_v2,
};
use sealwax_crypto::{HashAlgorithm, SigningKey, digest};
use sealwax_pki::{
    Accuracy, Authority, Certificate, CmsError, EndEntityError, ObjectIdentifier, PathError, SignatureError,
    SignatureMemo, TimestampError, TimestampToken, TokenError, VerifiedTimestamp, oids,
};

const MESSAGE: &[u8] = b"a signature";
const UNKNOWN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4");

/// An authority with a root and a leaf under it.
struct Tsa {
    root: Certificate,
    root_key: SigningKey,
    leaf: Certificate,
    leaf_key: SigningKey,
}

impl Tsa {
    fn new() -> Self {
        Tsa::with_leaf(&Template::time_stamping("Root"))
    }

    fn with_leaf(leaf: &Template) -> Self {
        let (root_key, leaf_key) = (key(), key());
        let root = Template { serial: 9, ..Template::ca("Root", "Root") }.issue(&root_key, &root_key);
        let leaf = leaf.issue(&leaf_key, &root_key);
        Tsa { root, root_key, leaf, leaf_key }
    }

    /// As a trust root lists it, with its leaf.
    fn authority(&self) -> Authority {
        Authority::from_chain(&[self.leaf.clone(), self.root.clone()]).unwrap()
    }

    fn respond(&self, token: &TokenTemplate) -> Vec<u8> {
        token.respond(&self.leaf, &self.leaf_key)
    }

    fn verify(&self, token: &TokenTemplate) -> Result<VerifiedTimestamp, TimestampError> {
        let token = TimestampToken::from_response_der(&self.respond(token)).unwrap();
        token.verify(&self.authority(), MESSAGE, &SignatureMemo::default())
    }

    fn read(&self, token: &TokenTemplate) -> Result<TimestampToken, TokenError> {
        TimestampToken::from_response_der(&self.respond(token))
    }
}

fn token() -> TokenTemplate {
    TokenTemplate::new(MESSAGE)
}

#[test]
fn a_plain_token() {
    let tsa = Tsa::new();
    let verified = tsa.verify(&token()).unwrap();
    assert_eq!(verified.time().to_string(), "2025-01-01T00:00:00Z");
    assert_eq!(verified.serial(), [42]);
    assert_eq!(verified.path().certificates(), [tsa.leaf.clone(), tsa.root.clone()]);
    // grantedWithMods is granted.
    tsa.verify(&TokenTemplate { status: 1, ..token() }).unwrap();
}

#[test]
fn every_field_of_the_content() {
    let tsa = Tsa::new();
    let accuracy = sequence(&[&der(0x02, &[1]), &der(0x80, &[0x03, 0xe7]), &der(0x81, &[7])]);
    let tail = [
        accuracy,
        der(0x01, &[0xff]),
        der(0x02, &[0xff, 0x01]),
        der(0xa0, &der(0xa4, &issue::name("TSA"))),
        der(0xa1, &extension(UNKNOWN, false, &[])),
    ]
    .concat();
    let template = TokenTemplate { info_tail: tail, gen_time: "20250101000000.25Z".to_owned(), ..token() };
    let token = tsa.read(&template).unwrap();
    assert_eq!(token.accuracy(), Some(Accuracy { seconds: 1, milliseconds: 999, microseconds: 7 }));
    assert!(token.ordering());
    assert_eq!(token.nonce(), Some([0xff, 0x01].as_slice()));
    assert_eq!(token.policy().to_string(), "1.3.6.1.4.1.57264.2");
    assert_eq!(token.gen_time().to_string(), "2025-01-01T00:00:00.25Z");
    assert_eq!(token.info_der(), template.info());
    tsa.verify(&template).unwrap();
}

#[test]
fn imprints() {
    let tsa = Tsa::new();
    for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        tsa.verify(&TokenTemplate { imprint: imprint(hash, MESSAGE), ..token() }).unwrap();
        let other = TokenTemplate { imprint: imprint(hash, b"another"), ..token() };
        assert!(matches!(tsa.verify(&other), Err(TimestampError::Imprint { .. })));
    }
    let sha1 = sequence(&[&sequence(&[&oid("1.3.14.3.2.26")]), &der(0x04, &[0; 20])]);
    assert_eq!(
        tsa.read(&TokenTemplate { imprint: sha1, ..token() }).map(|_| ()),
        Err(TokenError::ImprintAlgorithm(ObjectIdentifier::new_unwrap("1.3.14.3.2.26")))
    );
    let short = sequence(&[&issue::sha256_algorithm(), &der(0x04, &[0; 31])]);
    assert_eq!(
        tsa.read(&TokenTemplate { imprint: short, ..token() }).map(|_| ()),
        Err(TokenError::ImprintLength { algorithm: HashAlgorithm::Sha256, found: 31 })
    );
}

#[test]
fn responses_that_are_no_tokens() {
    let tsa = Tsa::new();
    let check = |token: TokenTemplate, expected: TokenError| {
        assert_eq!(tsa.read(&token).map(|_| ()), Err(expected));
    };
    check(TokenTemplate { status: 2, ..token() }, TokenError::Status(2));
    check(TokenTemplate { signers: 0, ..token() }, TokenError::Cms(CmsError::SignerCount(0)));
    check(TokenTemplate { signers: 2, ..token() }, TokenError::Cms(CmsError::SignerCount(2)));
    check(
        TokenTemplate { content_type: "1.2.840.113549.1.7.1", ..token() },
        TokenError::Cms(CmsError::ContentType {
            expected: ObjectIdentifier::new_unwrap(issue::TST_INFO),
            found: ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1"),
        }),
    );
    check(
        token().attribute(oids::CONTENT_TYPE, Some(oid("1.2.840.113549.1.7.1"))),
        TokenError::Cms(CmsError::ContentType {
            expected: ObjectIdentifier::new_unwrap(issue::TST_INFO),
            found: ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1"),
        }),
    );
    for kind in [oids::CONTENT_TYPE, oids::MESSAGE_DIGEST] {
        check(token().attribute(kind, None), TokenError::Cms(CmsError::MissingAttribute(kind)));
    }
    let mut twice = token();
    twice.attributes.push((oids::MESSAGE_DIGEST, None));
    check(twice, TokenError::Cms(CmsError::DuplicateAttribute(oids::MESSAGE_DIGEST)));
    let two_values = [der(0x04, &[0; 32]), der(0x04, &[1; 32])].concat();
    check(
        token().attribute(oids::MESSAGE_DIGEST, Some(two_values)),
        TokenError::Cms(CmsError::AttributeValues(oids::MESSAGE_DIGEST)),
    );
    check(
        TokenTemplate { info_tail: der(0xa1, &extension(UNKNOWN, true, &[])), ..token() },
        TokenError::UnknownCriticalExtension(UNKNOWN),
    );
    let granted = sequence(&[&sequence(&[&der(0x02, &[0])])]);
    assert_eq!(TimestampToken::from_response_der(&granted).map(|_| ()), Err(TokenError::NoToken));
    assert_eq!(
        TimestampToken::from_response_der(&vec![0; 131_073]).map(|_| ()),
        Err(TokenError::TooLarge { size: 131_073 })
    );
}

#[test]
fn what_is_signed() {
    let tsa = Tsa::new();
    assert_eq!(
        tsa.verify(&token().attribute(oids::MESSAGE_DIGEST, Some(der(0x04, &[0; 32])))),
        Err(TimestampError::MessageDigest)
    );
    assert_eq!(
        tsa.verify(&token().attribute(oids::SIGNING_CERTIFICATE_V2, None)),
        Err(TimestampError::NoSigningCertificate)
    );
    assert_eq!(
        tsa.verify(&token().attribute(oids::SIGNING_CERTIFICATE_V2, Some(signing_certificate_v2(&[0; 32])))),
        Err(TimestampError::SigningCertificateMismatch)
    );
    // RFC 5652 5.4: the attributes are signed as a SET OF, not with the tag that they have in the token.
    assert!(matches!(
        tsa.verify(&TokenTemplate { signed_tag: 0xa0, ..token() }),
        Err(TimestampError::Signature(_))
    ));
    // Another key signs in the leaf's name.
    let forged = token().respond(&tsa.leaf, &key());
    let forged = TimestampToken::from_response_der(&forged).unwrap();
    assert!(matches!(
        forged.verify(&tsa.authority(), MESSAGE, &SignatureMemo::default()),
        Err(TimestampError::Signature(SignatureError::Verify(_)))
    ));
}

#[test]
fn signing_certificate_attributes() {
    let tsa = Tsa::new();
    let leaf = &tsa.leaf;
    let with_v2 = |identifier: &[u8]| {
        let value = sequence(&[&sequence(&[identifier])]);
        tsa.verify(&token().attribute(oids::SIGNING_CERTIFICATE_V2, Some(value))).map(|_| ())
    };
    let hash = der(0x04, &leaf.fingerprint());
    let issuer_serial = |name: &str, serial: u8| {
        sequence(&[&der(SEQUENCE, &der(0xa4, &issue::name(name))), &der(0x02, &[serial])])
    };
    let sha512 = sequence(&[&oid("2.16.840.1.101.3.4.2.3")]);
    let long_hash = der(0x04, digest(HashAlgorithm::Sha512, leaf.der()).as_bytes());
    assert_eq!(with_v2(&sequence(&[&hash, &issuer_serial("Root", 1)])), Ok(()));
    assert_eq!(with_v2(&sequence(&[&sha512, &long_hash])), Ok(()));
    for wrong in [issuer_serial("Root", 2), issuer_serial("Other", 1)] {
        assert_eq!(with_v2(&sequence(&[&hash, &wrong])), Err(TimestampError::SigningCertificateMismatch));
    }
    assert_eq!(
        with_v2(&sequence(&[&sequence(&[&oid("1.3.14.3.2.26")]), &der(0x04, &[0; 20])])),
        Err(TimestampError::SigningCertificateHash(ObjectIdentifier::new_unwrap("1.3.14.3.2.26")))
    );
    // The old attribute alone is enough, and beside the new one it must fit too.
    let v1 = |hash: &[u8]| sequence(&[&sequence(&[&sequence(&[&der(0x04, hash)])])]);
    let sha1: [u8; 20] =
        sha1::Digest::finalize(sha1::Digest::chain_update(<sha1::Sha1 as sha1::Digest>::new(), leaf.der()))
            .into();
    let old = token().attribute(oids::SIGNING_CERTIFICATE, Some(v1(&sha1)));
    tsa.verify(&old).unwrap();
    tsa.verify(&old.attribute(oids::SIGNING_CERTIFICATE_V2, None)).unwrap();
    assert_eq!(
        tsa.verify(&token().attribute(oids::SIGNING_CERTIFICATE, Some(v1(&[0; 20])))),
        Err(TimestampError::SigningCertificateMismatch)
    );
}

#[test]
fn leaves_that_may_not_stamp() {
    let check = |leaf: Template, expected: EndEntityError| {
        assert_eq!(Tsa::with_leaf(&leaf).verify(&token()), Err(TimestampError::EndEntity(expected)));
    };
    let leaf = || Template::time_stamping("Root");
    check(leaf().without(oids::EXTENDED_KEY_USAGE), EndEntityError::NoExtendedKeyUsage);
    check(
        leaf().replacing(oids::EXTENDED_KEY_USAGE, extended_key_usage(true, &[oids::CODE_SIGNING])),
        EndEntityError::WrongExtendedKeyUsage {
            expected: oids::TIME_STAMPING,
            found: vec![oids::CODE_SIGNING],
        },
    );
    let both = [oids::TIME_STAMPING, oids::CODE_SIGNING];
    check(
        leaf().replacing(oids::EXTENDED_KEY_USAGE, extended_key_usage(true, &both)),
        EndEntityError::OtherExtendedKeyUsages(both.to_vec()),
    );
    check(
        leaf().replacing(oids::EXTENDED_KEY_USAGE, extended_key_usage(false, &[oids::TIME_STAMPING])),
        EndEntityError::ExtendedKeyUsageNotCritical,
    );
    check(leaf().replacing(oids::KEY_USAGE, key_usage(0x06, 1)), EndEntityError::NoDigitalSignature);
    check(leaf().with(extension(UNKNOWN, true, &[])), EndEntityError::UnknownCriticalExtension(UNKNOWN));
    // nonRepudiation alone, or no key usage, is fine.
    Tsa::with_leaf(&leaf().replacing(oids::KEY_USAGE, key_usage(0x40, 6))).verify(&token()).unwrap();
    Tsa::with_leaf(&leaf().without(oids::KEY_USAGE)).verify(&token()).unwrap();
}

#[test]
fn who_may_sign() {
    let tsa = Tsa::new();
    let memo = SignatureMemo::default();
    let anchor_only = Authority::from_chain(std::slice::from_ref(&tsa.root)).unwrap();
    let verify = |response: &[u8], authority: &Authority| {
        let token = TimestampToken::from_response_der(response).unwrap();
        token.verify(authority, MESSAGE, &memo).map(|_| ())
    };
    // Without a leaf in the trust root, the embedded one.
    let embedded = TokenTemplate { certificates: vec![tsa.root.clone(), tsa.leaf.clone()], ..token() };
    assert_eq!(verify(&tsa.respond(&embedded), &anchor_only), Ok(()));
    assert_eq!(verify(&tsa.respond(&token()), &anchor_only), Err(TimestampError::UnknownSigner));
    assert_eq!(memo.len(), 0); // what a token brings is not remembered

    // With one, no other: not even a leaf of the same root.
    let sister_key = key();
    let sister = Template { serial: 2, ..Template::time_stamping("Root") }.issue(&sister_key, &tsa.root_key);
    let response =
        TokenTemplate { certificates: vec![sister.clone()], ..token() }.respond(&sister, &sister_key);
    assert_eq!(verify(&response, &anchor_only), Ok(()));
    assert_eq!(verify(&response, &tsa.authority()), Err(TimestampError::UnknownSigner));

    // A stranger who embeds a whole chain of the same names.
    let stranger = Tsa::new();
    let response = stranger.respond(&TokenTemplate {
        certificates: vec![stranger.leaf.clone(), stranger.root.clone()],
        ..token()
    });
    assert!(matches!(
        verify(&response, &anchor_only),
        Err(TimestampError::Path(PathError::Signature { .. }))
    ));
    assert_eq!(verify(&response, &tsa.authority()), Err(TimestampError::SigningCertificateMismatch));
}

#[test]
fn chains_of_authorities() {
    let (root_key, intermediate_key, leaf_key) = (key(), key(), key());
    let root = Template::ca("Root", "Root").issue(&root_key, &root_key);
    let leaf = Template::time_stamping("Intermediate").issue(&leaf_key, &intermediate_key);
    let verify = |intermediate: Template, gen_time: &str| {
        let intermediate = intermediate.issue(&intermediate_key, &root_key);
        let authority = Authority::from_chain(&[leaf.clone(), intermediate, root.clone()]).unwrap();
        let response = TokenTemplate { gen_time: gen_time.to_owned(), ..token() }.respond(&leaf, &leaf_key);
        let token = TimestampToken::from_response_der(&response).unwrap();
        token.verify(&authority, MESSAGE, &SignatureMemo::default()).map(|_| ())
    };
    let intermediate = || Template::ca("Intermediate", "Root").valid("20240101000000Z", "20260101000000Z");
    assert_eq!(verify(intermediate(), "20250101000000Z"), Ok(()));
    // Inclusive at both ends, exact to the fraction.
    assert_eq!(verify(intermediate(), "20240101000000Z"), Ok(()));
    assert_eq!(verify(intermediate(), "20260101000000Z"), Ok(()));
    for outside in ["20231231235959.999Z", "20260101000000.001Z"] {
        let Err(TimestampError::Validity(error)) = verify(intermediate(), outside) else {
            panic!("{outside}")
        };
        assert_eq!(error.position, 1);
    }
    let wrong = intermediate().with(extended_key_usage(false, &[oids::CODE_SIGNING]));
    assert_eq!(
        verify(wrong, "20250101000000Z"),
        Err(TimestampError::Path(PathError::ExtendedKeyUsage {
            issuer: "CN=Intermediate".to_owned(),
            purpose: oids::TIME_STAMPING
        }))
    );
    let not_a_ca = intermediate().replacing(oids::BASIC_CONSTRAINTS, basic_constraints(false, None));
    let not_a_ca = not_a_ca.issue(&intermediate_key, &root_key);
    assert!(Authority::from_chain(&[leaf.clone(), not_a_ca, root.clone()]).is_err());
}

/// A root that lists its anchor alone, as those of public authorities might: what is embedded may link, and never anchors.
#[test]
fn embedded_authorities_are_links() {
    let (root_key, intermediate_key, leaf_key) = (key(), key(), key());
    let root = Template::ca("Root", "Root").issue(&root_key, &root_key);
    let intermediate = Template::ca("Intermediate", "Root").issue(&intermediate_key, &root_key);
    let leaf = Template::time_stamping("Intermediate").issue(&leaf_key, &intermediate_key);
    let anchor_only = Authority::from_chain(std::slice::from_ref(&root)).unwrap();
    let memo = SignatureMemo::default();
    let verify = |certificates: Vec<Certificate>| {
        let response = TokenTemplate { certificates, ..token() }.respond(&leaf, &leaf_key);
        let token = TimestampToken::from_response_der(&response).unwrap();
        token.verify(&anchor_only, MESSAGE, &memo).map(|_| ())
    };
    assert_eq!(verify(vec![leaf.clone(), intermediate.clone()]), Ok(()));
    assert_eq!(verify(vec![leaf.clone(), intermediate, root.clone()]), Ok(()));
    assert!(matches!(verify(vec![leaf.clone()]), Err(TimestampError::Path(PathError::UnknownIssuer { .. }))));
    // The same key and name, but certified by a stranger's root, which is embedded as well.
    let stranger_key = key();
    let stranger = Template::ca("Root", "Root").issue(&stranger_key, &stranger_key);
    let foreign = Template::ca("Intermediate", "Root").issue(&intermediate_key, &stranger_key);
    assert!(matches!(
        verify(vec![leaf.clone(), foreign, stranger]),
        Err(TimestampError::Path(PathError::Signature { .. }))
    ));
    assert_eq!(memo.len(), 0); // what a token brings is not remembered
}

/// BER as some authorities write it: the content in pieces, indefinite lengths.
#[test]
fn ber_tokens() {
    let tsa = Tsa::new();
    let info = token().info();
    let whole = der(0x04, &info);
    let response = tsa.respond(&token());
    let start = response.windows(whole.len()).position(|window| window == whole).unwrap();
    let (head, tail) = (&response[..start], &response[start + whole.len()..]);
    let (first, second) = info.split_at(20);
    let pieces = [der(0x04, first), der(0x04, second)].concat();
    let indefinite = [&[0x24, 0x80], pieces.as_slice(), &[0, 0]].concat();
    for content in [der(0x24, &pieces), indefinite] {
        // The lengths around the content change: make all of them indefinite. There are five on the way.
        let mut ber = Vec::new();
        let mut rest = head;
        let mut closers = 0;
        while !rest.is_empty() {
            let header = header_length(rest);
            let length = content_length(rest);
            if header + length > rest.len() {
                ber.extend_from_slice(&[rest[0], 0x80]);
                closers += 1;
                rest = &rest[header..];
            } else {
                ber.extend_from_slice(&rest[..header + length]);
                rest = &rest[header + length..];
            }
        }
        assert_eq!(closers, 6);
        ber.extend_from_slice(&content);
        ber.extend_from_slice(&[0, 0, 0, 0]); // ends the explicit tag and EncapsulatedContentInfo
        ber.extend_from_slice(tail);
        ber.extend_from_slice(&[0; 8]); // SignedData, explicit tag, ContentInfo, response
        let token = TimestampToken::from_response_der(&ber).unwrap();
        assert_eq!(token.info_der(), info);
        token.verify(&tsa.authority(), MESSAGE, &SignatureMemo::default()).unwrap();
    }
}

fn header_length(element: &[u8]) -> usize {
    if element[1] < 0x80 { 2 } else { 2 + usize::from(element[1] & 0x7f) }
}

fn content_length(element: &[u8]) -> usize {
    if element[1] < 0x80 {
        return usize::from(element[1]);
    }
    element[2..header_length(element)].iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
}
