//! The report: every check that was made, in order, with what was expected and what was found.
//!
//! A check has a stable id (see `docs/spec-map.md`), so that programs may act on it and people may look it up.

use std::borrow::Cow;
use std::fmt;

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold, and the bundle is rejected for it.
    Failed,
    /// It could not be decided with what was given (a digest where the artifact is needed).
    Undecided,
    /// Evidence that does not count and does no harm: an entry of an unknown log, a timestamp of an unknown authority.
    Skipped,
    /// Not made, because a check that it depends on did not pass.
    NotRun,
}

impl Outcome {
    /// The word that the JSON output uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Undecided => "undecided",
            Self::Skipped => "skipped",
            Self::NotRun => "not-run",
        }
    }
}

macro_rules! check_ids {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal),+ $(,)?) => {
        /// The stable name of a check. The numbers in the descriptions are the rules of `docs/verification.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum CheckId { $($(#[doc = $doc])+ $name),+ }

        impl CheckId {
            /// Every check there is, in the order in which reports list them.
            pub const ALL: &'static [CheckId] = &[$(CheckId::$name),+];

            /// The stable id, as reports, JSON and the documentation write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $id),+ }
            }
        }
    };
}

check_ids! {
    /// The kind of material in the bundle (certificate or key) is the kind that the policy asks for. Rule 12.
    MaterialKind = "material.kind",
    /// The key of a key bundle is known: given, or in the trust profile under exactly this hint. Rule 12.
    KeyKnown = "key.known",
    /// The leaf certificate can be read. Rule 8.
    CertificateParse = "certificate.parse",
    /// The leaf is not a CA. Rule 8.
    CertificateNotCa = "certificate.not-ca",
    /// The leaf has exactly one subject alternative name. Rule 8.
    CertificateSan = "certificate.san",
    /// The leaf's key usage contains digitalSignature. Rule 8.
    CertificateKeyUsage = "certificate.key-usage",
    /// The leaf's extended key usage contains codeSigning. Rule 8.
    CertificateExtendedKeyUsage = "certificate.extended-key-usage",
    /// The leaf has no critical extension that is not understood. Rule 8.
    CertificateExtensions = "certificate.extensions",
    /// The leaf's Sigstore extensions can be read, and both forms of the issuer agree. Rule 8.
    CertificateIssuerExtension = "certificate.issuer-extension",
    /// The leaf's public key is of a kind that is understood. Rule 11.
    CertificateKey = "certificate.key",
    /// The DSSE payload is an in-toto statement by its payload type. Rule 9.
    DssePayloadType = "dsse.payload-type",
    /// The DSSE envelope has exactly one signature. Rule 9.
    DsseSignatures = "dsse.signatures",
    /// The statement can be read, and its type is known. Rule 9.
    Statement = "statement",
    /// One subject of the statement is the artifact. Rule 9.
    StatementSubject = "statement.subject",
    /// The statement's predicate type is the one asked for. Rule 10.
    StatementPredicateType = "statement.predicate-type",
    /// The digest that the bundle states is the artifact's. Rule 9.
    ArtifactDigest = "artifact.digest",
    /// The signature over the artifact or the envelope verifies. Rule 11.
    Signature = "signature",
    /// No more log entries and timestamps than anyone needs. Rule 4.
    EvidenceCount = "evidence.count",
    /// No log entry is listed twice. Rule 4.
    LogDuplicate = "log.duplicate",
    /// The entry's log is in the trusted root, and usable. Rules 1 and 4.
    LogKnown = "log.known",
    /// The entry's body can be read and is of a kind that binds a signature. Rule 6.
    LogBody = "log.body",
    /// `kindVersion` names what the body is. Rule 6.
    LogKind = "log.kind",
    /// The entry is about these bytes. Rule 6.
    LogContent = "log.content",
    /// The entry contains this signature, and no other. Rule 6.
    LogSignature = "log.signature",
    /// The entry contains this certificate or key. Rule 6.
    LogVerifier = "log.verifier",
    /// The signed entry timestamp verifies, and belongs here. Rules 2 and 5.
    LogEntryTimestamp = "log.signed-entry-timestamp",
    /// The evidence of inclusion that this bundle version demands is there. Rule 5.
    LogEvidence = "log.evidence",
    /// The checkpoint can be read. Rule 5.
    LogCheckpoint = "log.checkpoint",
    /// The checkpoint is the log's own, by its origin. Rule 5.
    LogOrigin = "log.origin",
    /// The checkpoint carries the log's signature. Rule 5.
    LogCheckpointSignature = "log.checkpoint-signature",
    /// The proof speaks of the tree that the checkpoint states. Rule 5.
    LogTree = "log.tree",
    /// The entry is in that tree. Rule 5.
    LogInclusion = "log.inclusion",
    /// The log's key was valid at the entry's time. Rule 3.
    LogWindow = "log.window",
    /// At least one verified entry, if the trusted root lists logs. Rule 1.
    LogRequired = "log.required",
    /// The witnesses that the policy names have cosigned the checkpoint.
    LogWitnesses = "log.witnesses",
    /// A signed timestamp verifies. Rules 4 and 7.
    Timestamp = "timestamp",
    /// At least one established time, if anything has a window. Rules 1 and 2.
    TimeEstablished = "time.established",
    /// A chain leads from the leaf to a certificate authority of the trusted root. Rule 8.
    CertificatePath = "certificate.path",
    /// Every certificate of the chain, and the authority, were valid at every established time. Rule 3.
    CertificateTime = "certificate.time",
    /// A signed certificate timestamp verifies. Rules 1, 3 and 8.
    CertificateTimestamp = "certificate.sct",
    /// At least one verified SCT, if the trusted root lists certificate logs. Rule 1.
    CertificateTimestampRequired = "certificate.sct-required",
    /// The key was valid at every established time. Rule 12.
    KeyWindow = "key.window",
    /// The signer is one of those that the policy names.
    Identity = "identity",
    /// The trust material is no older than the policy allows.
    TrustAge = "trust.age",
}

