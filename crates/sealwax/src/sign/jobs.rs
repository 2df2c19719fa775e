//! What is to be signed, and where the bundles go: everything that can be wrong about it is found before anybody is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use sealwax_json::Limits;

use super::args::{SignArgs, SignerArgs};
use crate::artifact::Reference;
use crate::terminal::notice;
use crate::{Failure, output_file};

/// How a line of a list is read.
const LIMITS: Limits = Limits { bytes: 64 << 10, depth: 4, values: 16, members: 16 };

/// The longest list, in bytes: a million paths.
const MAX_LIST_BYTES: u64 = 256 << 20;

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What is signed, as it was named.
    pub name: String,
    /// What is signed.
    pub work: Work,
    /// Where its bundle goes; `None` if it goes into the one file of all.
    pub output: Option<PathBuf>,
}

impl Job {
    /// The file that is signed, if it is one.
    fn artifact(&self) -> Option<&Path> {
        match &self.work {
            Work::Artifact(artifact) => artifact.path(),
            Work::Statement(_) => None,
        }
    }
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// An artifact.
    Artifact(Reference),
    /// A statement about some.
    Statement(Vec<u8>),
}

/// All of them, in their order; and the one file, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jobs {
    pub jobs: Vec<Job>,
    pub lines: Option<PathBuf>,
    /// The files that they are made of, which are not written to.
    pub inputs: Vec<PathBuf>,
}

impl Jobs {
    /// What the command line says.
    ///
    /// # Errors
    /// A sentence about the command line, or the list.
    pub fn of(args: &SignArgs) -> Result<Self, Failure> {
        check_standard_input(&args.artifacts, args.list.as_deref(), &args.run.who)?;
        let lines = args.bundle.clone().filter(|_| args.artifacts.len() > 1);
        let one = args.bundle.clone().filter(|_| args.artifacts.len() == 1);
        let jobs = match &args.list {
            Some(file) => from_list(file)?,
            None => {
                let named = args.artifacts.iter().map(|word| job(word, one.clone(), lines.is_some()));
                named.collect::<Result<_, _>>()?
            }
        };
        if jobs.is_empty() {
            return Err(Failure::cannot("the list is empty: nothing was signed"));
        }
        let jobs = without_bundles(jobs);
        let inputs = jobs.iter().filter_map(Job::artifact).chain(args.list.as_deref().map(Path::new));
        let inputs = inputs.map(Path::to_owned).collect();
        let jobs = Self { jobs, lines, inputs };
        jobs.check_outputs()?;
        Ok(jobs)
    }

