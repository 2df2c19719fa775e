//! Verdicts as people and programs read them.

use std::fmt::Write as _;

use jiff::Timestamp;
use sealwax_verify::{Check, EstablishedTime, Outcome, Report, Signer, TimeSource};
use serde_json::{Value, json};

use crate::judge::{Candidate, CandidateOutcome, Judgement, Status, Summary, WhoSource, reason_of};
use crate::profile::Origin;
use crate::terminal::{BAD, BOLD, DIM, Escaped, GOOD, rough_duration, shell_quoted};
use crate::trust_store::TrustNote;

/// What to show.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Every check.
    pub explain: bool,
    /// The instant from which ages are measured.
    pub now: Timestamp,
}

/// The verdict for a terminal, with styles that the writer strips where they are not wanted.
pub fn text(judgement: &Judgement, who: &WhoSource, shown: Shown) -> String {
    let mut out = String::new();
    let artifact = Escaped(&judgement.artifact);
    match judgement.status {
        Status::Verified => {
            for candidate in &judgement.candidates {
                if let CandidateOutcome::Verified(summary) = &candidate.outcome {
                    verified(&mut out, &artifact, summary, candidate);
                    if let Some(future) = summary.times.iter().find(|time| time.time > shown.now) {
                        line(
                            &mut out,
                            format_args!(
                                "  {BAD}warning{BAD:#}    {} is in the future of this machine's clock",
                                future.time
                            ),
                        );
                    }
                }
            }
        }
        Status::NotVerified => line(&mut out, format_args!("{BAD}not verified{BAD:#}  {artifact}")),
        Status::CannotTell | Status::Usage => {
            line(&mut out, format_args!("{BAD}cannot tell{BAD:#}  {artifact}"));
        }
    }
    if let Some(trust) = &judgement.trust {
        line(&mut out, format_args!("  trust      {}", trust_text(trust, shown.now)));
    }
    if judgement.status != Status::Verified {
        refusal(&mut out, judgement, who);
    }
    if shown.explain {
        for candidate in &judgement.candidates {
            explain(&mut out, candidate);
        }
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}

fn verified(out: &mut String, artifact: &Escaped<'_>, summary: &Summary, candidate: &Candidate) {
    match &summary.predicate_type {
        Some(predicate_type) => {
            let predicate_type = if predicate_type.is_empty() { "without a type" } else { predicate_type };
            line(
                out,
                format_args!("{GOOD}verified attestation{GOOD:#} {}  {artifact}", Escaped(predicate_type)),
            );
        }
        None => line(out, format_args!("{GOOD}verified{GOOD:#}  {artifact}")),
    }
    match &summary.signer {
        Signer::Certificate(signer) => {
            line(out, format_args!("  signed by  {BOLD}{}{BOLD:#}", Escaped(signer.subject())));
            line(out, format_args!("  issuer     {}", Escaped(signer.issuer().unwrap_or("none"))));
        }
        Signer::Key(signer) => {
            line(out, format_args!("  signed by  {BOLD}key {}{BOLD:#}", fingerprint(&signer.fingerprint)));
            if let Some(hint) = &signer.hint {
                line(out, format_args!("             listed in the trust profile as {}", Escaped(hint)));
            }
        }
        _ => {}
    }
    if let Some(subject) = &summary.subject {
        line(out, format_args!("  subject    {}", Escaped(subject)));
    }
    for time in &summary.times {
        line(out, format_args!("  at         {} by {}", time.time, time_source(time)));
    }
    for entry in &summary.entries {
        let promise = if entry.included { "" } else { " (promised)" };
        line(out, format_args!("  logged     {} index {}{promise}", Escaped(&entry.log), entry.index));
        for witness in &entry.witnesses {
            line(out, format_args!("             witnessed by {}", Escaped(witness)));
        }
    }
    line(out, format_args!("  bundle     {}", Escaped(&candidate.source)));
}

fn refusal(out: &mut String, judgement: &Judgement, who: &WhoSource) {
    let mut suggested = false;
    for candidate in
        judgement.candidates.iter().filter(|c| !matches!(c.outcome, CandidateOutcome::Verified(_)))
    {
        line(out, format_args!("  bundle     {}", Escaped(&candidate.source)));
        let CandidateOutcome::Refused(refused) = &candidate.outcome else {
            line(out, format_args!("  {BAD}reason{BAD:#}     {}", Escaped(&reason_of(candidate))));
            continue;
        };
        let unnamed = refused.unnamed_signer().filter(|_| *who == WhoSource::Unnamed);
        if let Some(Signer::Certificate(signer)) = unnamed {
            line(out, format_args!("  every other check passed, but nobody was named. It was signed by"));
            line(out, format_args!("  identity   {BOLD}{}{BOLD:#}", Escaped(signer.subject())));
            line(out, format_args!("  issuer     {}", Escaped(signer.issuer().unwrap_or("none"))));
            line(out, format_args!("If that is whom you expect, accept it with"));
            let identity = shell_quoted(signer.subject());
            let issuer = shell_quoted(signer.issuer().unwrap_or("none"));
            line(out, format_args!("  --identity {identity} --issuer {issuer}"));
            suggested = true;
            continue;
        }
        for check in refused.report().failed().chain(refused.report().undecided()) {
            line(out, format_args!("  {BAD}{}{BAD:#}  {}", check.outcome.name(), check_name(check)));
            line(out, format_args!("    expected {}", Escaped(&check.expected)));
            line(out, format_args!("    found    {}", Escaped(&check.found)));
            if let Some(advice) = advice(check) {
                line(out, format_args!("    {advice}"));
            }
        }
    }
    if judgement.candidates.is_empty()
        && let Some(reason) = &judgement.reason
    {
        line(out, format_args!("  {BAD}reason{BAD:#}     {}", Escaped(reason)));
    }
    if !suggested && judgement.candidates.len() > 1 {
        line(out, format_args!("  none of {} bundles satisfies the policy", judgement.candidates.len()));
    }
}

/// What a person can do about a failed check, where there is something.
fn advice(check: &Check) -> Option<&'static str> {
    Some(match check.id.as_str() {
        "log.known"
        | "log.required"
        | "certificate.path"
        | "time.established"
        | "certificate.sct-required" => {
            "if it was made with another instance, name its trust: --trust PROFILE or --trusted-root FILE"
        }
        "artifact.digest" | "statement.subject" | "log.content" => {
            "is this the artifact that the bundle was made for?"
        }
        "key.known" => "give the key that you trust: --key FILE",
        "material.kind" => {
            "a bundle with a certificate wants --identity and --issuer, one with a bare key wants --key"
        }
        "signature" if check.outcome == Outcome::Undecided => "give the artifact itself, not its digest",
        "trust.age" => "`sealwax trust update` refreshes it",
        _ => return None,
    })
}

