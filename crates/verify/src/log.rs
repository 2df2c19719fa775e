//! Log entries: each must be this signature's, and in the log (rules 2, 4, 5, 6).

use jiff::Timestamp;
use sealwax_crypto::{Message, Scheme};
use sealwax_formats::{Bundle, BundleVersion, EntryBody, InclusionProof, LogEntry, Window};
use sealwax_tlog::policy::Log as PolicyLog;
use sealwax_tlog::{LeafIndex, LogSignatureError, SignedCheckpoint, TreeSize, leaf_hash, verify_inclusion};

use crate::binding::{Binding, Bound};
use crate::policy::Policy;
use crate::report::{CheckId, Report, Scope};
use crate::trust::{Log, Trust, UsableLogKey};
use crate::verdict::{EstablishedTime, LoggedEntry, TimeSource};

/// A verified entry, and the window that times must respect.
pub(crate) struct Logged<'t> {
    pub(crate) item: usize,
    pub(crate) entry: LoggedEntry,
    /// The log may be listed several times, with one key and several windows.
    windows: Vec<&'t Window>,
}

/// Checks every entry. `None` if any entry of a known log fails, or if none is left where the trusted root demands one.
pub(crate) fn entries<'t>(
    bundle: &Bundle,
    binding: &Binding<'_>,
    trust: &'t Trust,
    policy: &Policy,
    report: &mut Report,
) -> Option<Vec<Logged<'t>>> {
    let mut good = duplicates(&bundle.log_entries, report);
    let mut verified = Vec::new();
    for (item, entry) in bundle.log_entries.iter().enumerate() {
        let mut scope = report.item(item);
        let known: Vec<&Log> = trust.logs.iter().filter(|log| log.has_id(&entry.log_id)).collect();
        let Some(first) = known.first() else {
            scope.skip(CheckId::LogKnown, "an entry of a log of the trusted root", "a log that is not in it");
            continue;
        };
        let log = known.iter().find(|log| covers(log, entry)).unwrap_or(first);
        match self::entry(entry, log, bundle.version, binding, policy, &mut scope) {
            Some((entry, key)) => {
                let keys = known.iter().filter_map(|log| log.key.as_ref().ok());
                let windows =
                    keys.filter(|other| other.public_key == key.public_key).map(|key| &key.window).collect();
                verified.push(Logged { item, entry, windows });
            }
            None => good = None,
        }
    }
    if good.is_none() && verified.is_empty() {
        return None; // The failures above say more than another line could.
    }
    let lists_logs = trust.lists_logs();
    if lists_logs && verified.is_empty() && policy.witnesses.is_none() && is_never_logged(binding) {
        // Whoever trusts this key knows its kind; nothing in the bundle chooses it.
        report.once().skip(
            CheckId::LogRequired,
            "a log entry",
            "a key of ML-DSA, whose signatures no log takes",
        );
        return good.map(|()| verified);
    }
    let expected = match (!lists_logs, policy.witnesses.is_some()) {
        (false, _) => "at least one verified log entry, since the trusted root lists logs",
        (true, true) => "at least one verified log entry, since the policy demands witnesses",
        (true, false) => return good.map(|()| verified),
    };
    report.once().hold(CheckId::LogRequired, expected, !verified.is_empty(), || {
        format!("{} entries, none of a trusted log", bundle.log_entries.len())
    })?;
    good.map(|()| verified)
}

/// Rule 1: logs have no entries for signatures by ML-DSA, so that a key of it that is trusted for a reason outside the bundle signs
/// without. A certificate is in the bundle, and so is its key.
fn is_never_logged(binding: &Binding<'_>) -> bool {
    matches!(binding.signer, Bound::Key(key) if key.kind().fits(Scheme::MlDsa))
}

/// Every verified entry must lie in the window of its log's key (rule 3).
pub(crate) fn windows(logged: &[Logged<'_>], times: &[EstablishedTime], report: &mut Report) -> Option<()> {
    let mut good = Some(());
    for logged in logged {
        let outside_all = |time: &Timestamp| !logged.windows.iter().any(|window| window.contains(*time));
        let outside = match logged.entry.integrated_time {
            Some(time) => Some(time).filter(outside_all),
            None => times.iter().map(|established| established.time).find(outside_all),
        };
        let held = report.item(logged.item).hold(
            CheckId::LogWindow,
            "a time in the window of the log's key",
            outside.is_none(),
            || {
                let windows: Vec<String> = logged.windows.iter().map(ToString::to_string).collect();
                let outside = outside.unwrap_or_default();
                format!("the log {} is trusted {}, not at {outside}", logged.entry.log, windows.join(" and "))
            },
        );
        good = good.and(held);
    }
    good
}

impl Logged<'_> {
    /// The time that its signed entry timestamp establishes.
    pub(crate) fn time(&self) -> Option<EstablishedTime> {
        let log = self.entry.log.clone();
        Some(EstablishedTime {
            time: self.entry.integrated_time?,
            source: TimeSource::SignedEntryTimestamp { log },
        })
    }
}

