//! One call of a plug-in: what is asked, the process, what it answers.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use base64::engine::general_purpose::STANDARD;
use sealwax_crypto::{Digest, HashAlgorithm};
use sealwax_json::{Limits, Object, Value};

use super::{AnswerError, MAX_ANSWER_BYTES, PluginError, PluginReference};

/// The only version of the protocol.
const VERSION: &str = "v1";

/// How often it is looked whether a program has ended.
const POLL: Duration = Duration::from_millis(5);

/// How long standard output may be silent after the program has ended. What it wrote is in the pipe by then; who still holds that open
/// is somebody whom it started, such as the agent of a token, and says nothing.
const LINGER: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Method {
    PublicKey,
    /// Without a digest, the message is standard input.
    Sign {
        digest: Option<Digest>,
    },
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::PublicKey => "publicKey",
            Self::Sign { .. } => "signMessage",
        }
    }

    /// Where the bytes stand in the answer.
    fn result(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::PublicKey => ("publicKey", "publicKeyPEM", "publicKey.publicKeyPEM"),
            Self::Sign { .. } => ("signMessage", "signature", "signMessage.signature"),
        }
    }
}

/// The answer to a call, as it came.
pub(super) struct Answer(Vec<u8>);

/// The program of this name in the directories of `PATH`. Relative ones are left out: what runs must not depend on where one is.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|program| is_program(program))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Runs the program once.
pub(super) fn run(
    program: &Path,
    reference: &PluginReference,
    hash: HashAlgorithm,
    method: Method,
    input: Vec<u8>,
    patience: Duration,
) -> Result<Answer, PluginError> {
    let failed = |cause| PluginError::Io { program: program.to_owned(), cause };
    let mut child = Command::new(program)
        .args([VERSION, &arguments(reference, hash, method)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let answered = converse(&mut child, input, patience);
    if answered.is_err() {
        // Whatever went wrong, it does not go on without us. One that has ended is no trouble.
        let _ = child.kill();
        let _ = child.wait();
    }
    answered.map(Answer).map_err(|wrong| match wrong {
        Wrong::Io(cause) => failed(cause),
        Wrong::Slow => PluginError::TimedOut { program: program.to_owned(), patience },
        Wrong::Long => PluginError::TooLong { program: program.to_owned() },
    })
}

/// What goes wrong with a program that runs.
enum Wrong {
    Io(std::io::Error),
    Slow,
    Long,
}

/// Writes and reads at the same time, since the program may do either first.
fn converse(child: &mut Child, input: Vec<u8>, patience: Duration) -> Result<Vec<u8>, Wrong> {
    let deadline = Instant::now() + patience;
    let stdin = child.stdin.take();
    // Threads that nobody waits for: whoever else holds the pipes must not hold us.
    std::thread::spawn(move || {
        // A program that signs a digest need not read.
        stdin.map(|mut stdin| stdin.write_all(&input))
    });
    let pieces = pieces(child.stdout.take());
    let mut answer = Vec::new();
    let (mut is_open, mut has_ended, mut heard) = (true, false, Instant::now());
    while Instant::now() < deadline {
        match pieces.recv_timeout(POLL) {
            Ok(piece) => {
                answer.extend(piece.map_err(Wrong::Io)?);
                heard = Instant::now();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if is_open => is_open = false,
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(POLL),
        }
        if answer.len() > MAX_ANSWER_BYTES {
            return Err(Wrong::Long);
        }
        // "The plugin program must first exit before sigstore begins parsing responses."
        if !has_ended && child.try_wait().map_err(Wrong::Io)?.is_some() {
            (has_ended, heard) = (true, Instant::now());
        }
        if has_ended && (!is_open || heard.elapsed() > LINGER) {
            return Ok(answer);
        }
    }
    Err(Wrong::Slow)
}

/// What the program writes, as it comes, up to just more than may be read.
fn pieces(stdout: Option<ChildStdout>) -> Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let Some(stdout) = stdout else { return };
        let mut stdout = stdout.take(MAX_ANSWER_BYTES as u64 + 1);
        let mut piece = [0; 4096];
        loop {
            let read = match stdout.read(&mut piece) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read.map(|count| piece.get(..count).unwrap_or_default().to_vec()),
            };
            let is_over = read.as_ref().map_or(true, Vec::is_empty);
            // Or nobody listens any more.
            if sender.send(read).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

impl Answer {
    /// The bytes that the method asked for.
    pub(super) fn bytes(&self, program: &Path, method: Method) -> Result<Vec<u8>, PluginError> {
        let answer = |cause| PluginError::Answer { program: program.to_owned(), cause };
        match parse(&self.0, method).map_err(answer)? {
            Ok(bytes) => Ok(bytes),
            Err(message) => Err(PluginError::Refused { program: program.to_owned(), message }),
        }
    }
}

/// The bytes, or what the program says instead. Programs in Go write all members, empty ones too.
fn parse(answer: &[u8], method: Method) -> Result<Result<Vec<u8>, String>, AnswerError> {
    let value =
        sealwax_json::parse(answer, &Limits::of_bytes(MAX_ANSWER_BYTES)).map_err(AnswerError::Json)?;
    if let Some(message) =
        value.member("errorMessage").and_then(Value::as_str).filter(|text| !text.is_empty())
    {
        return Ok(Err(message.to_owned()));
    }
    let (object, member, path) = method.result();
    let text = value.member(object).and_then(|object| object.member(member)).and_then(Value::as_str);
    let bytes = text.and_then(|text| sealwax_crypto::base64::decode(&STANDARD, text).ok());
    Ok(Ok(bytes.ok_or(AnswerError::Member { member: path })?))
}

/// `PluginArgs` of the protocol. Members that Go leaves to be found by their absence are absent; `rpcOptions` must be there.
fn arguments(reference: &PluginReference, hash: HashAlgorithm, method: Method) -> String {
    let rpc = || Object::new().with("keyVersion", "").with("remoteVerification", false);
    let init = Object::new()
        .with("protocolVersion", VERSION)
        .with("keyResourceID", reference.key().to_owned())
        .with("hashFunc", number(hash))
        .with("rpcOptions", rpc());
    let options = Object::new().with("rpcOptions", rpc());
    let of_method = match method {
        Method::PublicKey => Object::new().with("publicKeyOptions", options),
        Method::Sign { digest } => {
            let message = match digest {
                Some(digest) => Object::new()
                    .with("digest", sealwax_crypto::base64::encode(digest.as_bytes()))
                    .with("hashFunc", number(digest.algorithm())),
                None => Object::new(),
            };
            Object::new().with("signOptions", options.with("messageOptions", message))
        }
    };
    let whole = Object::new()
        .with("initOptions", init)
        .with("methodName", method.name())
        .with(method.name(), of_method);
    sealwax_json::compact(&whole.into())
}

/// The number of a hash in Go's package `crypto`.
fn number(hash: HashAlgorithm) -> u32 {
    match hash {
        HashAlgorithm::Sha256 => 5,
        HashAlgorithm::Sha384 => 6,
        HashAlgorithm::Sha512 => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_those_of_the_protocol() {
        let reference = PluginReference::parse("kms://a/\"key\"").unwrap();
        let rpc = r#""rpcOptions":{"keyVersion":"","remoteVerification":false}"#;
        let init = format!(
            r#"{{"initOptions":{{"protocolVersion":"v1","keyResourceID":"a/\"key\"","hashFunc":5,{rpc}}}"#
        );
        assert_eq!(
            arguments(&reference, HashAlgorithm::Sha256, Method::PublicKey),
            format!(r#"{init},"methodName":"publicKey","publicKey":{{"publicKeyOptions":{{{rpc}}}}}}}"#)
        );
        let digest = sealwax_crypto::digest(HashAlgorithm::Sha256, b"");
        assert_eq!(
            arguments(&reference, HashAlgorithm::Sha256, Method::Sign { digest: Some(digest) }),
            format!(
                r#"{init},"methodName":"signMessage","signMessage":{{"signOptions":{{{rpc},"messageOptions":{{"digest":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","hashFunc":5}}}}}}}}"#
            )
        );
        assert!(
            arguments(&reference, HashAlgorithm::Sha512, Method::Sign { digest: None })
                .contains(r#""messageOptions":{}"#)
        );
    }

    /// Whatever it does instead of ending, no process of it is left.
    #[test]
    #[cfg(unix)]
    fn a_program_that_hangs_is_ended() {
        let directory = std::env::temp_dir().join(format!("sealwax-hangs-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let reference = PluginReference::parse("kms://key").unwrap();
        let call = |name: &str, patience| {
            // A link: a program that was just written may still be open in a process that another test is starting.
            let program = directory.join(name);
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hangs.sh");
            std::os::unix::fs::symlink(script, &program).unwrap();
            let hash = HashAlgorithm::Sha256;
            let wrong = run(&program, &reference, hash, Method::PublicKey, Vec::new(), patience).err();
            let number: u32 =
                std::fs::read_to_string(program.with_extension("pid")).unwrap().trim().parse().unwrap();
            let is_there =
                Command::new("kill").args(["-0", &number.to_string()]).stderr(Stdio::null()).status();
            assert!(!is_there.unwrap().success(), "{name} goes on");
            wrong.unwrap()
        };
        assert!(matches!(call("long", Duration::from_secs(20)), PluginError::TooLong { .. }));
        // Time enough to leave its number first.
        for name in ["silent", "answers"] {
            assert!(matches!(call(name, Duration::from_secs(3)), PluginError::TimedOut { .. }), "{name}");
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }

    /// The answer is there once the program has ended, whoever it has left behind with its standard output.
    #[test]
    #[cfg(unix)]
    fn nobody_whom_it_has_started_is_waited_for() {
        use crate::plugin::TIMEOUT;
        let directory = std::env::temp_dir().join(format!("sealwax-leaves-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let program = directory.join("leaves");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hangs.sh");
        std::os::unix::fs::symlink(script, &program).unwrap();
        let (reference, start) = (PluginReference::parse("kms://key").unwrap(), Instant::now());
        let (hash, method) = (HashAlgorithm::Sha256, Method::PublicKey);
        let answer = run(&program, &reference, hash, method, Vec::new(), TIMEOUT).unwrap();
        assert_eq!(answer.bytes(&program, method).unwrap(), b"mypem");
        assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
        let left = std::fs::read_to_string(program.with_extension("pid")).unwrap();
        Command::new("kill").arg(left.trim()).status().unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn answers_are_read_strictly() {
        let parse = |text: &str| parse(text.as_bytes(), Method::PublicKey);
        let answer = r#"{"errorMessage":"","publicKey":{"publicKeyPEM":"bXlwZW0="}}"#;
        assert_eq!(parse(answer), Ok(Ok(b"mypem".to_vec())));
        assert_eq!(parse(r#"{"errorMessage":"no","publicKey":null}"#), Ok(Err("no".to_owned())));
        let missing = Err(AnswerError::Member { member: "publicKey.publicKeyPEM" });
        for wrong in
            ["{}", r#"{"publicKey":{"publicKeyPEM":"!"}}"#, r#"{"signMessage":{"signature":"AA=="}}"#]
        {
            assert_eq!(parse(wrong), missing, "{wrong}");
        }
        for wrong in ["", "panic: goroutine 1", r#"{"publicKey":1,"publicKey":2}"#, "{} {}"] {
            assert!(matches!(parse(wrong), Err(AnswerError::Json(_))), "{wrong}");
        }
    }
}
