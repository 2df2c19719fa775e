//! Who could have written a file.

use super::CacheError;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Checks that a directory belongs to us or to root, and that nobody else may write to it.
///
/// # Errors
/// [`CacheError::NotADirectory`], [`CacheError::ForeignOwner`], [`CacheError::WritableByOthers`], [`CacheError::Io`].
pub fn check_directory(path: &Path) -> Result<(), CacheError> {
    let metadata = fs::metadata(path).map_err(CacheError::io("open", path))?;
    if !metadata.is_dir() {
        return Err(CacheError::NotADirectory { path: path.to_owned() });
    }
    check_writers(path, &metadata)
}

/// Checks that a file is a regular one (links are not followed), belongs to us or to root, and that nobody else may
/// write it.
///
/// # Errors
/// [`CacheError::NotAFile`], [`CacheError::ForeignOwner`], [`CacheError::WritableByOthers`], [`CacheError::Io`].
pub fn check_file(path: &Path) -> Result<(), CacheError> {
    match open_checked(path)? {
        Some(_) => Ok(()),
        None => Err(CacheError::io("open", path)(io::ErrorKind::NotFound.into())),
    }
}

/// Opens a file that is there, checking what was opened rather than what the name meant before.
pub(super) fn open_checked(path: &Path) -> Result<Option<File>, CacheError> {
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(_) if path.is_symlink() => {
            return Err(CacheError::NotAFile { path: path.to_owned() });
        }
        Err(source) => return Err(CacheError::io("open", path)(source)),
    };
    let metadata = file.metadata().map_err(CacheError::io("open", path))?;
    if !metadata.is_file() {
        return Err(CacheError::NotAFile { path: path.to_owned() });
    }
    check_writers(path, &metadata)?;
    Ok(Some(file))
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    // Without blocking: a pipe must not hold us up before we see what it is.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(unix)]
fn check_writers(path: &Path, metadata: &fs::Metadata) -> Result<(), CacheError> {
    use std::os::unix::fs::MetadataExt;
    let (owner, us) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != us && owner != 0 {
        return Err(CacheError::ForeignOwner { path: path.to_owned(), owner, us });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(CacheError::WritableByOthers { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Elsewhere a profile directory is the user's own by its access list.
#[cfg(not(unix))]
fn check_writers(_path: &Path, _metadata: &fs::Metadata) -> Result<(), CacheError> {
    Ok(())
}
