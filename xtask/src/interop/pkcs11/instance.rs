//! A whole instance whose keys are in a token: named where an instance would seal its own, and used at each start.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::built;
use super::secret::start;
use super::signatures::refused;
use super::softhsm::SoftHsm;
use crate::process::output;
use crate::{Failure, Outcome};

/// Each with how openssl makes it.
const KEYS: [(&str, &[&str]); 6] = [
    ("ca-root-1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("ca-1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("tsa-root-1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("tsa-1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("ct-1", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("log-1", &["-algorithm", "ed25519"]),
];

const DIRECTORY: &str = "instance-keys";

/// An instance starts in a moment; without its keys it ends.
const PATIENCE_S: &str = "60";

pub(super) fn has_its_keys_in_a_token(hsm: &SoftHsm) -> Outcome {
    let program = built(&["-p", "sealwax"], "sealwax")?;
    let secret = "instance-keys.secret";
    let text = output(hsm.command("openssl").args(["rand", "-base64", "32"]))?;
    write_private(&hsm.directory.join(secret), &text)?;
    let secrets = hsm.directory.join(DIRECTORY).join("secrets");
    fs::create_dir_all(&secrets)?;
    fs::set_permissions(&secrets, Permissions::from_mode(0o700))?;
    for (place, (name, made)) in (0x90..).zip(KEYS) {
        hsm.import(name, &format!("{place:x}"), made)?;
        let uri = hsm.uri(&format!("token=sealwax;object={name}"));
        write_private(&secrets.join(name), &format!("{uri}\n"))?;
    }
    // Roots and certificates, both logs and their first checkpoints and entries are signed by then.
    let first = start(hsm, &program, DIRECTORY, secret)?;
    if start(hsm, &program, DIRECTORY, secret)? != first {
        return Err("the second start has another trusted root".into());
    }
    for (name, _) in KEYS {
        if !fs::read(secrets.join(name))?.starts_with(b"pkcs11:") {
            return Err(format!("{name} was replaced").into());
        }
    }
    hsm.take_out()?;
    let without = without_token(hsm, &program, secret);
    hsm.put_in()?;
    refused(without?, "no token matches")?;
    println!("{} keys of an instance: used from a token", KEYS.len());
    Ok(())
}

fn write_private(path: &Path, text: &str) -> Outcome {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, Permissions::from_mode(0o600))?)
}

fn without_token(hsm: &SoftHsm, program: &Path, secret: &str) -> Result<Result<(), String>, Failure> {
    let serve = ["serve", "--dir", DIRECTORY, "--secret", secret];
    // If it starts all the same, it must not be waited for until somebody ends it.
    let done = hsm.command("timeout").arg(PATIENCE_S).arg(program).args(serve).output()?;
    Ok(if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) })
}
