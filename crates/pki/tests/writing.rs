//! Extensions of leaves that are written are read back as what they were meant to be; certificate requests are read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, pem};
use sealwax_pki::{
    Certificate, CertificateDraft, CertificateRequest, EndEntity, GeneralName, KeyUsage, MAX_REQUEST_BYTES,
    Name, NewExtension, RequestError, Sct, SignatureError, Timestamp, oids, precert_log_entry,
    precertificate_tbs,
};

const SCHEME: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha384);

/// A certificate with these extensions, self-signed.
fn certificate(key: &SigningKey, extensions: &[NewExtension]) -> Certificate {
    let name = Name::from_attributes(&[]);
    let (not_before, not_after) =
        ("2026-11-22T10:00:00Z".parse::<Timestamp>().unwrap(), "2026-11-22T10:10:00Z".parse().unwrap());
    let spki = key.public_key().spki_der();
    let draft = CertificateDraft {
        serial: &[1],
        issuer: &name,
        not_before,
        not_after,
        subject: &name,
        spki,
        extensions,
    };
    let tbs = draft.tbs_der(SCHEME, key.kind()).unwrap();
    Certificate::assemble(&tbs, &key.sign(SCHEME, Message::Bytes(&tbs)).unwrap()).unwrap()
}

fn key() -> SigningKey {
    SigningKey::generate(KeyKind::EcdsaP384).unwrap()
}

