//! What of an instance's keys and certificates is refused, before it is written down and anybody is told of it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use sealwax_pki::Certificate;
use sealwax_signer::Signer;

use super::Holdings;
use crate::Failure;
use crate::serve::certificates::{self, Certified};
use crate::serve::instance::Instance;
use crate::serve::rotation::{Part, chain_ends};
use crate::serve::vault;

impl Holdings {
    /// Refuses an instance of which something is gone that it had: what would be made in its place is not what clients were told of.
    pub fn check_there(directory: &Path, instance: &Instance) -> Result<(), Failure> {
        // A restore names logs whose keys are made by the start after it.
        let is_new = |part| matches!(part, Part::Ct | Part::Log) && instance.tuf_above.is_some();
        for part in Part::ALL.into_iter().filter(|part| !is_new(*part)) {
            let files = instance.keys(part).into_iter().map(|name| directory.join(told_in(part, &name)));
            if let Some(gone) = files.into_iter().find(|file| !file.exists()) {
                return Err(Failure::cannot(format!(
                    "{} is gone: put it back, as from a backup; nothing can be made in its place",
                    gone.display()
                )));
            }
        }
        Ok(())
    }

    /// Refuses, at the first start, certificates that were brought along and are not valid: clients would be told of them for ever.
    pub fn check_begun(&self, instance: &Instance, now: Timestamp) -> Result<(), Failure> {
        for part in [Part::Ca, Part::Tsa] {
            let mut all = instance.keys(part).into_iter().zip(self.authorities(part));
            if let Some((name, Certified { chain, .. })) = all.find(|(_, one)| !is_valid(&one.chain, now)) {
                return Err(Failure::cannot(format!(
                    "{} is not valid now, but from {} to {}: put another one there",
                    certificate(&name),
                    chain_begins(chain).unwrap_or_default(),
                    chain_ends(chain).unwrap_or_default()
                )));
            }
        }
        Ok(())
    }

    /// Refuses what is planned, and has certificates that are not valid when it is to be used.
    pub fn check_planned(&self, instance: &Instance) -> Result<(), Failure> {
        for part in [Part::Ca, Part::Tsa] {
            let names = instance.keys(part).into_iter().zip(self.authorities(part));
            let place = instance.in_use(part).map_or(0, |place| place + 1);
            let (Some((name, Certified { chain, .. })), Some(term)) =
                (names.skip(place).last(), instance.planned(part))
            else {
                continue;
            };
            if !is_valid(chain, term.from) {
                return Err(Failure::cannot(format!(
                    "{} is not valid at {}, when it is to be used: remove it, or put another one there",
                    certificate(&name),
                    term.from
                )));
            }
        }
        Ok(())
    }

    /// Refuses other keys and certificates than these in the next state of the instance: clients were told of these.
    pub fn check_kept(&self, instance: &Instance, next: &Self) -> Result<(), Failure> {
        for part in Part::ALL {
            let (own, others) = (self.told(part), next.told(part));
            let mut pairs = instance.keys(part).into_iter().zip(own.iter().zip(&others));
            if let Some((name, _)) = pairs.find(|(_, (own, other))| own != other) {
                return Err(Failure::cannot(format!(
                    "{} is not what clients were told of: put back what was there",
                    told_in(part, &name)
                )));
            }
        }
        Ok(())
    }

    /// Refuses a key in two places: two shards with one key are, to every client, one log that says two things.
    pub(super) fn check_apart(&self, instance: &Instance) -> Result<(), Failure> {
        let mut seen: BTreeMap<[u8; 32], String> = BTreeMap::new();
        for part in Part::ALL {
            let keys: Vec<&dyn Signer> = match part {
                Part::Ca | Part::Tsa => self.authorities(part).iter().map(|one| &*one.key).collect(),
                Part::Ct => self.certificate_logs.iter().map(|log| &*log.signer).collect(),
                Part::Log => self.signature_logs.iter().map(|log| &*log.signer).collect(),
            };
            for (name, key) in instance.keys(part).into_iter().zip(keys) {
                if let Some(other) = seen.insert(key.public_key().spki_sha256(), name.clone()) {
                    return Err(in_two_places(&secret(&name), &other));
                }
            }
        }
        // Above an authority, one certificate may be in several chains, and one root may have been renewed.
        let own: Vec<&Certificate> = [Part::Ca, Part::Tsa]
            .iter()
            .flat_map(|part| self.authorities(*part))
            .filter_map(|one| one.chain.first())
            .collect();
        let mut above: BTreeMap<[u8; 32], (String, String)> = BTreeMap::new();
        for part in [Part::Ca, Part::Tsa] {
            for (name, one) in instance.roots(part).into_iter().zip(self.authorities(part)) {
                for certificate in one.chain.iter().skip(1).filter(|certificate| !own.contains(certificate)) {
                    let Ok(key) = certificate.public_key() else { continue };
                    let (key, subject) = (key.spki_sha256(), certificate.subject().to_string());
                    if let Some(other) = seen.get(&key) {
                        return Err(in_two_places(&name, other));
                    }
                    let (other, of) = above.entry(key).or_insert_with(|| (name.clone(), subject.clone()));
                    if *of != subject {
                        return Err(in_two_places(&name, other));
                    }
                }
            }
        }
        Ok(())
    }

    /// What clients are told of a part, each in its bytes.
    fn told(&self, part: Part) -> Vec<Vec<&[u8]>> {
        let logs = match part {
            Part::Ca | Part::Tsa => {
                let chains = self.authorities(part).iter().map(|one| one.chain.iter());
                return chains.map(|chain| chain.map(Certificate::der).collect()).collect();
            }
            Part::Ct => &self.certificate_logs,
            Part::Log => &self.signature_logs,
        };
        logs.iter().map(|log| vec![log.signer.public_key().spki_der()]).collect()
    }
}

/// When the last certificate of a chain begins to be valid.
fn chain_begins(chain: &[Certificate]) -> Option<Timestamp> {
    chain.iter().map(Certificate::not_before).max()
}

fn is_valid(chain: &[Certificate], at: Timestamp) -> bool {
    chain_begins(chain).is_some_and(|begins| begins <= at) && chain_ends(chain).is_some_and(|ends| ends > at)
}

fn in_two_places(name: &str, other: &str) -> Failure {
    Failure::cannot(format!(
        "{name} has the key of {other}: each has a key of its own, so put another one there"
    ))
}

/// The file that has what clients are told of it.
fn told_in(part: Part, name: &str) -> String {
    match part {
        Part::Ca | Part::Tsa => certificate(name),
        Part::Ct | Part::Log => secret(name),
    }
}

fn certificate(name: &str) -> String {
    format!("{}/{name}.pem", certificates::FOLDER)
}

fn secret(name: &str) -> String {
    format!("{}/{name}", vault::FOLDER)
}
