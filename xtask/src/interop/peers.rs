//! Other people's programs, installed by name and version into one place, once.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::process::{root, run};

const COSIGN: (&str, &str) = ("github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3");
const TESSERA_FSCK: (&str, &str) = ("github.com/transparency-dev/tessera/cmd/fsck", "v1.0.4");
const CT_CLIENT: (&str, &str) = ("github.com/google/certificate-transparency-go/client/ctclient", "v1.3.3");
pub(super) const FULCIO: (&str, &str) = ("github.com/sigstore/fulcio", "v1.8.8");
const TIMESTAMP_CLI: (&str, &str) =
    ("github.com/sigstore/timestamp-authority/v2/cmd/timestamp-cli", "v2.1.3");
const TIMESTAMP_SERVER: (&str, &str) =
    ("github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server", "v2.1.3");
const RFC3161_CLIENT: &str = "rfc3161-client==1.0.9";
const SIGSTORE_PYTHON: &str = "sigstore==4.5.0";
const SIGSTORE_JS_CLI: (&str, &str) = ("@sigstore/cli", "0.10.3");

/// cosign: three minutes to build on two cores.
pub(super) fn cosign(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, COSIGN, "cosign")
}

/// Fulcio.
pub(crate) fn fulcio(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, FULCIO, "fulcio")
}

/// timestamp-authority.
pub(crate) fn timestamp_server(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, TIMESTAMP_SERVER, "timestamp-server")
}

/// The check of a whole log that comes with tessera.
pub(super) fn tessera_fsck(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, TESSERA_FSCK, "fsck")
}

/// The client of certificate logs that Fulcio is built with, as a program.
pub(super) fn ct_client(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, CT_CLIENT, "ctclient")
}

/// The client of timestamp-authority: its verifier is that of cosign and sigstore-go.
pub(super) fn timestamp_cli(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, TIMESTAMP_CLI, "timestamp-cli")
}

/// A Python that has rfc3161-client.
pub(super) fn rfc3161_client(directory: &Path) -> Result<PathBuf, Failure> {
    python(directory, "rfc3161-client", &[RFC3161_CLIENT])
}

/// A Python that has sigstore-python.
pub(super) fn sigstore_python(directory: &Path) -> Result<PathBuf, Failure> {
    python(directory, "sigstore-python", &[SIGSTORE_PYTHON])
}

/// The script of sigstore-js's command line, for Node.
pub(super) fn sigstore_js(directory: &Path) -> Result<PathBuf, Failure> {
    let (package, version) = SIGSTORE_JS_CLI;
    let modules = directory.join(format!("sigstore-js-cli-{version}"));
    let script = modules.join("node_modules/@sigstore/cli/bin/run");
    if !script.is_file() {
        npm(&modules, &format!("{package}@{version}"))?;
    }
    Ok(script)
}

/// Installs a package of the npm registry into a directory.
pub(super) fn npm(directory: &Path, package: &str) -> Result<(), Failure> {
    eprintln!("installing {package}");
    std::fs::create_dir_all(directory)?;
    let mut install = Command::new("npm");
    install.current_dir(directory).args(["install", "--silent", "--no-audit", "--no-fund", "--prefix", "."]);
    run(install.arg(package))
}

/// A Python of its own that has these packages. The first one's version is in the name of its directory.
pub(super) fn python(directory: &Path, name: &str, packages: &[&str]) -> Result<PathBuf, Failure> {
    let version =
        packages.first().and_then(|package| package.split_once("==")).map_or("", |(_, version)| version);
    let environment = directory.join(format!("{name}-{version}"));
    let (python, done) = (environment.join("bin/python"), environment.join("installed"));
    if !done.is_file() {
        eprintln!("installing {}", packages.join(" "));
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        run(install.args(packages))?;
        std::fs::write(&done, "")?;
    }
    Ok(python)
}

/// `peers/go/add`, which signs with sigstore-go.
pub(super) fn sigstore_go(directory: &Path) -> Result<PathBuf, Failure> {
    go_program(directory, "add")
}

/// `peers/go/token`, which signs in as cosign does.
pub(super) fn oauthflow(directory: &Path) -> Result<PathBuf, Failure> {
    go_program(directory, "token")
}

fn go_program(directory: &Path, name: &str) -> Result<PathBuf, Failure> {
    let program = directory.join(format!("peer-{name}"));
    let mut build = Command::new("go");
    build.current_dir(root().join("peers/go")).args(["build", "-trimpath", "-o"]).arg(&program);
    run(build.arg(format!("./{name}")))?;
    Ok(program)
}

fn install(directory: &Path, package: (&str, &str), name: &str) -> Result<PathBuf, Failure> {
    let (path, version) = package;
    let binaries = directory.join(format!("{name}-{version}"));
    let program = binaries.join(name);
    if !program.is_file() {
        eprintln!("installing {path}@{version}");
        run(Command::new("go").args(["install", &format!("{path}@{version}")]).env("GOBIN", &binaries))?;
    }
    Ok(program)
}
