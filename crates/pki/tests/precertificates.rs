//! What a log makes of certificates and precertificates: with real leaves and the SCTs in them, and with chains made here.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

mod common;
#[path = "common/issue.rs"]
mod issue;

use issue::{
    SEQUENCE, Template, assemble, basic_constraints, der, ecdsa_sha256, extended_key_usage, extension, key,
    sequence,
};
use sealwax_crypto::{HashAlgorithm, Message, Scheme, SigningKey, sha256};
use sealwax_pki::{
    Certificate, LinkError, ObjectIdentifier, PrecertificateError, Sct, SignatureMemo, certificate_timestamp,
    oids, precert_log_entry, precertificate_tbs, x509_log_entry,
};

const NULL: &[u8] = &[5, 0];
const SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.4");

fn poison() -> Vec<u8> {
    extension(oids::PRECERTIFICATE_POISON, true, NULL)
}

/// `entry_type` and `signed_entry` as RFC 6962 lays them out.
fn precert_entry(issuer: &Certificate, tbs: &[u8]) -> Vec<u8> {
    let length = u32::try_from(tbs.len()).unwrap().to_be_bytes();
    [&[0, 1], sha256(issuer.public_key_spki()).as_slice(), &length[1..], tbs].concat()
}

/// A real leaf as the precertificate that it had: the poison where the SCTs are. The signature is nobody's.
fn precertificate_of(leaf: &Certificate) -> Certificate {
    let spki = leaf.public_key_spki();
    let start = leaf.tbs_der().windows(spki.len()).position(|window| window == spki).unwrap();
    let fields = &leaf.tbs_der()[4..start + spki.len()];
    assert_eq!(leaf.tbs_der()[1], 0x82, "a header of four bytes");
    let extensions = leaf.extensions().map(|found| match found.oid {
        oids::SCT_LIST => poison(),
        oid => extension(oid, found.critical, found.value),
    });
    let list = der(SEQUENCE, &extensions.collect::<Vec<_>>().concat());
    let algorithm =
        &leaf.der()[4 + leaf.tbs_der().len()..][..usize::from(leaf.der()[5 + leaf.tbs_der().len()]) + 2];
    let tbs = sequence(&[fields, &der(0xa3, &list)]);
    Certificate::from_der(&assemble(&tbs, algorithm, &[1])).unwrap()
}

#[test]
fn real_scts_verify_over_what_we_build() {
    let Some(shared) = common::shared() else { return };
    let (mut verified, mut leaf_indices) = (0, 0);
    for case in common::cases(&shared) {
        let Some(der) = case.certificate_der() else { continue };
        let leaf = Certificate::from_der(&der).unwrap();
        let precertificate = precertificate_of(&leaf);
        assert_eq!(precertificate.is_precertificate(), Ok(true));
        assert_eq!(leaf.is_precertificate(), Ok(false));
        for sct in leaf.embedded_scts().unwrap() {
            for root in &case.roots {
                let Some(key) = root.ctlog(&sct) else { continue };
                let issuers = root
                    .certificate_authorities
                    .iter()
                    .flat_map(|authority| authority.intermediates().iter().chain([authority.anchor()]));
                let scheme = match sct.signature_algorithm {
                    1 => Scheme::RsaPkcs1(HashAlgorithm::Sha256),
                    _ => Scheme::Ecdsa(HashAlgorithm::Sha256),
                };
                let good = issuers.filter(|issuer| {
                    let entry = precert_log_entry(&[precertificate.clone(), (*issuer).clone()]).unwrap();
                    let message = certificate_timestamp(sct.timestamp_ms, &entry, &sct.extensions).unwrap();
                    key.verify(scheme, Message::Bytes(&message), &sct.signature).is_ok()
                });
                // An authority may be listed twice, with the same key.
                verified += usize::from(good.count() > 0);
                leaf_indices += usize::from(sct.leaf_index().is_some());
            }
            assert!(
                der.windows(sct.to_bytes().unwrap().len()).any(|window| window == sct.to_bytes().unwrap())
            );
        }
    }
    assert_eq!((verified, leaf_indices), (63, 5));
}

/// A root, an intermediate, a signing certificate under the intermediate.
struct Chain {
    root: Certificate,
    intermediate: Certificate,
    intermediate_key: SigningKey,
    leaf_key: SigningKey,
}

fn chain() -> Chain {
    let (root_key, intermediate_key) = (key(), key());
    let root = Template::ca("Root", "Root").issue(&root_key, &root_key);
    let intermediate = Template::ca("Intermediate", "Root").issue(&intermediate_key, &root_key);
    Chain { root, intermediate, intermediate_key, leaf_key: key() }
}

