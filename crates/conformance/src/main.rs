//! The command-line protocols of the public conformance suites.
//!
//! **Job.** Each suite starts a client by a protocol of its own; this binary speaks them and calls what `sealwax` itself
//! calls. `init`, `refresh` and `download` are the TUF suite's (`tuf`).
//!
//! **Non-goals.** Being used by people.
//!
//! **Tests.** The suites: `cargo xtask conformance` and `cargo xtask conformance tuf --suite DIR`.
#![allow(clippy::print_stdout, reason = "the suites show what their client prints")]

mod tuf;

use std::process::ExitCode;

/// A protocol's answer: the suites judge by the exit code, people by the sentence.
type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sealwax-conformance: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The protocols are told apart by the names of their commands, wherever these stand.
fn dispatch(arguments: &[String]) -> Outcome {
    if tuf::is_meant(arguments) { tuf::run(arguments) } else { Err(USAGE.into()) }
}

const USAGE: &str = "usage:
  --metadata-dir D init ROOT
  --metadata-dir D --metadata-url U refresh
  --metadata-dir D --metadata-url U --target-name N… --target-base-url T --target-dir O download";
