//! Who else can get at the files of an instance. Looked at whenever it is opened: a copy, a restore by hand or a `chmod` may have
//! opened what was closed.

use std::fs::{self, Metadata};
use std::path::Path;

use crate::Failure;

/// What nobody else may read.
const SECRET: u32 = 0o077;

/// What nobody else may write.
const PUBLIC: u32 = 0o022;

/// Refuses a directory in which others could read secrets, or put something else in the place of anything.
pub fn check(directory: &Path) -> Result<(), Failure> {
    look(directory, PUBLIC)?;
    for name in [super::instance::NAME, super::config::NAME, "certificates", "tuf", "log", "ct"] {
        look(&directory.join(name), PUBLIC)?;
    }
    for name in ["secrets", "idp", "audit"] {
        look(&directory.join(name), SECRET)?;
    }
    let secrets = directory.join("secrets");
    let Ok(entries) = fs::read_dir(&secrets) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(|error| Failure::cannot(format!("{}: {error}", secrets.display())))?;
        look(&entry.path(), SECRET)?;
    }
    Ok(())
}

fn look(path: &Path, closed: u32) -> Result<(), Failure> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    let mode = mode(&metadata);
    if mode & closed == 0 {
        return Ok(());
    }
    let (what, right) = match closed {
        SECRET => ("secrets are for their owner alone", if metadata.is_dir() { "700" } else { "600" }),
        _ => ("others could change what is in it", "go-w"),
    };
    let path = path.display();
    Err(Failure::cannot(format!("{path}: its mode is {mode:o}, and {what}: `chmod {right} {path}`")))
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o777
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}
