//! The next trusted root. Nothing ever disappears from one: what was valid when it was signed stays verifiable, and a key
//! that is not to be trusted any more is ended by date.

use super::{CertificateAuthority, KeyMaterial, TransparencyLog, TrustedRoot, UnusableReason};
use crate::{TimeRange, Window};
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{hex, sha256};

/// How long a new key is in the trusted root before anything uses it, unless something else is configured: clients
/// refresh daily.
pub const DEFAULT_LEAD: SignedDuration = SignedDuration::from_hours(24);

/// What a trusted root lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstanceKind {
    /// A signature log.
    Log,
    /// A certificate authority.
    CertificateAuthority,
    /// A certificate log.
    CertificateLog,
    /// A timestamp authority.
    TimestampAuthority,
}

/// One entry of a trusted root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instance {
    /// A signature log.
    Log(TransparencyLog),
    /// A certificate authority.
    CertificateAuthority(CertificateAuthority),
    /// A certificate log.
    CertificateLog(TransparencyLog),
    /// A timestamp authority.
    TimestampAuthority(CertificateAuthority),
}

/// A change of a trusted root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustChange {
    /// A new shard, a new chain, a new certificate of a timestamp authority.
    Add {
        /// The entry.
        instance: Box<Instance>,
        /// When the first thing was signed under it; `None` if nothing was, and nothing will be before
        /// [`NextRoot::usable_from`].
        first_signed: Option<Timestamp>,
    },
    /// Nothing signed by it later than that is accepted any more.
    End {
        /// The entry's [`Instance::id`].
        id: String,
        /// The last instant, a whole second.
        at: Timestamp,
    },
}

/// A trusted root that followed from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextRoot {
    /// The root.
    pub root: TrustedRoot,
    /// From when on the entry that was added may be used.
    pub usable_from: Option<Timestamp>,
}

/// Why one trusted root does not follow from another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustChangeError {
    /// An entry is gone, or something else than its end has changed.
    #[error(
        "the {kind} {id} has disappeared or was changed; nothing ever leaves a trusted root, it is ended by date"
    )]
    Disappeared {
        /// What it was.
        kind: InstanceKind,
        /// Which one.
        id: String,
    },
    /// No entry has this id.
    #[error("the trusted root has no entry {id}")]
    NoSuchInstance {
        /// The id.
        id: String,
    },
    /// The entry is there already.
    #[error("the {kind} {id} is in the trusted root already")]
    AlreadyThere {
        /// What it is.
        kind: InstanceKind,
        /// Which one.
        id: String,
    },
    /// The entry would be of no use.
    #[error("the {kind} cannot be used: {reason}")]
    Unusable {
        /// What it is.
        kind: InstanceKind,
        /// Why not.
        reason: UnusableReason,
    },
    /// Timestamps and certificates have whole seconds, and clients compare exactly.
    #[error("{instant} is not a whole second")]
    NotAWholeSecond {
        /// The instant.
        instant: Timestamp,
    },
    /// Something was signed before the validity would start.
    #[error("it would be valid from {start} on, and the first thing was signed under it at {first_signed}")]
    StartsTooLate {
        /// When the validity would start.
        start: Timestamp,
        /// When the first thing was signed.
        first_signed: Timestamp,
    },
    /// An end before the start would make what was valid invalid from the beginning.
    #[error("it would end at {end}, before it started at {start}")]
    EndsBeforeStart {
        /// The start.
        start: Timestamp,
        /// The end.
        end: Timestamp,
    },
    /// What has ended is not revived, and what has an end keeps it or gets an earlier one.
    #[error("it ends at {end} already, and an end is never put off")]
    EndsLater {
        /// Its end.
        end: Timestamp,
    },
    /// The lead goes beyond the calendar.
    #[error("{now} and the lead of {} seconds are no instant", lead.as_secs())]
    Lead {
        /// Now.
        now: Timestamp,
        /// The lead.
        lead: SignedDuration,
    },
}

