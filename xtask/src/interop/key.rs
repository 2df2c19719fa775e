//! `cargo xtask interop key`: files of private keys that `sealwax key` writes, before cosign and OpenSSL; theirs before us; keys in
//! services.

mod kms;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::peers;
use crate::process::{cargo, executable, output, target};
use crate::running::sealwax::absent;
use crate::{Failure, Outcome};

const USAGE: &str = "usage: cargo xtask interop key";

/// The password of all keys, with what a shell or a terminal would make something of.
const PASSWORD: &str = "pass word $1 é";

/// The kinds that cosign knows.
const KINDS: [&str; 5] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-3072"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(USAGE.into());
    }
    let directory = target().join("interop");
    fs::create_dir_all(&directory)?;
    let mut build = cargo();
    build.args(["build", "-q", "-p", "sealwax"]);
    let sealwax = executable(build, "sealwax")?;
    let cosign = peers::cosign(&directory)?;
    let peers_directory = directory.canonicalize()?;
    let directory = absent(&directory, "key")?;
    fs::create_dir_all(&directory)?;
    let bench = Bench { sealwax, cosign, directory: directory.canonicalize()? };
    let instance = kms::instance(&bench)?;
    KINDS.into_iter().try_for_each(|kind| bench.ours(kind))?;
    bench.theirs()?;
    kms::aws(&bench, &peers_directory)?;
    kms::vault(&bench, &peers_directory)?;
    instance.stop().map(drop)
}

struct Bench {
    sealwax: PathBuf,
    cosign: PathBuf,
    directory: PathBuf,
}

impl Bench {
    /// cosign opens what we write, with the password it has now and no other; OpenSSL and cosign take it without one.
    fn ours(&self, kind: &str) -> Outcome {
        let (key, plain) = (format!("{kind}.key"), format!("{kind}-plain.pem"));
        output(self.sealwax(PASSWORD).args(["key", "generate", &key, "--kind", kind]))?;
        let half = fs::read_to_string(self.directory.join(format!("{kind}.pub")))?;
        same(kind, "cosign", &half, &output(self.cosign(PASSWORD).args(["public-key", "--key", &key]))?)?;

        let mut change = self.sealwax(PASSWORD);
        output(change.env("SEALWAX_NEW_PASSWORD", "another").args(["key", "password", &key]))?;
        let again = output(self.cosign("another").args(["public-key", "--key", &key]))?;
        same(kind, "cosign with the new password", &half, &again)?;
        if self.cosign(PASSWORD).args(["public-key", "--key", &key]).output()?.status.success() {
            return Err(format!("{kind}: cosign opens the key with the old password").into());
        }

        output(self.sealwax("another").args(["key", "import", &key, &plain, "--plain"]))?;
        same(
            kind,
            "OpenSSL",
            &half,
            &output(self.command("openssl").args(["pkey", "-pubout", "-in", &plain]))?,
        )?;
        println!("{kind}: cosign and OpenSSL open it");
        // Of Ed25519 we sign artifacts by their digests, which cosign does not verify.
        if kind == "ed25519" {
            return Ok(());
        }
        let passwords = ["SEALWAX_PASSWORD", "COSIGN_PASSWORD"].map(|name| (name, "another".to_owned()));
        kms::signs(self, &key, &kms::one_line(&half), &passwords.into())
    }

    /// We open what cosign writes of its own, and of a key that it imported.
    fn theirs(&self) -> Outcome {
        output(self.cosign(PASSWORD).args(["generate-key-pair", "--output-key-prefix", "cosign"]))?;
        let imported = KINDS.map(|kind| format!("imported-{kind}"));
        for (kind, name) in KINDS.iter().zip(&imported) {
            let plain = format!("{kind}-plain.pem");
            let import = ["import-key-pair", "-y", "--key", &plain, "--output-key-prefix", name];
            output(self.cosign(PASSWORD).args(import))?;
        }
        for name in imported.iter().map(String::as_str).chain(["cosign"]) {
            let key = format!("{name}.key");
            let half = fs::read_to_string(self.directory.join(format!("{name}.pub")))?;
            let ours = output(self.sealwax(PASSWORD).args(["key", "export", &key]))?;
            same(name, "sealwax", &half, &ours)?;
        }
        println!("sealwax opens what cosign generates and imports");
        Ok(())
    }

    fn sealwax(&self, password: &str) -> Command {
        let mut command = self.command(&self.sealwax);
        command.env("SEALWAX_PASSWORD", password);
        command
    }

    fn cosign(&self, password: &str) -> Command {
        let mut command = self.command(&self.cosign);
        command.env("COSIGN_PASSWORD", password);
        command
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.directory);
        command
    }
}

/// Programs differ in the line that they end with.
fn same(what: &str, who: &str, expected: &str, found: &str) -> Result<(), Failure> {
    match found.trim() == expected.trim() {
        true => Ok(()),
        false => Err(format!("{what}: {who} finds another public half:\n{found}").into()),
    }
}
