//! Where it all happens: a directory in which every program finds a home of its own, and a browser that signs in.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::peers::Node;
use super::names::Names;
use crate::{Failure, Outcome};

/// Whose password the browser knows.
pub(super) const PERSON: &str = "ada";
pub(super) const ADDRESS: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";

/// A program that takes longer hangs.
const PATIENCE_S: &str = "90";

pub(super) struct Place {
    directory: PathBuf,
    /// One that signs, and one that has not signed.
    pub(super) key: Key,
    pub(super) another_key: Key,
    names: Option<Names>,
}

/// The files of a key.
pub(super) struct Key {
    pub(super) private: PathBuf,
    pub(super) public: PathBuf,
}

impl Place {
    pub(super) fn make(directory: PathBuf, node: &Node, chromium: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(&directory)?;
        let [key, another_key] = [Key::new(&directory, "key")?, Key::new(&directory, "another")?];
        let place = Self { directory, key, another_key, names: None };
        for directory in [place.pictures(), place.home(), place.path("bin"), place.path("signed")] {
            fs::create_dir_all(directory)?;
        }
        private(&place.path("password"), PASSWORD)?;
        place.write_opener(node, chromium)?;
        Ok(place)
    }

    /// A place where these names mean this machine.
    pub(super) fn with_names(mut self, names: &[String]) -> Result<Self, Failure> {
        self.names = Some(Names::make(&self.directory, names)?);
        Ok(self)
    }

    /// Certificate and key of who answers to the names, if there are any.
    pub(super) fn tls(&self) -> Option<&Key> {
        self.names.as_ref().map(|names| &names.tls)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(super) fn pictures(&self) -> PathBuf {
        self.path("pictures")
    }

    fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// A program as somebody runs it who has nothing else in their home directory. What it opens is the browser that signs in,
    /// whose pictures are named after whom they are for, if they are named.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let timeout = "timeout";
        let mut command = match &self.names {
            Some(names) => names.command(timeout),
            None => Command::new(timeout),
        };
        command.arg(PATIENCE_S).arg(program).current_dir(&self.directory);
        let mut path = OsString::from(self.path("bin"));
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        command.env("PATH", path).env("BROWSER", self.opener()).env("HOME", self.home());
        // Words are looked for in what a program says, and a terminal's width would break them.
        command.env("COLUMNS", "1000").env("NO_COLOR", "1");
        for name in [
            "XDG_DATA_HOME",
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
            "SEALWAX_HOME",
            "TUF_ROOT",
            "SEALWAX_TRUST",
            "SIGSTORE_ID_TOKEN",
            "GITHUB_ACTIONS",
            "GITLAB_CI",
            "BUILDKITE",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// What desktops open links with. It does not wait.
    fn opener(&self) -> PathBuf {
        self.path("bin").join("xdg-open")
    }

    fn write_opener(&self, node: &Node, chromium: &Path) -> Outcome {
        let quoted = |path: &Path| format!("'{}'", path.display());
        let script = format!(
            "#!/bin/sh\n# Opens a link, and signs in behind it.\nexport CHROMIUM={} PICTURES={} USER_NAME={PERSON} PASSWORD={}\n\
             {} {} \"$1\" >>{} 2>&1 </dev/null &\n",
            quoted(chromium),
            quoted(&self.pictures()),
            format_args!("'{PASSWORD}'"),
            quoted(&node.program),
            quoted(&node.script("browser.js")?),
            quoted(&self.browser_output()),
        );
        fs::write(self.opener(), script)?;
        Ok(fs::set_permissions(self.opener(), fs::Permissions::from_mode(0o755))?)
    }

    /// What went wrong in the browser.
    pub(super) fn browser_output(&self) -> PathBuf {
        self.path("browser.output")
    }
}

impl Key {
    fn new(directory: &Path, name: &str) -> Result<Self, Failure> {
        let generate = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let (private, public) = crate::running::key(directory, name, &generate)?;
        Ok(Self { private, public })
    }
}

/// Writes a file that only its owner reads.
pub(super) fn private(path: &Path, text: &str) -> Outcome {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}

/// A command that must succeed; what it wrote to its standard output.
pub(super) fn said(command: &mut Command) -> Result<String, Failure> {
    match verdict(command)? {
        Ok(said) => Ok(said),
        Err(said) => Err(format!("{command:?}: {said}").into()),
    }
}

/// What a command wrote to its standard output if it succeeds, and all it said, on one line, if not.
pub(super) fn verdict(command: &mut Command) -> Result<Result<String, String>, Failure> {
    let done = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let out = String::from_utf8_lossy(&done.stdout);
    if done.status.success() {
        return Ok(Ok(out.trim().to_owned()));
    }
    let all = format!("{out} {}", String::from_utf8_lossy(&done.stderr));
    Ok(Err(all.split_whitespace().collect::<Vec<_>>().join(" ")))
}