impl TrustedRoot {
    /// The trusted root after a change, and when what was added may be used: `lead` after now, or when its validity starts,
    /// whatever is later.
    ///
    /// # Errors
    /// [`TrustChangeError`].
    pub fn next(
        &self,
        change: &TrustChange,
        now: Timestamp,
        lead: SignedDuration,
    ) -> Result<NextRoot, TrustChangeError> {
        match change {
            TrustChange::Add { instance, first_signed } => {
                let start = instance.check_addition()?.start;
                if let Some(first_signed) = first_signed.filter(|first| *first < start) {
                    return Err(TrustChangeError::StartsTooLate { start, first_signed });
                }
                let (kind, id) = (instance.kind(), instance.id());
                if self.instances().any(|there| there.kind() == kind && there.id() == id) {
                    return Err(TrustChangeError::AlreadyThere { kind, id });
                }
                let mut root = self.clone();
                root.push(Instance::clone(instance));
                let told = now.checked_add(lead).map_err(|_| TrustChangeError::Lead { now, lead })?;
                Ok(NextRoot { root, usable_from: Some(told.max(start)) })
            }
            TrustChange::End { id, at } => {
                whole_second(*at)?;
                let mut found = false;
                let mut root = TrustedRoot { version: self.version, ..TrustedRoot::empty() };
                for instance in self.instances() {
                    let is_it = instance.id() == *id;
                    found |= is_it;
                    root.push(if is_it { instance.ended(*at)? } else { instance });
                }
                if !found {
                    return Err(TrustChangeError::NoSuchInstance { id: id.clone() });
                }
                Ok(NextRoot { root, usable_from: None })
            }
        }
    }

    /// Whether everything of this root is in the next one, ended at most, and whatever is new there can be used.
    ///
    /// # Errors
    /// [`TrustChangeError`].
    pub fn check_successor(&self, next: &TrustedRoot) -> Result<(), TrustChangeError> {
        for old in self.instances() {
            if !next.instances().any(|new| old.is_continued_by(&new)) {
                return Err(TrustChangeError::Disappeared { kind: old.kind(), id: old.id() });
            }
        }
        let is_new = |new: &Instance| !self.instances().any(|old| old.is_continued_by(new));
        next.instances().filter(is_new).try_for_each(|new| new.check_addition().map(drop))
    }

    /// Everything that is listed.
    pub fn instances(&self) -> impl Iterator<Item = Instance> {
        let logs = self.logs.iter().cloned().map(Instance::Log);
        let authorities = self.certificate_authorities.iter().cloned().map(Instance::CertificateAuthority);
        let certificate_logs = self.certificate_logs.iter().cloned().map(Instance::CertificateLog);
        let timestamps = self.timestamp_authorities.iter().cloned().map(Instance::TimestampAuthority);
        logs.chain(authorities).chain(certificate_logs).chain(timestamps)
    }

    fn empty() -> TrustedRoot {
        TrustedRoot {
            version: super::TrustedRootVersion::V01,
            logs: Vec::new(),
            certificate_authorities: Vec::new(),
            certificate_logs: Vec::new(),
            timestamp_authorities: Vec::new(),
        }
    }

    fn push(&mut self, instance: Instance) {
        match instance {
            Instance::Log(log) => self.logs.push(log),
            Instance::CertificateAuthority(authority) => self.certificate_authorities.push(authority),
            Instance::CertificateLog(log) => self.certificate_logs.push(log),
            Instance::TimestampAuthority(authority) => self.timestamp_authorities.push(authority),
        }
    }
}

impl Instance {
    /// What it is.
    pub fn kind(&self) -> InstanceKind {
        match self {
            Instance::Log(_) => InstanceKind::Log,
            Instance::CertificateAuthority(_) => InstanceKind::CertificateAuthority,
            Instance::CertificateLog(_) => InstanceKind::CertificateLog,
            Instance::TimestampAuthority(_) => InstanceKind::TimestampAuthority,
        }
    }

    /// What tells it from the others: SHA-256, in hexadecimal, of a log's key as it is listed, or of an authority's first
    /// certificate.
    pub fn id(&self) -> String {
        let bytes = match self {
            Instance::Log(log) | Instance::CertificateLog(log) => {
                log.public_key.as_ref().map_or(&[][..], KeyMaterial::raw_bytes)
            }
            Instance::CertificateAuthority(authority) | Instance::TimestampAuthority(authority) => {
                authority.cert_chain.first().map_or(&[][..], Vec::as_slice)
            }
        };
        hex(&sha256(bytes))
    }

