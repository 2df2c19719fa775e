//! `sealwax-conformance`: the command-line protocols of the public conformance suites.
//!
//! **Job.** Each suite starts a client by a protocol of its own; this binary speaks them and calls what `sealwax` itself
//! calls. `verify-bundle` and `sign-bundle` are the bundle suite's ([`bundle`], [`sign`]), `init`, `refresh` and `download` are the TUF suite's ([`tuf`]).
//!
//! **Tests.** The suites: `cargo xtask conformance` and `cargo xtask conformance tuf --suite DIR`.

mod bundle;
mod sign;
mod tuf;

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.split_first() {
        Some((verb, rest)) if verb == "verify-bundle" => bundle::verify(rest),
        Some((verb, rest)) if verb == "sign-bundle" => sign::sign(rest),
        // The TUF suite's options stand in front of its commands.
        _ if arguments.iter().any(|argument| argument == "--metadata-dir") => tuf::run(&arguments),
        _ => {
            eprintln!(
                "sealwax-conformance: expected verify-bundle, sign-bundle, or the TUF suite's --metadata-dir"
            );
            ExitCode::from(2)
        }
    }
}
