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
    // Operators put files into these two.
    for (name, closed) in [("secrets", SECRET), ("certificates", PUBLIC)] {
        let folder = directory.join(name);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry.map_err(|error| Failure::cannot(format!("{}: {error}", folder.display())))?;
            look(&entry.path(), closed)?;
        }
    }
    Ok(())
}

/// From now on what this process makes can be changed by its user alone. Where the mask of a login lets a group write, the next start
/// would refuse what this one made.
pub fn close() {
    #[cfg(unix)]
    {
        use rustix::{fs::Mode, process::umask};
        let closed = Mode::WGRP | Mode::WOTH;
        umask(umask(closed) | closed);
    }
}

/// Refuses to change an instance as another user than the one who serves it, such as root by `sudo`: the server could not read, or
/// not replace, what that user writes.
pub fn check_user(directory: &Path) -> Result<(), Failure> {
    // What the server writes itself; the directory may have been made by somebody else.
    let Ok(metadata) = fs::metadata(directory.join(super::instance::NAME)) else { return Ok(()) };
    let (owner, us) = users(&metadata);
    if owner == us {
        return Ok(());
    }
    let directory = directory.display();
    Err(Failure::cannot(format!(
        "{directory} is served by user {owner}, who could not use what user {us} writes there: run this as that user, as with \
         `sudo -u '#{owner}'`"
    )))
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

/// Whose file it is, and who we are.
#[cfg(unix)]
fn users(metadata: &Metadata) -> (u32, u32) {
    (std::os::unix::fs::MetadataExt::uid(metadata), rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn users(_: &Metadata) -> (u32, u32) {
    (0, 0)
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o777
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn who_serves_it_changes_it() {
        let directory = std::env::temp_dir().join(format!("sealwax-user-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let instance = directory.join(super::super::instance::NAME);
        check_user(&directory).unwrap();
        fs::write(&instance, "{}").unwrap();
        check_user(&directory).unwrap();
        let (_, us) = users(&fs::metadata(&instance).unwrap());
        // Only root can give a file away.
        let given = std::os::unix::fs::chown(&instance, Some(us + 1), None);
        assert_eq!(check_user(&directory).is_err(), given.is_ok());
        fs::remove_dir_all(&directory).unwrap();
    }
}
