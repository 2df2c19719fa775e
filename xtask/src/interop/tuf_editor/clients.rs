//! The clients, installed by name and version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::{built, peers};
use super::{TARGET, quietly};
use crate::Failure;
use crate::process::{root, run};
use crate::running::sealwax::absent;

const PYTHON_TUF: &str = "7.0.1";
const TUF_JS: &str = "6.0.2";

/// Of go.mod.
const GO_TUF: &str = "2.4.2";

/// A client as a program.
pub(super) struct Client {
    pub(super) name: String,
    program: Program,
}

enum Program {
    /// Takes a store, a URL, the first root and a target; prints the version of the root and the target.
    Peer(Vec<PathBuf>),
    /// `sealwax-conformance`, with the command line of the public suite.
    Ours(PathBuf),
}

impl Client {
    /// Brings the store up to date; the version of its root, and the target. A fresh one starts from nothing.
    pub(super) fn follow(&self, place: &Path, store: &str, url: &str) -> Result<String, Failure> {
        let name = format!("{store} {}", self.name);
        let store = if store == "fresh" { absent(place, &name)? } else { place.join(&name) };
        fs::create_dir_all(&store)?;
        let root = place.join("first-root.json");
        match &self.program {
            Program::Peer(words) => {
                let (program, arguments) = words.split_first().ok_or("a client without a program")?;
                let mut command = Command::new(program);
                quietly(command.args(arguments).arg(&store).arg(url).arg(root).arg(TARGET))
            }
            Program::Ours(program) => ours(program, &store, url, &root),
        }
    }
}

fn ours(program: &Path, store: &Path, url: &str, root: &Path) -> Result<String, Failure> {
    let (trusted, targets) = (store.join("root.json"), store.join("targets"));
    let client = || {
        let mut command = Command::new(program);
        command.arg("--metadata-dir").arg(store);
        command
    };
    if !trusted.exists() {
        quietly(client().arg("init").arg(root))?;
    }
    fs::create_dir_all(&targets)?;
    let mut download = client();
    download.args(["--metadata-url", url, "--target-name", TARGET]);
    download.args(["--target-base-url", &format!("{url}/targets"), "--target-dir"]).arg(&targets);
    quietly(download.arg("download"))?;
    let root: serde_json::Value = serde_json::from_slice(&fs::read(trusted)?)?;
    let version = root.pointer("/signed/version").ok_or("a root without a version")?;
    let target = fs::read_dir(targets)?.next().ok_or("no target")??.path();
    Ok(format!("{version} {}", fs::read_to_string(target)?))
}

/// All of them, ours too.
pub(super) fn all(directory: &Path) -> Result<Vec<Client>, Failure> {
    let client = |name: String, command: Vec<PathBuf>| Client { name, program: Program::Peer(command) };
    let ours = built(&["-p", "sealwax-conformance"], "sealwax-conformance")?;
    Ok(vec![
        client(format!("python-tuf {PYTHON_TUF}"), python(directory)?),
        client(format!("go-tuf {GO_TUF}"), go(directory)?),
        client(format!("tuf-js {TUF_JS}"), javascript(directory)?),
        Client { name: "sealwax".to_owned(), program: Program::Ours(ours) },
    ])
}

fn python(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    // Without that extra it knows no ECDSA, and takes such signatures for none.
    let packages = [&format!("tuf=={PYTHON_TUF}"), "securesystemslib[crypto]"];
    let python = peers::python(directory, "python-tuf", &packages)?;
    Ok(vec![python, root().join("peers/python/follow.py")])
}

fn go(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let program = directory.join("peer-tuf");
    let mut build = Command::new("go");
    build.current_dir(root().join("peers/go")).args(["build", "-trimpath", "-o"]).arg(&program).arg("./tuf");
    run(&mut build)?;
    Ok(vec![program])
}

fn javascript(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let modules = directory.join(format!("tuf-js-{TUF_JS}"));
    if !modules.join("node_modules/tuf-js").exists() {
        peers::npm(&modules, &format!("tuf-js@{TUF_JS}"))?;
    }
    // Modules are looked for beside the script.
    let script = modules.join("follow.js");
    fs::copy(root().join("peers/js/follow.js"), &script)?;
    Ok(vec!["node".into(), script])
}
