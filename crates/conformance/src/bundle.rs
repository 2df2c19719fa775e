//! `verify-bundle` of the Sigstore client suite, in terms of `sealwax verify`: one function gives all verdicts.

use std::ffi::OsString;
use std::process::ExitCode;

/// Translates the suite's arguments and runs them. A digest is one only if it has the form of one and is no file.
pub(crate) fn verify(arguments: &[OsString]) -> ExitCode {
    let mut translated: Vec<OsString> = vec!["sealwax".into(), "verify".into()];
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--staging") => translated.extend(["--trust".into(), "staging".into()]),
            Some(flag) if flag.starts_with("--") => {
                translated.push(argument.clone());
                translated.extend(rest.next().cloned());
            }
            _ => translated.push(artifact(argument)),
        }
    }
    sealwax::main(translated)
}

fn artifact(argument: &OsString) -> OsString {
    let is_digest = argument.to_str().is_some_and(|text| text.parse::<sealwax_verify::Digest>().is_ok());
    if is_digest && !std::path::Path::new(argument).exists() {
        return argument.clone();
    }
    path(argument)
}

/// A path, whatever it looks like.
pub(crate) fn path(argument: &OsString) -> OsString {
    let path = std::path::Path::new(argument);
    if path.is_absolute() { argument.clone() } else { std::path::Path::new(".").join(path).into_os_string() }
}
