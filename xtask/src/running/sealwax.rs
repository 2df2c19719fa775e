//! Our own log: how it is made, served and checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Address, Kind, Recipe};
use crate::Failure;
use crate::process::output;

/// The origin of every log that a chore makes. Clients take it for the log's host name.
pub(crate) const ORIGIN: &str = "log.example";

/// A new, empty log in `parent`, and how to serve it. A certificate log accepts `roots`.
pub(crate) fn recipe(program: &Path, parent: &Path, kind: Kind, roots: &Path) -> Result<Recipe, Failure> {
    let directory = absent(parent, "sealwax")?;
    let mut new = Command::new(program);
    new.args(["log", "new"]).arg(&directory).args(["--origin", ORIGIN]);
    if kind == Kind::Certificate {
        new.args(["--kind", "certificate", "--roots"]).arg(roots);
    }
    let printed = output(&mut new)?;
    let is_key = |word: &&str| word.starts_with(ORIGIN) && word.contains('+');
    let key = printed.split_whitespace().find(is_key).ok_or("`log new` printed no verifier key")?;

    Ok(Recipe { kind, ..serve(program, &directory, key) })
}

/// How to serve a signature log that is there.
pub(crate) fn serve(program: &Path, directory: &Path, key: &str) -> Recipe {
    let ready = directory.with_extension("ready");
    let _ = fs::remove_file(&ready);
    let mut command = Command::new(program);
    command.args(["log", "serve"]).arg(directory).args(["--listen", "127.0.0.1:0"]);
    command.arg("--ready-file").arg(&ready);
    let (name, kind, address) = ("sealwax".into(), Kind::Signature, Address::ReadyFile(ready));
    Recipe { name, command, directory: directory.to_owned(), address, kind, key: key.to_owned() }
}

/// `sealwax log check` over a directory.
pub(crate) fn check(program: &Path, directory: &Path, key: &str) -> Result<(), Failure> {
    output(Command::new(program).args(["log", "check"]).arg(directory).args(["--key", key])).map(drop)
}

/// A path under `parent` where nothing is any more.
pub(crate) fn absent(parent: &Path, name: &str) -> Result<PathBuf, Failure> {
    let path = parent.join(name);
    if path.exists() {
        fs::remove_dir_all(&path)?;
    }
    Ok(path)
}