fn explain(out: &mut String, candidate: &Candidate) {
    line(out, format_args!("checks of {}", Escaped(&candidate.source)));
    let report = match &candidate.outcome {
        CandidateOutcome::Verified(summary) => &summary.report,
        CandidateOutcome::Refused(refused) => refused.report(),
        CandidateOutcome::Unreadable(error) => {
            line(out, format_args!("  {BAD}failed{BAD:#}     bundle  {}", Escaped(error)));
            return;
        }
    };
    for check in report.checks() {
        let style = match check.outcome {
            Outcome::Passed => GOOD,
            Outcome::Failed | Outcome::Undecided => BAD,
            Outcome::Skipped | Outcome::NotRun => DIM,
        };
        line(out, format_args!("  {style}{:<9}{style:#}  {}", check.outcome.name(), check_name(check)));
        if !check.expected.is_empty() {
            line(out, format_args!("               expected {}", Escaped(&check.expected)));
        }
        if check.found != check.expected {
            line(out, format_args!("               found    {}", Escaped(&check.found)));
        }
    }
}

fn check_name(check: &Check) -> String {
    match check.item {
        Some(item) => format!("{} [{item}]", check.id),
        None => check.id.to_string(),
    }
}

fn time_source(time: &EstablishedTime) -> String {
    match &time.source {
        TimeSource::TimestampAuthority { name } => format!("the timestamp authority {}", Escaped(name)),
        TimeSource::SignedEntryTimestamp { log } => format!("the log {}", Escaped(log)),
        _ => "an unknown source".to_owned(),
    }
}

/// Which trust a verdict stands on, and how old it is.
pub fn trust_text(trust: &TrustNote, now: Timestamp) -> String {
    let mut text = Escaped(&trust.name).to_string();
    if let Some(version) = trust.root_version {
        let _ = write!(text, ", root {version}");
    }
    text.push_str(match trust.origin {
        Origin::BuiltIn => ", built in",
        Origin::Directory(_) if trust.root_version.is_none() => ", your own",
        Origin::Directory(_) => ", refreshed",
        Origin::File(_) => ", a file of unknown age",
        Origin::KeyOnly => ": the signature alone, no log, no time, no identity",
    });
    if let Some(as_of) = trust.as_of {
        let _ = write!(text, ", {} old", rough_duration(now.duration_since(as_of).as_secs().max(0)));
    }
    text
}

