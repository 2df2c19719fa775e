//! From a chain to an entry, a leaf and an SCT.

use crate::world::{authority, certificate, chain, final_certificate, leaf, precertificate, roots, verify};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, sha256};
use sealwax_formats::base64;
use sealwax_log::{
    Submission,
    ct::{
        ChainError, Submitted, entry,
        leaf::{Entry, TileLeaf, seal},
        sct,
    },
    engine::Body,
};
use sealwax_pki::{PrecertificateError, Sct};
use sealwax_testkit::{
    authority::{Authority, AuthorityOptions},
    certificate::oids,
    der,
};
use serde_json::Value;

const TIME: u64 = 1_767_225_600_123;
const INDEX: u64 = 70_000;

fn submission(chain: &[Vec<u8>], submitted: Submitted, authority: &Authority) -> Submission {
    entry::submission(&verify(chain, submitted, &roots(authority)).unwrap()).unwrap()
}

fn parts(submission: &Submission) -> (bytes::Bytes, bytes::Bytes) {
    let Body::Certificate { entry, extra } = &submission.body else { panic!("{submission:?}") };
    (entry.clone(), extra.clone())
}

/// The leaf as it will stand in the tile.
fn record(submission: &Submission) -> Vec<u8> {
    let (entry, extra) = parts(submission);
    seal(&entry, &extra, INDEX, TIME).unwrap().record
}

#[test]
fn a_certificate_becomes_a_leaf() {
    let authority = authority();
    let whole = chain(&leaf(&authority), &authority);
    let submission = submission(&whole, Submitted::Certificate, &authority);
    let record = record(&submission);
    let leaf = TileLeaf::read(&record).unwrap();
    assert_eq!(leaf.entry, Entry::X509 { certificate: &whole[0] });
    assert_eq!(leaf.chain, [sha256(&whole[1]), sha256(&whole[2])]);
    assert_eq!((leaf.timestamp, leaf.leaf_index), (TIME, INDEX));
    assert_eq!(leaf.identity(), submission.identity);
    assert_eq!(leaf.record(), record);
}

#[test]
fn a_precertificate_becomes_a_leaf() {
    let authority = authority();
    let draft = precertificate(&authority);
    let whole = chain(&draft, &authority);
    let submission = submission(&whole, Submitted::Precertificate, &authority);
    let record = record(&submission);
    let leaf = TileLeaf::read(&record).unwrap();
    let mut clean = draft.clone();
    clean.remove_extension(oids::PRECERTIFICATE_POISON);
    assert_eq!(
        leaf.entry,
        Entry::Precert {
            issuer_key_hash: &authority.issuing().signer.spki_sha256(),
            tbs: &clean.tbs(),
            pre_certificate: &whole[0],
        }
    );
    assert_eq!(leaf.chain, [sha256(&whole[1]), sha256(&whole[2])]);
    assert_eq!(leaf.identity(), submission.identity);
}

#[test]
fn the_identity_is_that_of_the_certificate_alone() {
    let authority = authority();
    let draft = precertificate(&authority);
    let whole = chain(&draft, &authority);
    let same = submission(&whole, Submitted::Precertificate, &authority);
    // Without its root, and with another signature: ECDSA's are random.
    let again = submission(&chain(&draft, &authority)[..2], Submitted::Precertificate, &authority);
    assert_eq!(again.identity, same.identity);
    assert_ne!(parts(&again).1, parts(&same).1, "the precertificate itself is another");
    assert_eq!(submission(&whole[..2], Submitted::Precertificate, &authority).identity, same.identity);

    // A certificate is another entry, and so is each signature of one.
    let mut clean = draft.clone();
    clean.remove_extension(oids::PRECERTIFICATE_POISON);
    let one = submission(&chain(&clean, &authority), Submitted::Certificate, &authority);
    let two = submission(&chain(&clean, &authority), Submitted::Certificate, &authority);
    assert!(one.identity != same.identity && one.identity != two.identity);
    // The same TBSCertificate under another key of the same name, too.
    let other = crate::world::authority();
    let mut twin = draft.clone();
    twin.signer = other.issuing().signer.clone();
    let twin = submission(&chain(&twin, &other), Submitted::Precertificate, &other);
    assert_ne!(twin.identity, same.identity);
}

#[test]
fn an_sct_verifies_in_the_certificate_that_is_issued() {
    let authority = authority();
    let (draft, whole) = {
        let draft = precertificate(&authority);
        let whole = chain(&draft, &authority);
        (draft, whole)
    };
    let (entry, _) = parts(&submission(&whole, Submitted::Precertificate, &authority));
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Rsa { bits: 3072 }] {
        let key = SigningKey::generate(kind).unwrap();
        let signed = sct::sign(&key, &entry, INDEX, TIME).unwrap();
        let issued = certificate(&final_certificate(&draft, &signed));
        let embedded = issued.embedded_scts().unwrap();
        assert_eq!(embedded, std::slice::from_ref(&signed));
        embedded[0].verify(&issued, &certificate(&whole[1]), key.public_key()).unwrap();
        assert!(embedded[0].verify(&issued, &certificate(&whole[2]), key.public_key()).is_err());
        assert_eq!((signed.leaf_index(), signed.timestamp_ms), (Some(INDEX), TIME));
        assert_eq!(signed.log_id, key.public_key().spki_sha256());
    }
    let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
    assert!(matches!(
        sct::sign(&key, &entry, INDEX, TIME),
        Err(sct::SctError::Kind { kind: KeyKind::Ed25519 })
    ));
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    assert!(matches!(sct::sign(&key, &entry, 1 << 40, TIME), Err(sct::SctError::Index(_))));
}

