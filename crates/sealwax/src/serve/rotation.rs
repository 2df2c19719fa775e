//! Rotation on paper: what follows what, and when. Everything is in `instance.json`, so a rotation that is cut short anywhere is
//! found there by the next start.
//!
//! 1. **Planned**: the next shard or authority is in the list, after the one in use. Its keys are made.
//! 2. **Told**: the trusted root with its key is published. Only now its first instant is fixed, a lead later.
//! 3. **Switched**, at that instant: the one before gets an end, an overlap later, and the new one is in use.
//!
//! What is cut short before it was told of is told of by the next start, with the whole lead again. What is late is switched late:
//! until then the old one signs, without an end.

use jiff::{SignedDuration, Timestamp};
use sealwax_formats::trust::InstanceKind;
use sealwax_pki::Certificate;
use serde::{Deserialize, Serialize};

use super::certificates::Terms;
use super::instance::{Authority, Instance, Shard, Term};

/// What can be followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The signature log: another shard, with a key of its own.
    Log,
    /// The certificate log, likewise.
    Ct,
    /// The certificate authority: another intermediate certificate, with a key of its own.
    Ca,
    /// The timestamp authority, likewise.
    Tsa,
}

/// Why nothing was planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// One at a time: clients are told of two keys at most.
    #[error("{part} changes at {from} already; the next change can be planned after that")]
    Planned {
        /// Of what.
        part: Part,
        /// When.
        from: Timestamp,
    },
    /// The lead goes beyond the calendar.
    #[error("{now} and {lead_seconds} seconds are no instant")]
    Lead {
        /// Now.
        now: Timestamp,
        /// The lead.
        lead_seconds: u32,
    },
    /// The instance has no such part.
    #[error("the instance has not {part}")]
    Nothing {
        /// Of what.
        part: Part,
    },
}

impl Part {
    /// All of them, in the order in which they are switched.
    pub const ALL: [Part; 4] = [Part::Ct, Part::Log, Part::Ca, Part::Tsa];

    /// As the command line calls it.
    pub fn name(self) -> &'static str {
        match self {
            Part::Log => "log",
            Part::Ct => "ct",
            Part::Ca => "ca",
            Part::Tsa => "tsa",
        }
    }

    /// As trusted roots call it.
    pub fn kind(self) -> InstanceKind {
        match self {
            Part::Log => InstanceKind::Log,
            Part::Ct => InstanceKind::CertificateLog,
            Part::Ca => InstanceKind::CertificateAuthority,
            Part::Tsa => InstanceKind::TimestampAuthority,
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Part::Log => "the signature log",
            Part::Ct => "the certificate log",
            Part::Ca => "the certificate authority",
            Part::Tsa => "the timestamp authority",
        })
    }
}

impl Instance {
    /// The place of the one in use.
    pub fn in_use(&self, part: Part) -> Option<usize> {
        self.terms(part).iter().position(|term| term.until.is_none())
    }

    /// When the one that is planned is to be used, if one is.
    pub fn planned(&self, part: Part) -> Option<&Term> {
        self.terms(part).get(self.in_use(part)? + 1).copied()
    }

    /// Adds the next one to a part, to be used a lead after `now`, or later.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn plan(&mut self, part: Part, now: Timestamp, lead_seconds: u32) -> Result<(), PlanError> {
        if let Some(Term { from, .. }) = self.planned(part) {
            return Err(PlanError::Planned { part, from: *from });
        }
        if self.in_use(part).is_none() {
            return Err(PlanError::Nothing { part });
        }
        let term = Term { from: after(now, lead_seconds)?, until: None, lead_seconds };
        let name = (self.terms(part).len() + 1).to_string();
        let nothing = PlanError::Nothing { part };
        if self.terms(part).is_empty() {
            return Err(nothing);
        }
        match part {
            Part::Log => {
                let origin = self.signature_origin().ok_or(nothing)?;
                let path = Some(format!("/shard/{name}"));
                self.signature_shards.push(Shard { name, origin, path, term });
            }
            Part::Ct => {
                let origin = self.certificate_origin(&name).ok_or(nothing)?;
                let path = Some(format!("/ct/{name}"));
                self.certificate_shards.push(Shard { name, origin, path, term });
            }
            Part::Ca => {
                let root = self.certificate_authorities.last().ok_or(nothing)?.root_name().to_owned();
                self.certificate_authorities.push(Authority { name, root: Some(root), term });
            }
            Part::Tsa => {
                let root = self.timestamp_authorities.last().ok_or(nothing)?.root_name().to_owned();
                self.timestamp_authorities.push(Authority { name, root: Some(root), term });
            }
        }
        Ok(())
    }

    /// What is planned gets a root of its own: the one before ends too soon.
    pub fn give_root(&mut self, part: Part) {
        let list = match part {
            Part::Ca => &mut self.certificate_authorities,
            Part::Tsa => &mut self.timestamp_authorities,
            Part::Log | Part::Ct => return,
        };
        if let Some(planned) = list.last_mut() {
            planned.root = None;
        }
    }

    /// Fixes the first instant of what is planned: a lead after now, when clients are told.
    ///
    /// # Errors
    /// [`PlanError::Lead`].
    pub fn tell(&mut self, part: Part, now: Timestamp) -> Result<(), PlanError> {
        let Some(place) = self.in_use(part) else { return Ok(()) };
        if let Some(term) = self.terms_mut(part).into_iter().nth(place + 1) {
            term.from = after(now, term.lead_seconds)?;
        }
        Ok(())
    }

    /// What is planned is used from then on, as clients were told.
    pub fn begin(&mut self, part: Part, from: Timestamp) {
        let Some(place) = self.in_use(part) else { return };
        if let Some(term) = self.terms_mut(part).into_iter().nth(place + 1) {
            term.from = from;
        }
    }

    /// Whether less than half of the lead is left of what is planned: people who are to tell of it need some of it.
    pub fn is_late(&self, part: Part, now: Timestamp) -> bool {
        let half = |term: &Term| SignedDuration::from_secs(i64::from(term.lead_seconds) / 2);
        self.planned(part).is_some_and(|term| term.from.duration_since(now) < half(term))
    }

    /// Puts what is planned in use, and ends the one before: what it signed until then, and a while longer, counts.
    pub fn switch(&mut self, part: Part, now: Timestamp, overlap: SignedDuration) {
        let Some(place) = self.in_use(part) else { return };
        let until = now.checked_add(overlap).ok().and_then(|until| whole(until).ok());
        if let Some(term) = self.terms_mut(part).into_iter().nth(place) {
            term.until = Some(until.unwrap_or(now));
        }
    }

    pub fn terms(&self, part: Part) -> Vec<&Term> {
        match part {
            Part::Log => self.signature_shards.iter().map(|shard| &shard.term).collect(),
            Part::Ct => self.certificate_shards.iter().map(|shard| &shard.term).collect(),
            Part::Ca => self.certificate_authorities.iter().map(|one| &one.term).collect(),
            Part::Tsa => self.timestamp_authorities.iter().map(|one| &one.term).collect(),
        }
    }

    pub(super) fn terms_mut(&mut self, part: Part) -> Vec<&mut Term> {
        match part {
            Part::Log => self.signature_shards.iter_mut().map(|shard| &mut shard.term).collect(),
            Part::Ct => self.certificate_shards.iter_mut().map(|shard| &mut shard.term).collect(),
            Part::Ca => self.certificate_authorities.iter_mut().map(|one| &mut one.term).collect(),
            Part::Tsa => self.timestamp_authorities.iter_mut().map(|one| &mut one.term).collect(),
        }
    }
}