fn covers(log: &Log, entry: &LogEntry) -> bool {
    let time = entry.integrated_time.and_then(|seconds| Timestamp::from_second(seconds).ok());
    log.key.as_ref().is_ok_and(|key| time.is_none_or(|time| key.window.contains(time)))
}

fn duplicates(entries: &[LogEntry], report: &mut Report) -> Option<()> {
    let mut identities: Vec<_> = entries.iter().map(|entry| (&entry.log_id, entry.log_index)).collect();
    identities.sort_unstable();
    let twice = identities.windows(2).find_map(|pair| match pair {
        [first, second] if first == second => Some(second.1),
        _ => None,
    });
    if let Some(index) = twice {
        report.once().fail(CheckId::LogDuplicate, "no entry listed twice", format!("index {index} is"));
        return None;
    }
    Some(())
}

/// One entry of a known log, every check in order.
fn entry<'t>(
    entry: &LogEntry,
    log: &'t Log,
    version: BundleVersion,
    binding: &Binding<'_>,
    policy: &Policy,
    scope: &mut Scope<'_>,
) -> Option<(LoggedEntry, &'t UsableLogKey)> {
    let key = match &log.key {
        Ok(key) => key,
        Err(reason) => {
            let found = format!("the log {} cannot be used: {reason}", log.url);
            scope.fail(CheckId::LogKnown, "an entry of a log of the trusted root", found);
            return None;
        }
    };
    scope.pass(CheckId::LogKnown, "an entry of a log of the trusted root", log.url.clone());
    let body =
        scope.check(CheckId::LogBody, "a readable entry", EntryBody::parse(&entry.canonicalized_body))?;
    let (kind, kind_version) = body.kind_version();
    let kind = scope.hold(
        CheckId::LogKind,
        "kindVersion as in the entry's body",
        entry.kind == kind && entry.version == kind_version,
        || format!("{} {}, and the body is {kind} {kind_version}", entry.kind, entry.version),
    );
    let bound = binding.check(&body, scope);
    let integrated_time = signed_entry_timestamp(entry, &body, key, version, scope);
    let inclusion = inclusion(entry, &body, key, version, policy, scope);
    kind.and(bound)?;
    let (included, witnesses) = inclusion?;
    let logged = LoggedEntry {
        log: log.url.clone(),
        index: entry.log_index,
        integrated_time: integrated_time?,
        included,
        witnesses,
    };
    Some((logged, key))
}

/// The SET, where there is one: Rekor's signature over body, time, log and index. `Some(None)` if there is none and none is
/// needed; 0.1 needs one.
fn signed_entry_timestamp(
    entry: &LogEntry,
    body: &EntryBody,
    key: &UsableLogKey,
    version: BundleVersion,
    scope: &mut Scope<'_>,
) -> Option<Option<Timestamp>> {
    const ID: CheckId = CheckId::LogEntryTimestamp;
    const EXPECTED: &str = "a signed entry timestamp by the log's key";
    let Some(set) = &entry.inclusion_promise else {
        if version == BundleVersion::V01 {
            scope.fail(ID, "a signed entry timestamp, which bundles 0.1 must have", "none");
            return None;
        }
        return Some(None);
    };
    if body.is_rekor_v2() {
        scope.fail(ID, "no signed entry timestamp, since v2 logs make none", "one");
        return None;
    }
    let time = entry.integrated_time.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let Some(time) = time else {
        scope.fail(ID, EXPECTED, "one without an integrated time");
        return None;
    };
    let verified = key.public_key.verify(key.scheme, Message::Bytes(&entry.set_payload()), set);
    scope.check(ID, EXPECTED, verified)?;
    Some(Some(time))
}

