//! `cargo xtask interop ca`: certificates of our authority beside Fulcio's, for the same tokens and keys; and Fulcio's client of gRPC
//! before ours.
//!
//! Fulcio is installed by name and version; the public instance's configuration, which must load unchanged and of which the CI
//! providers are taken, comes with it.

use std::process::Command;

use super::peers;
use crate::Outcome;
use crate::process::{cargo, output, run as run_command};

const USAGE: &str = "usage: cargo xtask interop ca";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(USAGE.into());
    }
    let directory = super::directory()?;
    let fulcio = peers::fulcio(&directory)?;
    let client = peers::fulcio_grpc_client(&directory)?;
    let module = format!("{}@{}", peers::FULCIO.0, peers::FULCIO.1);
    let mut find = Command::new("go");
    let found = output(find.args(["mod", "download", "-json", &module]))?;
    let found: serde_json::Value = serde_json::from_str(&found)?;
    let sources =
        found.get("Dir").and_then(serde_json::Value::as_str).ok_or("go does not say where Fulcio is")?;
    run_command(
        cargo()
            .args(["run", "-q", "-p", "sealwax-ca", "--example", "like_fulcio", "--"])
            .arg(fulcio)
            .arg(format!("{sources}/config/identity/config.yaml"))
            .arg(directory.join("fulcio"))
            .arg(client),
    )
}
