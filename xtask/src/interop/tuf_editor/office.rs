//! Holders, their keys, and the ceremonies that they hold with the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{TARGET, quietly};
use crate::{Failure, Outcome};

/// Holders at any time; two of them must sign.
const HOLDERS: usize = 3;

/// The roles that people sign, and those that a machine does.
const PEOPLE: &str = "root,targets";
const MACHINE: &str = "snapshot,timestamp";

pub(super) struct Office {
    program: PathBuf,
    place: PathBuf,
    /// Who holds a key now.
    holders: Vec<String>,
    machine: String,
    keys: usize,
    plans: usize,
}

impl Office {
    pub(super) fn new(program: &Path, place: &Path) -> Result<Self, Failure> {
        let (program, place) = (program.to_owned(), place.to_owned());
        let mut office =
            Office { program, place, holders: Vec::new(), machine: String::new(), keys: 0, plans: 0 };
        for _ in 0..HOLDERS {
            let holder = office.key()?;
            office.holders.push(holder);
        }
        office.machine = office.key()?;
        Ok(office)
    }

    /// Where the repository is written.
    pub(super) fn repository(&self) -> PathBuf {
        self.place.join("repository")
    }

    /// A new repository.
    pub(super) fn first(&mut self, contents: &str) -> Outcome {
        let mut changes: Vec<String> = vec!["--threshold".into(), format!("{PEOPLE}:2")];
        for holder in self.holders.clone() {
            changes.extend(add(PEOPLE, &holder));
        }
        changes.extend(add(MACHINE, &self.machine.clone()));
        changes.extend(self.target(contents)?);
        let signers = self.holders.clone();
        self.ceremony(&changes, &signers, &[])?;
        fs::copy(self.repository().join("1.root.json"), self.place.join("first-root.json"))?;
        Ok(())
    }

    /// Every holder's key and the machine's are replaced, and the target is.
    pub(super) fn rotate_everything(&mut self, contents: &str) -> Outcome {
        let (leaving, gone) = (self.holders.clone(), self.machine.clone());
        let mut changes = Vec::new();
        for holder in &mut self.holders.clone() {
            changes.extend(remove(PEOPLE, holder));
        }
        changes.extend(remove(MACHINE, &gone));
        self.holders.clear();
        for _ in 0..HOLDERS {
            let holder = self.key()?;
            changes.extend(add(PEOPLE, &holder));
            self.holders.push(holder);
        }
        self.machine = self.key()?;
        changes.extend(add(MACHINE, &self.machine.clone()));
        changes.extend(self.target(contents)?);
        let signers = [leaving, self.holders.clone()].concat();
        self.ceremony(&changes, &signers, &[])
    }

    /// The machine's key is lost, and replaced.
    pub(super) fn lose_the_machine(&mut self) -> Outcome {
        let lost = self.machine.clone();
        fs::remove_file(self.place.join(format!("{lost}.pem")))?;
        self.machine = self.key()?;
        let mut changes = remove(MACHINE, &lost).to_vec();
        changes.extend(add(MACHINE, &self.machine.clone()));
        let signers = self.holders.clone();
        self.ceremony(&changes, &signers, &[])
    }

    /// Publishes versions far above those that are there, as after a restore.
    pub(super) fn restored(&mut self, step: u64) -> Outcome {
        let step = ["--step".to_owned(), step.to_string()];
        let renew: Vec<String> =
            ["--renew".to_owned(), "targets".to_owned()].into_iter().chain(step.clone()).collect();
        let signers = self.holders.clone();
        self.ceremony(&renew, &signers, &step)
    }

    /// The machine signs its files again.
    pub(super) fn renew(&self, lasts: &str) -> Outcome {
        let key = format!("{}.pem", self.machine);
        let expires = format!("timestamp:{lasts}");
        self.sealwax(&["renew", "--repository", "repository", "--key", &key, "--now", "--expires", &expires])
    }

    /// Plans, has the signers sign one after the other, and publishes.
    fn ceremony(&mut self, changes: &[String], signers: &[String], terms: &[String]) -> Outcome {
        self.plans += 1;
        let plan = format!("plan-{}", self.plans);
        let mut words = vec!["plan", &plan, "--repository", "repository"];
        words.extend(changes.iter().map(String::as_str));
        self.sealwax(&words)?;
        for signer in signers {
            self.sealwax(&["sign", &plan, "--key", &format!("{signer}.pem")])?;
        }
        let key = format!("{}.pem", self.machine);
        let mut words = vec!["publish", &plan, "--repository", "repository", "--key", &key];
        words.extend(terms.iter().map(String::as_str));
        self.sealwax(&words)
    }

    fn sealwax(&self, words: &[&str]) -> Outcome {
        let mut command = Command::new(&self.program);
        quietly(command.arg("ceremony").args(words).current_dir(&self.place)).map(drop)
    }

    /// A new key, of the two kinds in turn, in files of openssl's; its name.
    fn key(&mut self) -> Result<String, Failure> {
        self.keys += 1;
        let name = format!("key-{}", self.keys);
        let (private, public) = (format!("{name}.pem"), format!("{name}.pub"));
        let kind: &[&str] = match self.keys % 2 {
            0 => &["ed25519"],
            _ => &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        };
        let mut make = Command::new("openssl");
        make.current_dir(&self.place).args(["genpkey", "-algorithm"]).args(kind).args(["-out", &private]);
        quietly(&mut make)?;
        let mut show = Command::new("openssl");
        quietly(show.current_dir(&self.place).args(["pkey", "-in", &private, "-pubout", "-out", &public]))?;
        Ok(name)
    }

    fn target(&self, contents: &str) -> Result<[String; 2], Failure> {
        fs::write(self.place.join(TARGET), contents)?;
        Ok(["--target".to_owned(), format!("{TARGET}={TARGET}")])
    }
}

fn add(roles: &str, name: &str) -> [String; 2] {
    ["--add-key".to_owned(), format!("{roles}:{name}={name}.pub")]
}

fn remove(roles: &str, name: &str) -> [String; 2] {
    ["--remove-key".to_owned(), format!("{roles}:{name}")]
}
