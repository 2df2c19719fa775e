//! What is signed: the artifact, or a statement about it (rules 9 and 10).

use std::cell::OnceCell;

use sealwax_crypto::{Digest, HashAlgorithm, Message, PublicKey, Representative, Scheme, VerifyError};
use sealwax_formats::dsse::IN_TOTO;
use sealwax_formats::{Bundle, Content, Envelope, Statement};

use crate::policy::Policy;
use crate::report::{CheckId, Report};
use crate::verdict::SignedContent;

/// What is known of the artifact: its digests, and the whole of it for keys that sign no digest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Artifact<'a> {
    /// Digests that the caller has computed, or was given. At most one of each algorithm is looked at.
    pub digests: &'a [Digest],
    /// The artifact itself; only pure Ed25519 needs it, and ML-DSA where what stands for it is not known.
    pub bytes: Option<&'a [u8]>,
    /// What stands for it with keys of ML-DSA.
    pub representatives: &'a [Representative],
}

impl Artifact<'_> {
    /// Its digest of one algorithm, if that is known.
    pub fn digest(&self, algorithm: HashAlgorithm) -> Option<Digest> {
        self.digests.iter().find(|digest| digest.algorithm() == algorithm).copied()
    }
}

/// The bytes that a signature is over, in the forms in which schemes and log entries want them.
pub(crate) enum Signable<'b> {
    Artifact(Artifact<'b>),
    Envelope { envelope: &'b Envelope, sha256: OnceCell<Digest> },
}

impl<'b> Signable<'b> {
    pub(crate) fn envelope(envelope: &'b Envelope) -> Self {
        Self::Envelope { envelope, sha256: OnceCell::new() }
    }

    /// The digest that a signature of `algorithm` is over; `None` if only another digest of the artifact is known.
    pub(crate) fn digest(&self, algorithm: HashAlgorithm) -> Option<Digest> {
        match self {
            Self::Artifact(artifact) => artifact.digest(algorithm),
            Self::Envelope { envelope, sha256 } if algorithm == HashAlgorithm::Sha256 => {
                Some(*sha256.get_or_init(|| envelope.pae_digest(algorithm)))
            }
            Self::Envelope { envelope, .. } => Some(envelope.pae_digest(algorithm)),
        }
    }

    /// The schemes that a signature by this key may have, likeliest first (rule 11).
    fn schemes(&self, key: &PublicKey) -> &'static [Scheme] {
        match self {
            Self::Artifact(_) => key.artifact_schemes(),
            Self::Envelope { .. } => key.default_schemes(),
        }
    }

    /// `None` if what the scheme signs is not known.
    fn verify(&self, key: &PublicKey, scheme: Scheme, signature: &[u8]) -> Option<Result<(), VerifyError>> {
        match (scheme.prehash(), self) {
            (Some(algorithm), _) => {
                let digest = self.digest(algorithm)?;
                Some(key.verify(scheme, Message::Digest(&digest), signature))
            }
            (None, Self::Artifact(artifact)) => {
                let short = artifact.representatives.iter().find(|short| short.is_of(key));
                let message = match short.filter(|_| scheme == Scheme::MlDsa) {
                    Some(short) => Message::Representative(short),
                    None => Message::Bytes(artifact.bytes?),
                };
                Some(key.verify(scheme, message, signature))
            }
            (None, Self::Envelope { envelope, .. }) => {
                Some(key.verify(scheme, Message::Bytes(&envelope.pae()), signature))
            }
        }
    }
}

/// The signature itself.
pub(crate) fn signature_bytes(bundle: &Bundle) -> Option<&[u8]> {
    match &bundle.content {
        Content::Message { signature, .. } => Some(signature),
        Content::Dsse(envelope) => envelope.signatures.first().map(|signature| signature.sig.as_slice()),
    }
}

/// Checks that the content is about the artifact. The statement is read without its predicate, whatever its size.
pub(crate) fn check<'b>(
    bundle: &'b Bundle,
    artifact: Artifact<'b>,
    policy: &Policy,
    report: &mut Report,
) -> (Option<SignedContent<'b>>, Signable<'b>) {
    match &bundle.content {
        Content::Message { digest, .. } => {
            (message(digest.as_ref(), artifact, policy, report), Signable::Artifact(artifact))
        }
        Content::Dsse(envelope) => {
            (attestation(envelope, artifact, policy, report), Signable::envelope(envelope))
        }
    }
}

fn message<'b>(
    stated: Option<&Digest>,
    artifact: Artifact<'_>,
    policy: &Policy,
    report: &mut Report,
) -> Option<SignedContent<'b>> {
    let mut scope = report.once();
    let mut content =
        Some(SignedContent::Artifact { digest: stated.copied().or(artifact.digests.first().copied()) });
    if let Some(stated) = stated {
        match artifact.digest(stated.algorithm()) {
            Some(computed) if computed == *stated => {
                scope.pass(CheckId::ArtifactDigest, "the digest that the bundle states", stated.to_string());
            }
            Some(computed) => {
                scope.fail(CheckId::ArtifactDigest, stated.to_string(), computed.to_string());
                content = None;
            }
            None => {
                let found = format!("no {} digest of the artifact was given", stated.algorithm().name());
                scope.undecided(CheckId::ArtifactDigest, stated.to_string(), found);
                content = None;
            }
        }
    }
    if let Some(wanted) = &policy.predicate_type {
        let expected = format!("an attestation of type {wanted}");
        scope.fail(CheckId::StatementPredicateType, expected, "a signature over the artifact itself");
        content = None;
    }
    content
}

