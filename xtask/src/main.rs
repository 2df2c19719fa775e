//! The project's own chores, run as `cargo xtask CHORE`. Everything that CI does beyond plain cargo commands is here, so
//! that a person can run the same thing by name.
#![allow(clippy::print_stdout, reason = "a chore talks to the person who runs it")]

mod bench;
mod conformance;
mod conformance_tuf;
mod faults;
mod fuzz;
mod interop;
mod process;
mod running;
mod tree;
mod wasm;

use std::process::ExitCode;

/// What a chore returns: a chore that fails says why in one sentence, and nobody decides on the error's kind.
pub(crate) type Outcome = Result<(), Failure>;

/// That sentence.
pub(crate) type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bench", ..] => bench::run_all(arguments.get(1..).unwrap_or_default()),
        ["conformance", "tuf", ..] => conformance_tuf::run(arguments.get(2..).unwrap_or_default()),
        ["conformance", ..] => conformance::run(arguments.get(1..).unwrap_or_default()),
        ["faults", ..] => faults::faults(arguments.get(1..).unwrap_or_default()),
        ["simulate", ..] => faults::simulate(arguments.get(1..).unwrap_or_default()),
        ["fuzz", ..] => fuzz::run(arguments.get(1..).unwrap_or_default()),
        ["interop", "log", ..] => interop::log::run(arguments.get(2..).unwrap_or_default()),
        ["interop", "ca", ..] => interop::ca::run(arguments.get(2..).unwrap_or_default()),
        ["interop", "idp", ..] => interop::idp::run(arguments.get(2..).unwrap_or_default()),
        ["interop", "serve", ..] => interop::serve::run(arguments.get(2..).unwrap_or_default()),
        ["interop", "peers", ..] => interop::serve::run_at_peers(arguments.get(2..).unwrap_or_default()),
        ["interop", "rekor-v1", ..] => {
            interop::serve::run_at_rekor_v1(arguments.get(2..).unwrap_or_default())
        }
        ["interop", "tuf-editor", ..] => interop::tuf_editor::run(arguments.get(2..).unwrap_or_default()),
        ["interop", "pkcs11", ..] => interop::pkcs11::run(arguments.get(2..).unwrap_or_default()),
        ["interop", "key", ..] => interop::key::run(arguments.get(2..).unwrap_or_default()),
        ["interop", "tsa", ..] => interop::tsa::run(arguments.get(2..).unwrap_or_default()),
        ["wasm", ..] => wasm::run(arguments.get(1..).unwrap_or_default()),
        ["ci-tree"] => tree::run(),
        _ => Err(USAGE.into()),
    }
}

const USAGE: &str = "usage: cargo xtask CHORE
  bench [libraries|processes]    speed and size beside the peers, as docs/performance.md has it
  bench log [PART]… [OPTION]…    the log beside rekor-tiles and TesseraCT; `bench log --help` names the parts
  bench services [PART]… [OPTION]…
                                 the authorities beside Fulcio and timestamp-authority; `bench services --help`
  conformance                    the public bundle cases, through both binaries
  conformance tuf --suite DIR    the public TUF client suite, run unedited beside the project
  faults [--more N]              every write of a log in a directory fails, in every way
  faults real [--kills N]        the real binary is killed under load, and treated badly in other ways
  faults sabotage                steps of the engine are left out, and these tests must fail
  simulate [--seeds N [--from N] | --seed N]
                                 seeded schedules of several replicas of a log, or one again
  fuzz [--minutes N] [TARGET]…   fuzz every target (or the named ones) for N minutes in all
  fuzz --list                    the names of the targets
  interop log [--peer NAME=PATH] our log before other people's programs: cosign, sigstore-go, tessera, TesseraCT
  interop ca                     certificates of our authority beside Fulcio's, for the same tokens, byte for byte
  interop idp                    cosign's, sigstore-python's and sigstore-js's own code signs in at our identity provider
  interop serve [PART]…          deployed clients sign and verify at a fresh `sealwax serve`: the matrix
  interop peers                  the same clients, ours among them, at Fulcio, rekor-tiles and timestamp-authority
  interop rekor-v1               the same with Rekor v1, on Trillian and MariaDB, and what only such a log does
  interop tuf-editor             python-tuf, go-tuf and tuf-js follow the ceremonies of our repository editor
  interop pkcs11                 keys in the tokens of SoftHSM: signatures, failures, and a log
  interop key                    cosign and OpenSSL open the files of `sealwax key`, and it theirs
  interop tsa                    our time-stamping authority before OpenSSL, rfc3161-client, timestamp-cli
  wasm [--debian]                check the pure crates for wasm32-unknown-unknown
  ci-tree                        assert that no ring and no openssl-sys is in the dependency tree";
