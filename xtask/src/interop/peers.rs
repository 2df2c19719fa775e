//! Other people's programs, installed by name and version into one place, once.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{output, root, run};
use crate::{Failure, Outcome};

pub(super) const COSIGN: (&str, &str) = ("github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3");
const TESSERA_FSCK: (&str, &str) = ("github.com/transparency-dev/tessera/cmd/fsck", "v1.0.4");
const TESSERA_ONESHOT: (&str, &str) =
    ("github.com/transparency-dev/tessera/cmd/examples/posix-oneshot", "v1.0.4");
const CT_CLIENT: (&str, &str) = ("github.com/google/certificate-transparency-go/client/ctclient", "v1.3.3");
pub(super) const FULCIO: (&str, &str) = ("github.com/sigstore/fulcio", "v1.8.8");
const TIMESTAMP_CLI: (&str, &str) =
    ("github.com/sigstore/timestamp-authority/v2/cmd/timestamp-cli", "v2.1.3");
const TIMESTAMP_SERVER: (&str, &str) =
    ("github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server", "v2.1.3");
/// Of the first version. What is newer wants Go 1.27.
pub(super) const REKOR: (&str, &str) = ("github.com/sigstore/rekor/cmd/rekor-server", "v1.5.4");
/// The one that the module of that Rekor names.
const TRILLIAN: (&str, &str) = ("github.com/google/trillian", "v1.7.3");
const RFC3161_CLIENT: &str = "rfc3161-client==1.0.9";
pub(super) const SIGSTORE_PYTHON: &str = "sigstore==4.5.0";
/// Of `sigstore`, whose parts the program in `peers/js` uses by name.
pub(super) const SIGSTORE_JS: &str = "5.0.1";
/// Of `peers/go/go.mod`.
pub(super) const SIGSTORE_GO: &str = "1.2.2";
/// sigstore-js wants a newer Node than distributions have; its command line gets tokens; the browser is driven by the last.
const NODE: &[(&str, &str)] = &[
    ("node", "22.23.3"),
    ("sigstore", SIGSTORE_JS),
    ("@sigstore/bundle", "5.0.1"),
    ("@sigstore/protobuf-specs", "0.5.2"),
    ("@sigstore/sign", "5.1.0"),
    ("@sigstore/tuf", "5.0.1"),
    ("@sigstore/verify", "4.1.3"),
    ("@sigstore/cli", "0.10.3"),
    ("playwright-core", "1.65.1"),
];

/// cosign: three minutes to build on two cores.
pub(crate) fn cosign(directory: &Path) -> Result<PathBuf, Failure> {
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

/// Rekor of the first version.
pub(super) fn rekor(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, REKOR, "rekor-server")
}

/// A program of Trillian's.
pub(super) fn trillian(directory: &Path, name: &str) -> Result<PathBuf, Failure> {
    let (module, version) = TRILLIAN;
    install(directory, (&format!("{module}/cmd/{name}"), version), name)
}

/// The tables of Trillian's database, out of its module.
pub(super) fn trillian_tables() -> Result<String, Failure> {
    let (module, version) = TRILLIAN;
    let said = output(Command::new("go").args(["mod", "download", "-json", &format!("{module}@{version}")]))?;
    let said: serde_json::Value = serde_json::from_str(&said)?;
    let directory = said.get("Dir").and_then(|directory| directory.as_str());
    let directory = directory.ok_or("go does not say where it keeps a module")?;
    Ok(std::fs::read_to_string(Path::new(directory).join("storage/mysql/schema/storage.sql"))?)
}

/// The check of a whole log that comes with tessera.
pub(super) fn tessera_fsck(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, TESSERA_FSCK, "fsck")
}

