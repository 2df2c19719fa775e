//! Real material: what registries and clients have published, with the verdict that each entry deserves.
//!
//! `data/real/manifest.json` lists it (see `SOURCE.md` beside it). Every entry goes through the readers, as a file from a
//! user's hand would, and is judged under the built-in trust. Of a document of many bundles one must satisfy the whole
//! policy (rule 14). What is rejected must be rejected for its reason, not for another.

#![allow(clippy::disallowed_methods, reason = "tests read files; the crate does not")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use sealwax_json::{Limits, Value};
use sealwax_verify::readers::{self, DetachedParts};
use sealwax_verify::{
    Artifact, Bundle, Digest, HashAlgorithm, IdentityRule, IssuerRule, Match, NpmKeys, Outcome, Policy,
    PublicKey, Signer, Timestamp, Trust, TrustedRoot, Verifier, Who, digest,
};

/// The day on which the material was collected.
const NOW: Timestamp = Timestamp::constant(1_795_305_600, 0);

const MANIFEST_LIMITS: Limits = Limits { bytes: 1 << 24, depth: 8, values: 1 << 16, members: 64 };

/// Why each rejected entry is rejected: `read` where it cannot even be read, else the checks that fail, all of them.
const REJECTIONS: &[(&str, &[&str])] = &[
    ("two-signatures", &["dsse.signatures"]),
    ("bundle_no_checkpoint", &["log.evidence"]),
    ("bundle_v3_no_signed_time", &["time.established"]),
    ("bundle_cve_2022_36056", &["log.signature", "log.verifier"]),
    ("bundle_no_log_entry", &["log.required"]),
    ("bundle_no_cert_v1", &["read"]),
    ("timestamp-of-other-signature", &["time.established"]),
    ("github-missing-certificate", &["read"]),
    // The body's hash is of the payload, so the old entry is another content's.
    ("provenance-npm-test-cli-v1-prega-invalidsigprov", &["signature", "log.content"]),
    ("provenance-npm-test-cli-v1-prega-invalidsigpub", &["signature", "log.content"]),
    // Stray bits in the last character: two texts for the same bytes are one too many.
    ("slsa-invalid-dsse-sig", &["read"]),
    ("slsa-invalid-set", &["read"]),
    ("slsa-mismatch-tlog", &["log.content", "log.signature", "log.verifier"]),
];

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/real").join(path)
}

fn built_in(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../sealwax/trust").join(path)).unwrap()
}

/// An entry of the manifest.
struct Entry<'m>(&'m Value<'m>);

impl<'m> Entry<'m> {
    fn text(&self, member: &str) -> Option<&'m str> {
        self.0.member(member).and_then(Value::as_str)
    }

    fn name(&self) -> &'m str {
        self.text("name").unwrap()
    }

    fn file(&self, member: &str) -> Option<Vec<u8>> {
        self.text(member).map(|path| fs::read(data(path)).unwrap())
    }

    fn bundles(&self) -> Vec<Result<Bundle, String>> {
        if self.text("format") == Some("detached") {
            let (signature, certificate) = (self.file("signature").unwrap(), self.file("certificate"));
            let rekor_entry = self.file("rekor_entry");
            let parts = DetachedParts {
                signature: &signature,
                certificate: certificate.as_deref(),
                rekor_entry: rekor_entry.as_deref(),
                timestamps: &[],
            };
            return vec![readers::detached(&parts).map_err(|error| error.to_string())];
        }
        match readers::read(&self.file("bundle").unwrap()) {
            Ok(reading) => reading
                .bundles
                .into_iter()
                .map(|found| found.bundle.map_err(|error| error.to_string()))
                .collect(),
            Err(error) => vec![Err(error.to_string())],
        }
    }

    fn trust(&self) -> Trust {
        let root = |bytes: &[u8]| Trust::new(&TrustedRoot::parse(bytes).unwrap());
        match (self.text("trust"), self.file("trusted_root")) {
            (Some("public-good"), None) => {
                let keys = NpmKeys::parse(&built_in("public-good/npm_keys.json")).unwrap();
                root(&built_in("public-good/trusted_root.json")).with_keys(keys)
            }
            (Some(profile), None) => root(&built_in(&format!("{profile}/trusted_root.json"))),
            (None, Some(bytes)) => root(&bytes),
            other => panic!("{}: which trust? {:?}", self.name(), other.0),
        }
    }

    fn digests(&self) -> Vec<Digest> {
        let artifact = self.text("artifact").unwrap();
        if artifact.contains(':') {
            return vec![artifact.parse().unwrap()];
        }
        let bytes = fs::read(data(artifact)).unwrap();
        [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
            .map(|algorithm| digest(algorithm, &bytes))
            .to_vec()
    }

    fn key(&self) -> Option<PublicKey> {
        self.file("key").map(|pem| PublicKey::from_pem(std::str::from_utf8(&pem).unwrap()).unwrap())
    }

    fn identity(&self) -> Who {
        let issuer = match self.text("issuer").unwrap() {
            "none" => IssuerRule::Absent,
            issuer => IssuerRule::Is(Match::Exact(issuer.to_owned())),
        };
        Who::Identities(vec![IdentityRule {
            subject: Some(Match::Exact(self.text("identity").unwrap().to_owned())),
            issuer: Some(issuer),
            ..IdentityRule::default()
        }])
    }

    fn policy(&self, who: Who) -> Policy {
        Policy { who, predicate_type: self.text("type").map(str::to_owned), ..Policy::default() }
    }

    /// The policy that the entry names.
    fn usual_policy(&self) -> Policy {
        self.policy(self.key().map_or_else(|| self.identity(), Who::Key))
    }

    fn is_expected(&self, verdict: &str) -> bool {
        self.text("expect") == Some(verdict)
    }

    /// What each bundle of the entry comes to.
    fn verdicts(&self, trust: Trust, policy: &Policy, digests: &[Digest]) -> Vec<Verdict> {
        let verifier = Verifier::new(trust);
        self.bundles()
            .into_iter()
            .map(|bundle| match bundle {
                Ok(bundle) => judge(&verifier, &bundle, policy, digests),
                Err(text) => Err(vec![("read".to_owned(), text)]),
            })
            .collect()
    }

    /// What its best bundle comes to: the signer, or the reasons against the one that was meant.
    fn verdict(&self, trust: Trust, policy: &Policy, digests: &[Digest]) -> Verdict {
        let verdicts = self.verdicts(trust, policy, digests);
        let other_material = |verdict: &Verdict| has_only(verdict, &["material.kind"]);
        let worst = verdicts.iter().position(|verdict| !other_material(verdict)).unwrap_or(0);
        let chosen = verdicts.iter().position(Result::is_ok).unwrap_or(worst);
        verdicts.into_iter().nth(chosen).unwrap()
    }
}

