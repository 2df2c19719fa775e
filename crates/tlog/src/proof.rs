//! Self-contained proofs that an entry is in a log: index, inclusion proof and checkpoint in one text
//! (C2SP `tlog-proof`).

use core::fmt;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::merkle::{Hash, LeafIndex, ProofError, verify_inclusion};
use crate::note;
use crate::policy::{Policy, PolicyError, Satisfied};
use crate::text::{base64_decode, base64_encode, base64_hash, decimal};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most bytes of extra data that are read. Ours: the specification sets no limit.
pub const MAX_EXTRA_BYTES: usize = 1 << 16;

/// The most hashes that are read: no tree of fewer than 2^63 leaves needs more (and C2SP `tlog-witness`
/// allows no more in a consistency proof).
pub const MAX_HASHES: usize = 63;

/// The longest proof that is read, in bytes: the largest checkpoint and the most of everything before it.
pub const MAX_BYTES: usize = note::MAX_BYTES + 2 * MAX_EXTRA_BYTES;

/// A proof, read but not verified.
///
/// Its [`Display`](fmt::Display) form is the proof again, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    extra: Option<Vec<u8>>,
    index: LeafIndex,
    hashes: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

/// Why something is not a proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofTextError {
    /// Longer than [`MAX_BYTES`].
    #[error("the proof has {bytes} bytes, at most {MAX_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The first line is not `c2sp.org/tlog-proof@v1`.
    #[error("the first line is not {HEADER:?}")]
    NoHeader,
    /// No blank line ends the hashes.
    #[error("no blank line separates the inclusion proof from the checkpoint")]
    NoBlankLine,
    /// The extra data are empty or not canonical base64.
    #[error("the extra data are empty or not canonical padded base64")]
    BadExtra,
    /// More extra data than [`MAX_EXTRA_BYTES`].
    #[error("the extra data have {bytes} bytes, at most {MAX_EXTRA_BYTES} are read")]
    ExtraTooLong {
        /// Their length.
        bytes: usize,
    },
    /// The index line is missing or is not `index` and a decimal number without leading zeros.
    #[error("the index line is missing or is not a decimal number without leading zeros, below 2^64")]
    BadIndex,
    /// Line `line` of the hashes (from 1) is not canonical base64 of 32 bytes.
    #[error("hash {line} is not the canonical base64 of 32 bytes")]
    BadHash {
        /// Which one, from 1.
        line: usize,
    },
    /// More hashes than [`MAX_HASHES`].
    #[error("the proof has more than {MAX_HASHES} hashes")]
    TooManyHashes,
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Why a proof does not prove.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofVerifyError {
    /// The checkpoint does not satisfy the policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The entry is not in the tree of the checkpoint.
    #[error(transparent)]
    Inclusion(#[from] ProofError),
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`ProofTextError`].
    pub fn parse(proof: &str) -> Result<Self, ProofTextError> {
        if proof.len() > MAX_BYTES {
            return Err(ProofTextError::TooLong { bytes: proof.len() });
        }
        let (head, checkpoint) = proof.split_once("\n\n").ok_or(ProofTextError::NoBlankLine)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ProofTextError::NoHeader);
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => Some(parse_extra(line)?),
            None => None,
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = LeafIndex(index.ok_or(ProofTextError::BadIndex)?);
        let mut hashes = Vec::new();
        for (position, line) in lines.enumerate() {
            if position == MAX_HASHES {
                return Err(ProofTextError::TooManyHashes);
            }
            hashes.push(base64_hash(line).ok_or(ProofTextError::BadHash { line: position + 1 })?);
        }
        Ok(Self { extra, index, hashes, checkpoint: SignedCheckpoint::parse(checkpoint)? })
    }

    /// Puts a proof together.
    ///
    /// # Errors
    /// [`ProofTextError::BadExtra`], [`ProofTextError::ExtraTooLong`] or [`ProofTextError::TooManyHashes`].
    pub fn new(
        extra: Option<Vec<u8>>,
        index: LeafIndex,
        hashes: Vec<Hash>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, ProofTextError> {
        if let Some(extra) = &extra {
            check_extra(extra)?;
        }
        if hashes.len() > MAX_HASHES {
            return Err(ProofTextError::TooManyHashes);
        }
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// Checks that an entry with this leaf hash is in a log that the policy names, under a checkpoint that its
    /// quorum of witnesses has seen. What the extra data say is not proved by anything.
    ///
    /// # Errors
    /// [`ProofVerifyError`].
    pub fn verify(&self, leaf: &Hash, policy: &Policy) -> Result<Satisfied, ProofVerifyError> {
        let satisfied = policy.evaluate(&self.checkpoint)?;
        let checkpoint = &satisfied.checkpoint;
        verify_inclusion(leaf, self.index, checkpoint.size(), &self.hashes, checkpoint.root())?;
        Ok(satisfied)
    }

    /// Data with a meaning to the application, not authenticated.
    #[must_use]
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Where the entry is in the log.
    #[must_use]
    pub fn index(&self) -> LeafIndex {
        self.index
    }

    /// The inclusion proof, from the leaf's sibling up.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64_encode(extra))?;
        }
        writeln!(f, "index {}", self.index.0)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", base64_encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, ProofTextError> {
    let encoded = line.strip_prefix("extra ").ok_or(ProofTextError::BadExtra)?;
    let extra = base64_decode(encoded).ok_or(ProofTextError::BadExtra)?;
    check_extra(&extra)?;
    Ok(extra)
}

/// "If no extra data is present, this line is omitted."
fn check_extra(extra: &[u8]) -> Result<(), ProofTextError> {
    match extra.len() {
        0 => Err(ProofTextError::BadExtra),
        bytes if bytes > MAX_EXTRA_BYTES => Err(ProofTextError::ExtraTooLong { bytes }),
        _ => Ok(()),
    }
}
