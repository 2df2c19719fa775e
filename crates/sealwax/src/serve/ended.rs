//! Keys that are ended by date, because somebody else may have had them: on paper, like [`super::rotation`]. Nothing is removed; what
//! a key signed until then counts for ever, and what it signed later does not count any more.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::instance::{Instance, Term};
use super::rotation::Part;

/// What is to end, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The key, as it is called in `secrets`: `log-1`, `ct-1`, `ca-1`, `tsa-1`; `ca-root-1` for all that is under that root.
    pub key: String,
    /// The last instant at which what it signs counts, in whole seconds.
    pub at: Timestamp,
}

/// Why nothing was ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndError {
    /// No such key, or one that trusted roots do not list.
    #[error("{key:?} is no key that clients trust: name one of {}", known.join(", "))]
    Unknown {
        /// The name.
        key: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// It still signs: what it signs from now on would verify nowhere.
    #[error("{key} is in use: give it a successor first, with `sealwax rotate {} --dir DIR --lead 0s --wait`{}", part.name(), new_root(*.of_root))]
    InUse {
        /// Its name.
        key: String,
        /// Of what.
        part: Part,
        /// Whether the root above it is to end too.
        of_root: bool,
    },
    /// It signs from later on, as clients were told.
    #[error("{key} is not in use before {from}; it can be ended when it is, and another one has followed it")]
    Planned {
        /// Its name.
        key: String,
        /// From when on it is used.
        from: Timestamp,
    },
    /// Not an instant at which it was valid.
    #[error("{key} is valid from {from} on: that is the earliest end that it can have")]
    BeforeStart {
        /// Its name.
        key: String,
        /// From when on it is valid.
        from: Timestamp,
    },
    /// Clients were told of an earlier one, and what does not count for them cannot count again.
    #[error("{key} has ended at {until} already: an end can become earlier, and never later")]
    Later {
        /// Its name.
        key: String,
        /// Its end.
        until: Timestamp,
    },
    /// Validity is in whole seconds.
    #[error("{at} is no whole second")]
    NotAWholeSecond {
        /// The instant.
        at: Timestamp,
    },
}

impl Instance {
    /// Ends a key, or all that is under a root.
    ///
    /// # Errors
    /// [`EndError`]; then nothing has changed.
    pub fn end(&mut self, end: &End) -> Result<(), EndError> {
        if end.at.subsec_nanosecond() != 0 {
            return Err(EndError::NotAWholeSecond { at: end.at });
        }
        let (part, places, of_root) = self.meant(&end.key)?;
        for place in &places {
            self.check_end(part, *place, end.at, of_root)?;
        }
        let mut terms = self.terms_mut(part);
        // A root is as old as the first that is under it.
        let from = places.iter().filter_map(|place| terms.get(*place)).map(|term| term.from).min();
        if let Some(from) = from.filter(|from| end.at < *from) {
            return Err(EndError::BeforeStart { key: end.key.clone(), from });
        }
        for place in places {
            if let Some(term) = terms.get_mut(place) {
                // What began under the root later has no earlier end than its start.
                let at = end.at.max(term.from);
                term.until = term.until.map(|until| until.min(at));
            }
        }
        Ok(())
    }

    /// The ends of what this key names, as clients are told of them: part, first instant, and last.
    pub fn ends_of(&self, key: &str) -> Result<Vec<(Part, Term)>, EndError> {
        let (part, places, _) = self.meant(key)?;
        let terms = self.terms(part);
        Ok(places.into_iter().filter_map(|place| Some((part, (*terms.get(place)?).clone()))).collect())
    }

    fn check_end(&self, part: Part, place: usize, at: Timestamp, of_root: bool) -> Result<(), EndError> {
        let key = self.keys(part).into_iter().nth(place).unwrap_or_default();
        let terms = self.terms(part);
        let Some(term) = terms.get(place) else { return Err(self.unknown(&key)) };
        match term.until {
            None if self.in_use(part) == Some(place) => Err(EndError::InUse { key, part, of_root }),
            None => Err(EndError::Planned { key, from: term.from }),
            // Of all that is under a root, some may have ended earlier.
            Some(until) if at > until && !of_root => Err(EndError::Later { key, until }),
            Some(_) => Ok(()),
        }
    }

    /// What a name means, and whether it is a root's.
    fn meant(&self, key: &str) -> Result<(Part, Vec<usize>, bool), EndError> {
        for part in Part::ALL {
            if let Some(place) = self.keys(part).iter().position(|known| known == key) {
                return Ok((part, vec![place], false));
            }
            let roots = self.roots(part);
            let below: Vec<usize> =
                (0..roots.len()).filter(|place| roots.get(*place).is_some_and(|root| root == key)).collect();
            if !below.is_empty() {
                return Ok((part, below, true));
            }
        }
        Err(self.unknown(key))
    }

    fn unknown(&self, key: &str) -> EndError {
        let known = Part::ALL.into_iter().flat_map(|part| self.keys(part)).collect();
        EndError::Unknown { key: key.to_owned(), known }
    }

    /// The keys of a part, as they are called in `secrets`.
    pub(super) fn keys(&self, part: Part) -> Vec<String> {
        let names: Vec<&String> = match part {
            Part::Log => self.signature_shards.iter().map(|shard| &shard.name).collect(),
            Part::Ct => self.certificate_shards.iter().map(|shard| &shard.name).collect(),
            Part::Ca => self.certificate_authorities.iter().map(|one| &one.name).collect(),
            Part::Tsa => self.timestamp_authorities.iter().map(|one| &one.name).collect(),
        };
        names.into_iter().map(|name| format!("{}-{name}", part.name())).collect()
    }

