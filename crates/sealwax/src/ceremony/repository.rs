//! A repository in a directory, as any web server serves it: metadata in the directory itself, contents of targets below
//! `targets/`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sealwax_tuf::editor::{Publication, Repository};
use sealwax_tuf::{Action, Answer, Machine, editor::Opening};

use crate::sources::read_limited;
use crate::{Failure, output_file};

/// Whoever writes holds a lock on it.
const LOCK: &str = ".lock";

/// Reads a repository, or says that there is none: no root, in a directory or without one. One whose first publication was
/// cut short is none yet, since clients have seen nothing of it: its timestamp is written last.
pub fn open(directory: &Path) -> Result<Option<Repository>, Failure> {
    let Some(first) = first_root(directory)? else { return Ok(None) };
    let is_there = |name: &str| directory.join(name).symlink_metadata().is_ok();
    if first == Path::new("1.root.json") && !is_there("2.root.json") && !is_there("timestamp.json") {
        return Ok(None);
    }
    let root = read(&directory.join(first), u64::MAX)?.unwrap_or_default();
    open_from(&root, directory).map(Some)
}

/// Reads a repository from a root on that is trusted.
pub(super) fn open_from(root: &[u8], directory: &Path) -> Result<Repository, Failure> {
    let refused = |error: sealwax_tuf::Error| {
        Failure::cannot(format!("the repository in {}: {error}", directory.display()))
    };
    let mut opening = Opening::new(root).map_err(refused)?;
    while let Some(action) = opening.next_action() {
        if let Action::Fetch { path, max_bytes } = action {
            let found = read(&directory.join(path), max_bytes)?;
            opening.answer(found.map_or(Answer::Absent, Answer::Bytes)).map_err(refused)?;
        }
    }
    opening.finish().map_err(refused)
}

/// The oldest root that is there: the first, unless somebody has taken old ones away.
fn first_root(directory: &Path) -> Result<Option<PathBuf>, Failure> {
    let names = match fs::read_dir(directory) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(directory, &error)),
    };
    let mut oldest: Option<(u64, PathBuf)> = None;
    for entry in names {
        let name = entry.map_err(|error| cannot(directory, &error))?.file_name();
        let version = name.to_str().and_then(|name| name.strip_suffix(".root.json")?.parse::<u64>().ok());
        if let Some(version) = version.filter(|version| oldest.as_ref().is_none_or(|(old, _)| version < old))
        {
            oldest = Some((version, name.into()));
        }
    }
    Ok(oldest.map(|(_, name)| name))
}

/// The right to write into the directory, until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] File);

/// Waits for nobody: two publications at once are a mistake.
pub fn lock(directory: &Path) -> Result<Lock, Failure> {
    fs::create_dir_all(directory).map_err(|error| cannot(directory, &error))?;
    let path = directory.join(LOCK);
    let file =
        File::options().create(true).append(true).open(&path).map_err(|error| cannot(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Failure::cannot(format!("another process is writing to {}", directory.display())))
        }
        Err(fs::TryLockError::Error(error)) => Err(cannot(&path, &error)),
    }
}

/// Writes a publication: each file whole and durable before the next one.
pub fn write(directory: &Path, publication: &Publication) -> Result<(), Failure> {
    for file in &publication.files {
        let path = directory.join(&file.path);
        if read(&path, u64::MAX)?.as_deref() == Some(&file.bytes) {
            continue;
        }
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent).map_err(|error| cannot(parent, &error))?;
        output_file::write(&path, &file.bytes, true)?;
        sync_up(parent, directory)?;
    }
    Ok(())
}

/// Makes the names durable, from a directory up to the repository's.
fn sync_up(from: &Path, to: &Path) -> Result<(), Failure> {
    for directory in from.ancestors() {
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|error| cannot(directory, &error))?;
        if directory == to {
            break;
        }
    }
    Ok(())
}

/// A file, if it is there.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
    match read_limited(path, limit.min(crate::profile::MAX_FILE)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot(path, &error)),
    }
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::cannot(format!("{}: {error}", path.display()))
}
