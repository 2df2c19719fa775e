//! `sealwax verify`.

mod predicate;

use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use jiff::SignedDuration;
use sealwax_verify::{IdentityRule, IssuerRule, Match, WitnessPolicy};

use crate::args::{VerifyArgs, WhoArgs};
use crate::artifact::Reference;
use crate::attest::predicate::type_uri;
use crate::judge::{Job, Status, WhoSource, judge};
use crate::profile;
use crate::render::{self, Shown};
use crate::sources::{BundleSource, read_limited};
use crate::terminal::escaped_json;
use crate::trust_store::{TrustSource, TrustStore};
use crate::{Failure, list, ordered};

/// The largest witness policy, as `tlog-policy` files are read.
const MAX_POLICY_FILE: u64 = 1024 * 1024;

/// Runs the command.
///
/// # Errors
/// A sentence about the command line, or a file that cannot be written.
pub fn run(args: &VerifyArgs, store: &TrustStore, out: &mut (impl Write + Send)) -> Result<Status, Failure> {
    let defaults = defaults(args).map_err(Failure::usage)?;
    match (&args.list, &args.predicate_out) {
        (Some(list), _) => run_list(list, &defaults, args, store, out).map_err(Failure::usage),
        (None, Some(file)) => predicate::hand_on(file, &defaults, args, store, out),
        (None, None) => run_each(&defaults, args, store, out).map_err(Failure::usage),
    }
}

fn run_each(
    defaults: &Job,
    args: &VerifyArgs,
    store: &TrustStore,
    out: &mut impl Write,
) -> Result<Status, String> {
    let shown = Shown { explain: args.explain, now: store.now() };
    let mut worst = Status::Verified;
    if args.artifacts.iter().filter(|word| *word == "-").count() > 1 {
        return Err("standard input can be verified once only".to_owned());
    }
    for word in &args.artifacts {
        let job = Job { artifact: Reference::parse(word)?, ..defaults.clone() };
        let judgement = judge(&job, &word.to_string_lossy(), store);
        worst = worst.max(judgement.status);
        let text = if args.json {
            format!("{}\n", escaped_json(&render::json(&judgement, shown).to_string()))
        } else {
            render::text(&judgement, &job.who, shown)
        };
        write(out, &text)?;
    }
    Ok(worst)
}

fn run_list(
    file: &str,
    defaults: &Job,
    args: &VerifyArgs,
    store: &TrustStore,
    out: &mut (impl Write + Send),
) -> Result<Status, String> {
    let shown = Shown { explain: args.explain, now: store.now() };
    let worst = AtomicU8::new(0);
    let judged = AtomicUsize::new(0);
    let work = |number: usize, line: ordered::Line| {
        judged.fetch_add(1, Ordering::Relaxed);
        let judgement = list::judge_line(number, line, defaults, store);
        worst.fetch_max(rank(judgement.status), Ordering::Relaxed);
        escaped_json(&render::json(&judgement, shown).to_string()).into_bytes()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let done = match file {
        "-" => ordered::map_lines(BufReader::new(io::stdin()), &mut *out, threads, work),
        path => match std::fs::File::open(path) {
            Ok(file) => ordered::map_lines(BufReader::new(file), &mut *out, threads, work),
            Err(error) => {
                return fail(out, Status::CannotTell, &format!("cannot read {path}: {error}"));
            }
        },
    };
    done.map_err(|error| format!("the list cannot be worked through: {error}"))?;
    if judged.into_inner() == 0 {
        return fail(out, Status::CannotTell, "the list is empty: nothing was verified");
    }
    Ok([Status::Verified, Status::CannotTell, Status::NotVerified, Status::Usage]
        .into_iter()
        .find(|status| rank(*status) == worst.load(Ordering::Relaxed))
        .unwrap_or(Status::Usage))
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Verified => 0,
        Status::CannotTell => 1,
        Status::NotVerified => 2,
        Status::Usage => 3,
    }
}

fn fail(out: &mut impl Write, status: Status, reason: &str) -> Result<Status, String> {
    let line = serde_json::json!({ "verified": false, "reason": reason }).to_string();
    write(out, &format!("{}\n", escaped_json(&line)))?;
    Ok(status)
}

fn write(out: &mut impl Write, text: &str) -> Result<(), String> {
    out.write_all(text.as_bytes()).map_err(|error| format!("cannot write the result: {error}"))
}

/// What the flags say, for every artifact.
fn defaults(args: &VerifyArgs) -> Result<Job, String> {
    let bundle = match (&args.bundle, &args.signature) {
        (Some(file), _) => BundleSource::File(file.clone()),
        (None, Some(signature)) => BundleSource::Detached {
            signature: signature.clone(),
            certificate: args.certificate.clone(),
            log_entry: args.log_entry.clone(),
            timestamps: args.timestamp.clone(),
        },
        (None, None) => BundleSource::Neighbours,
    };
    let witnesses = match &args.witness_policy {
        None => None,
        Some(path) => {
            let bytes = read_limited(path, MAX_POLICY_FILE)
                .map_err(|error| format!("cannot read the witness policy {}: {error}", path.display()))?;
            let policy = WitnessPolicy::parse(&bytes)
                .map_err(|error| format!("{} is not a witness policy: {error}", path.display()))?;
            if !policy.demands_cosignatures() {
                return Err(format!(
                    "the witness policy {} demands no cosignature (quorum none)",
                    path.display()
                ));
            }
            Some(policy)
        }
    };
    Ok(Job {
        artifact: Reference::Stdin,
        bundle,
        who: who(&args.who)?,
        predicate_type: args.predicate_type.as_deref().map(type_uri),
        keep_predicate: false,
        trust: trust(args.trust.trust.as_deref(), args.trust.trusted_root.clone()),
        all: args.all,
        witnesses,
        max_trust_age: args.trust.max_trust_age.as_deref().map(duration).transpose()?,
    })
}