    /// The files that will be written.
    pub fn outputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.lines.iter().chain(self.jobs.iter().filter_map(|job| job.output.as_ref()))
    }

    /// One file for all is written if all are signed: if one cannot be, the others are not logged for nothing. And if none can be, nobody
    /// need sign in.
    ///
    /// # Errors
    /// A sentence about what cannot be.
    pub fn check_there(&self) -> Result<(), Failure> {
        let absent = |path: &Path| match path.metadata() {
            Ok(metadata) if metadata.is_dir() => Some("it is a directory".to_owned()),
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        };
        let reason = |job: &Job| {
            let path = job.artifact()?;
            Some((path.to_owned(), absent(path)?))
        };
        let refused = match self.lines {
            Some(_) => self.jobs.iter().find_map(reason),
            None if self.jobs.iter().all(|job| reason(job).is_some()) => self.jobs.first().and_then(reason),
            None => None,
        };
        match refused {
            Some((path, reason)) => {
                Err(Failure::cannot(format!("cannot read {}: {reason}; nothing was signed", path.display())))
            }
            None => Ok(()),
        }
    }

    /// What is kept for `--resume` is found by name, which is text: not every path is.
    ///
    /// # Errors
    /// A sentence about two artifacts with one name.
    pub fn check_names(&self) -> Result<(), Failure> {
        let mut known = BTreeMap::new();
        for job in &self.jobs {
            match known.insert(job.name.as_str(), job.artifact()) {
                Some(other) if other != job.artifact() => {
                    let message =
                        "--resume tells artifacts apart by name, and the names of two are both shown as";
                    return Err(Failure::usage(format!("{message} {}", job.name)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Each bundle goes into a file of its own.
    ///
    /// # Errors
    /// A sentence about one that does not.
    fn check_outputs(&self) -> Result<(), Failure> {
        let mut outputs: Vec<PathBuf> = self.outputs().map(|path| output_file::real_place(path)).collect();
        outputs.sort();
        let twice = outputs.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(one),
            _ => None,
        });
        twice.map_or(Ok(()), |path| {
            Err(Failure::usage(format!("two bundles would be written to {}", path.display())))
        })
    }
}

/// Without those that are the bundles of others: once they are there, `dist/*` names them too, and a list that is made anew. They are
/// written, not signed.
fn without_bundles(jobs: Vec<Job>) -> Vec<Job> {
    let bundle = |job: &Job| job.artifact().map(beside).filter(|beside| job.output.as_ref() == Some(beside));
    let bundles: BTreeSet<PathBuf> = jobs.iter().filter_map(bundle).collect();
    let (left_out, jobs): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|job| job.artifact().is_some_and(|path| bundles.contains(path)));
    match left_out.as_slice() {
        [] => {}
        [one] => notice(&format!("{} is the bundle of another artifact, and is not signed", one.name)),
        many => notice(&format!("{} of them are the bundles of others, and are not signed", many.len())),
    }
    jobs
}

/// Where the bundle of a file goes unless somebody says otherwise.
fn beside(artifact: &Path) -> PathBuf {
    let mut beside = artifact.as_os_str().to_owned();
    beside.push(".sigstore.json");
    beside.into()
}

/// Refuses a command line on which standard input stands for two things: the second one would find nothing there, and the digest of
/// nothing can be signed.
///
/// # Errors
/// A sentence about the command line.
pub fn check_standard_input(
    artifacts: &[OsString],
    list: Option<&str>,
    who: &SignerArgs,
) -> Result<(), Failure> {
    let named = list.into_iter().chain(who.token.as_deref()).map(OsStr::new);
    let words = artifacts.iter().map(OsString::as_os_str).chain(named).filter(|word| *word == "-").count();
    match words + usize::from(who.password.takes_standard_input()) {
        0 | 1 => Ok(()),
        _ => Err(Failure::usage(
            "standard input can be read once only: it is one artifact, or the list, or the token, or the password",
        )),
    }
}

fn job(word: impl AsRef<OsStr>, output: Option<PathBuf>, in_one_file: bool) -> Result<Job, Failure> {
    let artifact = Reference::parse(&word).map_err(Failure::usage)?;
    let name = word.as_ref().to_string_lossy().into_owned();
    let output = match (output, &artifact) {
        (None, _) if in_one_file => None,
        (Some(output), _) => Some(output),
        (None, Reference::Path(path)) => Some(beside(path)),
        (None, Reference::Stdin | Reference::Digest(_)) => {
            return Err(Failure::usage(format!(
                "{name} is no file to write a bundle beside: give --bundle FILE"
            )));
        }
    };
    Ok(Job { name, work: Work::Artifact(artifact), output })
}

fn from_list(file: &str) -> Result<Vec<Job>, Failure> {
    let cannot = |error: io::Error| Failure::cannot(format!("cannot read {file}: {error}"));
    let input: Box<dyn Read> = match file {
        "-" => Box::new(io::stdin()),
        path => Box::new(std::fs::File::open(path).map_err(cannot)?),
    };
    from_lines(file, input, MAX_LIST_BYTES)
}

fn from_lines(file: &str, input: impl Read, most: u64) -> Result<Vec<Job>, Failure> {
    let cannot = |error: io::Error| Failure::cannot(format!("cannot read {file}: {error}"));
    // A list that is cut would be signed in part, and nobody told.
    let mut input = input.take(most.saturating_add(1));
    let mut jobs = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(&mut input).split(b'\n')) {
        let line = line.map_err(cannot)?;
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        if line.trim_ascii().is_empty() {
            continue;
        }
        let bad = |reason: String| Failure::usage(format!("{file}, line {number}: {reason}"));
        let (artifact, bundle) = match line.starts_with(b"{") {
            true => from_object(line).map(|(artifact, bundle)| (artifact.into(), bundle)),
            false => path(line).map(|path| (path, None)),
        }
        .map_err(bad)?;
        let job = job(&artifact, bundle, false)?;
        match job.work {
            Work::Artifact(Reference::Stdin) => {
                return Err(bad("standard input cannot be an artifact of a list".to_owned()));
            }
            _ => jobs.push(job),
        }
    }
    match input.limit() {
        0 => Err(Failure::cannot(format!("{file} is longer than {most} bytes: nothing was signed"))),
        _ => Ok(jobs),
    }
}

/// A line that is a path, as the system has it: not every name is text.
fn path(line: &[u8]) -> Result<OsString, String> {
    match line.contains(&0) {
        true => Err("there is a NUL in it, as no path has".to_owned()),
        false => of_system(line),
    }
}

#[cfg(unix)]
fn of_system(line: &[u8]) -> Result<OsString, String> {
    use std::os::unix::ffi::OsStrExt;
    Ok(OsStr::from_bytes(line).to_owned())
}

#[cfg(not(unix))]
fn of_system(line: &[u8]) -> Result<OsString, String> {
    std::str::from_utf8(line).map(OsString::from).map_err(|error| error.to_string())
}

fn from_object(line: &[u8]) -> Result<(String, Option<PathBuf>), String> {
    let value = sealwax_json::parse(line, &LIMITS).map_err(|error| error.to_string())?;
    let object = value.as_object().ok_or("not a JSON object")?;
    let (mut artifact, mut bundle) = (None, None);
    for (name, value) in object.iter() {
        let text = value.as_str().ok_or_else(|| format!("{name:?} is not a string"))?.to_owned();
        match name {
            "artifact" => artifact = Some(text),
            "bundle" => bundle = Some(PathBuf::from(text)),
            // A name that is not known may be a typing error for one that matters.
            other => return Err(format!("unknown member {other:?}")),
        }
    }
    Ok((artifact.ok_or("no \"artifact\"")?, bundle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::PasswordArgs;

    fn jobs(words: &[&str], bundle: Option<&str>) -> Result<Vec<Option<PathBuf>>, Failure> {
        let args = SignArgs {
            artifacts: words.iter().map(Into::into).collect(),
            bundle: bundle.map(Into::into),
            ..SignArgs::default()
        };
        Ok(Jobs::of(&args)?.jobs.into_iter().map(|job| job.output).collect())
    }

    #[test]
    fn where_bundles_go() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(jobs(&["a/b"], None), Ok(vec![Some("a/b.sigstore.json".into())]));
        assert_eq!(jobs(&["a"], Some("x")), Ok(vec![Some("x".into())]));
        assert_eq!(jobs(&["a", "b"], Some("x")), Ok(vec![None, None]));
        assert_eq!(jobs(&[&digest], Some("x")), Ok(vec![Some("x".into())]));
        for (words, part) in
            [(vec!["-"], "--bundle"), (vec![&digest], "--bundle"), (vec!["a", "a"], "two bundles")]
        {
            assert!(jobs(&words, None).unwrap_err().message.contains(part), "{words:?}");
        }
        assert!(jobs(&["-", "-"], Some("x")).unwrap_err().message.contains("once"));
    }

    #[test]
    fn bundles_of_others_are_not_signed() {
        let left = |words: &[&str], bundle| jobs(words, bundle).map(|outputs| outputs.len());
        assert_eq!(left(&["d/a", "d/a.sigstore.json", "d/b"], None), Ok(2));
        // By their places: these two have nothing to do with each other.
        assert_eq!(left(&["d/a", "e/a.sigstore.json"], None), Ok(2));
        assert_eq!(left(&["d/a.sigstore.json"], None), Ok(1));
        // It goes elsewhere: what is beside it is a file like any other.
        assert_eq!(left(&["d/a", "d/a.sigstore.json"], Some("all.jsonl")), Ok(2));
    }

    #[test]
    fn standard_input_is_one_thing_only() {
        let dash = [OsString::from("-")];
        let token = |token: &str| SignerArgs { token: Some(token.to_owned()), ..SignerArgs::default() };
        let password = PasswordArgs { password_file: Some("-".into()) };
        let password = || SignerArgs { password: password.clone(), ..SignerArgs::default() };
        assert_eq!(check_standard_input(&dash, None, &token("@file")), Ok(()));
        assert_eq!(check_standard_input(&[], Some("list"), &token("-")), Ok(()));
        assert_eq!(check_standard_input(&[], None, &password()), Ok(()));
        for (artifacts, list, who) in [
            (&dash[..], None, token("-")),
            (&[], Some("-"), token("-")),
            (&[dash[0].clone(), dash[0].clone()], None, SignerArgs::default()),
            (&dash[..], None, password()),
            (&[], Some("-"), password()),
        ] {
            let refused = check_standard_input(artifacts, list, &who).unwrap_err();
            assert!(refused.message.contains("once"), "{refused:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn what_is_resumed_has_a_name_of_its_own() {
        use std::os::unix::ffi::OsStrExt;
        let check = |names: &[&[u8]]| {
            let artifacts = names.iter().map(|name| OsStr::from_bytes(name).to_owned()).collect();
            Jobs::of(&SignArgs { artifacts, ..SignArgs::default() }).unwrap().check_names()
        };
        assert_eq!(check(&[b"a\xff", b"b\xff", b"c"]), Ok(()));
        assert!(check(&[b"a\xff", b"a\xfe"]).unwrap_err().message.contains("--resume"));
    }

    #[test]
    fn a_list_is_read_whole_or_not_at_all() {
        let read = |most| from_lines("list", &b"app\nother\n"[..], most).map(|jobs| jobs.len());
        assert_eq!(read(10), Ok(2));
        for most in [3, 9] {
            let refused = read(most).unwrap_err();
            assert!(refused.message.contains("list is longer than"), "{refused:?}");
        }
    }

    #[test]
    fn lines_of_a_list() {
        #[cfg(unix)]
        assert_eq!(path(b"a\xff").unwrap().as_encoded_bytes(), b"a\xff");
        assert!(path(b"a\0b").is_err());
        assert_eq!(from_object(br#"{"artifact":"a"}"#), Ok(("a".to_owned(), None)));
        assert_eq!(from_object(br#"{"artifact":"a","bundle":"b"}"#), Ok(("a".to_owned(), Some("b".into()))));
        for bad in [r#"{"bundle":"b"}"#, r#"{"artifact":1}"#, r#"{"artifact":"a","outptu":"b"}"#, "{"] {
            assert!(from_object(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
