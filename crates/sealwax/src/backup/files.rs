//! Files that are copied, and known again by their digest.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use sealwax_crypto::{hex, sha256};

use super::cannot;
use super::manifest::StoredFile;
use crate::serve::audit;
use crate::serve::vault::{self, private_directory};
use crate::sources::read_limited;
use crate::{Failure, terminal};

/// The longest small file, bytes: a trusted root of many years, or an audit file of the largest kind.
const MAX_BYTES: u64 = 4 << 30;

/// The file of a repository that says what is published, and is therefore read before, and written after, the others.
const TIMESTAMP: &str = "timestamp.json";

/// Copies what is in a folder, but for some names at its top. Locks, and what has not got its name yet, are left out.
pub fn copy_tree(from: &Path, to: &Path, without: &[&str]) -> Result<Vec<StoredFile>, Failure> {
    let mut files = Vec::new();
    copy_below(from, to, "", without, &mut files)?;
    Ok(files)
}

fn copy_below(
    from: &Path,
    to: &Path,
    below: &str,
    without: &[&str],
    files: &mut Vec<StoredFile>,
) -> Result<(), Failure> {
    let folder = from.join(below);
    let last = read(&folder.join(TIMESTAMP))?;
    for name in super::names(&folder)? {
        if without.contains(&name.as_str()) || is_passing(&name) || name == TIMESTAMP {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let there = from.join(&path);
        let named = match fs::symlink_metadata(&there) {
            // Gone in between: it was replaced by a file of another name, or was on its way.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            named => named.map_err(|error| cannot(&there, &error))?,
        };
        let metadata = match fs::metadata(&there) {
            // The same; but a link that leads nowhere is still there.
            Err(error) if error.kind() == ErrorKind::NotFound && !named.is_symlink() => continue,
            metadata => metadata.map_err(|error| cannot(&there, &error))?,
        };
        if metadata.is_dir() && !named.is_symlink() {
            private_directory(&to.join(&path)).map_err(|error| cannot(&to.join(&path), &error))?;
            copy_below(from, to, &path, &[], files)?;
        } else if metadata.is_file() {
            let Some((bytes, mode)) = read(&there)? else { continue };
            if below == vault::FOLDER && vault::is_open(&bytes) {
                return Err(cannot(
                    &there,
                    &"anybody could read this key in a backup: it is sealed when `sealwax serve` starts, or when it is used",
                ));
            }
            files.push(write_new(to, &path, &bytes, mode)?);
        } else {
            // Left out, it would be missed only when it is needed.
            return Err(cannot(
                &there,
                &"it is a link to a directory, or no file: a backup has no place for it",
            ));
        }
    }
    if let Some((bytes, mode)) = last {
        let path = if below.is_empty() { TIMESTAMP.to_owned() } else { format!("{below}/{TIMESTAMP}") };
        files.push(write_new(to, &path, &bytes, mode)?);
    }
    sync(&to.join(below))
}

/// Copies one file, if it is there, with the folders that lead to it.
pub fn copy_one(from: &Path, to: &Path, path: &str) -> Result<Option<StoredFile>, Failure> {
    let Some((bytes, mode)) = read(&from.join(path))? else { return Ok(None) };
    make_parents(to, path)?;
    write_new(to, path, &bytes, mode).map(Some)
}

/// Makes the folders that lead to a file below another folder.
pub fn make_parents(folder: &Path, path: &str) -> Result<(), Failure> {
    for (end, _) in path.match_indices('/') {
        let parent = folder.join(path.get(..end).unwrap_or_default());
        private_directory(&parent).map_err(|error| cannot(&parent, &error))?;
    }
    private_directory(folder).map_err(|error| cannot(folder, &error))
}

/// Locks, and files on their way to their names.
fn is_passing(name: &str) -> bool {
    name.starts_with('.') || name.ends_with(".new") || name.ends_with(".lock")
}

/// Writes a new file below a folder, durably.
pub fn write_new(folder: &Path, path: &str, bytes: &[u8], mode: u32) -> Result<StoredFile, Failure> {
    let to = folder.join(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let written = options.open(&to).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| cannot(&to, &error))?;
    Ok(describe(path, mode, bytes))
}

/// Copies a file that only grows, unless all of it is there. `None` if it is gone: then it has another name now, and the next backup
/// has it. What the backup has is never lost: if the file does not begin with it any more, and none that the backup has under another
/// name does, it is kept under a name with its digest.
pub fn copy_grown(from: &Path, to: &Path, name: &str) -> Result<Option<StoredFile>, Failure> {
    let Some((mut bytes, mode)) = read(&from.join(name))? else { return Ok(None) };
    if name == audit::CURRENT {
        // Whole lines: the last one may be on its way. Others have ended, and may have been compressed.
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
    }
    let bytes = bytes.as_slice();
    let copy = to.join(name);
    let there = read(&copy)?.map(|(bytes, _)| bytes);
    let has_more = there.as_ref().is_some_and(|there| there.starts_with(bytes));
    let live = from.join(name);
    match there {
        Some(there) if bytes.starts_with(&there) || goes_on_elsewhere(to, name, &there)? => {}
        Some(_) if has_more => terminal::notice(&format!(
            "{} is shorter than at the last backup: what it was is in {}",
            live.display(),
            copy.display()
        )),
        Some(there) => {
            // Beside it, before it is replaced: until the manifest is written, the backup before needs it.
            let kept = to.join(format!("{name}.{}", hex(&sha256(&there))));
            crate::output_file::write(&kept, &there, true)?;
            sync(to)?;
            terminal::notice(&format!(
                "{} does not begin as it did at the last backup: what it was is in {}",
                live.display(),
                kept.display()
            ));
        }
        None => {}
    }
    if !has_more {
        crate::output_file::write(&copy, bytes, true)?;
    }
    Ok(Some(describe(name, mode, bytes)))
}

/// Whether another file of the backup begins so: the file got another name for good, and a new one began. The newest is looked at
/// first, which it is as a rule.
fn goes_on_elsewhere(folder: &Path, name: &str, begins: &[u8]) -> Result<bool, Failure> {
    for other in super::names(folder)?.iter().rev().filter(|other| *other != name) {
        let path = folder.join(other);
        let length = fs::metadata(&path).map_err(|error| cannot(&path, &error))?.len();
        if length >= begins.len() as u64 && read(&path)?.is_some_and(|(bytes, _)| bytes.starts_with(begins)) {
            // Its name is to outlast a power cut before what it takes the place of is replaced.
            sync(folder)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads a file of a backup, which must be what was written. One that only grows may have more behind, or have been kept under
/// another name.
pub fn read_stored(folder: &Path, file: &StoredFile, may_have_grown: bool) -> Result<Vec<u8>, Failure> {
    let path = folder.join(&file.path);
    if !is_below(&file.path) {
        return Err(cannot(&path, &"it would lie outside of the backup"));
    }
    let found = read_described(&path, file, may_have_grown);
    if !may_have_grown || found.is_ok() {
        return found;
    }
    // A later backup that was cut short may have it under another name.
    let names = super::names(folder)?.into_iter();
    names.map(|name| read_described(&folder.join(name), file, true)).find(Result::is_ok).unwrap_or(found)
}

fn read_described(path: &Path, file: &StoredFile, may_have_grown: bool) -> Result<Vec<u8>, Failure> {
    let damaged = |why: &str| cannot(path, &format_args!("the backup is damaged: {why}"));
    let (mut bytes, _) = read(path)?.ok_or_else(|| damaged("the file is missing"))?;
    if may_have_grown {
        bytes.truncate(usize::try_from(file.bytes).unwrap_or(usize::MAX));
    }
    if bytes.len() as u64 != file.bytes {
        return Err(damaged("the file has another length"));
    }
    if hex(&sha256(&bytes)) != file.sha256 {
        return Err(damaged("the file has another digest"));
    }
    Ok(bytes)
}

/// Whether a path names something below where it begins.
pub fn is_below(path: &str) -> bool {
    path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Makes the names in a folder durable.
pub fn sync(folder: &Path) -> Result<(), Failure> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| cannot(folder, &error))
}

fn read(path: &Path) -> Result<Option<(Vec<u8>, u32)>, Failure> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(|error| cannot(path, &error))?,
    };
    match read_limited(path, MAX_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => Ok(Some((read.map_err(|error| cannot(path, &error))?, mode(&metadata)))),
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o777
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o600
}

fn describe(path: &str, mode: u32, bytes: &[u8]) -> StoredFile {
    StoredFile { path: path.to_owned(), mode, bytes: bytes.len() as u64, sha256: hex(&sha256(bytes)) }
}
