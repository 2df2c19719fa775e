//! What a caller should compute of an artifact before asking for a verdict.

use std::collections::BTreeSet;

use sealwax_crypto::{HashAlgorithm, PublicKey, Scheme};
use sealwax_formats::{Bundle, Content, EntryBody, Material, Statement};
use sealwax_pki::Certificate;

use crate::policy::{Policy, Who};
use crate::trust::Trust;

/// The keys of ML-DSA, with each of which the whole artifact is hashed once more. One bundle has one; anybody can put bundles of keys of
/// their own beside an artifact.
pub const MAX_REPRESENTATIVES: usize = 16;

/// Which digests of the artifact could matter, and whether the artifact itself could.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The algorithms.
    pub digests: BTreeSet<HashAlgorithm>,
    /// Whether the signer's key may have signed the whole artifact and not a digest of it.
    pub bytes: bool,
    /// The keys of ML-DSA with which something could stand for the artifact ([`RepresentativeHasher`](crate::RepresentativeHasher)), each
    /// once, at most [`MAX_REPRESENTATIVES`].
    pub representatives: Vec<PublicKey>,
}

impl Wanted {
    /// With what another bundle could need.
    pub fn extend(&mut self, other: Self) {
        self.digests.extend(other.digests);
        self.bytes |= other.bytes;
        for key in other.representatives {
            if self.representatives.len() < MAX_REPRESENTATIVES && !self.representatives.contains(&key) {
                self.representatives.push(key);
            }
        }
    }
}

/// What `bundle` could need, so that an artifact of any size is read once. This is a hint for reading and no check: what is
/// missing at the verdict makes it undecided, never positive.
pub fn wanted(bundle: &Bundle, policy: &Policy, trust: &Trust) -> Wanted {
    let mut wanted = Wanted::default();
    match &bundle.content {
        Content::Message { digest, .. } => {
            wanted.digests.extend(digest.map(|digest| digest.algorithm()));
            if let Some((key, schemes)) = signer(bundle, policy, trust) {
                for scheme in schemes {
                    match scheme.prehash() {
                        Some(algorithm) => drop(wanted.digests.insert(algorithm)),
                        None if scheme == Scheme::MlDsa => wanted.representatives.push(key.clone()),
                        None => wanted.bytes = true,
                    }
                }
            }
            for entry in &bundle.log_entries {
                if let Ok(
                    EntryBody::HashedRekordV001 { data, .. } | EntryBody::HashedRekordV002 { data, .. },
                ) = EntryBody::parse(&entry.canonicalized_body)
                {
                    wanted.digests.insert(data.algorithm());
                }
            }
        }
        Content::Dsse(envelope) => {
            if let Ok(statement) = Statement::parse(&envelope.payload) {
                let digests = statement.subjects.iter().flat_map(|subject| &subject.digests);
                wanted.digests.extend(digests.filter_map(|digest| Some(digest.digest()?.algorithm())));
            }
        }
    }
    if wanted.digests.is_empty() {
        wanted.digests.insert(HashAlgorithm::Sha256);
    }
    wanted
}

/// Whose signature it could be, and by which schemes.
fn signer(bundle: &Bundle, policy: &Policy, trust: &Trust) -> Option<(PublicKey, Vec<Scheme>)> {
    let any = |key: &PublicKey| (key.clone(), key.artifact_schemes().to_vec());
    match (&policy.who, &bundle.material) {
        (Who::Key(key), _) => Some(any(key)),
        (_, Material::Certificate { leaf, .. }) => {
            Certificate::from_der(leaf).ok()?.public_key().ok().map(any)
        }
        (_, Material::PublicKey { hint }) => {
            let (key, details) = trust.keys.for_attestations(hint)?.key.public_key().ok()?;
            Some((key.clone(), vec![details.scheme()?]))
        }
    }
}

#[cfg(test)]
mod tests {
    use sealwax_crypto::{KeyKind, SigningKey};

    use super::*;

    #[test]
    fn keys_are_hashed_with_once_and_not_without_end() {
        let of = |key: PublicKey| Wanted { representatives: vec![key], ..Wanted::default() };
        let key = || SigningKey::generate(KeyKind::MlDsa44).unwrap().public_key().clone();
        let first = key();
        let mut all = of(first.clone());
        all.extend(of(first.clone()));
        assert_eq!(all, of(first.clone()));
        (0..MAX_REPRESENTATIVES).for_each(|_| all.extend(of(key())));
        assert_eq!((all.representatives.len(), &all.representatives[0]), (MAX_REPRESENTATIVES, &first));
    }
}
