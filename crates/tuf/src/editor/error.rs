use super::Role;
use crate::Error;
use jiff::Timestamp;
use sealwax_crypto::KeyKind;

/// Why an edition could not be planned, signed or finished.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// A file is not what the client would accept.
    #[error(transparent)]
    Metadata(#[from] Error),
    /// The client would refuse the repository if the writing of it stopped behind this file.
    #[error("clients would refuse the repository if only the files up to {after} were written: {source}")]
    Order {
        /// The last file that was written.
        after: String,
        /// What the client would say.
        source: Error,
    },
    /// The repository does without consistent snapshots, so that no order of writing is safe.
    #[error("the repository has no consistent snapshots, and only such repositories are edited")]
    InconsistentSnapshots,
    /// The changes lead to what is there already.
    #[error("nothing would change")]
    NothingToDo,
    /// A key of a kind that not all deployed clients verify with.
    #[error("a {kind} key cannot sign: deployed clients agree on ECDSA P-256 and Ed25519")]
    KeyKind {
        /// The kind.
        kind: KeyKind,
    },
    /// A name of a holder that could not be typed on a command line.
    #[error("{holder:?} is no name for a holder: up to 64 letters, digits, and -_.@")]
    Holder {
        /// The name, cut to 64 characters.
        holder: String,
    },
    /// The key is in the role already.
    #[error("the role {role} has the key {keyid} already")]
    KeyListed {
        /// The role.
        role: Role,
        /// The key.
        keyid: String,
    },
    /// The key is not in the role.
    #[error("the role {role} has no key {keyid}")]
    NoSuchKey {
        /// The role.
        role: Role,
        /// The key.
        keyid: String,
    },
    /// Another key has this name.
    #[error("another key has the keyid {keyid}")]
    KeyidTaken {
        /// The name.
        keyid: String,
    },
    /// More signatures demanded than there are keys, or none.
    #[error("the role {role} would demand {threshold} signatures of {keys} keys")]
    Threshold {
        /// The role.
        role: Role,
        /// Signatures demanded.
        threshold: u64,
        /// Distinct keys that can sign.
        keys: u64,
    },
    /// A path that clients would write, sort or shorten differently.
    #[error(
        "{path:?} is no path for a target: ASCII that a URL has as it is, with no segment empty, `.` or `..`"
    )]
    TargetPath {
        /// The path, cut to 128 characters.
        path: String,
    },
    /// There is no such target.
    #[error("there is no target {path}")]
    NoSuchTarget {
        /// The path.
        path: String,
    },
    /// A target is listed, and its content was not given or is another.
    #[error("the content of the new target {path} is missing, or is not the one that is listed")]
    TargetContent {
        /// The path.
        path: String,
    },
    /// A version beyond what clients that count in floating point can tell apart.
    #[error("the version of {role} cannot rise any more")]
    Version {
        /// The role.
        role: Role,
    },
    /// A validity that is no time at all, or ends beyond the calendar.
    #[error("the validity of {role} does not end at an instant in the future")]
    Validity {
        /// The role.
        role: Role,
    },
    /// No such file in the edition.
    #[error("nothing is to be signed by the name of {file}")]
    NoSuchFile {
        /// The name.
        file: String,
    },
    /// The key has no say about the file.
    #[error("the key {keyid} does not sign {file}")]
    NotASigner {
        /// The file.
        file: String,
        /// The key, cut to 128 characters.
        keyid: String,
    },
    /// Not the key's signature of the file.
    #[error("the signature by {keyid} is not one of {file}")]
    BadSignature {
        /// The file.
        file: String,
        /// The key.
        keyid: String,
    },
    /// Not enough signatures yet.
    #[error("{file} has {found} good signatures of the {threshold} that {authority} demands")]
    Incomplete {
        /// The file.
        file: String,
        /// Who demands them.
        authority: String,
        /// Signatures needed.
        threshold: u64,
        /// Signatures there.
        found: u64,
    },
    /// The repository has gone on since this was planned, in another way.
    #[error("the repository has another {file} by now: plan anew")]
    Overtaken {
        /// The file.
        file: String,
    },
    /// A file that does not follow the one before it.
    #[error("{file} does not follow version {after} of the same")]
    Gap {
        /// The file.
        file: String,
        /// The version that is published, or planned before it.
        after: u64,
    },
    /// A planned file that would expire before it is published.
    #[error("{file} expires at {at}: plan anew")]
    Expired {
        /// The file.
        file: String,
        /// When.
        at: Timestamp,
    },
    /// [`finish`](super::Edition::finish) before [`date`](super::Edition::date), or nothing to finish.
    #[error("snapshot and timestamp have not been dated yet")]
    Undated,
}
