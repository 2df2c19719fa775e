//! `sign-bundle` of the Sigstore client suite, in terms of `sealwax sign` and `sealwax attest`.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::bundle::path;

/// Translates the suite's arguments and runs them. What exists is replaced: the suite makes the file beforehand.
pub(crate) fn sign(arguments: &[OsString]) -> ExitCode {
    let is_statement = arguments.iter().any(|argument| argument == "--in-toto");
    let verb = if is_statement { "attest" } else { "sign" };
    let mut translated: Vec<OsString> = ["sealwax", verb, "--overwrite", "--yes"].map(Into::into).into();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--in-toto") => {}
            Some("--staging") => translated.extend(["--trust".into(), "staging".into()]),
            Some("--identity-token") => {
                translated.push("--token".into());
                translated.extend(rest.next().cloned());
            }
            Some(flag) if flag.starts_with("--") => {
                translated.push(argument.clone());
                translated.extend(rest.next().cloned());
            }
            _ if is_statement => translated.extend(["--statement".into(), argument.clone()]),
            _ => translated.push(path(argument)),
        }
    }
    sealwax::main(translated)
}
