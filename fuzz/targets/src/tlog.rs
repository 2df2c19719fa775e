//! What a log says about itself: notes, checkpoints, keys of verifiers, policies, proofs, tiles. Whatever is read is written
//! back as it was.

use sealwax_crypto::PublicKey;
use sealwax_tlog::merkle::verify_consistency;
use sealwax_tlog::note::SignatureType;
use sealwax_tlog::tile::{EntryBundle, Tile, TileData, decode_entries, encode_entries};
use sealwax_tlog::{
    Checkpoint, CosignerKey, Hash, LeafIndex, LogKey, Note, SignedCheckpoint, TreeSize, VerifierKey,
    cosignature, policy, proof, verify_inclusion,
};

/// Signed notes, and everything that is one.
pub(crate) fn note(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(note) = Note::parse(text) {
        assert_eq!(note.to_string(), text);
    }
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(signed) = SignedCheckpoint::parse(text) {
        assert_eq!(signed.to_string(), text);
        try_keys(&signed);
    }
    if let Ok(proof) = proof::Proof::parse(text) {
        assert_eq!(proof.to_string(), text);
        let policy = policy::Policy::parse(policy_text().as_bytes()).unwrap();
        assert!(proof.verify(&[0; 32], &policy).is_err(), "a forged proof");
    }
}

fn try_keys(signed: &SignedCheckpoint) {
    let cosigner = CosignerKey::new(verifier_key(SignatureType::CosignatureEd25519)).unwrap();
    assert!(cosignature::verify(signed, &cosigner).is_err(), "a forged cosignature");
    let log = LogKey::from_verifier_key(verifier_key(SignatureType::Ed25519)).unwrap();
    assert!(log.verify(signed).is_err(), "a forged checkpoint");
}

/// Keys of verifiers and witness policies.
pub(crate) fn policy(input: &[u8]) {
    let _ = policy::Policy::parse(input);
    let Ok(text) = std::str::from_utf8(input) else { return };
    for line in text.lines().take(64) {
        if let Ok(key) = VerifierKey::parse(line) {
            assert_eq!(key.to_string(), line);
        }
    }
}

/// Inclusion and consistency: the first bytes are numbers, the rest hashes.
pub(crate) fn merkle(input: &[u8]) {
    let Some((numbers, hashes)) = input.split_first_chunk::<16>() else { return };
    let (first, second) = numbers.split_at(8);
    let first = u64::from_be_bytes(first.try_into().unwrap());
    let second = u64::from_be_bytes(second.try_into().unwrap());
    let hashes: Vec<Hash> = hashes.as_chunks::<32>().0.to_vec();
    let Some((one, rest)) = hashes.split_first() else { return };
    let Some((other, proof)) = rest.split_first() else { return };
    let _ = verify_inclusion(one, LeafIndex(first), TreeSize(second), proof, other);
    let _ = verify_consistency(TreeSize(first), one, TreeSize(second), other, proof);
}

/// Paths and contents of tiles.
pub(crate) fn tile(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (path, content) = input.split_at(end);
    let content = content.get(1..).unwrap_or_default();
    let Ok(path) = std::str::from_utf8(path) else { return };
    if let Ok(tile) = path.parse::<Tile>() {
        assert_eq!(tile.to_string(), path);
        if let Ok(data) = TileData::from_bytes(tile, content) {
            assert_eq!(data.to_bytes(), content);
        }
    }
    if let Ok(bundle) = path.parse::<EntryBundle>() {
        assert_eq!(bundle.to_string(), path);
        if let Ok(entries) = decode_entries(bundle, content) {
            assert_eq!(encode_entries(&entries).as_deref(), Ok(content));
        }
    }
}

pub(crate) fn policy_seeds() -> Vec<Vec<u8>> {
    vec![verifier_key(SignatureType::CosignatureEd25519).to_string().into_bytes(), policy_text().into_bytes()]
}

/// Proofs over trees of seven leaves and of one, none of them true.
pub(crate) fn merkle_seeds() -> Vec<Vec<u8>> {
    let proof = |first: u64, second: u64, hashes: usize| {
        [first.to_be_bytes().to_vec(), second.to_be_bytes().to_vec(), vec![7; 32 * (hashes + 2)]].concat()
    };
    vec![proof(3, 7, 3), proof(3, 7, 4), proof(0, 1, 0)]
}

pub(crate) fn tile_seeds() -> Vec<Vec<u8>> {
    vec![
        [b"tile/0/x001/234.p/2\n".as_slice(), &[1; 64]].concat(),
        b"tile/entries/000.p/2\n\x00\x03abc\x00\x00".to_vec(),
    ]
}

/// Its private half is one (the point is the generator), but no input has a signature by it.
fn verifier_key(kind: SignatureType) -> VerifierKey {
    let mut generator = [0x66; 32];
    generator[0] = 0x58;
    let key = PublicKey::from_ed25519_raw(&generator).unwrap();
    VerifierKey::new("example.com/log", kind, key).unwrap()
}

fn policy_text() -> String {
    let log = verifier_key(SignatureType::Ed25519);
    let witness = verifier_key(SignatureType::CosignatureEd25519);
    format!("log {log}\nwitness one {witness}\ngroup some any one\nquorum some\n")
}
