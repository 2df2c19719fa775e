//! What ends if nothing is done: the certificates in use, and the files of the repository. All of it is renewed by itself, but for the
//! certificate for TLS, which somebody else renews; so whoever hears of it here has something to look into.

use jiff::{SignedDuration, Timestamp};
use sealwax_pki::Certificate;
use sealwax_tuf::editor::{Policy, Repository, Role};

use super::config::Rotation;
use super::rotation::{Part, chain_ends};
use crate::tls_files::Validity;

/// Something that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What: `ca`, `tsa`, `tls`, or a role of TUF.
    pub what: String,
    /// The last instant at which it is valid.
    pub ends: Timestamp,
    /// How long before that it is renewed.
    renewed_before: SignedDuration,
}

/// An instance that is late: what should have been renewed was not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Late {
    /// Half of the time for it is over.
    #[error("{what} ends at {ends}, and was not renewed")]
    NotRenewed {
        /// What.
        what: String,
        /// When it ends.
        ends: Timestamp,
    },
    /// What clients were told of did not happen.
    #[error("another one of {part} is due since {since}, and is not in use")]
    NotSwitched {
        /// What.
        part: Part,
        /// Since when.
        since: Timestamp,
    },
}

/// How long before its end a certificate for TLS is renewed, at the latest: a third of its time is what programs that do so leave, and
/// of one that lasts a year nobody waits for four months.
const TLS_RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 14);

/// How late a change may be before somebody is told: it takes a moment, and some tries.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);

impl Ending {
    /// The certificates of an authority.
    pub fn of_chain(part: Part, chain: &[Certificate], rotation: &Rotation) -> Option<Self> {
        let renewed_before = Rotation::signed(rotation.certificates_renewed_before);
        Some(Self { what: part.name().to_owned(), ends: chain_ends(chain)?, renewed_before })
    }

    /// The certificate for TLS.
    pub fn of_tls(validity: Validity) -> Self {
        let Validity { from, until } = validity;
        let third = from.duration_until(until) / 3;
        Self { what: "tls".to_owned(), ends: until, renewed_before: third.min(TLS_RENEWED_BEFORE) }
    }

    /// The files of a repository.
    pub fn of_repository(repository: &Repository, policy: &Policy) -> Vec<Self> {
        let role = |role: Role| Self {
            what: format!("tuf {role}"),
            ends: repository.expires(role),
            renewed_before: policy.of(role).renewed_before,
        };
        Role::ALL.into_iter().map(role).collect()
    }

    /// # Errors
    /// [`Late::NotRenewed`].
    pub fn check(&self, now: Timestamp) -> Result<(), Late> {
        let late = self.ends.checked_sub(self.renewed_before / 2).unwrap_or(Timestamp::MIN);
        if now < late {
            return Ok(());
        }
        Err(Late::NotRenewed { what: self.what.clone(), ends: self.ends })
    }
}

/// Whether a change that is planned for `since` has been forgotten.
///
/// # Errors
/// [`Late::NotSwitched`].
pub fn check_planned(part: Part, since: Timestamp, now: Timestamp) -> Result<(), Late> {
    if now.duration_since(since) <= PATIENCE { Ok(()) } else { Err(Late::NotSwitched { part, since }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(86_400 * day).unwrap()
    }

    #[test]
    fn of_a_certificate_for_tls_a_sixth_is_left_or_a_week() {
        for (lasts, late) in [(90, 83), (366, 359), (6, 5)] {
            let ending = Ending::of_tls(Validity { from: day(0), until: day(lasts) });
            assert_eq!(ending.check(day(late) - SignedDuration::from_secs(1)), Ok(()), "{lasts}");
            let not_renewed = Late::NotRenewed { what: "tls".to_owned(), ends: day(lasts) };
            assert_eq!(ending.check(day(late)), Err(not_renewed), "{lasts}");
        }
    }

    #[test]
    fn half_of_the_time_for_renewal_is_given() {
        let ending = Ending {
            what: "tsa".to_owned(),
            ends: day(100),
            renewed_before: SignedDuration::from_hours(24 * 30),
        };
        assert_eq!(ending.check(day(84)), Ok(()));
        let late = Late::NotRenewed { what: "tsa".to_owned(), ends: day(100) };
        assert_eq!(ending.check(day(85)), Err(late.clone()));
        assert_eq!(ending.check(day(200)), Err(late));
        assert_eq!(check_planned(Part::Ca, day(1), day(1)), Ok(()));
        assert_eq!(check_planned(Part::Ca, day(1), day(0)), Ok(()));
        let forgotten = Err(Late::NotSwitched { part: Part::Ca, since: day(1) });
        assert_eq!(check_planned(Part::Ca, day(1), day(2)), forgotten);
    }
}
