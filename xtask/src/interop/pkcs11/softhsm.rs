//! A token of SoftHSM in a directory, and the example program that signs with it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::super::peers;
use crate::process::output;
use crate::{Failure, Outcome};

/// The PIN of every token here.
pub(super) const PIN: &str = "731571";

const SECURITY_OFFICER: &str = "9876543210";

/// Where Debian and Fedora put the module.
const MODULES: &[&str] =
    &["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so", "/usr/lib64/libsofthsm2.so"];

/// Installs what is missing, and says so.
pub(super) fn install() -> Outcome {
    peers::debian_programs(&[
        ("softhsm2-util", "softhsm2"),
        ("pkcs11-tool", "opensc"),
        ("openssl", "openssl"),
    ])
}

/// SoftHSM, with tokens of its own.
pub(super) struct SoftHsm {
    pub(super) directory: PathBuf,
    /// The module.
    pub(super) module: &'static Path,
    /// A file with the PIN.
    pub(super) pin: PathBuf,
    signer: PathBuf,
}

impl SoftHsm {
    /// An empty token, `sealwax`.
    pub(super) fn make(directory: &Path, signer: PathBuf) -> Result<Self, Failure> {
        let module = MODULES.iter().map(Path::new).find(|path| path.exists());
        let module = module.ok_or_else(|| format!("SoftHSM's module is in none of {MODULES:?}"))?;
        let hsm = Self { directory: directory.to_owned(), module, pin: directory.join("pin"), signer };
        fs::create_dir(hsm.tokens())?;
        let configuration = format!("directories.tokendir = {}\nlog.level = ERROR\n", hsm.tokens().display());
        fs::write(directory.join("softhsm2.conf"), configuration)?;
        fs::write(&hsm.pin, format!("{PIN}\n"))?;
        hsm.add_token("sealwax")?;
        Ok(hsm)
    }

    fn tokens(&self) -> PathBuf {
        self.directory.join("tokens")
    }

    fn away(&self) -> PathBuf {
        self.directory.join("away")
    }

    /// All tokens are pulled out.
    pub(super) fn take_out(&self) -> Outcome {
        fs::rename(self.tokens(), self.away())?;
        Ok(fs::create_dir(self.tokens())?)
    }

    /// And put in again, in the place of what is there by now.
    pub(super) fn put_in(&self) -> Outcome {
        fs::remove_dir_all(self.tokens())?;
        Ok(fs::rename(self.away(), self.tokens())?)
    }

    pub(super) fn add_token(&self, label: &str) -> Outcome {
        let mut command = self.command("softhsm2-util");
        command.args([
            "--init-token",
            "--free",
            "--label",
            label,
            "--pin",
            PIN,
            "--so-pin",
            SECURITY_OFFICER,
        ]);
        output(&mut command).map(drop)
    }

    /// A program that uses the token.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.directory.join("softhsm2.conf")).current_dir(&self.directory);
        command
    }

    /// `pkcs11-tool`, logged in.
    pub(super) fn tool(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.command("pkcs11-tool");
        command.arg("--module").arg(self.module).args(["--token-label", "sealwax", "--pin", PIN]);
        quietly(command.args(arguments))
    }

    /// A new key, made by openssl and put into the token, under its label as name and with this id: its public half, in PEM.
    pub(super) fn import(&self, label: &str, id: &str, openssl: &[&str]) -> Result<PathBuf, Failure> {
        let private = self.directory.join(format!("{label}-{id}.pem"));
        let public = private.with_extension("pub");
        quietly(self.command("openssl").arg("genpkey").args(openssl).arg("-out").arg(&private))?;
        output(
            self.command("openssl").args(["pkey", "-pubout", "-in"]).arg(&private).arg("-out").arg(&public),
        )?;
        let mut import = self.command("softhsm2-util");
        import.arg("--import").arg(&private);
        import.args(["--token", "sealwax", "--label", label, "--id", id, "--pin", PIN]);
        output(&mut import)?;
        fs::remove_file(&private)?;
        Ok(public)
    }

    /// The name of a key.
    pub(super) fn uri(&self, path: &str) -> String {
        format!(
            "pkcs11:{path}?module-path={}&pin-source=file://{}",
            self.module.display(),
            self.pin.display()
        )
    }

    /// Opens a key in a process of its own.
    pub(super) fn open(&self, uri: &str) -> Result<Result<Signer, String>, Failure> {
        let mut command = self.command(&self.signer);
        command.arg(uri).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a process without pipes".into());
        };
        let mut signer = Signer { child, commands, answers: BufReader::new(answers), kind: String::new() };
        let said = signer.answer()?;
        Ok(match said.strip_prefix("error: ") {
            Some(error) => Err(error.to_owned()),
            None => {
                signer.kind = said;
                Ok(signer)
            }
        })
    }
}

/// Runs a command that shows its progress, or what it does not like and does anyway.
pub(super) fn quietly(command: &mut Command) -> Outcome {
    let done = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr)).into())
}

/// The example program, with a key open.
pub(super) struct Signer {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// The kind of the key.
    pub(super) kind: String,
}

impl Signer {
    /// Says something to it, and returns what comes after `ok`, or after `error: `.
    pub(super) fn ask(&mut self, command: &str) -> Result<Result<String, String>, Failure> {
        writeln!(self.commands, "{command}")?;
        let answer = self.answer()?;
        Ok(match (answer.strip_prefix("ok"), answer.strip_prefix("error: ")) {
            (Some(said), _) => Ok(said.to_owned()),
            (_, Some(error)) => Err(error.to_owned()),
            _ => return Err(format!("to {command:?} it said {answer:?}").into()),
        })
    }

    fn answer(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("the example program has ended".into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