type Verdict = Result<Signer, Vec<Reason>>;

/// Why a bundle is not accepted: the id of a check, or `read`; and the words for it.
type Reason = (String, String);

fn judge(verifier: &Verifier, bundle: &Bundle, policy: &Policy, digests: &[Digest]) -> Verdict {
    match verifier.verify(bundle, Artifact { digests, ..Artifact::default() }, policy, NOW) {
        Ok(verified) => Ok(verified.signer().clone()),
        Err(refused) => Err(refused
            .report()
            .checks()
            .iter()
            .filter(|check| matches!(check.outcome, Outcome::Failed | Outcome::Undecided))
            .map(|check| {
                (check.id.to_string(), format!("expected {}, found {}", check.expected, check.found))
            })
            .collect()),
    }
}

fn has_only(verdict: &Verdict, ids: &[&str]) -> bool {
    verdict.as_ref().is_err_and(|reasons| reasons.iter().all(|(id, _)| ids.contains(&id.as_str())))
}

fn each_entry(expected: &str, mut check: impl FnMut(&Entry<'_>) -> Result<(), String>) {
    let json = fs::read(data("manifest.json")).unwrap();
    let manifest = sealwax_json::parse(&json, &MANIFEST_LIMITS).unwrap();
    let entries: Vec<_> = manifest.as_array().unwrap().iter().map(Entry).collect();
    assert!(entries.len() >= 88, "only {} entries", entries.len());
    assert!(entries.iter().all(|entry| entry.is_expected("verified") || entry.is_expected("rejected")));
    let wrong: Vec<_> = entries
        .iter()
        .filter(|entry| entry.is_expected(expected))
        .filter_map(|entry| check(entry).err().map(|error| format!("{}: {error}", entry.name())))
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_published_class_is_accepted() {
    each_entry("verified", |entry| {
        let verdicts = entry.verdicts(entry.trust(), &entry.usual_policy(), &entry.digests());
        let signer = verdicts.iter().find_map(|verdict| verdict.as_ref().ok());
        let signer = signer.ok_or_else(|| format!("{verdicts:#?}"))?;
        match signer {
            Signer::Certificate(signer) => {
                assert_eq!(Some(signer.subject()), entry.text("identity"));
                assert_eq!(Some(signer.issuer().unwrap_or("none")), entry.text("issuer"));
            }
            Signer::Key(signer) => assert_eq!(signer.fingerprint, entry.key().unwrap().spki_sha256()),
            other => return Err(format!("{other:?}")),
        }
        Ok(())
    });
}

#[test]
fn every_rejected_entry_fails_for_its_reason() {
    let mut known: Vec<&str> = REJECTIONS.iter().map(|(name, _)| *name).collect();
    each_entry("rejected", |entry| {
        let verdict = entry.verdict(entry.trust(), &entry.usual_policy(), &entry.digests());
        let reasons = verdict.err().ok_or("accepted")?;
        let (_, expected) = REJECTIONS
            .iter()
            .find(|(name, _)| *name == entry.name())
            .ok_or_else(|| format!("is not listed: {reasons:#?}"))?;
        known.retain(|name| *name != entry.name());
        let found: Vec<&str> = reasons.iter().map(|(id, _)| id.as_str()).collect();
        if found == *expected { Ok(()) } else { Err(format!("{reasons:#?}")) }
    });
    assert!(known.is_empty(), "stale: {known:?}");
}

/// npm's publish attestations name their key by a hint, and the profile has it: nobody needs to give a key.
#[test]
fn a_hint_names_a_key_of_the_profile() {
    let mut hints = 0;
    each_entry("verified", |entry| {
        let Some(hint) = entry.text("key_hint") else { return Ok(()) };
        hints += 1;
        match entry.verdict(entry.trust(), &entry.policy(Who::Unnamed), &entry.digests()) {
            Ok(Signer::Key(signer)) if signer.hint.as_deref() == Some(hint) => Ok(()),
            other => Err(format!("{other:#?}")),
        }
    });
    assert!(hints >= 9, "only {hints}");
}

#[test]
fn nothing_is_accepted_for_another_artifact() {
    let others = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512]
        .map(|algorithm| digest(algorithm, b"another artifact"));
    each_entry("verified", |entry| {
        let verdict = entry.verdict(entry.trust(), &entry.usual_policy(), &others);
        let about_content = ["artifact.digest", "statement.subject", "signature", "log.content"];
        if has_only(&verdict, &about_content) { Ok(()) } else { Err(format!("{verdict:#?}")) }
    });
}

#[test]
fn nothing_is_accepted_from_another_signer() {
    let other_key = PublicKey::from_pem(&fs::read_to_string(data("keys/managed-key.pub")).unwrap()).unwrap();
    each_entry("verified", |entry| {
        let (who, expected): (_, &[&str]) = match entry.key() {
            Some(key) if key == other_key => return Ok(()),
            Some(_) => (Who::Key(other_key.clone()), &["signature", "log.verifier"]),
            None => {
                let subject = entry.text("identity").unwrap();
                let rule = IdentityRule::exact(subject, "https://issuer.invalid");
                (Who::Identities(vec![rule]), &["identity"])
            }
        };
        let verdict = entry.verdict(entry.trust(), &entry.policy(who), &entry.digests());
        if has_only(&verdict, expected) { Ok(()) } else { Err(format!("{verdict:#?}")) }
    });
}

/// Roots are never merged (rule 1): what one instance vouches for means nothing to another. A key that the user gave is trusted
/// for the user's reason: under a root that demands no log entry, it alone decides (rule 12).
#[test]
fn nothing_is_accepted_under_the_trust_of_another_instance() {
    each_entry("verified", |entry| {
        for profile in ["public-good", "staging", "github"] {
            if entry.text("trust") == Some(profile) || entry.text("trust").is_none() {
                continue;
            }
            let root = TrustedRoot::parse(&built_in(&format!("{profile}/trusted_root.json"))).unwrap();
            let expected = entry.key().is_some() && root.logs.is_empty();
            let verdict = entry.verdict(Trust::new(&root), &entry.usual_policy(), &entry.digests());
            if verdict.is_ok() != expected {
                return Err(format!("under {profile}: {verdict:#?}"));
            }
        }
        Ok(())
    });
}

/// What is written is read again as the same thing, and what a bundle is converted to says the same.
#[test]
fn written_and_converted_bundles_keep_their_verdict() {
    let mut forms = [0; 5];
    each_entry("verified", |entry| {
        let verifier = Verifier::new(entry.trust());
        let (policy, digests) = (entry.usual_policy(), entry.digests());
        let check = |what: &str, bundle: &Bundle| match judge(&verifier, bundle, &policy, &digests) {
            Ok(_) => Ok(()),
            Err(reasons) => Err(format!("{what}: {reasons:#?}")),
        };
        let is_good = |bundle: &Bundle| judge(&verifier, bundle, &policy, &digests).is_ok();
        for bundle in entry.bundles().into_iter().flatten().filter(is_good) {
            forms[0] += 1;
            let written = bundle.write();
            let read = Bundle::parse(written.as_bytes()).unwrap();
            assert_eq!((&read, read.write()), (&bundle, written), "{}", entry.name());
            check("written", &read)?;
            if let Ok(converted) = bundle.to_v01() {
                forms[1] += 1;
                check("as 0.1", &converted)?;
            }
            if let Ok(converted) = bundle.to_v03() {
                forms[2] += 1;
                check("as 0.3", &converted)?;
            }
            let taken_apart = bundle.to_detached().unwrap();
            if let Some(rekor_entry) = &taken_apart.rekor_entry {
                forms[3] += 1;
                let parts = DetachedParts {
                    signature: taken_apart.signature.as_bytes(),
                    certificate: taken_apart.certificate.as_ref().map(String::as_bytes),
                    rekor_entry: Some(rekor_entry.as_bytes()),
                    timestamps: &[],
                };
                check("detached", &readers::detached(&parts).unwrap())?;
            }
            if let Some(cosign_bundle) = &taken_apart.cosign_bundle {
                forms[4] += 1;
                let reading = readers::read(cosign_bundle.as_bytes()).unwrap();
                check("cosign's", reading.bundles[0].bundle.as_ref().unwrap())?;
            }
        }
        Ok(())
    });
    assert!(forms.iter().all(|count| *count >= 50), "{forms:?}");
}