fn leaf() -> Template {
    Template::code_signing("Intermediate")
}

/// The identifier as a whole value of the extension.
fn authority_key_identifier(identifier: &[u8]) -> Vec<u8> {
    extension(oids::AUTHORITY_KEY_IDENTIFIER, false, &sequence(&[&der(0x80, identifier)]))
}

#[test]
fn the_poison_may_stand_anywhere_and_nothing_else_changes() {
    let chain = chain();
    let expected = leaf().tbs(chain.leaf_key.public_key().spki_der(), &ecdsa_sha256());
    for position in 0..=leaf().extensions.len() {
        let mut template = leaf();
        template.extensions.insert(position, poison());
        let precertificate = template.issue(&chain.leaf_key, &chain.intermediate_key);
        let path = [precertificate, chain.intermediate.clone(), chain.root.clone()];
        assert_eq!(precert_log_entry(&path), Ok(precert_entry(&chain.intermediate, &expected)));
        // The chain above the issuer does not matter.
        assert_eq!(precert_log_entry(&path[..2]), Ok(precert_entry(&chain.intermediate, &expected)));
    }
}

#[test]
fn no_extension_left_is_no_list() {
    let chain = chain();
    let mut template = leaf();
    template.extensions = vec![poison()];
    let precertificate = template.issue(&chain.leaf_key, &chain.intermediate_key);
    let entry = precert_log_entry(&[precertificate.clone(), chain.intermediate.clone()]).unwrap();
    let spki = chain.leaf_key.public_key().spki_der();
    assert!(entry.ends_with(spki));
    // So it is for the certificate that has nothing but an SCT.
    template.extensions = vec![extension(oids::SCT_LIST, false, &der(0x04, &[0, 0]))];
    let certificate = template.issue(&chain.leaf_key, &chain.intermediate_key);
    assert_eq!(entry[37..], precertificate_tbs(&certificate).unwrap());
}

#[test]
fn a_certificate_is_logged_as_it_is() {
    let chain = chain();
    let certificate = leaf().issue(&chain.leaf_key, &chain.intermediate_key);
    let length = u32::try_from(certificate.der().len()).unwrap().to_be_bytes();
    assert_eq!(x509_log_entry(&certificate), [&[0, 0], &length[1..], certificate.der()].concat());
}

#[test]
fn a_poison_is_critical_and_null() {
    let chain = chain();
    for (critical, value) in
        [(false, NULL), (true, &[][..]), (true, &[5]), (true, &[5, 0, 0]), (true, &[4, 0]), (true, &[5, 1])]
    {
        let precertificate = leaf()
            .with(extension(oids::PRECERTIFICATE_POISON, critical, value))
            .issue(&chain.leaf_key, &chain.intermediate_key);
        assert_eq!(precertificate.is_precertificate(), Err(PrecertificateError::Poison));
        let path = [precertificate, chain.intermediate.clone()];
        assert_eq!(precert_log_entry(&path), Err(PrecertificateError::Poison));
    }
    let certificate = leaf().issue(&chain.leaf_key, &chain.intermediate_key);
    assert_eq!(
        precert_log_entry(&[certificate, chain.intermediate.clone()]),
        Err(PrecertificateError::NotPoisoned)
    );
    assert_eq!(precert_log_entry(&[]), Err(PrecertificateError::NotPoisoned));
    let precertificate = leaf().with(poison()).issue(&chain.leaf_key, &chain.intermediate_key);
    assert_eq!(precert_log_entry(&[precertificate]), Err(PrecertificateError::NoIssuer));
}

/// A signing certificate under the intermediate, and a precertificate by it; each with these identifiers.
fn signed_by_signing_certificate(
    chain: &Chain,
    of_precertificate: Option<&[u8]>,
    of_signing: Option<&[u8]>,
) -> [Certificate; 2] {
    let signing_key = key();
    let mut signing = Template::ca("Signing", "Intermediate").with(extended_key_usage(true, &[SIGNING]));
    signing.extensions.extend(of_signing.map(authority_key_identifier));
    let signing = signing.issue(&signing_key, &chain.intermediate_key);
    let mut template = Template::code_signing("Signing").with(poison());
    template.extensions.extend(of_precertificate.map(authority_key_identifier));
    template.extensions.push(extension(oids::FULCIO_ARC, false, b"last"));
    [template.issue(&chain.leaf_key, &signing_key), signing]
}

