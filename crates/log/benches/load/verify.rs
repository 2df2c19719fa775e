//! Whether what a log answered is true: kept replies, through the code that verifies bundles.

use std::fs;
use std::path::Path;

use sealwax_crypto::{HashAlgorithm, Message, PublicKey, Scheme, sha256};
use sealwax_formats::{Bundle, EntryBody, base64};
use sealwax_pki::Certificate;
use sealwax_tlog::{LeafIndex, LogKey, SignedCheckpoint, TreeSize, VerifierKey, leaf_hash, verify_inclusion};
use serde_json::{Value, json};

use crate::requests::Reader;

/// Every reply of a signature log has the body that the request asks for, and proves that it is in the tree of a
/// checkpoint that the log's key has signed.
pub(crate) fn rekor(key: &str, replies: &Path) -> Value {
    let key = log_key(key);
    let mut sizes = Vec::new();
    for (request, reply) in pairs(replies) {
        let request: Value = serde_json::from_slice(&request).unwrap();
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "publicKey": {"hint": ""},
                "tlogEntries": [serde_json::from_slice::<Value>(&reply).unwrap()],
            },
            "messageSignature": {"signature": request["hashedRekordRequestV002"]["signature"]["content"]},
        });
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
        let [entry] = bundle.log_entries.as_slice() else { panic!("one entry") };
        let EntryBody::HashedRekordV002 { signature, data, .. } =
            EntryBody::parse(&entry.canonicalized_body).unwrap()
        else {
            panic!("hashedrekord 0.0.2")
        };
        assert_eq!(Some(signature.as_slice()), bundle.signature());
        assert_eq!(
            base64::encode(data.as_bytes()),
            request["hashedRekordRequestV002"]["digest"].as_str().unwrap()
        );
        let proof = entry.inclusion_proof.as_ref().expect("a proof");
        let checkpoint = SignedCheckpoint::parse(proof.checkpoint.as_ref().expect("a checkpoint")).unwrap();
        let checkpoint = key.verify(&checkpoint).unwrap();
        assert_eq!((checkpoint.size().0, *checkpoint.root()), (proof.tree_size, proof.root_hash));
        let leaf = leaf_hash(&entry.canonicalized_body);
        let (index, size) = (LeafIndex(proof.log_index), TreeSize(proof.tree_size));
        verify_inclusion(&leaf, index, size, &proof.hashes, &proof.root_hash).unwrap();
        sizes.push(proof.tree_size);
    }
    json!({"verified": sizes.len(), "largest_tree": sizes.iter().max()})
}

/// `ORIGIN=FILE.pem`, or a verifier key.
fn log_key(key: &str) -> LogKey {
    match key.split_once('=') {
        Some((origin, file)) if file.ends_with(".pem") => {
            let pem = fs::read_to_string(file).unwrap();
            LogKey::named(origin, PublicKey::from_pem(&pem).unwrap()).unwrap()
        }
        _ => LogKey::from_verifier_key(VerifierKey::parse(key).unwrap()).unwrap(),
    }
}

/// Every reply of a certificate log is an SCT, signed by the log, for the precertificate of the request, with an index.
pub(crate) fn sct(key: &str, replies: &Path) -> Value {
    let key = log_key(key).public_key().clone();
    let (mut verified, mut largest) = (0, 0);
    for (request, reply) in pairs(replies) {
        let request: Value = serde_json::from_slice(&request).unwrap();
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        let bytes = |value: &Value| base64::decode(value.as_str().unwrap()).unwrap();
        let issuer = Certificate::from_der(&bytes(&request["chain"][1])).unwrap();
        let tbs = without_poison(&bytes(&request["chain"][0]));
        let (extensions, signature) = (bytes(&reply["extensions"]), bytes(&reply["signature"]));
        assert_eq!(
            (&reply["sct_version"], bytes(&reply["id"])),
            (&json!(0), sha256(key.spki_der()).to_vec())
        );
        let signed = [
            &[0, 0][..],
            &reply["timestamp"].as_u64().unwrap().to_be_bytes(),
            &[0, 1],
            &issuer.spki_fingerprint(),
            &u32::try_from(tbs.len()).unwrap().to_be_bytes()[1..],
            &tbs,
            &u16::try_from(extensions.len()).unwrap().to_be_bytes(),
            &extensions,
        ]
        .concat();
        let [4, 3, _, _, signature @ ..] = signature.as_slice() else { panic!("ECDSA with SHA-256") };
        key.verify(Scheme::Ecdsa(HashAlgorithm::Sha256), Message::Bytes(&signed), signature).unwrap();
        let [0, 0, 5, index @ ..] = extensions.as_slice() else { panic!("a leaf index") };
        largest = largest.max(index.iter().fold(0, |index, byte| index << 8 | u64::from(*byte)));
        verified += 1;
    }
    json!({"verified": verified, "largest_index": largest})
}

/// The TBSCertificate of one of our precertificates as the log signs it: the poison is its last extension, so that only
/// the lengths around it change.
fn without_poison(precertificate: &[u8]) -> Vec<u8> {
    const POISON: &[u8] =
        b"\x30\x13\x06\x0a\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03\x01\x01\xff\x04\x02\x05\x00";
    let length_at = |bytes: &[u8], at: usize| usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
    let tbs = &precertificate[4..];
    let tbs = &tbs[..4 + length_at(tbs, 0)];
    let mut shorter = tbs.strip_suffix(POISON).expect("poison at the end").to_vec();
    let extensions = (4..tbs.len() - 8)
        .find(|at| tbs[*at..].starts_with(b"\xa3\x82") && at + 4 + length_at(tbs, *at) == tbs.len())
        .expect("extensions");
    for header in [0, extensions, extensions + 4] {
        let length = u16::try_from(length_at(tbs, header) - POISON.len()).unwrap();
        shorter[header + 2..header + 4].copy_from_slice(&length.to_be_bytes());
    }
    shorter
}

/// Bodies of requests with those of their replies.
pub(crate) fn pairs(replies: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut reader = Reader::open(replies, 0);
    let mut pairs = Vec::new();
    let (mut request, mut reply) = (Vec::new(), Vec::new());
    while reader.next(&mut request) {
        assert!(reader.next(&mut reply), "a reply to every request");
        pairs.push((request.clone(), reply.clone()));
    }
    assert!(!pairs.is_empty(), "no reply was kept");
    pairs
}
