use crate::oracle::{Answer, Leaf};
use bytes::Bytes;
use sealwax_crypto::sha256;
use sealwax_log::engine::{Added, Body, Kind, Submission};
use sealwax_tlog::{Hash, leaf_hash};

/// An entry of a log of this kind, made of these bytes.
#[must_use]
pub fn submission(kind: Kind, bytes: &Bytes) -> Submission {
    match kind {
        Kind::Signature => Submission::signature(bytes.clone()),
        Kind::Certificate => {
            let entry = x509_entry(bytes);
            let extra = Bytes::from_static(&[0, 0]); // no chain
            Submission { identity: sha256(&entry), body: Body::Certificate { entry, extra } }
        }
    }
}

/// The answer as its client understands it: it computes the leaf from its own entry.
#[must_use]
pub fn answer(kind: Kind, bytes: &Bytes, added: &Added) -> Answer {
    let leaf = match kind {
        Kind::Signature => leaf_hash(bytes),
        Kind::Certificate => certificate_leaf(added.timestamp, &x509_entry(bytes), added.index),
    };
    Answer {
        identity: submission(kind, bytes).identity,
        leaf,
        index: added.index,
        proof: added.proof.clone(),
        size: added.published.size,
        root: added.published.root,
    }
}

/// `entry_type` and `signed_entry` of a `TimestampedEntry` (RFC 6962 section 3.4).
fn x509_entry(certificate: &[u8]) -> Bytes {
    let [.., high, middle, low] = certificate.len().to_be_bytes();
    [&[0, 0, high, middle, low], certificate].concat().into()
}

/// The hash of a `MerkleTreeLeaf` with the leaf index in its extensions (static-ct-api).
fn certificate_leaf(timestamp: u64, entry: &[u8], index: u64) -> Hash {
    let [_, _, _, a, b, c, d, e] = index.to_be_bytes();
    let extensions = [0, 8, 0, 0, 5, a, b, c, d, e];
    leaf_hash(&[&[0, 0], &timestamp.to_be_bytes()[..], entry, &extensions].concat())
}

/// The leaves of a bundle of entries, `first` being the index of its first one.
pub(super) fn leaves(kind: Kind, bundle: &[u8], first: u64) -> Option<Vec<Leaf>> {
    let mut leaves = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let leaf = match kind {
            Kind::Signature => {
                let (length, after) = rest.split_first_chunk::<2>()?;
                let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
                rest = after;
                let hash = leaf_hash(entry);
                Leaf { identity: hash, hash, timestamp: None }
            }
            Kind::Certificate => {
                let (timestamp, after) = rest.split_first_chunk::<8>()?;
                let timestamp = u64::from_be_bytes(*timestamp);
                let ([0, 0, high, middle, low], _) = after.split_first_chunk::<5>()? else { return None };
                let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
                let (entry, after) = after.split_at_checked(5 + length)?;
                let index = first + leaves.len() as u64;
                // Ten bytes of extensions, and an empty chain.
                let (extensions, after) = after.split_at_checked(12)?;
                let [_, _, _, a, b, c, d, e] = index.to_be_bytes();
                if extensions != [0, 8, 0, 0, 5, a, b, c, d, e, 0, 0] {
                    return None;
                }
                rest = after;
                let hash = certificate_leaf(timestamp, entry, index);
                Leaf { identity: sha256(entry), hash, timestamp: Some(timestamp) }
            }
        };
        leaves.push(leaf);
    }
    Some(leaves)
}
