//! `sealwax sign`: artifacts become bundles. The flow is `sealwax-client`'s; here are files, the terminal, and the order of things.

mod also;
pub(crate) mod args;
mod certificate;
pub(crate) mod jobs;
mod preview;
mod progress;
mod report;
pub(crate) mod run;
mod state;
mod token;
mod trust;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_client::{IdentityToken, Patience, Prediction, Purpose, Services, Session, Who};
use sealwax_crypto::Scheme;
use tokio::runtime::Runtime;

use self::also::Also;
use self::args::{RunArgs, SignArgs, SignTrustArgs};
use self::jobs::{Job, Jobs, Work};
use self::preview::Preview;
use self::run::Run;
use self::state::StateFile;
use self::trust::{SigningTrust, log_versions};
use crate::judge::Status;
use crate::terminal::{notice, shell_quoted};
use crate::{Failure, output_file};

/// Runs the command.
///
/// # Errors
/// Nothing was begun: a sentence for people.
pub(crate) fn run(args: &SignArgs, out: &mut impl Write) -> Result<Status, Failure> {
    all(Jobs::of(args), &args.run, out)
}

/// Signs what was named, if that could be read. To a program that listens, a failure is an answer too.
///
/// # Errors
/// Nothing was begun: a sentence for people.
pub(crate) fn all(
    jobs: Result<Jobs, Failure>,
    args: &RunArgs,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let prepared = jobs.and_then(|jobs| Ok((prepare(&jobs, args)?, jobs)));
    let ((runtime, run), jobs) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) if args.json => {
            run::write(out, &report::nothing(&failure))?;
            return Ok(failure.status);
        }
        Err(failure) => return Err(failure),
    };
    let status = runtime.block_on(run.all(&jobs, out))?;
    // Requests that nobody waits for any more are not waited for either.
    runtime.shutdown_background();
    Ok(status)
}

/// Everything up to the first request: all that can be wrong on this side is found before anybody is asked.
fn prepare(jobs: &Jobs, args: &RunArgs) -> Result<(Runtime, Run), Failure> {
    let now = Timestamp::now();
    check_apart(jobs, args)?;
    jobs.check_there()?;
    if args.resume.is_some() {
        jobs.check_names()?;
    }
    let state = args.resume.as_deref().map(StateFile::open).transpose()?;
    let begun = |job: &Job| state.as_ref().and_then(|state| state.get(&job.name)).is_some();
    let fresh = jobs.jobs.iter().filter(|job| !begun(job)).filter_map(|job| job.output.as_ref());
    output_file::check_free(fresh.chain(&jobs.lines), args.overwrite)?;
    output_file::check_writable(jobs.outputs())?;
    let trust = SigningTrust::of(&args.trust)?;
    if trust.is_key_only() && args.who.key.is_none() {
        return Err(Failure::usage("--trust key-only asks nobody: it signs by --key"));
    }
    let key = args.who.key.as_deref().map(|word| crate::key::open(word, &args.who.password)).transpose()?;
    let certificate = certificate::read(&args.who)?;
    if key.is_some() && certificate.is_none() && args.who.expect_identity.is_some() {
        return Err(Failure::usage("--expect-identity: a key without a --certificate has no identity"));
    }
    let is_ml_dsa = key.as_ref().is_some_and(|key| key.public_key().kind().fits(Scheme::MlDsa));
    if is_ml_dsa && certificate.is_some() && trust.verifier.trust().lists_logs() {
        return Err(Failure::cannot(
            "--certificate: the trust lists logs, so that with a certificate an entry is demanded, and no log \
             takes signatures by ML-DSA: sign by the key alone",
        ));
    }
    let needs_token = key.is_none() && !jobs.jobs.iter().all(begun);
    let purpose = Purpose { certificate: needs_token, logs: log_versions(args.trust.rekor) };
    let services =
        Services::choose(&trust.config, purpose, now).map_err(|error| Failure::cannot(error.to_string()))?;
    let services = match is_ml_dsa && services.logs.needed > 0 {
        true => {
            notice("signatures by ML-DSA are timestamped and not logged: logs have no entries for them");
            services.without_logs()
        }
        false => services,
    };
    let also: BTreeSet<Also> = args.also.iter().copied().collect();
    also::check(&also, jobs, &begun, args, &services)?;
    let total = crate::verify::duration(&args.patience).map_err(Failure::usage)?.unsigned_abs();
    let patience = Patience { total, ..Patience::default() };
    let runtime = match jobs.jobs.len() {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        _ => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
    };
    let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;

    let token = match needs_token {
        true => runtime.block_on(token::find(&args.who, &services.issuers, patience))?,
        false => None,
    };
    if token.is_none() && needs_token {
        return Err(nobody(&trust.name, &jobs.jobs, &args.trust));
    }
    expected(args, token.as_ref())?;
    let may_ask = !args.yes && args.who.token.is_none();
    let key_id = key.as_ref().map(|key| key.public_key().spki_sha256());
    Preview {
        token: token.as_ref(),
        key_id,
        certificate: certificate.as_ref(),
        services: &services,
        jobs: &jobs.jobs,
        trust: &trust,
    }
    .show(may_ask)?;

    let who = match (key, certificate, token) {
        (Some(key), Some(certificate), _) => Who::Certified(key, Box::new(certificate)),
        (Some(key), None, _) => Who::Key(key),
        (None, _, Some(token)) => Who::Identity(Box::new(token)),
        (None, _, None) => Who::Nobody,
    };
    let session = Session::new(trust.verifier, services, who)
        .map_err(|error| Failure::cannot(error.to_string()))?
        .with_patience(patience)
        .expecting(args.who.expect_identity.clone());
    let run = Run {
        session: Arc::new(session),
        state: state.map(Arc::new),
        overwrite: args.overwrite,
        also,
        json: args.json,
        refused: Arc::default(),
    };
    Ok((runtime, run))
}

