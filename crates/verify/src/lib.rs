//! Verification: bundle, artifact, policy, trust and `now` give a verdict that only the checks can build.
//!
//! **Job.** [`Verifier::verify`] tells the whole story, in order, on one screen. It takes a parsed bundle and what is known of the
//! artifact, and gives a [`Verified`] or a [`NotVerified`]; both carry the [`Report`] of every check, with a stable id, what was
//! expected and what was found.
//!
//! **Specification.** The rules are `docs/verification.md`, numbered; the clauses behind them (Sigstore's client
//! specification, RFC 5280, 6962, 3161, C2SP) are in `docs/spec-map.md`, our choices in `docs/divergences.md`.
//!
//! **Non-goals.** Fetching anything, reading a clock, reading files, deciding whom to trust. A [`Verifier`] is reusable and `Sync`;
//! it remembers signature results between certificates of the trusted root and nothing else.
//!
//! **Tests.** The public suite and every class of published bundle (`tests/`), one fixture per check in which only that check
//! fails, a mutation of every field of good bundles, and a fuzz target.
//!
//! A stranger needs this one dependency: every type of the interface is re-exported here.

mod binding;
mod certificate;
mod content;
mod identity;
mod issued;
mod log;
pub mod policy;
pub mod report;
mod signer;
mod time;
mod trust;
mod verdict;
mod wanted;

pub use content::Artifact;
pub use jiff::{SignedDuration, Timestamp};
pub use policy::{IdentityRule, IssuerRule, Match, Policy, Who};
pub use report::{Check, CheckId, Outcome, Report};
pub use sealwax_crypto::{
    Digest, DigestError, HashAlgorithm, Hasher, KeyError, PublicKey, Representative, RepresentativeHasher,
    digest,
};
pub use sealwax_formats::{Bundle, BundleError, DocumentError, NpmKeys, TrustedRoot, readers};
pub use sealwax_pki::{Certificate, FulcioExtensions};
pub use sealwax_tlog::policy::{Policy as WitnessPolicy, PolicyParseError as WitnessPolicyError};
pub use trust::Trust;
pub use verdict::{
    CertificateSigner, EstablishedTime, KeySigner, LoggedEntry, NotVerified, SignedContent, Signer,
    TimeSource, Verified,
};
pub use wanted::{MAX_REPRESENTATIVES, Wanted, wanted};

use binding::{Binding, Bound};
use sealwax_formats::bundle::{MAX_LOG_ENTRIES, MAX_TIMESTAMPS};
use signer::Claimed;

/// Verifies bundles against one set of trust material.
#[derive(Debug)]
pub struct Verifier {
    trust: Trust,
}

impl Verifier {
    /// A verifier on this trust.
    pub fn new(trust: Trust) -> Self {
        Self { trust }
    }

    /// The trust it stands on.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The verdict. `now` measures the age of the trust material and establishes nothing (rule 2).
    ///
    /// # Errors
    /// [`NotVerified`] carries every check that was made; see [`NotVerified::cannot_tell`].
    pub fn verify<'b>(
        &self,
        bundle: &'b Bundle,
        artifact: Artifact<'b>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Verified<'b>, Box<NotVerified>> {
        let mut report = Report::begin();
        let verified = self.checks(bundle, artifact, policy, now, &mut report);
        match verified {
            Ok(verified) if report.is_clean() => Ok(Verified { report, ..verified }),
            Ok(verified) => Err(Box::new(NotVerified { report, signer: Some(verified.signer) })),
            Err(signer) => Err(Box::new(NotVerified { report, signer })),
        }
    }

