//! `sealwax`: the command line. Arguments, configuration, output and wiring; everything that decides is in the other crates.
//!
//! It is a library with one function so that the conformance client gives its verdicts by the very same code; no other program
//! should depend on it.
//!
//! **Tests.** `tests/cli_*` drive the binary as a user would.

#![allow(
    unreachable_pub,
    reason = "only `main` and `parsers` leave the crate; `pub` marks what a module offers to the others"
)]

mod account;
mod args;
mod artifact;
mod attest;
mod backup;
mod bundle;
mod ca;
mod ceremony;
mod demo;
mod help;
mod inspect;
mod judge;
mod key;
mod list;
mod log;
mod looks;
mod neighbours;
mod ordered;
mod output_file;
#[doc(hidden)] // for the fuzzer
pub mod parsers;
mod password;
mod profile;
mod reader;
mod ready_file;
mod render;
mod rotate;
mod secret;
mod serve;
mod sign;
mod sources;
mod status;
mod terminal;
mod tls_files;
mod token;
mod trust;
mod trust_store;
mod verify;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::{CommandFactory, FromArgMatches};
use jiff::Timestamp;

use crate::args::{Cli, Colour, Command};
use crate::judge::Status;
use crate::reader::Reader;
use crate::trust_store::TrustStore;

/// Runs the program, and says how it ended. Exit codes: see `sealwax verify --help`.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = help::laid_out(Cli::command())
        .try_get_matches_from(arguments)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, args::contradiction(&matches))));
    let (cli, contradiction) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Status::Usage.exit_code() } else { 0 });
        }
    };
    let choice = match cli.color {
        Colour::Auto => AutoStream::choice(&io::stdout()),
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    };
    let mut out = Reader::new(AutoStream::new(io::stdout(), choice));
    let done = match contradiction {
        Some(message) => Err(Failure::usage(message)),
        None => run(cli.command, &mut out),
    };
    let flushed = out.flush();
    match done {
        _ if out.is_gone() => ExitCode::from(reader::GONE),
        Ok(status) => match flushed {
            Ok(()) => ExitCode::from(status.exit_code()),
            Err(_) => ExitCode::from(Status::CannotTell.exit_code()),
        },
        Err(failure) => {
            let mut errors = AutoStream::new(io::stderr(), ColorChoice::Auto);
            let _ = writeln!(errors, "sealwax: {}", terminal::Escaped(&failure.message));
            ExitCode::from(failure.status.exit_code())
        }
    }
}

/// A command that came to no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    status: Status,
    message: String,
}

impl Failure {
    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { status: Status::Usage, message: message.into() }
    }

    /// Something is missing, or could not be done.
    pub(crate) fn cannot(message: impl Into<String>) -> Self {
        Self { status: Status::CannotTell, message: message.into() }
    }
}

fn run(command: Command, out: &mut (impl Write + Send)) -> Result<Status, Failure> {
    match command {
        Command::Verify(args) => verify::run(&args, &TrustStore::new(Timestamp::now()), out),
        Command::Sign(args) => sign::run(&args, out),
        Command::Attest(args) => attest::run(&args, out),
        Command::Demo(args) => demo::run(&args, out),
        Command::Key(command) => key::run(command, out),
        Command::Inspect(args) => inspect::run(&args, out),
        Command::Bundle(command) => bundle::run(command, out),
        Command::Trust(command) => trust::run(command, out),
        Command::Log(command) => log::run(command, out),
        Command::Ceremony(command) => ceremony::run(command, out),
        Command::Account(command) => account::run(command, out),
        Command::Token(args) => token::run(&args, out),
        Command::Ca(command) => ca::run(command, out),
        Command::Status(args) => status::run(&args, out),
        Command::Rotate(args) => rotate::run(&args, out),
        Command::Secret(command) => secret::run(&command, out),
        Command::Backup(args) => backup::backup(&args, out),
        Command::Restore(args) => backup::restore(&args, out),
        Command::Serve(args) => serve::run(&args, out),
        Command::Completions { shell } => {
            // Not into `out`: the generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "sealwax", &mut script);
            out.write_all(&script)
                .map(|()| Status::Verified)
                .map_err(|error| Failure::cannot(format!("cannot write the result: {error}")))
        }
        Command::Man { directory } => clap_mangen::generate_to(help::laid_out(Cli::command()), &directory)
            .map(|()| Status::Verified)
            .map_err(|error| Failure::cannot(format!("cannot write to {}: {error}", directory.display()))),
    }
}