    /// Where it can be reached, as it says.
    pub fn url(&self) -> &str {
        match self {
            Instance::Log(log) | Instance::CertificateLog(log) => &log.base_url,
            Instance::CertificateAuthority(ca) | Instance::TimestampAuthority(ca) => &ca.uri,
        }
    }

    /// When it was in use.
    pub fn valid_for(&self) -> Option<TimeRange> {
        match self {
            Instance::Log(log) | Instance::CertificateLog(log) => {
                log.public_key.as_ref().and_then(|key| key.valid_for().copied())
            }
            Instance::CertificateAuthority(ca) | Instance::TimestampAuthority(ca) => ca.valid_for,
        }
    }

    /// When it is in use, if it is fit to be added.
    fn check_addition(&self) -> Result<Window, TrustChangeError> {
        let usable = match self {
            Instance::Log(log) | Instance::CertificateLog(log) => log.usable().map(|usable| usable.window),
            Instance::CertificateAuthority(ca) | Instance::TimestampAuthority(ca) => ca.usable(),
        };
        let window = usable.map_err(|reason| TrustChangeError::Unusable { kind: self.kind(), reason })?;
        whole_second(window.start)?;
        if let Some(end) = window.end {
            whole_second(end)?;
            check_order(window.start, end)?;
        }
        Ok(window)
    }

    /// The same with an end.
    fn ended(&self, at: Timestamp) -> Result<Instance, TrustChangeError> {
        let unusable = |reason| TrustChangeError::Unusable { kind: self.kind(), reason };
        let range = self.valid_for().ok_or_else(|| unusable(UnusableReason::NoStart))?;
        if let Some(end) = range.end.filter(|end| *end < at) {
            return Err(TrustChangeError::EndsLater { end });
        }
        if let Some(start) = range.start {
            check_order(start, at)?;
        }
        Ok(self.with_validity(Some(TimeRange { end: Some(at), ..range })))
    }

    fn with_validity(&self, valid_for: Option<TimeRange>) -> Instance {
        let log = |log: &TransparencyLog| TransparencyLog {
            public_key: log
                .public_key
                .as_ref()
                .map(|key| KeyMaterial::new(key.raw_bytes().to_vec(), key.details().clone(), valid_for)),
            ..log.clone()
        };
        let authority = |ca: &CertificateAuthority| CertificateAuthority { valid_for, ..ca.clone() };
        match self {
            Instance::Log(old) => Instance::Log(log(old)),
            Instance::CertificateLog(old) => Instance::CertificateLog(log(old)),
            Instance::CertificateAuthority(old) => Instance::CertificateAuthority(authority(old)),
            Instance::TimestampAuthority(old) => Instance::TimestampAuthority(authority(old)),
        }
    }

    /// The same without its end.
    fn unended(&self) -> Instance {
        self.with_validity(self.valid_for().map(|range| TimeRange { end: None, ..range }))
    }

    /// Whether `new` is the same entry, ended at most.
    fn is_continued_by(&self, new: &Instance) -> bool {
        let end = |instance: &Instance| instance.valid_for().and_then(|range| range.end);
        let not_later = match (end(self), end(new)) {
            (_, None) => end(self).is_none(),
            (None, Some(_)) => true,
            (Some(old), Some(new)) => new <= old,
        };
        not_later && self.unended() == new.unended()
    }
}

impl std::fmt::Display for InstanceKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            InstanceKind::Log => "signature log",
            InstanceKind::CertificateAuthority => "certificate authority",
            InstanceKind::CertificateLog => "certificate log",
            InstanceKind::TimestampAuthority => "timestamp authority",
        })
    }
}

fn whole_second(instant: Timestamp) -> Result<(), TrustChangeError> {
    if instant.subsec_nanosecond() == 0 { Ok(()) } else { Err(TrustChangeError::NotAWholeSecond { instant }) }
}

fn check_order(start: Timestamp, end: Timestamp) -> Result<(), TrustChangeError> {
    if start <= end { Ok(()) } else { Err(TrustChangeError::EndsBeforeStart { start, end }) }
}

#[cfg(test)]
mod tests;