/// Checkpoint and inclusion proof. `Some((false, …))` if there is none and the version needs none.
fn inclusion(
    entry: &LogEntry,
    body: &EntryBody,
    key: &UsableLogKey,
    version: BundleVersion,
    policy: &Policy,
    scope: &mut Scope<'_>,
) -> Option<(bool, Vec<String>)> {
    let proof = match &entry.inclusion_proof {
        Some(proof) => proof,
        None if version == BundleVersion::V01 && policy.witnesses.is_none() => {
            return Some((false, Vec::new()));
        }
        None => {
            scope.fail(CheckId::LogEvidence, "an inclusion proof", "none");
            return None;
        }
    };
    let Some(checkpoint) = &proof.checkpoint else {
        scope.fail(CheckId::LogEvidence, "an inclusion proof with a checkpoint", "one without");
        return None;
    };
    scope.pass(
        CheckId::LogEvidence,
        "an inclusion proof with a checkpoint",
        "an inclusion proof with a checkpoint",
    );
    let signed =
        scope.check(CheckId::LogCheckpoint, "a readable checkpoint", SignedCheckpoint::parse(checkpoint))?;
    let witnesses = witnesses(&signed, key, body, policy, scope);
    let proved = checkpoint_signature(entry, &signed, body, key, scope);
    let tree = tree(entry, proof, &signed, body, scope);
    let included = scope.check(
        CheckId::LogInclusion,
        "the entry in the tree of the checkpoint",
        verify_inclusion(
            &leaf_hash(&entry.canonicalized_body),
            LeafIndex(proof.log_index),
            signed.unverified().size(),
            &proof.hashes,
            signed.unverified().root(),
        ),
    );
    proved.and(tree).and(included)?;
    Some((true, witnesses?))
}

/// The log's own signature. A v2 log is named by the host name of its URL, and its id is made of that name and the key.
fn checkpoint_signature(
    entry: &LogEntry,
    signed: &SignedCheckpoint,
    body: &EntryBody,
    key: &UsableLogKey,
    scope: &mut Scope<'_>,
) -> Option<()> {
    const ORIGIN: &str = "a checkpoint of this log";
    const SIGNATURE: &str = "a checkpoint signed by the log's key";
    let log_key = match if body.is_rekor_v2() { &key.v2 } else { &key.v1 } {
        Ok(log_key) => log_key,
        Err(reason) => {
            scope.fail(CheckId::LogCheckpointSignature, SIGNATURE, reason.clone());
            return None;
        }
    };
    if body.is_rekor_v2() && entry.log_id != log_key.id() {
        scope.fail(CheckId::LogOrigin, "a log id made of the log's name and key", "another log id");
        return None;
    }
    match log_key.verify(signed) {
        Ok(_) => {
            scope.pass(CheckId::LogOrigin, ORIGIN, signed.unverified().origin().to_owned());
            scope.pass(CheckId::LogCheckpointSignature, SIGNATURE, SIGNATURE);
            Some(())
        }
        Err(error @ (LogSignatureError::OtherOrigin { .. } | LogSignatureError::NotRekorV1 { .. })) => {
            scope.fail(CheckId::LogOrigin, ORIGIN, error.to_string());
            None
        }
        Err(error) => {
            scope.pass(CheckId::LogOrigin, ORIGIN, signed.unverified().origin().to_owned());
            scope.fail(CheckId::LogCheckpointSignature, SIGNATURE, error.to_string());
            None
        }
    }
}

/// What the proof says of the tree is what the checkpoint says. In v2 there is one index, in v1 one for the shard and one
/// for the whole log.
fn tree(
    entry: &LogEntry,
    proof: &InclusionProof,
    signed: &SignedCheckpoint,
    body: &EntryBody,
    scope: &mut Scope<'_>,
) -> Option<()> {
    let checkpoint = signed.unverified();
    let found = if TreeSize(proof.tree_size) != checkpoint.size() {
        Some(format!("size {}, and the checkpoint says {}", proof.tree_size, checkpoint.size().0))
    } else if proof.root_hash != *checkpoint.root() {
        Some("another root hash".to_owned())
    } else if body.is_rekor_v2() && entry.log_index != proof.log_index {
        Some(format!("index {}, and the entry says {}", proof.log_index, entry.log_index))
    } else {
        None
    };
    scope.hold(CheckId::LogTree, "a proof for the tree of the checkpoint", found.is_none(), || {
        found.unwrap_or_default()
    })
}

fn witnesses(
    signed: &SignedCheckpoint,
    key: &UsableLogKey,
    body: &EntryBody,
    policy: &Policy,
    scope: &mut Scope<'_>,
) -> Option<Vec<String>> {
    const EXPECTED: &str = "cosignatures by a quorum of the policy's witnesses";
    let Some(policy) = &policy.witnesses else { return Some(Vec::new()) };
    // A policy that names logs is about these only. A v1 log has no name of its own: its key is it.
    let origin = signed.unverified().origin();
    let is_this = |log: &PolicyLog| {
        *log.key.public_key() == key.public_key && (!body.is_rekor_v2() || log.key.name() == Some(origin))
    };
    if !policy.logs().is_empty() && !policy.logs().iter().any(is_this) {
        scope.fail(CheckId::LogWitnesses, "a log that the witness policy names", origin.to_owned());
        return None;
    }
    let cosigned = scope.check(CheckId::LogWitnesses, EXPECTED, policy.evaluate_quorum(signed))?;
    Some(
        cosigned
            .into_iter()
            .map(|cosigned| String::from_utf8_lossy(&cosigned.witness).into_owned())
            .collect(),
    )
}
