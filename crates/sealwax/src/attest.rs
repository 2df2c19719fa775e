//! `sealwax attest`: a statement about artifacts (in-toto Statement v1) becomes a bundle, by the flow of `sealwax sign`.

pub(crate) mod args;
pub(crate) mod checksums;
pub(crate) mod predicate;

use std::io::Write;
use std::path::{Path, PathBuf};

use sealwax_crypto::{Digest, HashAlgorithm};
use sealwax_formats::{Statement, statement::Subject};

use self::args::AttestArgs;
use self::predicate::PredicateType;
use crate::Failure;
use crate::artifact::Reference;
use crate::judge::Status;
use crate::sign::jobs::{Job, Jobs, Work, check_standard_input};
use crate::sign::{self, run::digest};
use crate::sources::read_limited;

/// The largest predicate or statement: what a bundle may have, less what base64 makes of it.
const MAX_STATEMENT_BYTES: u64 = 128 << 20;

/// Runs the command.
///
/// # Errors
/// Nothing was begun: a sentence for people.
pub(crate) fn run(args: &AttestArgs, out: &mut impl Write) -> Result<Status, Failure> {
    sign::all(jobs(args), &args.run, out)
}

/// The one statement that is signed.
fn jobs(args: &AttestArgs) -> Result<Jobs, Failure> {
    check_standard_input(&args.artifacts, None, &args.run.who)?;
    let (kind, payload) = match &args.statement {
        Some(path) => {
            let payload = read(path)?;
            let kind = whole(&payload).map_err(|reason| cannot(path, &reason))?;
            (kind, payload)
        }
        None => make(args)?,
    };
    let name = match args.artifacts.as_slice() {
        [only] => only.to_string_lossy().into_owned(),
        _ => format!("the {} statement", kind.short),
    };
    let output = output(args, &kind)?;
    let jobs = vec![Job { name, work: Work::Statement(payload), output: Some(output) }];
    Ok(Jobs { jobs, lines: None, inputs: inputs(args) })
}

/// The files that the statement is made of.
fn inputs(args: &AttestArgs) -> Vec<PathBuf> {
    let subjects = args.artifacts.iter().filter_map(|word| Reference::parse(word).ok());
    let subjects = subjects.filter_map(|reference| reference.path().map(Path::to_owned));
    let named = [&args.statement, &args.predicate, &args.subject_checksums];
    subjects.chain(named.into_iter().flatten().cloned()).collect()
}

/// What kind of statement somebody else has made: one about something that verifiers can recognise, and what its type claims.
fn whole(payload: &[u8]) -> Result<PredicateType, String> {
    let statement = Statement::parse(payload).map_err(|error| error.to_string())?;
    let kind = PredicateType::of(&statement.predicate_type)?;
    let nobody_would_know =
        |subject: &Subject<'_>| subject.digests.iter().all(|digest| digest.digest().is_none());
    match statement.subjects.iter().find(|subject| nobody_would_know(subject)) {
        Some(subject) => {
            return Err(format!(
                "its subject {:?} has no sha256, sha384 or sha512 to know it by",
                subject.name
            ));
        }
        None if statement.subjects.is_empty() => {
            return Err("it is about nothing: it has no subject".to_owned());
        }
        None => {}
    }
    kind.check(statement.predicate.unwrap_or("{}").as_bytes()).map_err(|error| error.to_string())?;
    Ok(kind)
}

/// The statement about the artifacts on the command line and in the list of checksums.
fn make(args: &AttestArgs) -> Result<(PredicateType, Vec<u8>), Failure> {
    let (Some(kind), Some(path)) = (&args.predicate_type, &args.predicate) else {
        return Err(Failure::usage("give --type with --predicate, or a whole --statement"));
    };
    let kind = PredicateType::of(kind).map_err(Failure::usage)?;
    let predicate = read(path)?;
    kind.check(&predicate).map_err(|error| cannot(path, &error))?;
    let mut subjects = digests(args)?;
    if let Some(path) = &args.subject_checksums {
        subjects.extend(checksums::parse(&read(path)?).map_err(|error| cannot(path, &error))?);
    }
    if subjects.is_empty() {
        return Err(Failure::usage(
            "a statement is about something: name artifacts, or --subject-checksums FILE",
        ));
    }
    let payload = statement(&subjects, kind.uri(), &predicate);
    // What verifiers will make of it.
    Statement::parse(&payload).map_err(|error| cannot(path, &error))?;
    Ok((kind, payload))
}

fn digests(args: &AttestArgs) -> Result<Vec<(String, Digest)>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;
    let subject = |word: &std::ffi::OsString| {
        let reference = Reference::parse(word).map_err(Failure::usage)?;
        let name = match reference.path().and_then(Path::file_name) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => String::new(),
        };
        let digest = runtime.block_on(digest(&word.to_string_lossy(), &reference, HashAlgorithm::Sha256))?;
        Ok((name, digest))
    };
    args.artifacts.iter().map(subject).collect()
}

/// The predicate stands in it as it came: an SBOM of many megabytes is not written anew.
fn statement(subjects: &[(String, Digest)], predicate_type: &str, predicate: &[u8]) -> Vec<u8> {
    use sealwax_json::{Object, Value, compact};
    let subject = |(name, digest): &(String, Digest)| {
        let digest = Object::new().with(digest.algorithm().name(), digest.to_hex());
        let named = if name.is_empty() { Object::new() } else { Object::new().with("name", name.clone()) };
        Value::Object(named.with("digest", digest))
    };
    let subjects: Value<'_> = subjects.iter().map(subject).collect();
    let head = [
        r#"{"_type":"https://in-toto.io/Statement/v1","subject":"#,
        &compact(&subjects),
        r#","predicateType":"#,
        &compact(&Value::from(predicate_type)),
        r#","predicate":"#,
    ];
    [head.concat().as_bytes(), predicate.trim_ascii(), b"}"].concat()
}

/// `ARTIFACT.TYPE.sigstore.json`, where `verify` finds it.
fn output(args: &AttestArgs, kind: &PredicateType) -> Result<PathBuf, Failure> {
    if let Some(path) = &args.bundle {
        return Ok(path.clone());
    }
    let path = match args.artifacts.as_slice() {
        [only] => Reference::parse(only).ok().and_then(|reference| reference.path().map(Path::to_owned)),
        _ => None,
    };
    let path = path.ok_or_else(|| {
        Failure::usage("the statement is not about one file, to write the bundle beside: give --bundle FILE")
    })?;
    let mut beside = path.into_os_string();
    beside.push(format!(".{}.sigstore.json", kind.short));
    Ok(beside.into())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path, MAX_STATEMENT_BYTES).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_predicate_stands_in_the_statement_as_it_came() {
        let digest: Digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
        let subjects = [("a \"b\"".to_owned(), digest), (String::new(), digest)];
        let payload = statement(&subjects, "https://x.example/t", b" {\"z\" : 1.0 }\n");
        assert!(String::from_utf8_lossy(&payload).ends_with("\"predicate\":{\"z\" : 1.0 }}"));
        let read = Statement::parse(&payload).unwrap();
        assert_eq!((read.predicate_type.as_ref(), read.subjects.len()), ("https://x.example/t", 2));
        assert_eq!(read.subjects[0].name, "a \"b\"");
        assert_eq!(read.subjects[0].digests[0].digest(), Some(digest));
    }
}
