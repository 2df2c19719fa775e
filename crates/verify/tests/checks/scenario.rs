//! A bundle with all that its verdict depends on.

use sealwax_testkit::{Instance, Made};
use sealwax_verify::{
    Artifact, Bundle, Digest, HashAlgorithm, IdentityRule, NotVerified, NpmKeys, Policy, Timestamp, Trust,
    TrustedRoot, Verified, Verifier, Who, digest,
};
use serde_json::Value;

/// When every bundle is judged.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_775_000_000, 0);

/// What every bundle is about.
pub(crate) const ARTIFACT: &[u8] = b"an artifact\n";

/// A bundle with all that its verdict depends on. Everything may be changed before it is judged.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) bundle: Bundle,
    pub(crate) trusted_root: Value,
    pub(crate) keys: Value,
    pub(crate) as_of: Timestamp,
    pub(crate) policy: Policy,
    pub(crate) digests: Vec<Digest>,
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Scenario {
    /// The bundle under the trust of this instance, for the identity that is in its certificate, or for the key that
    /// the instance lists under its hint. Digests of the artifact are known, the artifact itself is not.
    pub(crate) fn of(instance: &Instance, made: &Made) -> Self {
        let who = match (&made.identity, &made.issuer) {
            (Some(identity), Some(issuer)) => Who::Identities(vec![IdentityRule::exact(identity, issuer)]),
            _ => Who::Unnamed,
        };
        let digests = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
            .map(|algorithm| digest(algorithm, &made.artifact));
        Self {
            bundle: Bundle::parse(&made.bundle_json()).expect("a bundle that can be read"),
            trusted_root: instance.trusted_root(),
            keys: instance.npm_keys(),
            as_of: NOW,
            policy: Policy { who, ..Policy::default() },
            digests: digests.to_vec(),
            bytes: None,
        }
    }

    /// The same with a change.
    #[must_use]
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn verifier(&self) -> Verifier {
        let root = TrustedRoot::parse(self.trusted_root.to_string().as_bytes()).expect("a trusted root");
        let keys = NpmKeys::parse(self.keys.to_string().as_bytes()).expect("keys");
        Verifier::new(Trust::new(&root).with_keys(keys).with_as_of(self.as_of))
    }

    pub(crate) fn artifact(&self) -> Artifact<'_> {
        Artifact { digests: &self.digests, bytes: self.bytes.as_deref(), ..Artifact::default() }
    }

    pub(crate) fn judge_by(&self, verifier: &Verifier) -> Result<Verified<'_>, Box<NotVerified>> {
        verifier.verify(&self.bundle, self.artifact(), &self.policy, NOW)
    }
}
