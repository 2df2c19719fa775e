//! Changes of what is trusted, and of the artifact.

use sealwax_verify::{Artifact, HashAlgorithm, NpmKeys, TrustedRoot, digest, wanted};
use serde_json::Value;

use crate::change::{self, Change, Density, Place};
use crate::subject::{NOW, Statement, Subject, TrustDocuments, Verdict};

/// The classes whose trust is changed: between them they use every part of it.
pub(crate) const CLASSES: [&str; 4] = [
    "0.3 message, hashedrekord 0.0.1, proof and SET",
    "0.3 message, hashedrekord 0.0.2, proof and timestamp",
    "0.3 dsse, no entry, timestamp",
    "0.2 dsse, intoto 0.0.2, proof and SET, key by hint",
];

/// A change of a trusted root, or of the keys beside it.
pub(crate) struct Job<'s> {
    subject: &'s Subject,
    is_root: bool,
    place: Place,
    change: Change,
}

pub(crate) fn jobs<'s>(subjects: &'s [Subject]) -> Vec<Job<'s>> {
    let mut jobs = Vec::new();
    let listed = |subject: &&Subject| CLASSES.contains(&subject.name.as_str());
    for subject in subjects.iter().filter(listed) {
        let stranger = subjects.iter().find(|other| other.trust.root != subject.trust.root);
        let stranger = &stranger.expect("another instance").trust;
        let documents =
            [(true, &subject.trust.root, &stranger.root), (false, &subject.trust.keys, &stranger.keys)];
        for (is_root, document, other) in documents {
            let mut changes = change::changes(document, Density::Sample(4));
            changes.extend(change::exchanges(document, "of another instance", other));
            let job = |(place, change)| Job { subject, is_root, place, change };
            jobs.extend(changes.into_iter().map(job));
        }
    }
    jobs
}

impl Job<'_> {
    /// Bundle, place and change.
    pub(crate) fn names(&self) -> (&str, String, &'static str) {
        let document = if self.is_root { "trusted root" } else { "keys" };
        (&self.subject.name, format!("{document}>{}", self.place.name()), self.change.name())
    }

    /// What becomes of the unchanged bundle under the changed trust.
    pub(crate) fn judge(&self) -> Verdict {
        let TrustDocuments { root, keys } = &self.subject.trust;
        let of = |document: &Value, is_meant: bool| match is_meant {
            true => change::changed(document, &self.place, &self.change),
            false => document.to_string(),
        };
        let (new_root, new_keys) = (of(root, self.is_root), of(keys, !self.is_root));
        let Some(verifier) = TrustDocuments::verifier_of(&new_root, &new_keys) else { return Verdict::No };
        let read = |text: &str| TrustedRoot::parse(text.as_bytes()).ok();
        let read_keys = |text: &str| NpmKeys::parse(text.as_bytes()).ok();
        if read(&new_root) == read(&root.to_string()) && read_keys(&new_keys) == read_keys(&keys.to_string())
        {
            return Verdict::Same;
        }
        let bundle = self.subject.bundle();
        match verifier.verify(&bundle, self.subject.artifact(), &self.subject.policy, NOW) {
            Ok(verified) => Verdict::Yes(Statement::of(&verified)),
            Err(_) => Verdict::No,
        }
    }
}

/// Other artifacts, and other digests of the one; the descriptions of those that are accepted.
pub(crate) fn other_artifacts(subject: &Subject, judged: impl Fn()) -> Vec<String> {
    let bundle = subject.bundle();
    let mut accepted = Vec::new();
    let mut judge = |what: String, digests: &[sealwax_verify::Digest]| {
        judged();
        let artifact = Artifact { digests, ..Artifact::default() };
        if subject.verifier.verify(&bundle, artifact, &subject.policy, NOW).is_ok() {
            accepted.push(format!("{} | artifact | {what}", subject.name));
        }
    };
    judge("no digest".into(), &[]);
    let algorithms = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];
    for other in [&b""[..], b"an artifact", b"an artifact\n\n", b"bn artifact\n"] {
        let digests = algorithms.map(|algorithm| digest(algorithm, other));
        judge(format!("{:?}", other.escape_ascii().to_string()), &digests);
    }
    // Of several digests of which the bundle needs one, all that it needs are wrong in one bit.
    let wanted = wanted(&bundle, &subject.policy, subject.verifier.trust()).digests;
    for position in 0..32 {
        let digests: Vec<_> = subject
            .digests
            .iter()
            .map(|digest| {
                let mut bytes = digest.as_bytes().to_vec();
                if wanted.contains(&digest.algorithm()) {
                    bytes[position] ^= 1 << (position % 8);
                }
                sealwax_verify::Digest::new(digest.algorithm(), &bytes).expect("a digest")
            })
            .collect();
        judge(format!("bit of byte {position}"), &digests);
    }
    accepted
}
