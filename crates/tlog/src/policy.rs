//! Witness policies: which logs count, which witnesses, and how many of them (C2SP `tlog-policy`).

mod parse;

use crate::checkpoint::SignedCheckpoint;
use crate::cosignature::{self, CosignatureError, CosignerKey, PosixSeconds};
use crate::log_key::{LogKey, LogSignatureError, VerifiedCheckpoint};

pub use parse::{MAX_BYTES, MAX_DEFINITIONS, PolicyLine, PolicyParseError};

/// A policy: logs, witnesses, groups of witnesses, and the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    /// Each group refers to witnesses and to earlier groups only.
    groups: Vec<Group>,
    quorum: Option<Member>,
}

/// A log whose checkpoints count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its key; its name is the origin.
    pub key: LogKey,
    /// How to reach it, opaque.
    pub url: Option<Vec<u8>>,
}

/// A witness whose cosignature may count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the policy: opaque bytes, not the name of its key.
    pub name: Vec<u8>,
    /// Its key.
    pub key: CosignerKey,
    /// How to reach it, opaque.
    pub url: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<Member>,
}

/// A position in the policy's witnesses or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// A checkpoint that one of the policy's logs has signed and its quorum has cosigned.
/// Only [`Policy::evaluate`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Satisfied {
    /// The checkpoint.
    pub checkpoint: VerifiedCheckpoint,
    /// The witnesses that have cosigned it, all of them, and when.
    pub cosigned: Vec<Cosigned>,
}

/// A witness's verified statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cosigned {
    /// The witness's name within the policy.
    pub witness: Vec<u8>,
    /// The witness's own word for when. Whether it is in the future is for the caller to judge.
    pub time: PosixSeconds,
}

/// Why a checkpoint does not satisfy a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No log of the policy has the checkpoint's origin.
    #[error("the policy names no log {origin:?}")]
    UnknownLog {
        /// The origin.
        origin: String,
    },
    /// The log's signature is missing or wrong.
    #[error(transparent)]
    Log(#[from] LogSignatureError),
    /// A line of one of the policy's witnesses is there, and wrong.
    #[error("a cosignature by the witness {} is wrong", witness.escape_ascii())]
    Witness {
        /// The witness's name within the policy.
        witness: Vec<u8>,
        /// What is wrong.
        source: CosignatureError,
    },
    /// Too few witnesses, or not the right ones.
    #[error("the witnesses that cosigned ({} of {known}) are not a quorum", cosigned.len())]
    NoQuorum {
        /// Those that did.
        cosigned: Vec<Cosigned>,
        /// How many the policy names.
        known: usize,
    },
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyParseError`], which names the line.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyParseError> {
        parse::parse(file)
    }

    /// Checks a checkpoint against the whole policy: signed by one of its logs, cosigned by its quorum.
    ///
    /// A policy without logs accepts nothing here; it is meant for [`Policy::evaluate_quorum`].
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn evaluate(&self, signed: &SignedCheckpoint) -> Result<Satisfied, PolicyError> {
        let origin = signed.unverified().origin();
        let mut outcome = Err(PolicyError::UnknownLog { origin: origin.to_owned() });
        for log in self.logs.iter().filter(|log| log.key.name() == Some(origin)) {
            match log.key.verify(signed) {
                Ok(checkpoint) => outcome = Ok(checkpoint),
                // Of several keys of one log any may have signed ...
                Err(error @ LogSignatureError::Missing { .. }) => outcome = outcome.or(Err(error.into())),
                // ... but a wrong signature by one of them spoils the note.
                Err(error) => return Err(error.into()),
            }
        }
        let checkpoint = outcome?;
        Ok(Satisfied { checkpoint, cosigned: self.evaluate_quorum(signed)? })
    }

    /// Checks only that the quorum has cosigned, and returns all witnesses that have. For a log that is known
    /// from elsewhere, a trusted root for instance: **who signed the checkpoint is not looked at**.
    ///
    /// # Errors
    /// [`PolicyError::Witness`] or [`PolicyError::NoQuorum`].
    pub fn evaluate_quorum(&self, signed: &SignedCheckpoint) -> Result<Vec<Cosigned>, PolicyError> {
        let times = self.cosignature_times(signed)?;
        let named = self.witnesses.iter().zip(&times);
        let cosigned: Vec<Cosigned> = named
            .filter_map(|(witness, time)| Some(Cosigned { witness: witness.name.clone(), time: (*time)? }))
            .collect();

        let mut groups: Vec<bool> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let present = group.members.iter().filter(|member| is_met(**member, &times, &groups)).count();
            groups.push(present >= group.threshold);
        }
        if self.quorum.is_none_or(|member| is_met(member, &times, &groups)) {
            Ok(cosigned)
        } else {
            Err(PolicyError::NoQuorum { cosigned, known: self.witnesses.len() })
        }
    }

    /// The logs, in the order of the file.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses, in the order of the file.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether the policy demands any cosignature at all (`quorum none` does not).
    #[must_use]
    pub fn demands_cosignatures(&self) -> bool {
        self.quorum.is_some()
    }

    /// When each witness cosigned, if it did. A witness whose line is wrong spoils the note, as `signed-note`
    /// advises for every known key.
    fn cosignature_times(&self, signed: &SignedCheckpoint) -> Result<Vec<Option<PosixSeconds>>, PolicyError> {
        let time_of = |witness: &Witness| match cosignature::verify(signed, &witness.key) {
            Ok(time) => Ok(Some(time)),
            Err(CosignatureError::Missing { .. }) => Ok(None),
            Err(source) => Err(PolicyError::Witness { witness: witness.name.clone(), source }),
        };
        self.witnesses.iter().map(time_of).collect()
    }
}

/// A member that is not there is not met; the parser leaves no such member.
fn is_met(member: Member, times: &[Option<PosixSeconds>], groups: &[bool]) -> bool {
    match member {
        Member::Witness(position) => times.get(position).is_some_and(Option::is_some),
        Member::Group(position) => groups.get(position).copied().unwrap_or(false),
    }
}