    /// The roots above them.
    pub(super) fn roots(&self, part: Part) -> Vec<String> {
        let list = match part {
            Part::Ca => &self.certificate_authorities,
            Part::Tsa => &self.timestamp_authorities,
            Part::Log | Part::Ct => return Vec::new(),
        };
        list.iter().map(|one| format!("{}-root-{}", part.name(), one.root_name())).collect()
    }
}

fn new_root(of_root: bool) -> &'static str {
    if of_root { " and --new-root" } else { "" }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::SignedDuration;

    use super::super::places::HostNames;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Of which everything has been followed once, at 2000, with an overlap of 100 s, under the same roots.
    fn rotated() -> Instance {
        let here = "127.0.0.1:4000".parse().unwrap();
        let url = "https://a.example".to_owned();
        let mut instance = Instance::new(url, HostNames::new(), BTreeSet::new(), here, at(1_000)).unwrap();
        for part in Part::ALL {
            instance.plan(part, at(1_990), 10).unwrap();
            instance.switch(part, at(2_000), SignedDuration::from_secs(100));
        }
        instance
    }

    fn end(instance: &mut Instance, key: &str, second: i64) -> Result<(), EndError> {
        instance.end(&End { key: key.to_owned(), at: at(second) })
    }

    fn until(instance: &Instance, key: &str) -> Vec<Option<Timestamp>> {
        instance.ends_of(key).unwrap().into_iter().map(|(_, term)| term.until).collect()
    }

    #[test]
    fn what_was_followed_ends_earlier_and_never_later() {
        for key in ["log-1", "ct-1", "ca-1", "tsa-1"] {
            let mut instance = rotated();
            assert_eq!(until(&instance, key), [Some(at(2_100))]);
            end(&mut instance, key, 1_500).unwrap();
            assert_eq!(until(&instance, key), [Some(at(1_500))]);
            // Asked twice, done once.
            let once = instance.clone();
            end(&mut instance, key, 1_500).unwrap();
            assert_eq!(instance, once);
            let later = EndError::Later { key: key.to_owned(), until: at(1_500) };
            assert_eq!(end(&mut instance, key, 1_501), Err(later));
            let before = EndError::BeforeStart { key: key.to_owned(), from: at(1_000) };
            assert_eq!(end(&mut instance, key, 999), Err(before));
            assert_eq!(instance, once);
        }
    }

    #[test]
    fn what_signs_is_followed_first() {
        let mut instance = rotated();
        let in_use = |key: &str, part| EndError::InUse { key: key.to_owned(), part, of_root: false };
        assert_eq!(end(&mut instance, "ca-2", 2_500), Err(in_use("ca-2", Part::Ca)));
        instance.plan(Part::Ca, at(3_000), 60).unwrap();
        let planned = EndError::Planned { key: "ca-3".to_owned(), from: at(3_060) };
        assert_eq!(end(&mut instance, "ca-3", 4_000), Err(planned));
        assert_eq!(end(&mut instance, "ca-2", 2_500), Err(in_use("ca-2", Part::Ca)));
        instance.switch(Part::Ca, at(3_060), SignedDuration::from_secs(10));
        end(&mut instance, "ca-2", 2_500).unwrap();
        assert_eq!(instance.in_use(Part::Ca), Some(2));
    }

    #[test]
    fn with_a_root_ends_all_that_is_under_it() {
        let mut instance = rotated();
        let of_root = EndError::InUse { key: "ca-2".to_owned(), part: Part::Ca, of_root: true };
        assert_eq!(end(&mut instance, "ca-root-1", 2_050), Err(of_root));
        assert_eq!(until(&instance, "ca-1"), [Some(at(2_100))]);
        instance.plan(Part::Ca, at(3_000), 0).unwrap();
        instance.give_root(Part::Ca);
        instance.switch(Part::Ca, at(3_000), SignedDuration::from_secs(100));
        end(&mut instance, "ca-1", 1_500).unwrap();
        end(&mut instance, "ca-root-1", 2_050).unwrap();
        assert_eq!(until(&instance, "ca-root-1"), [Some(at(1_500)), Some(at(2_050))]);
        // Before the second one began: then that was never to be trusted.
        let before = EndError::BeforeStart { key: "ca-root-1".to_owned(), from: at(1_000) };
        assert_eq!(end(&mut instance, "ca-root-1", 999), Err(before));
        end(&mut instance, "ca-root-1", 1_200).unwrap();
        assert_eq!(until(&instance, "ca-root-1"), [Some(at(1_200)), Some(at(2_000))]);
    }

    #[test]
    fn names_and_instants() {
        let mut instance = rotated();
        for key in ["", "ca", "ca-3", "log-root-1", "tuf-root-1", "ca-1 "] {
            assert!(matches!(end(&mut instance, key, 1_500), Err(EndError::Unknown { .. })), "{key:?}");
        }
        let at = at(1_500) + SignedDuration::from_millis(1);
        let refused = instance.end(&End { key: "ca-1".to_owned(), at });
        assert_eq!(refused, Err(EndError::NotAWholeSecond { at }));
    }
}
