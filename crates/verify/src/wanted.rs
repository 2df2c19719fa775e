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
}

/// What `bundle` could need, so that an artifact of any size is read once. This is a hint for reading and no check: what is
/// missing at the verdict makes it undecided, never positive.
pub fn wanted(bundle: &Bundle, policy: &Policy, trust: &Trust) -> Wanted {
    let mut wanted = Wanted::default();
    match &bundle.content {
        Content::Message { digest, .. } => {
            wanted.digests.extend(digest.map(|digest| digest.algorithm()));
            for scheme in schemes(bundle, policy, trust) {
                match scheme.prehash() {
                    Some(algorithm) => drop(wanted.digests.insert(algorithm)),
                    None => wanted.bytes = true,
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

fn schemes(bundle: &Bundle, policy: &Policy, trust: &Trust) -> Vec<Scheme> {
    let of = |key: &PublicKey| key.artifact_schemes().to_vec();
    match (&policy.who, &bundle.material) {
        (Who::Key(key), _) => of(key),
        (_, Material::Certificate { leaf, .. }) => Certificate::from_der(leaf)
            .ok()
            .and_then(|leaf| leaf.public_key().ok().map(of))
            .unwrap_or_default(),
        (_, Material::PublicKey { hint }) => trust
            .keys
            .for_attestations(hint)
            .and_then(|listed| Some(vec![listed.key.public_key().ok()?.1.scheme()?]))
            .unwrap_or_default(),
    }
}
