//! Passwords of private keys: out of a file, the environment, or a terminal that does not show them. Never out of the command line,
//! which other users of the machine can read.

#[cfg(any(unix, test))]
mod line;
#[cfg(unix)]
mod terminal;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use sealwax_signer::file::Password;

use crate::Failure;

/// The variables that may hold the password of a key: ours, and the one that cosign's users have set.
const VARIABLES: [&str; 2] = ["SEALWAX_PASSWORD", "COSIGN_PASSWORD"];

/// The variable for the password that a key gets, where it has another one.
const NEW_VARIABLE: &str = "SEALWAX_NEW_PASSWORD";

/// The longest password, bytes. Pages of a book have fewer.
const MAX_BYTES: usize = 4 << 10;

/// What a file of a password is called that is standard input.
const STANDARD_INPUT: &str = "-";

/// Where the password that opens a key is.
#[derive(Args, Clone, Debug, Default)]
pub struct PasswordArgs {
    /// The password of the key is the first line of this file, `-` for standard input [default: SEALWAX_PASSWORD, COSIGN_PASSWORD,
    /// then the terminal is asked]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// Where the password that a key gets is, where that it has may be another one.
#[derive(Args, Clone, Debug, Default)]
pub struct NewPasswordArgs {
    /// The new password is the first line of this file [default: SEALWAX_NEW_PASSWORD, then the terminal is asked]
    #[arg(long, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// The password that opens `what`.
    ///
    /// # Errors
    /// There is none, and nobody to ask.
    pub fn opening(&self, what: &str) -> Result<Password, Failure> {
        match self.given()? {
            Some(password) => Ok(password),
            None => ask(&format!("Password of {what}: "), "--password-file FILE, or SEALWAX_PASSWORD"),
        }
    }

    /// The password that `what` gets, which has none yet.
    ///
    /// # Errors
    /// As [`PasswordArgs::opening`], or it is empty.
    pub fn choosing(&self, what: &str) -> Result<Password, Failure> {
        match self.given()? {
            Some(password) => not_empty(password),
            None => ask_twice(what, "--password-file FILE, or SEALWAX_PASSWORD"),
        }
    }

    /// Whether standard input is taken for the password, and so for nothing else.
    pub fn takes_standard_input(&self) -> bool {
        self.password_file.as_deref().and_then(Path::to_str) == Some(STANDARD_INPUT)
    }

    fn given(&self) -> Result<Option<Password>, Failure> {
        match &self.password_file {
            Some(path) => read(path).map(Some),
            None => Ok(VARIABLES.iter().find_map(std::env::var_os).map(of_variable)),
        }
    }
}

impl NewPasswordArgs {
    /// The password that `what` gets in the place of the one it has.
    ///
    /// # Errors
    /// There is none, and nobody to ask; or it is empty.
    pub fn choosing(&self, what: &str) -> Result<Password, Failure> {
        match self.given()? {
            Some(password) => not_empty(password),
            None => ask_twice(what, "--new-password-file FILE, or SEALWAX_NEW_PASSWORD"),
        }
    }

    /// The password, if one was given.
    ///
    /// # Errors
    /// It cannot be read, or is empty.
    pub fn chosen(&self) -> Result<Option<Password>, Failure> {
        self.given()?.map(not_empty).transpose()
    }

    fn given(&self) -> Result<Option<Password>, Failure> {
        match &self.new_password_file {
            Some(path) => read(path).map(Some),
            None => Ok(std::env::var_os(NEW_VARIABLE).map(of_variable)),
        }
    }
}

/// The first line, without what ends it: an editor adds an end that nobody sees.
fn read(path: &Path) -> Result<Password, Failure> {
    let cannot = |error: io::Error| Failure::cannot(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    match path.to_str() {
        Some(STANDARD_INPUT) => io::stdin().lock().take(limit).read_to_end(&mut bytes),
        _ => File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    }
    .map_err(cannot)?;
    if let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        bytes.truncate(end);
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    if bytes.len() > MAX_BYTES {
        return Err(cannot(io::Error::other(format!("a password of more than {MAX_BYTES} bytes"))));
    }
    Ok(bytes.into())
}

fn of_variable(text: OsString) -> Password {
    text.into_encoded_bytes().into()
}

/// Old keys may have an empty one, so opening takes it. A new key is never that by accident.
fn not_empty(password: Password) -> Result<Password, Failure> {
    match password.as_bytes() {
        [] => Err(Failure::usage("an empty password protects nothing; --plain writes the key without one")),
        _ => Ok(password),
    }
}

fn ask_twice(what: &str, otherwise: &str) -> Result<Password, Failure> {
    let password = not_empty(ask(&format!("New password of {what}: "), otherwise)?)?;
    if ask("The same again: ", otherwise)? != password {
        return Err(Failure::usage("the two passwords differ: nothing was written"));
    }
    Ok(password)
}

#[cfg(unix)]
fn ask(prompt: &str, otherwise: &str) -> Result<Password, Failure> {
    match terminal::read_hidden(prompt) {
        Ok(Some(bytes)) => Ok(bytes.into()),
        Ok(None) => Err(Failure::cannot("no password was given: nothing was done")),
        Err(terminal::Absent(error)) => Err(Failure::cannot(format!(
            "there is no terminal to ask for the password ({error}): give {otherwise}"
        ))),
    }
}

#[cfg(not(unix))]
fn ask(_: &str, otherwise: &str) -> Result<Password, Failure> {
    Err(Failure::cannot(format!("the password is not asked for on this system: give {otherwise}")))
}
