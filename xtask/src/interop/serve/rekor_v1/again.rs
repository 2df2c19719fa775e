//! The same bytes a second time: such a log refuses them, and names the entry that is there.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::check::Subject;
use super::super::instance::theirs::rekor_v1::SIGNER;
use super::super::place::{said, verdict};
use super::{Entry, Log, Verb, keys};
use crate::{Failure, Outcome};

/// A signer that gets no further than its log after so long will not.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it takes to get from there to the log, with plenty to spare.
const MOMENT: Duration = Duration::from_secs(2);

/// Whoever signs.
enum Who {
    Machine,
    Key(PathBuf),
}

/// By keys whose signatures repeat themselves, and out of two copies of a file of what is unfinished.
pub(super) fn the_same_bytes_are_the_same_entry(log: &Log<'_>) -> Outcome {
    let [rsa, ed25519] = keys::repeating(log)?;
    for (name, verb, key) in [("repeated", Verb::Sign, &rsa), ("repeated-statement", Verb::Attest, &ed25519)]
    {
        let signing = Signing::new(log, name, verb, Who::Key(key.private.clone()))?;
        let added = log.grows_by(|| {
            let first = signing.signed(&[])?;
            signing.signed_again(&["--overwrite"], &first)
        })?;
        once(added, name)?;
    }
    let another = || Who::Key(log.instance.place.key.private.clone());
    for (name, verb, who) in [
        ("resumed", Verb::Sign, Who::Machine),
        ("resumed-statement", Verb::Attest, Who::Machine),
        ("resumed-by-key", Verb::Sign, another()),
        ("resumed-statement-by-key", Verb::Attest, another()),
    ] {
        let signing = Signing::new(log, name, verb, who)?;
        let (state, copy) = (log.file(&format!("{name}.state")), log.file(&format!("{name}.state.copy")));
        signing.unfinished(&state)?;
        fs::copy(&state, &copy)?;
        let (state, copy) = (state.display().to_string(), copy.display().to_string());
        let added = log.grows_by(|| {
            let first = signing.signed(&["--resume", &state])?;
            signing.signed_again(&["--resume", &copy, "--overwrite"], &first)
        })?;
        once(added, name)?;
    }
    println!("the same bytes again: the entry that is there, of six signatures");
    Ok(())
}

/// A signer is killed after the log has queued what it sent, and the next one comes before it is in the tree.
pub(super) fn what_is_queued_is_waited_for(log: &Log<'_>) -> Outcome {
    let tree = log.instance.server(SIGNER)?;
    let signing = Signing::new(log, "queued", Verb::Sign, Who::Machine)?;
    let state = log.file("queued.state");
    let resume = ["--resume", &state.display().to_string()];
    let added = log.grows_by(|| {
        tree.hold();
        let begun = signing.is_killed_after_its_request(&resume, &state);
        let next = begun.and_then(|()| {
            signing.is_told_to_wait(&state)?;
            let next = Running::start(&mut signing.command(&log.config(), &resume)?)?;
            sleep(MOMENT);
            Ok(next)
        });
        // Whatever happened.
        tree.go_on();
        next?.succeeds()?;
        Entry::of(&signing.bundle).map(drop)
    })?;
    once(added, "queued")?;
    println!("the same bytes again, which are not in the tree yet: waited for");
    Ok(())
}

fn once(added: u64, what: &str) -> Outcome {
    if added == 1 { Ok(()) } else { Err(format!("{what}: it added {added} entries").into()) }
}

/// Something that is signed by our program, more than once.
struct Signing<'a> {
    log: &'a Log<'a>,
    verb: Verb,
    who: Who,
    artifact: PathBuf,
    predicate: PathBuf,
    bundle: PathBuf,
}

impl<'a> Signing<'a> {
    fn new(log: &'a Log<'a>, name: &str, verb: Verb, who: Who) -> Result<Self, Failure> {
        let Subject { artifact, predicate, .. } = Subject::new(log.instance.place, name)?;
        let bundle = artifact.with_extension("sigstore.json");
        Ok(Self { log, verb, who, artifact, predicate, bundle })
    }

    fn command(&self, config: &Path, more: &[&str]) -> Result<Command, Failure> {
        let mut sign = self.log.sign(self.verb, &self.artifact, &self.predicate);
        sign.arg("--trust-config").arg(config).arg("--bundle").arg(&self.bundle).args(more);
        match &self.who {
            Who::Machine => sign.env("SIGSTORE_ID_TOKEN", self.log.instance.machine_token()?),
            Who::Key(private) => sign.arg("--key").arg(private),
        };
        Ok(sign)
    }

    /// Signs, and returns what the log has of it.
    fn signed(&self, more: &[&str]) -> Result<Entry, Failure> {
        said(&mut self.command(&self.log.config(), more)?)?;
        Entry::of(&self.bundle)
    }

    /// And again, which must be the entry of before.
    fn signed_again(&self, more: &[&str], before: &Entry) -> Outcome {
        let again = self.signed(more)?;
        if again == *before { Ok(()) } else { Err(format!("{again:?} is not {before:?}").into()) }
    }

    /// Signs without a log, so that it stays unfinished.
    fn unfinished(&self, state: &Path) -> Outcome {
        let more = ["--patience", "0s", "--resume", &state.display().to_string()];
        match verdict(&mut self.command(&self.log.config_without()?, &more)?)? {
            Err(said) if said.contains("no signature log has answered") && state.exists() => Ok(()),
            other => Err(format!("signing without a log ends so: {other:?}").into()),
        }
    }

    /// The log has it, and has it nowhere to be read: whoever does not wait is told so.
    fn is_told_to_wait(&self, state: &Path) -> Outcome {
        let more = ["--patience", "0s", "--resume", &state.display().to_string()];
        match verdict(&mut self.command(&self.log.config(), &more)?)? {
            Err(said) if said.contains("has not published yet") => Ok(()),
            other => Err(format!("signing what the log has only queued ends so: {other:?}").into()),
        }
    }

    /// Signs, and is killed once its state says that it has signed, and a moment has passed in which the log was told.
    fn is_killed_after_its_request(&self, more: &[&str], state: &Path) -> Outcome {
        let _signer = Running::start(&mut self.command(&self.log.config(), more)?)?;
        let (begun, has_signed) = (Instant::now(), || {
            fs::read_to_string(state).is_ok_and(|state| state.contains("signedTimestamp"))
        });
        while !has_signed() {
            if begun.elapsed() > PATIENCE {
                return Err("a signer does not get to its timestamp".into());
            }
            sleep(Duration::from_millis(20));
        }
        sleep(MOMENT);
        Ok(())
    }
}

/// A signer, which is not left behind.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Result<Self, Failure> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Self(command.spawn()?))
    }

    fn succeeds(mut self) -> Outcome {
        let (mut said, status) = (String::new(), self.0.wait()?);
        if let Some(mut out) = self.0.stdout.take() {
            out.read_to_string(&mut said)?;
        }
        if status.success() { Ok(()) } else { Err(format!("the signer ended with {status}: {said}").into()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is the child of a `timeout`, which hands this signal on.
        if let Ok(None) = self.0.try_wait() {
            let _ = Command::new("kill").arg(self.0.id().to_string()).status();
            let _ = self.0.wait();
        }
    }
}