#[test]
fn an_sct_signs_the_merkle_tree_leaf() {
    let authority = authority();
    let whole = chain(&leaf(&authority), &authority);
    let submission = submission(&whole, Submitted::Certificate, &authority);
    let (entry, extra) = parts(&submission);
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let signed = sct::sign(&key, &entry, INDEX, TIME).unwrap();
    let record = record(&submission);
    let leaf = [&[0, 0], &record[..record.len() - extra.len()]].concat();
    let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
    key.public_key().verify(scheme, Message::Bytes(&leaf), &signed.signature).unwrap();
    assert_eq!(sealwax_tlog::leaf_hash(&leaf), seal(&entry, &extra, INDEX, TIME).unwrap().leaf_hash);
}

#[test]
fn the_answer_is_the_one_of_rfc_6962() {
    let sct = Sct {
        log_id: [7; 32],
        timestamp_ms: TIME,
        extensions: vec![0, 0, 5, 0, 0, 1, 0x11, 0x70],
        hash_algorithm: 4,
        signature_algorithm: 3,
        signature: b"signature".to_vec(),
    };
    let json: Value = serde_json::from_str(&sct::json(&sct)).unwrap();
    let expected = serde_json::json!({
        "sct_version": 0,
        "id": base64::encode(&[7; 32]),
        "timestamp": TIME,
        "extensions": "AAAFAAABEXA=",
        "signature": base64::encode(b"\x04\x03\x00\x09signature"),
    });
    assert_eq!(json, expected);
}

#[test]
fn issuers_are_named_by_their_hash() {
    let authority = authority();
    let root = &authority.chain[0].der;
    let hex: String = sha256(root).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(entry::issuer_name(&certificate(root)), format!("issuer/{hex}"));
}

/// A CA whose lowest level is a Precertificate Signing Certificate.
fn signing_authority() -> Authority {
    AuthorityOptions::default()
        .keys(&[KeyKind::EcdsaP256; 3])
        .on_certificate(|level, draft| {
            if level == 2 {
                draft.set_extended_key_usage(true, &["1.3.6.1.4.1.11129.2.4.4"]);
            }
        })
        .build()
}

#[test]
fn a_precertificate_signing_certificate_stands_for_its_issuer() {
    let authority = signing_authority();
    let draft = precertificate(&authority);
    let whole = chain(&draft, &authority);
    let submission = submission(&whole, Submitted::Precertificate, &authority);
    let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
    let signed = sct::sign(&key, &parts(&submission).0, INDEX, TIME).unwrap();

    // The certificate itself comes from the level above.
    let issuer = &authority.chain[1];
    let mut announced = draft.clone();
    announced.issuer = issuer.subject.clone();
    announced.signer = issuer.signer.clone();
    let identifier = der::context_primitive(0, &sha256(issuer.signer.spki())[..20]);
    announced.set_extension(oids::AUTHORITY_KEY_IDENTIFIER, false, der::sequence([identifier]));
    let issued = certificate(&final_certificate(&announced, &signed));
    signed.verify(&issued, &certificate(&issuer.der), key.public_key()).unwrap();
    // What was submitted is kept as it is, with the whole chain.
    let record = record(&submission);
    let leaf = TileLeaf::read(&record).unwrap();
    assert!(matches!(leaf.entry, Entry::Precert { pre_certificate, .. } if pre_certificate == whole[0]));
    assert_eq!(leaf.chain.len(), 3);
}

#[test]
fn a_signing_certificate_needs_its_issuer_and_its_identifier() {
    let authority = signing_authority();
    let mut draft = precertificate(&authority);
    draft.remove_extension(oids::AUTHORITY_KEY_IDENTIFIER);
    let verified = verify(&chain(&draft, &authority), Submitted::Precertificate, &roots(&authority)).unwrap();
    assert_eq!(entry::submission(&verified).unwrap_err(), PrecertificateError::AuthorityKeyIdentifier);

    // Where the signing certificate is an accepted root, nothing says who will issue the certificate.
    let signing = sealwax_log::ct::Roots::new(&[certificate(&authority.issuing().der)]).unwrap();
    let whole = chain(&precertificate(&authority), &authority);
    let verified = verify(&whole[..2], Submitted::Precertificate, &signing).unwrap();
    assert_eq!(entry::submission(&verified).unwrap_err(), PrecertificateError::NoIssuer);
    let as_chain_error = ChainError::from(PrecertificateError::NoIssuer);
    assert!(matches!(as_chain_error, ChainError::Precertificate(_)));
}
