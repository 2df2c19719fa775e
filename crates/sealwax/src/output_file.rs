//! Files that a command writes: whole or not at all, and never over one that is there unless that was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::Failure;

/// Refuses to go on if one of the files is there already, before any is written.
///
/// # Errors
/// A sentence that names `--overwrite`.
pub fn check_free<'a>(paths: impl IntoIterator<Item = &'a PathBuf>, overwrite: bool) -> Result<(), Failure> {
    if overwrite {
        return Ok(());
    }
    match paths.into_iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(exists(path)),
        None => Ok(()),
    }
}

/// Refuses to go on if one of the files could not be written, before something is done that cannot be taken back.
///
/// # Errors
/// What the system says, or that it is not a regular file.
pub fn check_writable<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Failure> {
    let mut tried = BTreeSet::new();
    for path in paths {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        is_replaceable(&path)?;
        // One file of a directory stands for all of them.
        if tried.insert(path.parent().map(Path::to_owned)) {
            let tried = temporary_beside(&path, Readers::Owner).and_then(|(probe, _)| fs::remove_file(probe));
            tried.map_err(|error| cannot(&path, &error))?;
        }
    }
    Ok(())
}

/// A device is no file to put another in the place of.
fn is_replaceable(path: &Path) -> Result<(), Failure> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => {
            Err(cannot(path, &io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")))
        }
        _ => Ok(()),
    }
}

/// Refuses to write where this command reads: with `--overwrite` it would destroy what it is about. By whatever name: a link leads to a
/// file, and a file may have several names.
///
/// # Errors
/// A sentence that names both.
pub fn check_apart<'a>(
    outputs: impl IntoIterator<Item = &'a PathBuf>,
    inputs: impl IntoIterator<Item = PathBuf>,
) -> Result<(), Failure> {
    let there: Vec<_> = outputs.into_iter().filter_map(|path| Some((identity(path)?, path))).collect();
    if there.is_empty() {
        return Ok(());
    }
    let read: BTreeMap<_, _> = inputs.into_iter().filter_map(|path| Some((identity(&path)?, path))).collect();
    match there.into_iter().find_map(|(file, path)| Some((path, read.get(&file)?))) {
        Some((path, read)) => Err(Failure::usage(format!(
            "{} would take the place of {}, which this command reads: nothing was written",
            path.display(),
            read.display()
        ))),
        None => Ok(()),
    }
}

/// Which file a path leads to, if there is one.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

/// Where a path leads, also if nothing is there yet: two names of one file are one place.
pub fn real_place(path: &Path) -> PathBuf {
    let to_be = || {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Some(fs::canonicalize(directory.unwrap_or(Path::new("."))).ok()?.join(path.file_name()?))
    };
    fs::canonicalize(path).ok().or_else(to_be).unwrap_or_else(|| path.to_owned())
}

/// Writes a file: a reader sees what was there before, or all of this.
///
/// # Errors
/// The file is there and `overwrite` is not set, or the system says no.
pub fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Failure> {
    write_for(Readers::All, path, bytes, overwrite)
}

/// As [`write`], a file that only its owner may read, also where it takes the place of one that others could.
///
/// # Errors
/// As [`write`].
pub fn write_private(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Failure> {
    write_for(Readers::Owner, path, bytes, overwrite)
}

/// Who may read a file, as far as its directory and the user's mask let them.
#[derive(Clone, Copy)]
enum Readers {
    All,
    Owner,
}

fn write_for(readers: Readers, path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Failure> {
    // What is replaced is the file that a link leads to.
    let real = if overwrite { fs::canonicalize(path).ok() } else { None };
    let path = real.as_deref().unwrap_or(path);
    if overwrite {
        is_replaceable(path)?;
    }
    let (temporary, file) = temporary_beside(path, readers).map_err(|error| cannot(path, &error))?;
    let done = fill(file, bytes).and_then(|()| place(&temporary, path, overwrite));
    if done.is_err() {
        // Nothing more can be done about a temporary file that stays behind.
        let _ = fs::remove_file(&temporary);
    }
    match done {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        done => done.map_err(|error| cannot(path, &error)),
    }
}

fn exists(path: &Path) -> Failure {
    Failure::cannot(format!("{} is there already; --overwrite replaces it", path.display()))
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::cannot(format!("cannot write {}: {error}", path.display()))
}

fn temporary_beside(path: &Path, readers: Readers) -> io::Result<(PathBuf, File)> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file"));
    };
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if matches!(readers, Readers::Owner) {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    for number in 0_u32.. {
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.{number}.tmp", std::process::id()));
        let temporary = path.with_file_name(temporary);
        match options.open(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (temporary, file)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn place(temporary: &Path, path: &Path, overwrite: bool) -> io::Result<()> {
    if overwrite {
        return fs::rename(temporary, path);
    }
    // A link, unlike a rename, fails if the name was taken since we looked. Some file systems have none.
    match fs::hard_link(temporary, path) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if path.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(temporary, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_unless_told_otherwise() {
        let directory = std::env::temp_dir().join(format!("sealwax-output-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("file");
        write(&path, b"one", false).unwrap();
        assert!(write(&path, b"two", false).unwrap_err().message.contains("--overwrite"));
        assert!(check_free([&path], false).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"three", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        #[cfg(unix)]
        {
            let link = directory.join("link");
            std::os::unix::fs::symlink("file", &link).unwrap();
            write(&link, b"four", true).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"four");
            fs::remove_file(&link).unwrap();
            use std::os::unix::fs::PermissionsExt;
            write_private(&path, b"five", true).unwrap();
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        let other = directory.join("other");
        let apart = |output: &PathBuf, input: &PathBuf| check_apart([output], [input.clone()]);
        assert_eq!(apart(&other, &path), Ok(()));
        assert!(apart(&path, &directory.join("./file")).unwrap_err().message.contains("file"));
        fs::hard_link(&path, &other).unwrap();
        assert!(apart(&other, &path).is_err());
        fs::remove_file(&other).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("file", &other).unwrap();
            assert!(apart(&other, &path).is_err() && apart(&path, &other).is_err());
            fs::remove_file(&other).unwrap();
        }
        assert!(write(&directory, b"five", true).unwrap_err().message.contains("not a regular file"));
        // No temporary file is left behind.
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }
}