impl Authority {
    /// What the authority is called with which its root was made.
    pub fn root_name(&self) -> &str {
        self.root.as_deref().unwrap_or(&self.name)
    }

    /// What its certificates say.
    pub fn terms<'a>(&'a self, organization: &'a str) -> Terms<'a> {
        let (from, has_ended) = (self.term.from, self.term.until.is_some());
        Terms { organization, from, name: &self.name, root: self.root_name(), has_ended }
    }
}

/// When the first certificate of a chain ends to be valid: nothing new is signed under any.
pub fn chain_ends(chain: &[Certificate]) -> Option<Timestamp> {
    chain.iter().map(Certificate::not_after).min()
}

fn after(now: Timestamp, lead_seconds: u32) -> Result<Timestamp, PlanError> {
    let lead = SignedDuration::from_secs(i64::from(lead_seconds));
    let from = now.checked_add(lead).ok().and_then(|from| whole(from).ok());
    from.ok_or(PlanError::Lead { now, lead_seconds })
}

/// The first whole second that is not before: timestamps and certificates have nothing finer, and clients compare exactly.
fn whole(instant: Timestamp) -> Result<Timestamp, jiff::Error> {
    let second = instant.as_second();
    Timestamp::from_second(if instant.subsec_nanosecond() > 0 { second + 1 } else { second })
}

#[cfg(test)]
mod tests {
    use super::super::places::HostNames;
    use super::*;
    use std::collections::BTreeSet;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn instance() -> Instance {
        let here = "127.0.0.1:4000".parse().unwrap();
        Instance::new("https://a.example".to_owned(), HostNames::new(), BTreeSet::new(), here, at(1_000))
            .unwrap()
    }

    #[test]
    fn one_follows_the_other() {
        for part in Part::ALL {
            let mut instance = instance();
            assert_eq!((instance.in_use(part), instance.planned(part)), (Some(0), None));
            let now = at(2_000) + SignedDuration::from_millis(1);
            instance.plan(part, now, 60).unwrap();
            assert_eq!(instance.in_use(part), Some(0));
            assert_eq!(instance.planned(part).unwrap().from, at(2_061));
            let twice = instance.plan(part, now, 60);
            assert_eq!(twice, Err(PlanError::Planned { part, from: at(2_061) }));

            // Clients are told later: the lead begins then.
            instance.tell(part, at(3_000)).unwrap();
            assert_eq!(instance.planned(part).unwrap().from, at(3_060));
            instance.switch(part, at(3_070), SignedDuration::from_secs(30));
            assert_eq!((instance.in_use(part), instance.planned(part)), (Some(1), None));
            let terms: Vec<_> = instance.terms(part).iter().map(|term| (term.from, term.until)).collect();
            assert_eq!(terms, [(at(1_000), Some(at(3_100))), (at(3_060), None)]);
            instance.plan(part, at(4_000), 0).unwrap();
            assert_eq!(instance.planned(part).unwrap().from, at(4_000));
        }
    }

    #[test]
    fn shards_of_a_host_have_its_name_and_certificate_logs_their_url() {
        let mut instance = instance();
        instance.plan(Part::Log, at(2_000), 0).unwrap();
        instance.plan(Part::Ct, at(2_000), 0).unwrap();
        let named = |shards: &[Shard]| -> Vec<(String, String)> {
            shards.iter().map(|shard| (shard.name.clone(), shard.origin.clone())).collect()
        };
        let own = |name: &str, origin: &str| (name.to_owned(), origin.to_owned());
        assert_eq!(named(&instance.signature_shards), [own("1", "a.example"), own("2", "a.example")]);
        let certificate_logs = [own("1", "a.example/ct/1"), own("2", "a.example/ct/2")];
        assert_eq!(named(&instance.certificate_shards), certificate_logs);
    }
}
