//! `cargo xtask interop idp`: deployed clients sign in at our identity provider by their own code, unmodified: cosign's and
//! gitsign's (`oauthflow`) with a browser, a code to copy, a device and a secret; sigstore-python's with a browser and a code
//! to copy; sigstore-js's with a browser. The browser fills in our pages over HTTP.

use std::ffi::OsStr;

use super::peers;
use crate::Outcome;
use crate::process::{cargo, root, run as run_command};

const USAGE: &str = "usage: cargo xtask interop idp";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(USAGE.into());
    }
    let directory = super::directory()?;
    let (go, python, node) =
        (peers::oauthflow(&directory)?, peers::sigstore_python(&directory)?, peers::node(&directory)?);
    let script = root().join("peers/python/identity_token.py");
    check("go", &[go.as_os_str()])?;
    check("python", &[python.as_os_str(), script.as_os_str()])?;
    check("js", &[node.program.as_os_str(), node.sigstore_cli().as_os_str()])
}

fn check(peer: &str, program: &[&OsStr]) -> Outcome {
    run_command(
        cargo().args(["run", "-q", "-p", "sealwax-idp", "--example", "deployed", "--", peer]).args(program),
    )
}
