use sealwax_tlog::{Hash, ProofError};

/// What may never be, with what shows it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A signed tree is not a prefix of the log.
    #[error("fork: a checkpoint of size {size} was signed whose root the log does not have")]
    Fork {
        /// Its size.
        size: u64,
        /// The root that was signed.
        signed: Hash,
        /// The root of the log at that size.
        log: Hash,
    },
    /// A tree was signed that the log does not reach.
    #[error("a checkpoint of size {signed} was signed, and the log has {log} leaves")]
    SignedBeyondTheLog {
        /// Its size.
        signed: u64,
        /// The size of the log.
        log: u64,
    },
    /// An entry was acknowledged and is not in the log.
    #[error("the entry acknowledged at index {index} is not in the log")]
    Lost {
        /// Where it should be.
        index: u64,
    },
    /// An entry was acknowledged at another index.
    #[error("the entry acknowledged at index {answered} is at {found}")]
    Moved {
        /// The index in the answer.
        answered: u64,
        /// Where it is.
        found: u64,
    },
    /// The leaf is not what the client was told.
    #[error("the leaf at index {index} is not the one that was acknowledged")]
    LeafDiffers {
        /// Its index.
        index: u64,
    },
    /// The same entry has two indices.
    #[error("the entry at index {second} is at {first} already")]
    Twice {
        /// The first.
        first: u64,
        /// The second.
        second: u64,
    },
    /// A client got a proof that leads elsewhere.
    #[error("the proof of index {index} in the tree of size {size} is wrong: {error}")]
    ProofDoesNotProve {
        /// The leaf.
        index: u64,
        /// The tree.
        size: u64,
        /// What is wrong.
        error: ProofError,
    },
    /// A client got a checkpoint that the signer never saw.
    #[error("an answer has a checkpoint of size {size} that was never signed")]
    NeverSigned {
        /// Its size.
        size: u64,
    },
    /// The key signed something else.
    #[error("{bytes} bytes were signed that are no checkpoint")]
    NotACheckpoint {
        /// How many.
        bytes: usize,
    },
    /// A reader saw the log shrink.
    #[error("reader {reader} got size {after} after {before}")]
    Lowered {
        /// Which reader.
        reader: u32,
        /// The larger size, first.
        before: u64,
        /// The smaller size, then.
        after: u64,
    },
    /// Leaf timestamps decrease.
    #[error("the leaf at index {index} is older than the one before it")]
    LeafOlderThanBefore {
        /// Its index.
        index: u64,
    },
    /// Checkpoint timestamps decrease.
    #[error("a checkpoint of size {size} is older than one of a smaller tree")]
    HeadOlderThanSmaller {
        /// Its size.
        size: u64,
    },
    /// A checkpoint is older than what is in it.
    #[error("a checkpoint of size {size} is older than its last leaf")]
    HeadOlderThanLeaf {
        /// Its size.
        size: u64,
    },
}