/// A program of tessera's that adds files to a log in a directory.
pub(super) fn tessera_oneshot(directory: &Path) -> Result<PathBuf, Failure> {
    install(directory, TESSERA_ONESHOT, "posix-oneshot")
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

/// A Node with sigstore-js.
pub(super) struct Node {
    pub(super) program: PathBuf,
    directory: PathBuf,
}

impl Node {
    /// A script of `peers/js`. Modules are looked for beside a script.
    pub(super) fn script(&self, name: &str) -> Result<PathBuf, Failure> {
        let script = self.directory.join(name);
        std::fs::copy(root().join("peers/js").join(name), &script)?;
        Ok(script)
    }

    /// The script of sigstore-js's command line.
    pub(super) fn sigstore_cli(&self) -> PathBuf {
        self.directory.join("node_modules/@sigstore/cli/bin/run")
    }
}

/// Node with all that is used in it.
pub(super) fn node(directory: &Path) -> Result<Node, Failure> {
    let version = NODE.iter().map(|(_, version)| *version).collect::<Vec<_>>().join("-");
    let directory = directory.join(format!("node-{version}"));
    let done = directory.join("installed");
    if !done.is_file() {
        let packages: Vec<String> = NODE.iter().map(|(name, version)| format!("{name}@{version}")).collect();
        npm(&directory, &packages.join(" "))?;
        std::fs::write(&done, "")?;
    }
    Ok(Node { program: directory.join("node_modules/.bin/node"), directory })
}

/// Installs packages of the npm registry into a directory; several are separated by spaces.
pub(super) fn npm(directory: &Path, packages: &str) -> Result<(), Failure> {
    eprintln!("installing {packages}");
    std::fs::create_dir_all(directory)?;
    let mut install = Command::new("npm");
    install.current_dir(directory).args(["install", "--silent", "--no-audit", "--no-fund", "--prefix", "."]);
    run(install.args(packages.split(' ')))
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

/// `peers/go/bundle`, which signs and verifies with sigstore-go as a client of an instance.
pub(super) fn sigstore_go_bundle(directory: &Path) -> Result<PathBuf, Failure> {
    go_program(directory, "bundle")
}

/// `peers/go/token`, which signs in as cosign does.
pub(super) fn oauthflow(directory: &Path) -> Result<PathBuf, Failure> {
    go_program(directory, "token")
}

/// `peers/go/ca`, which asks for certificates over gRPC with the client that comes with Fulcio. A module of its own: what Fulcio
/// needs is nothing to the others.
pub(super) fn fulcio_grpc_client(directory: &Path) -> Result<PathBuf, Failure> {
    go_build(directory, "peers/go/ca", ".", "ca")
}

/// `peers/go/transit`, Vault's transit engine without the rest of Vault: a module of its own, with much that nothing else needs.
pub(super) fn vault_transit(directory: &Path) -> Result<PathBuf, Failure> {
    go_build(directory, "peers/go/transit", ".", "transit")
}

fn go_program(directory: &Path, name: &str) -> Result<PathBuf, Failure> {
    go_build(directory, "peers/go", &format!("./{name}"), name)
}

fn go_build(directory: &Path, module: &str, package: &str, name: &str) -> Result<PathBuf, Failure> {
    let program = directory.join(format!("peer-{name}"));
    let mut build = Command::new("go");
    build.current_dir(root().join(module)).args(["build", "-trimpath", "-o"]).arg(&program);
    run(build.arg(package))?;
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

/// Installs packages of Debian's.
pub(super) fn debian(packages: &[&str]) -> Outcome {
    let packages_named = packages.join(", ");
    eprintln!("installing {packages_named} with apt-get");
    let mut install = Command::new("apt-get");
    install.args(["-qq", "install", "--yes", "--no-install-recommends"]).args(packages);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    let done = run(Command::new("apt-get").args(["-qq", "update"])).and_then(|()| run(&mut install));
    done.map_err(|error| {
        format!("this needs {packages_named} of Debian's, and to install it apt-get and root: {error}").into()
    })
}

/// Installs those of these programs that are missing, each from the package of its name or the one that is given.
pub(super) fn debian_programs(needed: &[(&str, &str)]) -> Outcome {
    let missing = |program: &str| Command::new(program).arg("--version").output().is_err();
    let packages: Vec<&str> =
        needed.iter().filter(|(program, _)| missing(program)).map(|(_, package)| *package).collect();
    if packages.is_empty() { Ok(()) } else { debian(&packages) }
}
