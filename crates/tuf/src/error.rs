use jiff::Timestamp;
use sealwax_crypto::HashAlgorithm;

/// Why a refresh or a search failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is not metadata that we read.
    #[error("the {role} metadata cannot be read: {source}")]
    Metadata {
        /// The role whose file it is.
        role: String,
        /// What is wrong.
        source: MetadataError,
    },
    /// The repository does not have a file that it must have.
    #[error("the repository has no {path}")]
    NotFound {
        /// The path below the metadata URL.
        path: String,
    },
    /// A file is longer than it may be (TUF §5.3.3, §5.4.1, §5.5.1, §5.6.1).
    #[error("the {role} metadata is longer than the {limit} bytes it may have")]
    TooLong {
        /// The role.
        role: String,
        /// The limit, or the length that the referring file states.
        limit: u64,
    },
    /// The file's length is not the one that the referring file states.
    #[error("the {role} metadata has {found} bytes where {expected} were announced")]
    Length {
        /// The role.
        role: String,
        /// As announced.
        expected: u64,
        /// As found.
        found: u64,
    },
    /// The file's digest is not the one that the referring file states (TUF §5.5.2, §5.6.2).
    #[error("the {algorithm} digest of the {role} metadata is not the announced one")]
    Digest {
        /// The role.
        role: String,
        /// The algorithm.
        algorithm: HashAlgorithm,
    },
    /// Digests are announced, and none is of an algorithm that we know.
    #[error("the digests of {what} are of unknown algorithms only")]
    UnknownDigests {
        /// The role or target.
        what: String,
    },
    /// Fewer keys have signed than the threshold demands (TUF §5.3.4, §5.4.2, §5.5.3, §5.6.3).
    #[error("the {role} metadata has {found} good signatures of the {threshold} that {delegator} demands")]
    Threshold {
        /// The role.
        role: String,
        /// Whose keys and threshold count.
        delegator: String,
        /// Signatures needed.
        threshold: u64,
        /// Distinct keys whose signature is good.
        found: u64,
    },
    /// The version is not the one that was asked for (TUF §5.3.5, §5.5.4, §5.6.4).
    #[error("the {role} metadata is version {found} where {expected} was expected")]
    Version {
        /// The role.
        role: String,
        /// As asked for.
        expected: u64,
        /// As found.
        found: u64,
    },
    /// Older than what was trusted before.
    #[error(transparent)]
    Rollback(#[from] Rollback),
    /// Expired (TUF §5.3.10, §5.4.4, §5.5.6, §5.6.5).
    #[error(transparent)]
    Expired(#[from] Expired),
    /// A role that is delegated to, but not in the snapshot (TUF §4.4: it lists all of them).
    #[error("the role {role} is not listed in the snapshot")]
    NotInSnapshot {
        /// The role.
        role: String,
    },
    /// The search has visited as many delegated roles as it may (TUF §5.6.7.1).
    #[error("more than {limit} delegated roles lie on the way to {target}")]
    TooManyDelegations {
        /// The limit.
        limit: usize,
        /// The target that was looked for.
        target: String,
    },
    /// A path pattern that clients read differently.
    #[error("the role {delegator} delegates with the ambiguous pattern {pattern:?}")]
    AmbiguousPattern {
        /// The role whose delegation it is.
        delegator: String,
        /// The pattern.
        pattern: String,
    },
    /// An answer without a question, or the result asked for before the end: a mistake of the driver.
    #[error("the client was answered or finished out of turn")]
    OutOfTurn,
}

/// A version went down, or a role disappeared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rollback {
    /// The timestamp (TUF §5.4.3.1).
    #[error("the timestamp metadata went back from version {trusted} to {found}")]
    Timestamp {
        /// The version trusted before.
        trusted: u64,
        /// The version found.
        found: u64,
    },
    /// The snapshot, as the timestamp names it (TUF §5.4.3.2).
    #[error("the timestamp metadata takes the snapshot back from version {trusted} to {found}")]
    Snapshot {
        /// The version trusted before.
        trusted: u64,
        /// The version found.
        found: u64,
    },
    /// A targets role, as the snapshot names it (TUF §5.5.5).
    #[error("the snapshot metadata takes {role} back from version {trusted} to {found}")]
    Targets {
        /// The role.
        role: String,
        /// The version trusted before.
        trusted: u64,
        /// The version found.
        found: u64,
    },
    /// A targets role that was in the snapshot is gone (TUF §5.5.5).
    #[error("the snapshot metadata no longer lists {role}")]
    Removed {
        /// The role.
        role: String,
    },
}

/// Metadata that was valid until before the start of the refresh.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {role} metadata (version {version}) expired at {expired_at}, before {now}")]
pub struct Expired {
    /// The role.
    pub role: String,
    /// Its version.
    pub version: u64,
    /// Until when it was valid.
    pub expired_at: Timestamp,
    /// The start time of the refresh.
    pub now: Timestamp,
}

/// Why a file is not metadata.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] sealwax_json::Error),
    /// Not canonicalisable.
    #[error(transparent)]
    Canonical(#[from] sealwax_json::OlpcError),
    /// A member is missing.
    #[error("{member} is missing")]
    Missing {
        /// Its path.
        member: String,
    },
    /// A member is not of the type or form that it must have.
    #[error("{member} is not {expected}")]
    Unexpected {
        /// Its path.
        member: String,
        /// What it must be.
        expected: &'static str,
    },
    /// `_type` names another role (TUF §4.2).
    #[error("its type is {found:?} instead of {expected:?}")]
    Type {
        /// The type of the role.
        expected: &'static str,
        /// The type found.
        found: String,
    },
    /// A specification that we do not implement (TUF §4.3: the major version must fit).
    #[error("it follows version {found:?} of the specification, and we know major version 1")]
    SpecificationVersion {
        /// As found.
        found: String,
    },
    /// Two signatures carry one keyid (TUF §4.2: "MUST be unique").
    #[error("two signatures carry the keyid {keyid:?}")]
    DuplicateSignature {
        /// The keyid.
        keyid: String,
    },
    /// A delegation to a name that is a top-level role's, empty, or too long for a file name.
    #[error("{name:?} cannot be the name of a delegated role")]
    RoleName {
        /// The name, cut to 128 characters.
        name: String,
    },
    /// A role is delegated to twice in one file.
    #[error("the role {name:?} is delegated to twice")]
    DuplicateRole {
        /// The name.
        name: String,
    },
}