/// The trust that flags or a line of a list name. A file beats a profile, which is then the environment's: whoever names both is
/// asked which.
pub fn trust(profile: Option<&str>, file: Option<PathBuf>) -> TrustSource {
    match file {
        Some(file) => TrustSource::File(file),
        None => TrustSource::Profile(profile.unwrap_or(profile::DEFAULT).to_owned()),
    }
}

/// Whom the flags name.
fn who(args: &WhoArgs) -> Result<WhoSource, String> {
    if let Some(key) = &args.key {
        return Ok(WhoSource::Key(key.clone()));
    }
    let base = IdentityRule {
        repository: args.repository.as_deref().map(exact),
        source_ref: args.source_ref.as_deref().map(pattern_or_exact),
        signer_workflow: args.signer_workflow.as_deref().map(exact),
        trigger: args.trigger.as_deref().map(exact),
        runner_environment: args.runner_environment.as_deref().map(exact),
        ..IdentityRule::default()
    };
    let subjects: Vec<Match> = match &args.identity_pattern {
        Some(pattern) => vec![Match::Pattern(pattern.clone())],
        None => args.identity.iter().map(|identity| exact(identity)).collect(),
    };
    identities(&base, &subjects, &args.issuer)
}

/// The rules out of identities and issuers, taken in pairs; one issuer serves all identities.
pub fn identities(base: &IdentityRule, subjects: &[Match], issuers: &[String]) -> Result<WhoSource, String> {
    if subjects.is_empty() && issuers.is_empty() && *base == IdentityRule::default() {
        return Ok(WhoSource::Unnamed);
    }
    let issuer_of = |index: usize| match issuers {
        [only] => Some(only),
        many => many.get(index),
    };
    if issuers.is_empty() {
        return Err(
            "an identity means nothing without its issuer: give --issuer URL, or --issuer none".to_owned()
        );
    }
    if issuers.len() > 1 && issuers.len() != subjects.len() {
        return Err(format!(
            "--identity and --issuer go in pairs: {} identities and {} issuers were given",
            subjects.len(),
            issuers.len()
        ));
    }
    let rule = |subject: Option<&Match>, index: usize| IdentityRule {
        subject: subject.cloned(),
        issuer: issuer_of(index).map(|issuer| match issuer.as_str() {
            "none" => IssuerRule::Absent,
            issuer => IssuerRule::Is(exact(issuer)),
        }),
        ..base.clone()
    };
    let rules: Vec<IdentityRule> = if subjects.is_empty() {
        vec![rule(None, 0)]
    } else {
        subjects.iter().enumerate().map(|(index, subject)| rule(Some(subject), index)).collect()
    };
    if rules.iter().any(|rule| !rule.names_someone()) {
        return Err(
            "an issuer alone names nobody: give --identity, --repository or --signer-workflow too".to_owned()
        );
    }
    Ok(WhoSource::Identities(rules))
}

/// An exact match.
pub fn exact(text: &str) -> Match {
    Match::Exact(text.to_owned())
}

fn pattern_or_exact(text: &str) -> Match {
    if text.contains('*') { Match::Pattern(text.to_owned()) } else { exact(text) }
}

/// A duration: a number and one of `s`, `m`, `h`, `d`, `w`.
pub fn duration(text: &str) -> Result<SignedDuration, String> {
    let bad = || format!("{text:?} is not a duration: give a number and s, m, h, d or w, such as 30d");
    let (unit_start, unit) = text.char_indices().next_back().ok_or_else(bad)?;
    let count: i64 = text.get(..unit_start).and_then(|digits| digits.parse().ok()).ok_or_else(bad)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(bad()),
    };
    let seconds = count.checked_mul(seconds).filter(|seconds| *seconds >= 0).ok_or_else(bad)?;
    Ok(SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(texts: &[&str]) -> Vec<Match> {
        texts.iter().map(|text| exact(text)).collect()
    }

    fn issuers(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn identities_and_issuers_pair_up() {
        let rules = |s: &[&str], i: &[&str]| identities(&IdentityRule::default(), &subjects(s), &issuers(i));
        assert_eq!(rules(&[], &[]), Ok(WhoSource::Unnamed));
        assert_eq!(rules(&["a"], &["x"]), Ok(WhoSource::Identities(vec![IdentityRule::exact("a", "x")])));
        assert_eq!(
            rules(&["a", "b"], &["x"]),
            Ok(WhoSource::Identities(vec![IdentityRule::exact("a", "x"), IdentityRule::exact("b", "x")]))
        );
        assert_eq!(
            rules(&["a", "b"], &["x", "y"]),
            Ok(WhoSource::Identities(vec![IdentityRule::exact("a", "x"), IdentityRule::exact("b", "y")]))
        );
        assert!(rules(&["a"], &[]).is_err());
        assert!(rules(&["a"], &["x", "y"]).is_err());
        assert!(rules(&[], &["x"]).is_err());
    }

    #[test]
    fn none_demands_absence() {
        let Ok(WhoSource::Identities(rules)) =
            identities(&IdentityRule::default(), &subjects(&["a"]), &issuers(&["none"]))
        else {
            panic!("not an identity");
        };
        assert_eq!(rules[0].issuer, Some(IssuerRule::Absent));
    }

    #[test]
    fn durations() {
        assert_eq!(duration("30d"), Ok(SignedDuration::from_hours(720)));
        assert_eq!(duration("0s"), Ok(SignedDuration::ZERO));
        for bad in ["", "d", "-1d", "5", "5y", "99999999999999999999d", "9999999999999999w", "1é"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