#[test]
fn a_signing_certificate_stands_for_its_issuer() {
    let chain = chain();
    let check = |of_precertificate: Option<&[u8]>, of_signing: Option<&[u8]>| {
        let [precertificate, signing] = signed_by_signing_certificate(&chain, of_precertificate, of_signing);
        assert!(signing.is_precertificate_signing());
        precert_log_entry(&[precertificate, signing, chain.intermediate.clone(), chain.root.clone()])
    };
    // As the intermediate will issue it.
    let expected = |identifier: Option<&[u8]>| {
        let mut template = leaf();
        template.extensions.extend(identifier.map(authority_key_identifier));
        template.extensions.push(extension(oids::FULCIO_ARC, false, b"last"));
        let tbs = template.tbs(chain.leaf_key.public_key().spki_der(), &ecdsa_sha256());
        precert_entry(&chain.intermediate, &tbs)
    };
    assert_eq!(check(None, None), Ok(expected(None)));
    assert_eq!(check(Some(b"of the signing key"), Some(b"other")), Ok(expected(Some(b"other"))));
    assert_eq!(check(None, Some(b"other")), Err(PrecertificateError::AuthorityKeyIdentifier));
    assert_eq!(check(Some(b"other"), None), Err(PrecertificateError::AuthorityKeyIdentifier));

    let [precertificate, signing] = signed_by_signing_certificate(&chain, None, None);
    assert_eq!(precert_log_entry(&[precertificate, signing]), Err(PrecertificateError::NoIssuer));
}

#[test]
fn only_a_ca_for_that_purpose_is_a_signing_certificate() {
    let chain = chain();
    let issue = |template: Template| template.issue(&key(), &chain.intermediate_key);
    let signing = extended_key_usage(false, &[oids::CODE_SIGNING, SIGNING]);
    assert!(issue(Template::ca("S", "Intermediate").with(signing.clone())).is_precertificate_signing());
    assert!(!chain.intermediate.is_precertificate_signing());
    let any = extended_key_usage(false, &[oids::ANY_EXTENDED_KEY_USAGE]);
    assert!(!issue(Template::ca("S", "Intermediate").with(any)).is_precertificate_signing());
    let no_ca = leaf().replacing(oids::EXTENDED_KEY_USAGE, signing.clone());
    assert!(!issue(no_ca).is_precertificate_signing());
    let not_quite = leaf().replacing(oids::EXTENDED_KEY_USAGE, signing).with(basic_constraints(false, None));
    assert!(!issue(not_quite).is_precertificate_signing());
}

#[test]
fn an_sct_is_laid_out_as_specified() {
    let sct = Sct {
        log_id: [7; 32],
        timestamp_ms: 0x0102_0304_0506_0708,
        extensions: vec![0, 0, 5, 0, 0, 0, 1, 2],
        hash_algorithm: 4,
        signature_algorithm: 3,
        signature: b"signature".to_vec(),
    };
    let expected = [
        [0].as_slice(),
        &[7; 32],
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &[0, 8, 0, 0, 5, 0, 0, 0, 1, 2],
        &[4, 3, 0, 9],
        b"signature",
    ];
    assert_eq!(sct.to_bytes().unwrap(), expected.concat());
    assert_eq!(Sct { extensions: vec![0; 65_536], ..sct.clone() }.to_bytes(), None);
    assert_eq!(Sct { signature: vec![0; 65_536], ..sct }.to_bytes(), None);
    assert_eq!(certificate_timestamp(1, b"entry", &[0; 65_536]), None);
    let message = [b"\0\0\0\0\0\0\0\0\0\x01entry".as_slice(), &[0, 1, 9]].concat();
    assert_eq!(certificate_timestamp(1, b"entry", &[9]).unwrap(), message);
}

#[test]
fn links_are_remembered_and_failures_are_not() {
    let chain = chain();
    let memo = SignatureMemo::with_capacity(1);
    assert_eq!(memo.check_link(&chain.intermediate, &chain.root), Ok(()));
    assert_eq!(memo.len(), 1);
    assert_eq!(memo.check_link(&chain.intermediate, &chain.root), Ok(()));
    let stranger = Template::ca("Root", "Root").issue(&key(), &key());
    for _ in 0..2 {
        assert!(matches!(memo.check_link(&chain.intermediate, &stranger), Err(LinkError::Signature(_))));
    }
    assert_eq!(memo.check_link(&chain.root, &chain.root), Ok(()));
    assert_eq!(memo.len(), 1, "bounded");
}
