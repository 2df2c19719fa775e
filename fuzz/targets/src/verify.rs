//! The whole verification of arbitrary bundles against the public-good root, for anybody's signature. The only bundle that
//! may be found good is the one of `examples/`, in whatever harmless variation.

use std::sync::LazyLock;

use sealwax_verify::{
    Artifact, Bundle, Digest, HashAlgorithm, IdentityRule, IssuerRule, Match, Policy, Signer, Timestamp,
    Trust, TrustedRoot, Verifier, Who, digest, readers, wanted,
};

use crate::pki::PUBLIC_GOOD;

const BUNDLE: &[u8] = include_bytes!("../../../examples/sigstore-5.0.0.tgz.sigstore.json");
const ARTIFACT: &[u8] = include_bytes!("../../../examples/sigstore-5.0.0.tgz");

static EXAMPLE: LazyLock<Bundle> = LazyLock::new(|| Bundle::parse(BUNDLE).unwrap());
static PUBLIC_GOOD_VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(Trust::new(&PUBLIC_GOOD)));
static DIGESTS: LazyLock<Vec<Digest>> = LazyLock::new(|| {
    [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
        .map(|one| digest(one, ARTIFACT))
        .to_vec()
});

/// Anybody, from any issuer.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let anything = || Match::Pattern("**".to_owned());
    let rule = IdentityRule {
        subject: Some(anything()),
        issuer: Some(IssuerRule::Is(anything())),
        ..IdentityRule::default()
    };
    Policy { who: Who::Identities(vec![rule]), ..Policy::default() }
});

/// A bundle, in any of the forms in which they are handed out.
pub(crate) fn bundle(input: &[u8]) {
    let Ok(reading) = readers::read(input) else { return };
    for bundle in reading.bundles.iter().filter_map(|found| found.bundle.as_ref().ok()) {
        let _ = wanted(bundle, &POLICY, PUBLIC_GOOD_VERIFIER.trust());
        if accepts(&PUBLIC_GOOD_VERIFIER, bundle) {
            assert_eq!(bundle.signature(), EXAMPLE.signature(), "a forgery");
        }
        let unknown = [digest(HashAlgorithm::Sha256, b"signed by nobody")];
        let artifact = Artifact { digests: &unknown, ..Artifact::default() };
        let refused = PUBLIC_GOOD_VERIFIER.verify(bundle, artifact, &POLICY, Timestamp::UNIX_EPOCH).err();
        let refused = refused.expect("nobody has signed this artifact");
        for check in refused.report().failed() {
            assert!(!check.expected.is_empty(), "{} does not say what it wants", check.id);
        }
    }
}

fn accepts(verifier: &Verifier, bundle: &Bundle) -> bool {
    let artifact = Artifact { digests: &DIGESTS, bytes: Some(ARTIFACT), ..Artifact::default() };
    let verdict = verifier.verify(bundle, artifact, &POLICY, Timestamp::UNIX_EPOCH);
    verdict.is_ok_and(|verified| matches!(verified.signer(), Signer::Certificate(_)))
}

/// A good bundle against an arbitrary trusted root.
pub(crate) fn trust(input: &[u8]) {
    let Ok(root) = TrustedRoot::parse(input) else { return };
    if accepts(&Verifier::new(Trust::new(&root)), &EXAMPLE) {
        assert!(!root.certificate_authorities.is_empty(), "no authority is listed");
    }
}

/// The example itself, which nothing else could be a variation of.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    vec![BUNDLE.to_vec()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_good() {
        assert!(accepts(&PUBLIC_GOOD_VERIFIER, &EXAMPLE));
        bundle(BUNDLE);
    }
}
