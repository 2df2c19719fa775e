//! `--predicate-out`: what an attestation says, handed on once it has verified.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::write;
use crate::args::VerifyArgs;
use crate::artifact::Reference;
use crate::judge::{CandidateOutcome, Job, Judgement, Status, judge};
use crate::render::{self, Shown};
use crate::terminal::escaped_json;
use crate::trust_store::TrustStore;
use crate::{Failure, neighbours, output_file};

/// Why there is not one predicate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum NoPredicate {
    /// A statement that says nothing about its subjects.
    #[error("the statement in {bundle} has no predicate")]
    Absent { bundle: String },
    /// Two that say different things, and nobody to choose.
    #[error(
        "{one} and {other} both verify and say different things: --bundle FILE names the one that is meant"
    )]
    Ambiguous { one: String, other: String },
}

/// Verifies one artifact; of what verified writes the predicate, to the standard output (`-`) or a file. The verdict goes where it
/// always goes, but to standard error if the predicate takes its place. Nothing is written without a verdict.
///
/// # Errors
/// The command line, or a file that cannot be written.
pub(super) fn hand_on(
    file: &Path,
    defaults: &Job,
    args: &VerifyArgs,
    store: &TrustStore,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let [word] = args.artifacts.as_slice() else {
        return Err(Failure::usage("--predicate-out takes one artifact"));
    };
    let is_file = file != Path::new("-");
    let artifact = Reference::parse(word).map_err(Failure::usage)?;
    if is_file {
        let file = file.to_owned();
        output_file::check_apart([&file], inputs(&artifact, args))?;
        output_file::check_free([&file], args.overwrite)?;
    }
    let job = Job { artifact, keep_predicate: true, ..defaults.clone() };
    let mut judgement = judge(&job, &word.to_string_lossy(), store);
    let predicate = match judgement.status {
        Status::Verified => only(&judgement).map(str::to_owned).map_err(|reason| {
            judgement.status = Status::CannotTell;
            judgement.reason = Some(reason.to_string());
            if !args.json {
                // To people the reason is all there is to say.
                judgement.candidates.clear();
            }
        }),
        _ => Err(()),
    };
    let shown = Shown { explain: args.explain, now: store.now() };
    let verdict = match args.json {
        true => format!("{}\n", escaped_json(&render::json(&judgement, shown).to_string())),
        false => render::text(&judgement, &job.who, shown),
    };
    if is_file {
        write(out, &verdict).map_err(Failure::usage)?;
    } else {
        let mut errors = anstream::AutoStream::new(std::io::stderr(), anstream::ColorChoice::Auto);
        // Whoever has closed standard error does not want to read it.
        let _ = errors.write_all(verdict.as_bytes());
    }
    match predicate {
        Ok(predicate) if is_file => output_file::write(file, predicate.as_bytes(), args.overwrite)?,
        // It may be a terminal; to a program it means the same.
        Ok(predicate) => write(out, &format!("{}\n", escaped_json(&predicate))).map_err(Failure::usage)?,
        Err(()) => {}
    }
    Ok(judgement.status)
}

/// The files that are read for the verdict.
fn inputs(artifact: &Reference, args: &VerifyArgs) -> Vec<PathBuf> {
    let path = artifact.path();
    let is_named = args.bundle.is_some() || args.signature.is_some();
    let beside = path.filter(|_| !is_named).map(neighbours::bundles_of).unwrap_or_default();
    let of_signature = [&args.signature, &args.certificate, &args.log_entry];
    let others = [&args.bundle, &args.who.key, &args.trust.trusted_root, &args.witness_policy];
    let named = of_signature.into_iter().chain(others).flatten().chain(&args.timestamp);
    path.map(Path::to_owned).into_iter().chain(beside).chain(named.cloned()).collect()
}

/// The one predicate of everything that verified.
fn only(judgement: &Judgement) -> Result<&str, NoPredicate> {
    let mut found: Option<(&str, &str)> = None;
    for candidate in &judgement.candidates {
        let CandidateOutcome::Verified(summary) = &candidate.outcome else { continue };
        let bundle = candidate.source.as_str();
        let Some(predicate) = summary.predicate.as_deref() else {
            return Err(NoPredicate::Absent { bundle: bundle.to_owned() });
        };
        match found {
            Some((one, said)) if said != predicate => {
                return Err(NoPredicate::Ambiguous { one: one.to_owned(), other: bundle.to_owned() });
            }
            _ => found = Some((bundle, predicate)),
        }
    }
    found.map(|(_, predicate)| predicate).ok_or(NoPredicate::Absent { bundle: judgement.artifact.clone() })
}