#[test]
fn a_leaf() {
    let key = key();
    let fulcio = [(1, "https://issuer.example"), (8, "https://issuer.example"), (24, "sübject")];
    let uri = GeneralName::Uri("https://a.example/".to_owned());
    let mut extensions = vec![
        NewExtension::key_usage(&[0]),
        NewExtension::extended_key_usage(false, &[oids::CODE_SIGNING]),
        NewExtension::subject_key_identifier_of(key.public_key()),
        NewExtension::subject_alternative_name(&uri).unwrap(),
    ];
    extensions.extend(fulcio.map(|(number, text)| NewExtension::fulcio(number, text).unwrap()));
    let leaf = certificate(&key, &extensions);
    assert_eq!(leaf.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(leaf.subject_key_identifier().unwrap().len(), 20);
    assert_eq!(EndEntity::code_signing(&leaf).unwrap().name(), Some(&uri));
    let found = leaf.fulcio().unwrap();
    assert_eq!(found.iter().map(|(number, _, text)| (number, text)).collect::<Vec<_>>(), fulcio);
    assert_eq!(
        leaf.extension(&oids::FULCIO_ARC.push_arc(1).unwrap()).unwrap().value,
        b"https://issuer.example"
    );
    assert_eq!(NewExtension::fulcio(128, ""), None);
}

#[test]
fn names() {
    let key = key();
    for name in [
        GeneralName::Email("a@b.cc".to_owned()),
        GeneralName::Dns("a.example".to_owned()),
        GeneralName::username("ann!ü.example"),
        GeneralName::IpAddress(vec![127, 0, 0, 1]),
        GeneralName::Directory(Name::from_attributes(&[(oids::COMMON_NAME, "n")])),
    ] {
        let leaf = certificate(&key, &[NewExtension::subject_alternative_name(&name).unwrap()]);
        assert_eq!(leaf.subject_alternative_names(), [name]);
        assert!(leaf.extension(&oids::SUBJECT_ALTERNATIVE_NAME).unwrap().critical);
    }
    assert_eq!(GeneralName::username("ann!ü.example").identity(), Some("ann!ü.example"));
    assert_eq!(NewExtension::subject_alternative_name(&GeneralName::Email("ü@b.cc".to_owned())), None);
}

/// RFC 6962 3.2: the log signs the same bytes, whether it sees the poison or a verifier sees the list.
#[test]
fn poison_and_list_stand_in_the_same_place() {
    let key = key();
    let with = |last: NewExtension| {
        certificate(&key, &[NewExtension::fulcio(8, "https://issuer.example").unwrap(), last])
    };
    let sct = Sct {
        log_id: [1; 32],
        timestamp_ms: 2,
        extensions: vec![0, 0, 5, 0, 0, 0, 0, 9],
        hash_algorithm: 4,
        signature_algorithm: 3,
        signature: vec![5; 70],
    };
    let ca = certificate(&key, &[NewExtension::basic_constraints(true, None)]);
    let precertificate = with(NewExtension::poison());
    let final_one = with(NewExtension::sct_list(std::slice::from_ref(&sct)).unwrap());
    assert!(precertificate.is_precertificate().unwrap());
    assert_eq!(final_one.embedded_scts().unwrap(), std::slice::from_ref(&sct));
    let entry = precert_log_entry(&[precertificate, ca]).unwrap();
    assert_eq!(entry[2 + 32 + 3..], precertificate_tbs(&final_one).unwrap());
    let long = Sct { signature: vec![5; 65_000], ..sct };
    assert_eq!(NewExtension::sct_list(&[long.clone(), long]), None);
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let header = match u16::try_from(content.len()).unwrap().to_be_bytes() {
        [0, short @ ..0x80] => vec![tag, short],
        [0, byte] => vec![tag, 0x81, byte],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [header.as_slice(), content].concat()
}

/// A request, written by hand: version, no subject, the key, attributes.
fn request(key: &SigningKey, version: u8, attributes: &[u8]) -> Vec<u8> {
    let content = [&[2, 1, version, 0x30, 0], key.public_key().spki_der(), attributes].concat();
    let info = element(0x30, &content);
    let signature = key.sign(SCHEME, Message::Bytes(&info)).unwrap();
    // ecdsa-with-SHA384
    let algorithm = element(0x30, b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03");
    element(0x30, &[info, algorithm, element(3, &[&[0], signature.as_slice()].concat())].concat())
}

#[test]
fn requests() {
    let key = key();
    for attributes in [&[0xa0, 0][..], &[]] {
        let der = request(&key, 0, attributes);
        let read = CertificateRequest::from_der(&der).unwrap();
        assert_eq!(read.check_signature().unwrap(), key.public_key());
        let text = pem::encode("CERTIFICATE REQUEST", &der);
        assert_eq!(CertificateRequest::from_pem(&text).unwrap().claimed_key(), key.public_key());
        let mut broken = der.clone();
        let inside = broken.len() - 10;
        broken[inside] ^= 1;
        let broken = CertificateRequest::from_der(&broken).unwrap();
        assert!(matches!(broken.check_signature(), Err(SignatureError::Verify(_))));
    }
    let error = |der: &[u8]| CertificateRequest::from_der(der).unwrap_err();
    let good = request(&key, 0, &[0xa0, 0]);
    assert_eq!(error(&request(&key, 1, &[0xa0, 0])), RequestError::Version(2));
    assert!(matches!(error(&request(&key, 0, &[0xa0, 0, 5, 0])), RequestError::Der(_)));
    assert!(matches!(error(&[good.as_slice(), &[0]].concat()), RequestError::Der(_)));
    for length in 0..good.len() {
        assert!(matches!(error(&good[..length]), RequestError::Der(_)), "{length}");
    }
    let size = MAX_REQUEST_BYTES + 1;
    assert_eq!(error(&vec![0x30; size]), RequestError::TooLarge { size });
    let mut off_curve = good.clone();
    off_curve[60] ^= 1;
    assert!(matches!(error(&off_curve), RequestError::Key(_)));
    let label = CertificateRequest::from_pem(&pem::encode("CERTIFICATE", &good)).unwrap_err();
    assert_eq!(label, RequestError::Label { label: "CERTIFICATE".to_owned() });
    assert!(matches!(CertificateRequest::from_pem("none"), Err(RequestError::Pem(_))));
}
