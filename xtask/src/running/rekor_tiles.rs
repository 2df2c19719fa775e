//! rekor-tiles over a directory: how it is installed, made and served, with its durability as it comes.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::sealwax::ORIGIN;
use super::{Address, Kind, Recipe, empty, free_port, key};
use crate::Failure;
use crate::process::run;

const PACKAGE: (&str, &str) = ("github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix", "v2.3.0");

/// Installs it by name and version, once.
pub(crate) fn install(directory: &Path) -> Result<PathBuf, Failure> {
    let (package, version) = PACKAGE;
    let binaries = directory.join(format!("rekor-tiles-{version}"));
    let program = binaries.join("posix");
    if !program.is_file() {
        eprintln!("installing {package}@{version}");
        run(Command::new("go").args(["install", &format!("{package}@{version}")]).env("GOBIN", &binaries))?;
    }
    Ok(program)
}

/// A new, empty log in `parent`, and how to serve it. Its private key is [`private_key`].
pub(crate) fn recipe(program: &Path, parent: &Path, flags: &[&str]) -> Result<Recipe, Failure> {
    let directory = empty(parent, NAME)?;
    let (private, public) = key(parent, NAME, &["genpkey", "-algorithm", "ed25519"])?;
    let [http, grpc, metrics] = [free_port()?, free_port()?, free_port()?].map(|port| port.to_string());
    let mut command = Command::new(program);
    command.args(["serve", "--hostname", ORIGIN, "--log-level", "error"]);
    command.args(["--http-port", &http, "--grpc-port", &grpc, "--http-metrics-port", &metrics]);
    command.arg("--storage-dir").arg(&directory).arg("--signer-filepath").arg(private);
    command.args(flags);
    Ok(Recipe {
        name: NAME.to_owned(),
        command,
        directory,
        address: Address::Known(format!("127.0.0.1:{http}")),
        kind: Kind::Signature,
        key: format!("{ORIGIN}={}", public.display()),
    })
}

/// The key of the log that [`recipe`] has made in `parent`.
pub(crate) fn private_key(parent: &Path) -> PathBuf {
    super::private_key(parent, NAME)
}

const NAME: &str = "rekor-tiles";
