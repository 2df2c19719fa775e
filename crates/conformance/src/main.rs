//! `sealwax-conformance`: the command-line protocols of the public conformance suites.

mod bundle;

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.split_first() {
        Some((verb, rest)) if verb == "verify-bundle" => bundle::verify(rest),
        _ => {
            eprintln!("sealwax-conformance: expected verify-bundle");
            ExitCode::from(2)
        }
    }
}