    /// Every check in order. A check whose ground is missing is not made; all others are, so that the report is whole.
    /// On failure, the signer if one could be read; it is proved only if nothing but the identity failed.
    fn checks<'b>(
        &self,
        bundle: &'b Bundle,
        artifact: Artifact<'b>,
        policy: &Policy,
        now: Timestamp,
        report: &mut Report,
    ) -> Result<Verified<'b>, Option<Signer>> {
        let trust = &self.trust;

        // The trust material is young enough, if the policy cares. (Client specification: the age of the trust root.)
        let age = trust_age(trust, policy, now, report);

        // Rule 4: no more evidence than anyone needs. Parsing sees to that too; a bundle may also have been built by hand.
        let count = evidence_count(bundle, report);

        // Rule 12: whose signature it claims to be. Rule 8: what that certificate must be.
        let claimed = signer::claimed(bundle, policy, trust, report).ok_or(None)?;
        let (end_entity, key, scheme, signer) = match &claimed {
            Claimed::Certificate(leaf) => {
                let signer = Signer::Certificate(CertificateSigner { certificate: leaf.clone() });
                (certificate::profile(leaf, report), leaf.public_key().ok(), None, signer)
            }
            Claimed::Key(managed) => {
                (None, Some(&managed.key), managed.scheme, Signer::Key(managed.signer.clone()))
            }
        };

        // Rules 9 and 10: what is signed, and that it is this artifact. DSSE 1.0.2; in-toto Statement v1.
        let (content, signable) = content::check(bundle, artifact, policy, report);

        // Rule 11: the signature, by the scheme that the key fixes.
        let signature = content::signature_bytes(bundle).ok_or(None)?;
        let scheme = key.and_then(|key| content::signature(key, scheme, &signable, signature, report));

        // Rules 1, 4, 5, 6: every log entry is this signature's, and in its log. RFC 6962 §2.1.3; C2SP tlog-checkpoint.
        let bound = match &claimed {
            Claimed::Certificate(leaf) => Bound::Certificate { der: leaf.der(), key },
            Claimed::Key(managed) => Bound::Key(&managed.key),
        };
        let binding =
            Binding { content: &bundle.content, signable: &signable, signature, signer: bound, scheme };
        let logged = log::entries(bundle, &binding, trust, policy, report);

        // Rules 2 and 7: when. RFC 3161; Rekor's signed entry timestamps.
        let mut times = time::timestamps(&bundle.timestamps, signature, trust, report);
        times.extend(logged.iter().flatten().filter_map(log::Logged::time));
        let log_failure = logged.is_none().then(|| report.first_open_about_logs()).flatten();
        let timed = established(&claimed, &times, log_failure, report);

        // Rule 3: every window contains every established time.
        let windows = logged.as_deref().and_then(|logged| log::windows(logged, &times, report));

        // Rules 3, 8 and 12: the certificate has a path that was valid at every established time (RFC 5280 §6.1), an SCT
        // (RFC 6962 §3.2) and an identity that the policy names; a key was in its window.
        let believed = match (&claimed, &signer) {
            (Claimed::Certificate(leaf), Signer::Certificate(signer)) => {
                end_entity.and_then(|(end_entity, extensions)| {
                    let instants: Vec<Timestamp> = times.iter().map(|established| established.time).collect();
                    let path = certificate::path(&end_entity, &instants, trust, report);
                    let logged = path.and_then(|path| certificate::timestamps(leaf, &path, trust, report));
                    identity::check(signer, &extensions, &policy.who, report).and(logged)
                })
            }
            (Claimed::Key(managed), _) => managed.check_window(&times, report),
            (Claimed::Certificate(_), Signer::Key(_)) => None,
        };

        match ((age, count, scheme, timed, windows, believed), content, logged) {
            ((Some(()), Some(()), Some(_), Some(()), Some(()), Some(())), Some(content), Some(logged)) => {
                let entries = logged.into_iter().map(|logged| logged.entry).collect();
                Ok(Verified { content, signer, times, entries, report: Report::default() })
            }
            _ => Err(Some(signer)),
        }
    }
}

/// Rule 1: a certificate, and a key with a window, need an established time. If an entry failed that might have given one, or
/// could not be decided, that is the one to report.
fn established(
    claimed: &Claimed,
    times: &[EstablishedTime],
    log_failure: Option<CheckId>,
    report: &mut Report,
) -> Option<()> {
    let needed = match claimed {
        Claimed::Certificate(_) => true,
        Claimed::Key(managed) => managed.has_window(),
    };
    if !needed {
        return Some(());
    }
    if let (true, Some(cause)) = (times.is_empty(), log_failure) {
        report.once().not_run(CheckId::TimeEstablished, cause);
        return None;
    }
    report.once().hold(
        CheckId::TimeEstablished,
        "at least one time that a trusted timestamp authority or log has signed",
        !times.is_empty(),
        || "none".to_owned(),
    )
}

fn evidence_count(bundle: &Bundle, report: &mut Report) -> Option<()> {
    let (entries, timestamps) = (bundle.log_entries.len(), bundle.timestamps.len());
    report.once().hold(
        CheckId::EvidenceCount,
        "at most 32 log entries and 32 timestamps",
        entries <= MAX_LOG_ENTRIES && timestamps <= MAX_TIMESTAMPS,
        || format!("{entries} log entries and {timestamps} timestamps"),
    )
}

/// How far a clock may be behind the one that dated the trust material.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

fn trust_age(trust: &Trust, policy: &Policy, now: Timestamp, report: &mut Report) -> Option<()> {
    let Some(limit) = policy.max_trust_age else { return Some(()) };
    let expected = format!("trust material no older than {limit:#}");
    let age = trust.as_of().map(|as_of| now.duration_since(as_of));
    let mut scope = report.once();
    match age {
        Some(age) if age <= limit && age >= -CLOCK_TOLERANCE => {
            scope.pass(CheckId::TrustAge, expected, format!("{age:#} old"));
            Some(())
        }
        Some(age) => {
            scope.fail(CheckId::TrustAge, expected, format!("{age:#} old"));
            None
        }
        None => {
            scope.fail(CheckId::TrustAge, expected, "its age is not known");
            None
        }
    }
}
