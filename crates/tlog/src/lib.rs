//! Transparency logs: the Merkle tree, and the texts that are signed about it.
//!
//! **Job.** Verify and build what a transparency log says about itself: inclusion and consistency proofs,
//! tiles, signed notes, checkpoints, cosignatures of witnesses, witness policies, self-contained proofs.
//!
//! **Specification.** RFC 6962 section 2.1 and RFC 9162 sections 2.1.3 and 2.1.4 for the tree;
//! C2SP `signed-note`, `tlog-checkpoint`, `tlog-cosignature`, `tlog-tiles`, `tlog-proof`, `tlog-policy`
//! and the checkpoint signature of `static-ct-api` for the texts; the checkpoints of Rekor v1 as deployed (see [`LogKey::rekor_v1`]).
//!
//! **Non-goals.** No input or output: callers fetch tiles and checkpoints. No clock: cosignature times are
//! returned, and whoever asks decides what they are worth. No private keys. No entry formats: a leaf is bytes.
//!
//! **Tested** exhaustively over all trees of up to 300 leaves (every inclusion and every consistency proof),
//! by property tests against the recursive definition of RFC 6962, with the vectors of the specifications,
//! and with checkpoints of the public logs. Every parser is tested for `write(parse(x)) == x`.

pub mod checkpoint;
pub mod cosignature;
mod log_key;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod rfc6962;
mod text;
pub mod tile;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use cosignature::CosignerKey;
pub use log_key::{LogKey, LogKeyError, LogSignatureError, VerifiedCheckpoint};
pub use merkle::{
    Hash, LeafIndex, ProofError, TreeSize, empty_root, leaf_hash, node_hash, verify_consistency,
    verify_inclusion,
};
pub use note::{Note, NoteError, VerifierKey, VerifierKeyError};