fn fingerprint(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::from("sha256:"), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The verdict as one JSON object.
pub fn json(judgement: &Judgement, shown: Shown) -> Value {
    let used = judgement.candidates.iter().find_map(|candidate| match &candidate.outcome {
        CandidateOutcome::Verified(summary) => Some((candidate, summary)),
        _ => None,
    });
    let verified = judgement.status == Status::Verified;
    let mut value = json!({
        "artifact": judgement.artifact,
        "verified": verified,
        "status": match judgement.status {
            Status::Verified => "verified",
            Status::NotVerified => "not-verified",
            Status::CannotTell => "cannot-tell",
            Status::Usage => "usage",
        },
        "reason": judgement.reason,
    });
    let Some(object) = value.as_object_mut() else { return value };
    if let Some((candidate, summary)) = used.filter(|_| verified) {
        object.insert(
            "kind".into(),
            json!(if summary.predicate_type.is_some() { "attestation" } else { "signature" }),
        );
        if let Some(predicate_type) = &summary.predicate_type {
            object.insert("predicate_type".into(), json!(predicate_type));
            object.insert("subject".into(), json!(summary.subject));
        }
        object.insert("bundle".into(), json!(candidate.source));
        object.insert("signer".into(), signer(&summary.signer));
        object.insert("times".into(), summary.times.iter().map(time).collect());
        object.insert(
            "log".into(),
            summary
                .entries
                .iter()
                .map(|entry| {
                    json!({
                        "log": entry.log,
                        "index": entry.index,
                        "integrated_time": entry.integrated_time.map(|time| time.to_string()),
                        "included": entry.included,
                        "witnesses": entry.witnesses,
                    })
                })
                .collect(),
        );
    }
    if let Some(trust) = &judgement.trust {
        object.insert("trust".into(), trust_json(trust, shown.now));
    }
    if shown.explain || !verified {
        object.insert(
            "bundles".into(),
            judgement.candidates.iter().map(|c| candidate(c, shown.explain)).collect(),
        );
    }
    value
}

fn candidate(candidate: &Candidate, explain: bool) -> Value {
    let (verified, report) = match &candidate.outcome {
        CandidateOutcome::Verified(summary) => (true, Some(&summary.report)),
        CandidateOutcome::Refused(refused) => (false, Some(refused.report())),
        CandidateOutcome::Unreadable(_) => (false, None),
    };
    let mut value = json!({ "bundle": candidate.source, "verified": verified });
    let Some(object) = value.as_object_mut() else { return value };
    if !verified {
        object.insert("reason".into(), json!(reason_of(candidate)));
    }
    if let CandidateOutcome::Refused(refused) = &candidate.outcome
        && let Some(found) = refused.unnamed_signer()
    {
        object.insert("signer_found".into(), signer(found));
    }
    if let Some(report) = report {
        object.insert("checks".into(), checks(report, explain));
    }
    value
}

fn checks(report: &Report, all: bool) -> Value {
    let shown = |check: &&Check| all || check.outcome != Outcome::Passed;
    report
        .checks()
        .iter()
        .filter(shown)
        .map(|check| {
            json!({
                "id": check.id.as_str(),
                "item": check.item,
                "outcome": check.outcome.name(),
                "expected": check.expected,
                "found": check.found,
            })
        })
        .collect()
}

fn signer(signer: &Signer) -> Value {
    match signer {
        Signer::Certificate(signer) => json!({
            "identity": signer.subject(),
            "issuer": signer.issuer(),
            "extensions": signer.extensions().iter().map(|(_, name, value)| (name.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>(),
        }),
        Signer::Key(signer) => json!({ "key": fingerprint(&signer.fingerprint), "hint": signer.hint }),
        _ => Value::Null,
    }
}

fn time(time: &EstablishedTime) -> Value {
    let (kind, name) = match &time.source {
        TimeSource::TimestampAuthority { name } => ("timestamp-authority", name.as_str()),
        TimeSource::SignedEntryTimestamp { log } => ("signed-entry-timestamp", log.as_str()),
        _ => ("other", ""),
    };
    json!({ "time": time.time.to_string(), "source": kind, "by": name })
}

/// Which trust a verdict stands on, for programs.
pub fn trust_json(trust: &TrustNote, now: Timestamp) -> Value {
    json!({
        "profile": trust.name,
        "origin": match &trust.origin {
            Origin::BuiltIn => "built-in".to_owned(),
            Origin::Directory(path) | Origin::File(path) => path.display().to_string(),
            Origin::KeyOnly => "key-only".to_owned(),
        },
        "root_version": trust.root_version,
        "as_of": trust.as_of.map(|as_of| as_of.to_string()),
        "age_seconds": trust.as_of.map(|as_of| now.duration_since(as_of).as_secs()),
    })
}
