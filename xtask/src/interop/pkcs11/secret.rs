//! The master secret of a whole instance, under a key in a token: wrapped, opened at each start, wrapped for another token.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::super::built;
use super::signatures::refused;
use super::softhsm::SoftHsm;
use crate::process::output;
use crate::{Failure, Outcome};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn opens_an_instance(hsm: &SoftHsm) -> Outcome {
    let program = built(&["-p", "sealwax"], "sealwax")?;
    hsm.import("opens-rsa", "70", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])?;
    hsm.import("opens-ed25519", "71", &["-algorithm", "ed25519"])?;
    hsm.import("opens-p256", "72", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])?;
    let uri = |label: &str| hsm.uri(&format!("token=sealwax;object={label}"));
    let run = |arguments: &[&str]| -> Result<Result<(), String>, Failure> {
        let done = hsm.command(&program).args(arguments).output()?;
        Ok(match done.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
        })
    };
    refused(
        run(&["secret", "new", "refused.secret", "--key", &uri("opens-p256")])?,
        "signs differently each time",
    )?;
    for label in ["opens-rsa", "opens-ed25519"] {
        let (secret, instance) = (format!("{label}.secret"), format!("instance-{label}"));
        output(hsm.command(&program).args(["secret", "new", &secret, "--key", &uri(label)]))?;
        // The same keys open at each start, and for whoever manages accounts.
        let first = start(hsm, &program, &instance, &secret)?;
        output(hsm.command(&program).args([
            "account",
            "add",
            "bot",
            "--machine",
            "--dir",
            &instance,
            "--secret",
            &secret,
        ]))?;
        if start(hsm, &program, &instance, &secret)? != first {
            return Err("the second start has another trusted root".into());
        }
        let other = if label == "opens-rsa" { "opens-ed25519" } else { "opens-rsa" };
        let moved = format!("{label}-moved.secret");
        output(hsm.command(&program).args(["secret", "wrap", &secret, &moved, "--key", &uri(other)]))?;
        output(hsm.command(&program).args(["account", "list", "--dir", &instance, "--secret", &moved]))?;
        hsm.take_out()?;
        let without = run(&["account", "list", "--dir", &instance, "--secret", &secret])?;
        hsm.put_in()?;
        refused(without, "no token matches")?;
        println!("{label}: opens the master secret of an instance");
    }
    Ok(())
}

/// Starts an instance and stops it: its trusted root.
pub(super) fn start(hsm: &SoftHsm, program: &Path, instance: &str, secret: &str) -> Result<Vec<u8>, Failure> {
    let ready = hsm.directory.join(format!("{instance}.ready"));
    let _ = fs::remove_file(&ready);
    let mut command = hsm.command(program);
    command.args(["serve", "--dir", instance, "--listen", "127.0.0.1:0", "--secret", secret, "--ready-file"]);
    let mut child = command.arg(&ready).stderr(Stdio::null()).spawn()?;
    let begun = Instant::now();
    while !ready.exists() {
        if child.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{instance} does not start").into());
        }
        sleep(Duration::from_millis(20));
    }
    output(Command::new("kill").args(["-TERM", &child.id().to_string()]))?;
    child.wait()?;
    let targets = hsm.directory.join(instance).join("tuf/targets");
    let mut names: Vec<_> = fs::read_dir(&targets)?.flatten().map(|entry| entry.path()).collect();
    names.sort();
    let root = names.into_iter().find(|path| path.to_string_lossy().ends_with("trusted_root.json"));
    Ok(fs::read(root.ok_or("there is no trusted root")?)?)
}