/// Nothing that is read is written to, and the file of `--resume` is nothing else. Standard output is for what became of it.
fn check_apart(jobs: &Jobs, args: &RunArgs) -> Result<(), Failure> {
    if jobs.outputs().any(|path| path.as_os_str() == "-") {
        return Err(Failure::usage("--bundle -: a bundle goes into a file; one of that name is ./-"));
    }
    let inputs = jobs.inputs.iter().cloned().chain(args.inputs());
    output_file::check_apart(jobs.outputs().chain(&args.resume), inputs)?;
    let Some(state) = args.resume.as_deref().map(output_file::real_place) else { return Ok(()) };
    match jobs.outputs().any(|path| output_file::real_place(path) == state) {
        true => Err(Failure::usage(format!("--resume {}: that is where a bundle goes", state.display()))),
        false => Ok(()),
    }
}

/// Whether the token is for whom the caller expects, where that can be told from it.
fn expected(args: &RunArgs, token: Option<&IdentityToken>) -> Result<(), Failure> {
    match (&args.who.expect_identity, token.map(IdentityToken::prediction)) {
        (Some(expected), Some(Prediction::Known(found))) if *expected != found => {
            let message = format!("the certificate would name {found:?}, not {expected:?}: nothing was sent");
            Err(Failure { status: Status::NotVerified, message })
        }
        _ => Ok(()),
    }
}

/// What is needed, in three lines; the last is the command to type next, which asks whom this one would have asked.
fn nobody(profile: &str, jobs: &[Job], trust: &SignTrustArgs) -> Failure {
    let (verb, what) = match jobs {
        [Job { name, work: Work::Artifact(_), .. }] => ("sign", shell_quoted(name)),
        [Job { work: Work::Statement(_), .. }] => ("attest", "…".to_owned()),
        _ => ("sign", "…".to_owned()),
    };
    notice("nobody is here to sign: there is no identity token, and no terminal to sign in on");
    notice(
        "in CI the job needs one (GitHub: `permissions: id-token: write`; elsewhere SIGSTORE_ID_TOKEN, or --token @FILE, for the audience sigstore)",
    );
    Failure::cannot(format!(
        "or sign in at {profile} (--trust names another) by the link that this prints: sealwax {verb} {what}{} --browser",
        trust.words()
    ))
}
