//! The keys and certificates of everything that an instance names, those that have ended and those that are planned included.

mod checks;

use std::path::Path;

use jiff::Timestamp;
use sealwax_log::Kind;
use sealwax_pki::Certificate;

use super::certificates::{self, Certificates, Certified};
use super::config::Rotation;
use super::expiry::Ending;
use super::instance::Instance;
use super::others::Others;
use super::rotation::{Part, chain_ends};
use super::shard;
use super::vault::Vault;
use crate::Failure;
use crate::log::keys::Keys;

/// In the order of the instance's lists.
pub struct Holdings {
    pub certificate_authorities: Vec<Certified>,
    pub timestamp_authorities: Vec<Certified>,
    pub certificate_logs: Vec<Keys>,
    pub signature_logs: Vec<Keys>,
    pub others: Others,
}

impl Holdings {
    /// Those of an instance. What is missing is made: keys durably, certificates so that they can be [kept](Self::keep).
    pub fn of(
        directory: &Path,
        vault: &Vault,
        instance: &Instance,
        rotation: &Rotation,
        others: Others,
    ) -> Result<Self, Failure> {
        let host = instance.host()?;
        let kept = kept(directory, vault, rotation);
        let certificate_authorities = (instance.certificate_authorities.iter())
            .map(|authority| kept.certificate_authority(&authority.terms(&host)));
        let timestamp_authorities = (instance.timestamp_authorities.iter())
            .map(|authority| kept.timestamp_authority(&authority.terms(&host)));
        let holdings = Self {
            certificate_authorities: certificate_authorities.collect::<Result<_, _>>()?,
            timestamp_authorities: timestamp_authorities.collect::<Result<_, _>>()?,
            certificate_logs: (instance.certificate_shards.iter())
                .map(|shard| shard::keys(vault, Kind::Certificate, shard))
                .collect::<Result<_, _>>()?,
            signature_logs: (instance.signature_shards.iter())
                .map(|shard| shard::keys(vault, Kind::Signature, shard))
                .collect::<Result<_, _>>()?,
            others,
        };
        holdings.check_apart(instance)?;
        Ok(holdings)
    }

    /// Writes the certificates that were made, durably.
    pub fn keep(
        &self,
        directory: &Path,
        vault: &Vault,
        instance: &Instance,
        rotation: &Rotation,
    ) -> Result<(), Failure> {
        let kept = kept(directory, vault, rotation);
        for part in [Part::Ca, Part::Tsa] {
            let mut made = instance.keys(part).into_iter().zip(self.authorities(part));
            made.try_for_each(|(name, made)| kept.keep(&name, &made.chain))?;
        }
        Ok(())
    }

    /// What the certificate logs accept, in PEM: every root that there was, and those of others.
    pub fn roots(&self) -> Result<String, Failure> {
        let own = self.certificate_authorities.iter().filter_map(|authority| authority.chain.last());
        let mut roots: Vec<String> = Vec::new();
        for root in own.map(Certificate::to_pem).chain(self.others.roots()?) {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        Ok(roots.concat())
    }

    /// When the certificates in use of a part end, if it has any.
    pub fn ends(&self, instance: &Instance, part: Part) -> Option<Timestamp> {
        chain_ends(self.chain(instance, part)?)
    }

    /// When the root under the certificates in use of a part ends, if it has any.
    pub fn root_ends(&self, instance: &Instance, part: Part) -> Option<Timestamp> {
        self.chain(instance, part)?.last().map(Certificate::not_after)
    }

    /// What of the certificates in use ends when.
    pub fn endings(&self, instance: &Instance, rotation: &Rotation) -> Vec<Ending> {
        let ending = |part| Ending::of_chain(part, self.chain(instance, part)?, rotation);
        Part::ALL.into_iter().filter_map(ending).collect()
    }

    fn chain(&self, instance: &Instance, part: Part) -> Option<&[Certificate]> {
        Some(&self.authorities(part).get(instance.in_use(part)?)?.chain)
    }

    fn authorities(&self, part: Part) -> &[Certified] {
        match part {
            Part::Ca => &self.certificate_authorities,
            Part::Tsa => &self.timestamp_authorities,
            Part::Log | Part::Ct => &[],
        }
    }
}

fn kept<'a>(directory: &Path, vault: &'a Vault, rotation: &Rotation) -> Certificates<'a> {
    let last = Rotation::signed(rotation.certificates_last);
    Certificates { folder: directory.join(certificates::FOLDER), vault, last }
}