/// DSSE 1.0.2 §protocol; in-toto Statement v1 §subject.
fn attestation<'b>(
    envelope: &'b Envelope,
    artifact: Artifact<'_>,
    policy: &Policy,
    report: &mut Report,
) -> Option<SignedContent<'b>> {
    let mut scope = report.once();
    let payload_type = scope.hold(
        CheckId::DssePayloadType,
        "payload type application/vnd.in-toto+json",
        envelope.payload_type == IN_TOTO,
        || format!("payload type {:?}", envelope.payload_type),
    );
    let signatures =
        scope.hold(CheckId::DsseSignatures, "exactly one signature", envelope.signatures.len() == 1, || {
            format!("{} signatures", envelope.signatures.len())
        });
    if payload_type.is_none() {
        scope.not_run(CheckId::Statement, CheckId::DssePayloadType);
        return None;
    }
    let statement = scope.check(
        CheckId::Statement,
        "a readable in-toto statement v0.1 or v1",
        Statement::parse(&envelope.payload),
    )?;
    let subject = subject(&statement, artifact, &mut scope);
    let predicate_type = match &policy.predicate_type {
        Some(wanted) if *wanted != statement.predicate_type => {
            scope.fail(
                CheckId::StatementPredicateType,
                wanted.clone(),
                statement.predicate_type.clone().into_owned(),
            );
            None
        }
        Some(wanted) => {
            scope.pass(CheckId::StatementPredicateType, wanted.clone(), wanted.clone());
            Some(())
        }
        None => Some(()),
    };
    signatures.and(predicate_type)?;
    Some(SignedContent::Attestation {
        predicate_type: statement.predicate_type.into_owned(),
        subject: subject?,
        statement: &envelope.payload,
    })
}

/// One and the same subject matches at least one digest of the artifact and contradicts none.
fn subject(
    statement: &Statement<'_>,
    artifact: Artifact<'_>,
    scope: &mut crate::report::Scope<'_>,
) -> Option<Option<String>> {
    const EXPECTED: &str = "a subject with the artifact's digest";
    let mut comparable = false;
    for subject in &statement.subjects {
        let (mut equal, mut contradicts) = (false, false);
        for stated in &subject.digests {
            let Some(stated) = stated.digest() else { continue };
            match artifact.digest(stated.algorithm()) {
                Some(computed) if computed == stated => equal = true,
                Some(_) => contradicts = true,
                None => {}
            }
        }
        comparable |= equal || contradicts;
        if equal && !contradicts {
            let name = Some(subject.name.to_string()).filter(|name| !name.is_empty());
            scope.pass(
                CheckId::StatementSubject,
                EXPECTED,
                name.clone().unwrap_or_else(|| "a subject without a name".into()),
            );
            return Some(name);
        }
    }
    let given: Vec<String> = artifact.digests.iter().map(Digest::to_string).collect();
    let given = given.join(", ");
    let count = statement.subjects.len();
    let others = |stated: Option<HashAlgorithm>| {
        artifact.digests.iter().all(|digest| Some(digest.algorithm()) != stated)
    };
    let needs_others = !comparable
        && statement
            .subjects
            .iter()
            .flat_map(|subject| &subject.digests)
            .any(|stated| stated.digest().is_some_and(|stated| others(Some(stated.algorithm()))));
    if needs_others {
        let found = match given.as_str() {
            "" => "no digest of the artifact was given".to_owned(),
            given => format!("digests of other algorithms than {given}"),
        };
        scope.undecided(CheckId::StatementSubject, EXPECTED, found);
    } else {
        let given = if given.is_empty() { "comparable" } else { &given };
        scope.fail(CheckId::StatementSubject, EXPECTED, format!("{count} subjects, none is {given}"));
    }
    None
}

/// The signature over the content, by the one key that counts. The key fixes the scheme (rule 11).
pub(crate) fn signature(
    key: &PublicKey,
    trusted_scheme: Option<Scheme>,
    signable: &Signable<'_>,
    signature: &[u8],
    report: &mut Report,
) -> Option<Scheme> {
    const EXPECTED: &str = "a signature by the signer's key over the content";
    let mut scope = report.once();
    let fixed = trusted_scheme.as_ref().map(std::slice::from_ref);
    let mut missing = None;
    for &scheme in fixed.unwrap_or_else(|| signable.schemes(key)) {
        match signable.verify(key, scheme, signature) {
            Some(Ok(())) => {
                scope.pass(CheckId::Signature, EXPECTED, format!("{scheme} by a key of kind {}", key.kind()));
                return Some(scheme);
            }
            Some(Err(_)) => {}
            None => missing = Some(scheme),
        }
    }
    match missing {
        Some(scheme) => scope.undecided(
            CheckId::Signature,
            EXPECTED,
            match scheme.prehash() {
                Some(algorithm) => format!("{scheme} needs the artifact or its {} digest", algorithm.name()),
                None => format!("{scheme} needs the artifact itself, not a digest"),
            },
        ),
        None => scope.fail(CheckId::Signature, EXPECTED, "it does not verify"),
    }
    None
}