impl CheckId {
    /// Whether it is made on log entries.
    pub(crate) fn is_about_logs(self) -> bool {
        self.as_str().starts_with("log.")
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text of a report: mostly constant, so that a passed check costs nothing.
pub type Text = Cow<'static, str>;

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which check.
    pub id: CheckId,
    /// Which of several entries, timestamps or SCTs it was made on, counted from 0.
    pub item: Option<usize>,
    /// What came of it.
    pub outcome: Outcome,
    /// What must hold.
    pub expected: Text,
    /// What is the case. It may quote the bundle: escape it before it goes to a terminal.
    pub found: Text,
}

/// All checks, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    checks: Vec<Check>,
}

impl Report {
    /// An empty report with room for the forty checks that a bundle with one entry gets.
    pub(crate) fn begin() -> Self {
        Self { checks: Vec::with_capacity(40) }
    }

    /// The checks, in the order in which they were made.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Failed)
    }

    /// The checks that could not be decided.
    pub fn undecided(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Undecided)
    }

    /// The first check on log entries that failed or could not be decided.
    pub(crate) fn first_open_about_logs(&self) -> Option<CheckId> {
        let open = |check: &&Check| matches!(check.outcome, Outcome::Failed | Outcome::Undecided);
        self.checks.iter().filter(open).map(|check| check.id).find(|id| id.is_about_logs())
    }

    /// Whether nothing failed and nothing was left open.
    pub(crate) fn is_clean(&self) -> bool {
        !self
            .checks
            .iter()
            .any(|check| matches!(check.outcome, Outcome::Failed | Outcome::Undecided | Outcome::NotRun))
    }

    /// The scope for checks that are made once per bundle.
    pub(crate) fn once(&mut self) -> Scope<'_> {
        Scope { report: self, item: None }
    }

    /// The scope for checks on the `item`th entry, timestamp or SCT.
    pub(crate) fn item(&mut self, item: usize) -> Scope<'_> {
        Scope { report: self, item: Some(item) }
    }
}

/// The longest text of a report. Bundles are quoted in it, and a payload type may have megabytes.
const MAX_TEXT: usize = 2_048;

fn cut(text: Text) -> Text {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let end = text.floor_char_boundary(MAX_TEXT);
    Text::Owned(format!("{} …", text.get(..end).unwrap_or_default()))
}

/// Where checks are written down: on the bundle, or on one of its entries.
pub(crate) struct Scope<'r> {
    report: &'r mut Report,
    item: Option<usize>,
}

impl Scope<'_> {
    fn push(&mut self, id: CheckId, outcome: Outcome, expected: Text, found: Text) {
        let (expected, found) = (cut(expected), cut(found));
        self.report.checks.push(Check { id, item: self.item, outcome, expected, found });
    }

    pub(crate) fn pass(&mut self, id: CheckId, expected: impl Into<Text>, found: impl Into<Text>) {
        self.push(id, Outcome::Passed, expected.into(), found.into());
    }

    pub(crate) fn fail(&mut self, id: CheckId, expected: impl Into<Text>, found: impl Into<Text>) {
        self.push(id, Outcome::Failed, expected.into(), found.into());
    }

    pub(crate) fn undecided(&mut self, id: CheckId, expected: impl Into<Text>, found: impl Into<Text>) {
        self.push(id, Outcome::Undecided, expected.into(), found.into());
    }

    pub(crate) fn skip(&mut self, id: CheckId, expected: impl Into<Text>, found: impl Into<Text>) {
        self.push(id, Outcome::Skipped, expected.into(), found.into());
    }

    pub(crate) fn not_run(&mut self, id: CheckId, because: CheckId) {
        self.push(id, Outcome::NotRun, Text::Borrowed(""), Text::Owned(format!("{because} did not pass")));
    }

    /// Writes down `result`; `Some` only if it is `Ok`.
    pub(crate) fn check<T, E: fmt::Display>(
        &mut self,
        id: CheckId,
        expected: &'static str,
        result: Result<T, E>,
    ) -> Option<T> {
        match result {
            Ok(value) => {
                self.pass(id, expected, expected);
                Some(value)
            }
            Err(error) => {
                self.fail(id, expected, error.to_string());
                None
            }
        }
    }

    /// Writes down whether `holds`; `found` is only built when it does not.
    pub(crate) fn hold(
        &mut self,
        id: CheckId,
        expected: &'static str,
        holds: bool,
        found: impl FnOnce() -> String,
    ) -> Option<()> {
        if holds {
            self.pass(id, expected, expected);
            Some(())
        } else {
            self.fail(id, expected, found());
            None
        }
    }
}
