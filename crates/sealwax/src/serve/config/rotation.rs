//! `[rotation]`.

use std::time::Duration;

use jiff::SignedDuration;
use sealwax_tuf::editor::{Policy, Role, Validity};

use super::{Keys, Section};
use crate::Failure;

/// When keys, certificates and files follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub lead: Duration,
    pub overlap: Duration,
    pub certificates_last: Duration,
    pub certificates_renewed_before: Duration,
    pub root_lasts: Duration,
    pub targets_last: Duration,
    pub snapshot_lasts: Duration,
    pub timestamp_lasts: Duration,
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

impl Default for Rotation {
    fn default() -> Self {
        let policy = Policy::default();
        let lasts = |role| Duration::try_from(policy.of(role).lasts).unwrap_or_default();
        Self {
            lead: Duration::from_secs(DAY),
            overlap: Duration::from_secs(HOUR),
            certificates_last: Duration::from_secs(1_826 * DAY),
            certificates_renewed_before: Duration::from_secs(30 * DAY),
            root_lasts: lasts(Role::Root),
            targets_last: lasts(Role::Targets),
            snapshot_lasts: lasts(Role::Snapshot),
            timestamp_lasts: lasts(Role::Timestamp),
        }
    }
}

impl Section for Rotation {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key(
            "lead",
            "How long clients are told of a new key before anything is signed with it. They refresh daily.",
            &mut self.lead,
        );
        keys.key(
            "overlap",
            "How long after a change what the key before has signed counts. Certificates live ten minutes, and what is signed \
             with them is logged and timestamped within that: not less.",
            &mut self.overlap,
        );
        keys.key(
            "certificates_last",
            "How long a new certificate of the certificate authority or the timestamp authority lasts.",
            &mut self.certificates_last,
        );
        keys.key(
            "certificates_renewed_before",
            "How long before its end another one follows, by itself. From half of it on /readyz says that it did not.",
            &mut self.certificates_renewed_before,
        );
        keys.key(
            "root_lasts",
            "How long the root of the TUF repository is valid once it is signed.",
            &mut self.root_lasts,
        );
        keys.key("targets_last", "Likewise its targets.", &mut self.targets_last);
        keys.key("snapshot_lasts", "Likewise its snapshot.", &mut self.snapshot_lasts);
        keys.key(
            "timestamp_lasts",
            "Likewise its timestamp: how long clients can be kept from news. All are signed again by themselves, long before.",
            &mut self.timestamp_lasts,
        );
    }
}

impl Rotation {
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.lead_seconds().is_none() {
            return Err(Failure::usage("[rotation] lead: more than a century"));
        }
        if self.certificates_last <= self.certificates_renewed_before + self.lead {
            return Err(Failure::usage(
                "[rotation] certificates_last: not longer than certificates_renewed_before and lead together, so that each \
                 certificate would be renewed at once",
            ));
        }
        if self.overlap.is_zero() {
            return Err(Failure::usage("[rotation] overlap: 0, and what was just signed would not count"));
        }
        for (key, lasts) in [
            ("root_lasts", self.root_lasts),
            ("targets_last", self.targets_last),
            ("snapshot_lasts", self.snapshot_lasts),
            ("timestamp_lasts", self.timestamp_lasts),
        ] {
            if lasts.is_zero() {
                return Err(Failure::usage(format!(
                    "[rotation] {key}: 0, and no client would take the file"
                )));
            }
        }
        Ok(())
    }

    /// The lead in seconds, as a plan has it.
    pub fn lead_seconds(&self) -> Option<u32> {
        u32::try_from(self.lead.as_secs()).ok()
    }

    /// How long files of the repository are valid. They are signed again when as much is left of them, in proportion, as by
    /// default.
    pub fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        for (role, lasts) in [
            (Role::Root, self.root_lasts),
            (Role::Targets, self.targets_last),
            (Role::Snapshot, self.snapshot_lasts),
            (Role::Timestamp, self.timestamp_lasts),
        ] {
            let default = policy.of(role);
            let left = default.renewed_before.as_secs_f64() / default.lasts.as_secs_f64();
            let renewed_before =
                SignedDuration::try_from(lasts.mul_f64(left)).unwrap_or(default.renewed_before);
            let lasts = SignedDuration::try_from(lasts).unwrap_or(default.lasts);
            *policy.of_mut(role) = Validity { lasts, renewed_before };
        }
        policy
    }

    /// As a signed duration; what is longer than the calendar is.
    pub fn signed(duration: Duration) -> SignedDuration {
        SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
    }
}
