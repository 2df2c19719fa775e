//! `sealwax restore`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sealwax_crypto::{hex, sha256};
use sealwax_log::Kind;

use super::args::RestoreArgs;
use super::files::{is_below, make_parents, read_stored, sync, write_new};
use super::manifest::{self, Backup, LogCopy, StoredFile};
use super::{SECRET, cannot, lock_to_read};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::log::backup::{Newest, is_checkpoint_of, restore_log};
use crate::log::{description, new};
use crate::serve::audit;
use crate::serve::instance::{self, Instance};
use crate::serve::permissions;
use crate::serve::secret::beside;
use crate::serve::vault::{create_private, private_directory};
use crate::sources::read_limited;
use crate::{Failure, terminal, trust};

/// Which backup is being restored. While it is there, nothing is served.
const MARKER: &str = "restoring";

/// The longest marker, bytes: two digests in hexadecimal.
const MAX_MARKER_BYTES: u64 = 192;

/// The longest checkpoint that is read, bytes.
const MAX_ANCHOR_BYTES: u64 = 1 << 20;

pub(crate) fn restore(args: &RestoreArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let (from, to) = (&args.from, &args.directory);
    permissions::close();
    let _reading = lock_to_read(from)?;
    let backup = Backup::read(from)?;
    let backup = backup.ok_or_else(|| {
        Failure::cannot(format!(
            "{} is no backup that was finished: it has no {}",
            from.display(),
            manifest::NAME
        ))
    })?;
    // Everything small is looked at before anything is written; each log before it is copied.
    let folder = from.join(backup.folder());
    let files = contents(&folder, &backup.files, false)?;
    let records = contents(&from.join(audit::FOLDER), &backup.audit, true)?;
    let instance = Instance::read(&folder)?;
    let instance = instance
        .ok_or_else(|| cannot(&folder.join(instance::NAME), &"the backup is damaged: it is missing"))?;
    let anchors = Anchors::of(&args.anchors, from, &backup)?;

    let Some(_marker) = begin(to, &backup, &anchors)? else {
        terminal::notice(&format!("{} was restored to its end already", to.display()));
        let above = Instance::read(to)?.and_then(|instance| instance.tuf_above);
        return report(args, &backup, &anchors, above, out);
    };
    let beside_logs = |path: &str| backup.logs.iter().find(|log| path.starts_with(&format!("{}/", log.path)));
    for (file, bytes) in &files {
        match beside_logs(&file.path) {
            // Of a log, which is made whole below.
            Some(_) => demand_same(from, file, bytes)?,
            None if file.path == instance::NAME || file.path == SECRET => {}
            None => place(to, file, bytes)?,
        }
    }
    for (file, bytes) in &records {
        place(&to.join(audit::FOLDER), file, bytes)?;
    }
    for log in &backup.logs {
        restore_one(from, to, log, &anchors)?;
        let roots = format!("{}/{}", log.path, new::ROOTS);
        for (file, bytes) in files.iter().filter(|(file, _)| file.path == roots) {
            place(to, file, bytes)?;
        }
    }
    put_secret(to, &files)?;

    let now = Timestamp::now();
    let whole = |kind: Kind, name: &str| anchors.knows(&format!("{}/{name}", kind_folder(kind)));
    let above = args.tuf_above.unwrap_or_else(|| u64::try_from(now.as_second()).unwrap_or(1));
    let instance = instance.restored(now, above, whole)?;
    // Last of all: without it the directory is no instance.
    instance.write(to)?;
    remove(&to.join(MARKER))?;
    sync(to)?;
    report(args, &backup, &anchors, Some(above), out)
}

/// Says what was restored. `above`: what the next start publishes above, if it has not done so yet.
fn report(
    args: &RestoreArgs,
    backup: &Backup,
    anchors: &Anchors,
    above: Option<u64>,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let lost = backup.logs.iter().filter(|log| !anchors.knows(&log.path)).count();
    if lost > 0 {
        terminal::notice(
            "logs of which nothing says that this is their newest state are only read; new shards take entries from the next \
             start on",
        );
    }
    let node = Node::new()
        .with("directory", args.directory.display().to_string())
        .with("url", backup.url.as_str())
        .with("taken", backup.taken.to_string())
        .with("tuf_above", above)
        .with("logs_only_read", u64::try_from(lost).unwrap_or(u64::MAX));
    trust::write_node(out, node, args.json)?;
    Ok(Status::Verified)
}

/// The files of a backup, each as it was written.
fn contents<'a>(
    folder: &Path,
    files: &'a [StoredFile],
    may_have_grown: bool,
) -> Result<Vec<(&'a StoredFile, Vec<u8>)>, Failure> {
    files.iter().map(|file| Ok((file, read_stored(folder, file, may_have_grown)?))).collect()
}

/// The newest checkpoints that were given, each with the log that it is of.
struct Anchors(Vec<(String, PathBuf)>);

impl Anchors {
    fn of(given: &[PathBuf], from: &Path, backup: &Backup) -> Result<Self, Failure> {
        let mut found = Vec::new();
        for anchor in given {
            let mut of = None;
            for log in &backup.logs {
                if is_checkpoint_of(anchor, &from.join(&log.path))? {
                    of = Some(log.path.clone());
                }
            }
            let none = || Failure::cannot(format!("{} is of no log in the backup", anchor.display()));
            let of = of.ok_or_else(none)?;
            if found.iter().any(|(log, _)| *log == of) {
                return Err(Failure::usage(format!("there are two anchors of {of}: give the newest one")));
            }
            found.push((of, anchor.clone()));
        }
        Ok(Self(found))
    }

