//! What a caller should compute of an artifact before asking for a verdict.

use std::collections::BTreeSet;

use sealwax_crypto::{HashAlgorithm, PublicKey, Scheme};
use sealwax_formats::{Bundle, Content, EntryBody, Material, Statement};
use sealwax_pki::Certificate;

use crate::policy::{Policy, Who};
use crate::trust::Trust;

/// Which digests of the artifact could matter, and whether the artifact itself could.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The algorithms.
    pub digests: BTreeSet<HashAlgorithm>,
    /// Whether the signer's key may have signed the whole artifact and not a digest of it.
    pub bytes: bool,
    /// The keys of ML-DSA with which something could stand for the artifact ([`RepresentativeHasher`](crate::RepresentativeHasher)).
    pub representatives: Vec<PublicKey>,
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
