//! How long files are valid, and what is due.

use super::{EditError, Repository, Role};
use jiff::{SignedDuration, Timestamp};
use std::num::NonZeroU64;

/// How long a role's files are valid, and how long before the end of that they are signed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From the signing on.
    pub lasts: SignedDuration,
    /// Signed again when no more than this remains.
    pub renewed_before: SignedDuration,
}

/// The validity of every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// People meet for it.
    pub root: Validity,
    /// As a rule, signed by the same people.
    pub targets: Validity,
    /// Signed online.
    pub snapshot: Validity,
    /// Signed online; how long a client can be kept from news.
    pub timestamp: Validity,
}

/// When, for how long, and by which steps an edition is made.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The instant of the edition.
    pub now: Timestamp,
    /// How long its files are valid.
    pub policy: Policy,
    /// By how much the versions of targets, snapshot and timestamp rise. More than 1 only after a restore: it must lead above
    /// everything that was ever published, or clients report a rollback. Roots always rise by 1 (TUF §5.3.5).
    pub step: NonZeroU64,
}

/// A role that is to be signed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The role.
    pub role: Role,
    /// Since when it is due.
    pub since: Timestamp,
    /// When clients stop accepting what there is.
    pub expires: Timestamp,
}

/// What is to be signed again now, the most urgent first.
pub fn due(repository: &Repository, policy: &Policy, now: Timestamp) -> Vec<Due> {
    let mut due: Vec<Due> = Role::ALL
        .into_iter()
        .filter_map(|role| {
            let expires = repository.expires(role);
            let since = expires.checked_sub(policy.of(role).renewed_before).unwrap_or(Timestamp::MIN);
            (since <= now).then_some(Due { role, since, expires })
        })
        .collect();
    due.sort_by_key(|due| (due.expires, due.role));
    due
}

impl Policy {
    /// That of a role.
    pub fn of(&self, role: Role) -> Validity {
        match role {
            Role::Root => self.root,
            Role::Targets => self.targets,
            Role::Snapshot => self.snapshot,
            Role::Timestamp => self.timestamp,
        }
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, role: Role) -> &mut Validity {
        match role {
            Role::Root => &mut self.root,
            Role::Targets => &mut self.targets,
            Role::Snapshot => &mut self.snapshot,
            Role::Timestamp => &mut self.timestamp,
        }
    }
}

impl Default for Policy {
    /// A year for what people sign, with a quarter to bring them together; 30 and 7 days for what a machine signs. The public
    /// instance's root lasts 197 days with 46 to meet, its timestamp 7.
    fn default() -> Self {
        let days = |lasts: i64, renewed_before: i64| Validity {
            lasts: SignedDuration::from_hours(24 * lasts),
            renewed_before: SignedDuration::from_hours(24 * renewed_before),
        };
        Policy { root: days(365, 91), targets: days(365, 91), snapshot: days(30, 15), timestamp: days(7, 4) }
    }
}

impl Terms {
    /// An edition of now, with the default validity, one version on.
    pub fn new(now: Timestamp) -> Self {
        Terms { now, policy: Policy::default(), step: NonZeroU64::MIN }
    }

    /// Until when a file of now is valid: whole seconds (TUF §4.2), rounded down.
    pub(super) fn expiry(&self, role: Role) -> Result<Timestamp, EditError> {
        let end = self.now.checked_add(self.policy.of(role).lasts).ok();
        let end = end.and_then(|end| Timestamp::from_second(end.as_second()).ok());
        end.filter(|end| *end > self.now).ok_or(EditError::Validity { role })
    }
}