    fn find(&self, log: &str) -> Option<&Path> {
        self.0.iter().find(|(path, _)| path == log).map(|(_, anchor)| anchor.as_path())
    }

    /// What tells a restore with these from one with others.
    fn digest(&self) -> Result<String, Failure> {
        let mut text = String::new();
        for (log, anchor) in &self.0 {
            let checkpoint =
                read_limited(anchor, MAX_ANCHOR_BYTES).map_err(|error| cannot(anchor, &error))?;
            text += &format!("{log} {}\n", hex(&sha256(&checkpoint)));
        }
        Ok(hex(&sha256(text.as_bytes())))
    }

    fn knows(&self, log: &str) -> bool {
        self.find(log).is_some()
    }
}

/// The directory, for its owner alone: new, empty, or one in which the same restore was cut short, with the same anchors: a log that
/// is there is not looked at again. Taken until the file is closed. `None`: that one had come to its end.
fn begin(to: &Path, backup: &Backup, anchors: &Anchors) -> Result<Option<File>, Failure> {
    private_directory(to).map_err(|error| cannot(to, &error))?;
    let (path, digest) = (to.join(MARKER), format!("{} {}", backup.digest()?, anchors.digest()?));
    let other =
        |why: &str| Failure::cannot(format!("{} {why}: give a new or an empty directory", to.display()));
    match read_limited(&path, MAX_MARKER_BYTES) {
        Ok(found) if found == digest.as_bytes() => {}
        Ok(_) => {
            return Err(other(
                "has the beginning of another restore: of another backup, or with other anchors",
            ));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // What the writing of the marker itself may have left.
            let unfinished = format!(".{MARKER}.");
            if super::names(to)?.iter().any(|name| !name.starts_with(&unfinished)) {
                return Err(other("is not empty"));
            }
            crate::output_file::write(&path, digest.as_bytes(), false)?;
            sync(to)?;
        }
        Err(error) => return Err(cannot(&path, &error)),
    }
    let file = File::open(&path).map_err(|error| cannot(&path, &error))?;
    match file.try_lock() {
        // Cut short after its last step, and it may have been served since.
        Ok(()) if to.join(instance::NAME).exists() => {
            remove(&path)?;
            sync(to)?;
            Ok(None)
        }
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(other("is being restored by another process")),
        Err(fs::TryLockError::Error(error)) => Err(cannot(&path, &error)),
    }
}

/// Writes a file, unless it is there from the time before.
fn place(to: &Path, file: &StoredFile, bytes: &[u8]) -> Result<(), Failure> {
    let path = to.join(&file.path);
    private_directory(to).map_err(|error| cannot(to, &error))?;
    make_parents(to, &file.path)?;
    // What is there was cut short, or is the same.
    remove(&path)?;
    write_new(to, &file.path, bytes, file.mode)?;
    path.parent().map_or(Ok(()), sync)
}

/// What lies beside a log is what it was. Its roots may have grown in a later backup that was cut short.
fn demand_same(from: &Path, file: &StoredFile, bytes: &[u8]) -> Result<(), Failure> {
    let path = from.join(&file.path);
    let there = read_limited(&path, file.bytes + 1).map_err(|error| cannot(&path, &error))?;
    if there == bytes || path.file_name().is_some_and(|name| name == new::ROOTS) {
        return Ok(());
    }
    Err(cannot(&path, &"the backup is damaged: the file is not what it was"))
}

fn restore_one(from: &Path, to: &Path, log: &LogCopy, anchors: &Anchors) -> Result<(), Failure> {
    let (source, target) = (from.join(&log.path), to.join(&log.path));
    if !is_below(&log.path) {
        return Err(cannot(&source, &"it would lie outside of the backup"));
    }
    if target.join(description::NAME).exists() {
        // From the time before: that is written last.
        return Ok(());
    }
    if let Some(parent) = target.parent() {
        private_directory(parent).map_err(|error| cannot(parent, &error))?;
    }
    let anchor = anchors.find(&log.path).map(Path::to_string_lossy);
    let newest = Newest { anchor: anchor.as_deref(), ..Newest::default() };
    let copied = restore_log(&source, &target, &newest)?;
    if copied.target.size < log.size {
        let (size, found) = (log.size, copied.target.size);
        // No start takes what is there for a log.
        remove(&target.join(description::NAME))?;
        return Err(cannot(
            &source,
            &format_args!("the backup is damaged: it had {size} entries, and has {found}"),
        ));
    }
    Ok(())
}

/// The master secret, if the backup has it, beside the directory, unless one is there; whole or not at all, like the rest.
fn put_secret(to: &Path, files: &[(&StoredFile, Vec<u8>)]) -> Result<(), Failure> {
    let Some((_, bytes)) = files.iter().find(|(file, _)| file.path == SECRET) else { return Ok(()) };
    let path = beside(to)?;
    match create_private(&path, bytes) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            terminal::notice(&format!("{} is there already, and is left as it is", path.display()));
            Ok(())
        }
        written => written.map_err(|error| cannot(&path, &error)),
    }
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|error| cannot(path, &error)),
    }
}

fn kind_folder(kind: Kind) -> &'static str {
    match kind {
        Kind::Signature => "log",
        Kind::Certificate => "ct",
    }
}
