//! Good bundles, each with the trust under which it is good, and other bundles of its class to take parts from.

use sealwax_verify::{
    Artifact, Bundle, Digest, Policy, SignedContent, Signer, Timestamp, Verified, Verifier,
};
use serde_json::Value;

use crate::change::Density;

/// When every bundle is judged: nothing here depends on it.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_795_305_600, 0);

/// A good bundle with all that its verdict depends on.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) document: Value,
    pub(crate) verifier: Verifier,
    /// What the verifier is made of, to be changed in its turn.
    pub(crate) trust: TrustDocuments,
    pub(crate) policy: Policy,
    pub(crate) digests: Vec<Digest>,
    /// Other good bundles of this class, with what they differ in.
    pub(crate) others: Vec<(&'static str, Value)>,
    pub(crate) density: Density,
}

/// A trusted root, and keys beside it.
#[derive(Clone)]
pub(crate) struct TrustDocuments {
    pub(crate) root: Value,
    pub(crate) keys: Value,
}

/// What a verdict of yes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Subject and issuer of a certificate, or the fingerprint of a key; and the key.
    who: String,
    /// Kind, predicate type, subject and statement.
    what: String,
    when: Vec<Timestamp>,
}

/// What becomes of a changed bundle.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Not readable, or not verified.
    No,
    /// It reads as the very same bundle.
    Same,
    /// Verified.
    Yes(Statement),
}

impl Subject {
    pub(crate) fn artifact(&self) -> Artifact<'_> {
        Artifact { digests: &self.digests, ..Artifact::default() }
    }

    pub(crate) fn bundle(&self) -> Bundle {
        Bundle::parse(self.document.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// What the unchanged bundle says.
    pub(crate) fn original(&self) -> Statement {
        let bundle = self.bundle();
        let verified = self.verifier.verify(&bundle, self.artifact(), &self.policy, NOW);
        let verified = verified.unwrap_or_else(|refused| {
            let failed: Vec<_> = refused.report().failed().chain(refused.report().undecided()).collect();
            panic!("{} is not good: {failed:#?}", self.name)
        });
        Statement::of(&verified)
    }

    /// What becomes of this text in the bundle's place.
    pub(crate) fn judge(&self, text: &str, original: &Bundle) -> Verdict {
        let Ok(bundle) = Bundle::parse(text.as_bytes()) else { return Verdict::No };
        if bundle == *original {
            return Verdict::Same;
        }
        match self.verifier.verify(&bundle, self.artifact(), &self.policy, NOW) {
            Ok(verified) => Verdict::Yes(Statement::of(&verified)),
            Err(_) => Verdict::No,
        }
    }
}

impl Statement {
    pub(crate) fn of(verified: &Verified<'_>) -> Self {
        let who = match verified.signer() {
            Signer::Certificate(signer) => {
                let key = signer.certificate().public_key().expect("a key of a known kind");
                format!("{} {:?} {:?}", signer.subject(), signer.issuer(), key.spki_sha256())
            }
            Signer::Key(signer) => format!("{:?} {:?}", signer.fingerprint, signer.hint),
            other => panic!("{other:?}"),
        };
        let what = match verified.content() {
            SignedContent::Artifact { digest } => format!("artifact {digest:?}"),
            SignedContent::Attestation { predicate_type, subject, statement } => {
                format!("{predicate_type} {subject:?} {}", statement.escape_ascii())
            }
            other => panic!("{other:?}"),
        };
        // By whom is the trusted root's to name.
        let when = verified.times().iter().map(|time| time.time).collect();
        Self { who, what, when }
    }

    /// Whether this says the same as the original, by the same person, and no time that the original has not.
    pub(crate) fn is_within(&self, original: &Self) -> bool {
        self.who == original.who
            && self.what == original.what
            && self.when.iter().all(|time| original.when.contains(time))
    }
}
