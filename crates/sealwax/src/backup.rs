//! `sealwax backup` and `sealwax restore`: all of an instance, from one place to another.
//!
//! **A backup** is a directory: `log/` and `ct/` with the logs, as `sealwax log backup` makes them; `audit/`; the folder `state-N`
//! with everything else; and `backup.json`, which names each file with its digest, and each log with its size. It is written last,
//! and replaced whole: killed at any moment, what is there is the last backup that was finished, or none. Logs and audit files only
//! grow, so that the ones of a later backup that was cut short do not harm.
//!
//! **Hot.** Each log is consistent by itself. The rest is taken between two readings of `instance.json`, and taken again if it has
//! changed: every key, certificate and log that it names was written before it. Of the TUF repository the timestamp is read first,
//! which names everything that was published before it.
//!
//! **No secret** of the instance's own is in it: what is sealed opens with its master secret alone, which goes along only where that is
//! asked for. What an operator has put into the directory goes along as it is.

pub(crate) mod args;
mod files;
mod manifest;
mod restore;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sealwax_formats::base64;

pub(crate) use restore::restore;

use self::args::BackupArgs;
use self::files::{copy_tree, sync, write_new};
use self::manifest::{Backup, LogCopy, StoredFile};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::log::backup::{backup_log, check_whole};
use crate::log::{description, new};
use crate::serve::instance::{self, Instance};
use crate::serve::secret::Secret;
use crate::serve::vault::private_directory;
use crate::serve::{audit, handover};
use crate::sources::read_limited;
use crate::{Failure, trust};

/// The folders of logs, in an instance as in a backup of it.
const LOGS: [&str; 2] = ["log", "ct"];

/// The master secret in a backup that has it.
const SECRET: &str = "master.secret";

/// What a log has beside what can be checked by itself.
const BESIDE_A_LOG: [&str; 4] = [description::NAME, new::PUBLIC_KEY, new::TRUSTED_ROOT, new::ROOTS];

/// What of an instance is copied in a way of its own, or not at all.
/// Of what was asked for nobody knows any more why, when it is restored.
const APART: [&str; 5] = ["log", "ct", audit::FOLDER, "lock", handover::NAME];

/// One process at a time writes a backup.
const LOCK: &str = "lock";

/// So often is the state taken again when the instance has changed under it: it does so a few times a year.
const ATTEMPTS: usize = 8;

/// The longest `instance.json` that is read, bytes.
const MAX_INSTANCE_BYTES: u64 = 1 << 20;

pub(crate) fn backup(args: &BackupArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let (from, to) = (&args.directory, &args.to);
    refuse_inside(from, to)?;
    private_directory(to).map_err(|error| cannot(to, &error))?;
    let _lock = lock(to)?;
    let before = Backup::read(to)?;
    let secret = match args.with_secret {
        true => Some(Secret::of(from, args.secret.as_deref())?),
        false => None,
    };

    let number = before.as_ref().map_or(1, |before| before.number + 1);
    let taken = take(from, to, number, secret.as_ref())?;
    let audit = copy_audit(&from.join(audit::FOLDER), &to.join(audit::FOLDER))?;
    let backup = Backup { audit, ..taken };
    backup.write(to)?;
    for old in fs::read_dir(to).map_err(|error| cannot(to, &error))?.flatten() {
        let name = old.file_name().to_string_lossy().into_owned();
        // Nothing else that somebody may have put there.
        let number = name.strip_prefix(manifest::STATE).and_then(|number| number.parse::<u64>().ok());
        if number.is_some_and(|number| number != backup.number) {
            let _ = fs::remove_dir_all(old.path());
        }
    }
    let logs: sealwax_json::Value<'static> = backup
        .logs
        .iter()
        .map(|log| Node::new().with("log", log.path.as_str()).with("size", log.size).into_json())
        .collect();
    let node = Node::new()
        .with("backup", to.display().to_string())
        .with("url", backup.url.as_str())
        .with("taken", backup.taken.to_string())
        .with("files", u64::try_from(backup.files.len() + backup.audit.len()).unwrap_or(u64::MAX))
        .with("master_secret", sealwax_json::Value::from(backup.has_secret()))
        .with("logs", logs);
    trust::write_node(out, node, args.json)?;
    Ok(Status::Verified)
}

/// Everything but the audit log, of one state of the instance.
fn take(from: &Path, to: &Path, number: u64, secret: Option<&Secret>) -> Result<Backup, Failure> {
    for _ in 0..ATTEMPTS {
        let text = read_instance(from)?;
        let Some(found) = Instance::read(from)?.filter(|found| found.made) else {
            return Err(Failure::cannot(format!(
                "{} is no instance, or its first start has not ended",
                from.display()
            )));
        };
        let taken = Timestamp::now();
        let (files, logs) = (copy_state(from, to, number, secret)?, copy_logs(from, to)?);
        if read_instance(from)? == text {
            return Ok(Backup { number, taken, url: found.url, files, logs, audit: Vec::new() });
        }
    }
    Err(Failure::cannot(format!("{} changes all the time: try again", from.display())))
}

fn read_instance(directory: &Path) -> Result<Vec<u8>, Failure> {
    let path = directory.join(instance::NAME);
    read_limited(&path, MAX_INSTANCE_BYTES).map_err(|error| cannot(&path, &error))
}

/// The small files, into a folder of their own, which is whole when it has its name.
fn copy_state(
    from: &Path,
    to: &Path,
    number: u64,
    secret: Option<&Secret>,
) -> Result<Vec<StoredFile>, Failure> {
    let folder = to.join(format!("{}{number}", manifest::STATE));
    if folder.exists() {
        // Of a backup that was cut short.
        fs::remove_dir_all(&folder).map_err(|error| cannot(&folder, &error))?;
    }
    private_directory(&folder).map_err(|error| cannot(&folder, &error))?;
    let mut files = copy_tree(from, &folder, &APART)?;
    for log in logs_of(from)? {
        for name in BESIDE_A_LOG {
            files.extend(files::copy_one(from, &folder, &format!("{log}/{name}"))?);
        }
    }
    if let Some(secret) = secret {
        let text = format!("{}\n", base64::encode(secret.bytes()));
        files.push(write_new(&folder, SECRET, text.as_bytes(), 0o600)?);
    }
    sync(&folder)?;
    sync(to)?;
    Ok(files)
}

/// Every log that there is, checked where it is now.
fn copy_logs(from: &Path, to: &Path) -> Result<Vec<LogCopy>, Failure> {
    let mut logs = Vec::new();
    for folder in LOGS {
        private_directory(&to.join(folder)).map_err(|error| cannot(to, &error))?;
    }
    for path in logs_of(from)? {
        backup_log(&from.join(&path), &to.join(&path), false)?;
        let target = check_whole(&to.join(&path))?;
        logs.push(LogCopy { path, size: target.size, root: base64::encode(&target.root) });
    }
    Ok(logs)
}

/// The directories of the logs. One that is being made is none yet: nobody was told of it.
fn logs_of(instance: &Path) -> Result<Vec<String>, Failure> {
    let mut logs = Vec::new();
    for folder in LOGS {
        let names = names(&instance.join(folder))?.into_iter().map(|name| format!("{folder}/{name}"));
        logs.extend(names.filter(|path| instance.join(path).join(description::NAME).exists()));
    }
    Ok(logs)
}

/// Files that have ended are copied once. The current one grows: what is there of it now.
fn copy_audit(from: &Path, to: &Path) -> Result<Vec<StoredFile>, Failure> {
    private_directory(to).map_err(|error| cannot(to, &error))?;
    let mut files = Vec::new();
    for name in names(from)? {
        if let Some(file) = files::copy_grown(from, to, &name)? {
            files.push(file);
        }
    }
    sync(to)?;
    Ok(files)
}

/// The names in a folder, sorted; none if there is no folder.
fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| cannot(folder, &error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| cannot(folder, &error))?.file_name();
        // What cannot be named in a list cannot be left out of it either.
        names.push(name.into_string().map_err(|name| cannot(&folder.join(name), &"its name is not UTF-8"))?);
    }
    names.sort();
    Ok(names)
}

/// A backup inside of what it is a backup of would hold itself, and burn with it.
fn refuse_inside(from: &Path, to: &Path) -> Result<(), Failure> {
    let real = |path: &Path| fs::canonicalize(path).map_err(|error| cannot(path, &error));
    // Of a directory that is not there yet, the one in which it will be.
    let place = std::path::absolute(to).map_err(|error| cannot(to, &error))?;
    let place = place.ancestors().find(|path| path.exists()).unwrap_or(&place);
    if real(place)?.starts_with(real(from)?) {
        return Err(Failure::usage(format!(
            "{} is in {}: a backup lies elsewhere",
            to.display(),
            from.display()
        )));
    }
    Ok(())
}

fn lock(to: &Path) -> Result<File, Failure> {
    let path: PathBuf = to.join(LOCK);
    let file =
        File::options().create(true).append(true).open(&path).map_err(|error| cannot(&path, &error))?;
    locked(file.try_lock(), to).map(|()| file)
}

/// Keeps others from changing a backup while it is read, also one that cannot be written to. A copy of a backup may have no lock.
fn lock_to_read(from: &Path) -> Result<Option<File>, Failure> {
    let path = from.join(LOCK);
    match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot(&path, &error)),
        Ok(file) => locked(file.try_lock_shared(), from).map(|()| Some(file)),
    }
}

fn locked(taken: Result<(), fs::TryLockError>, directory: &Path) -> Result<(), Failure> {
    match taken {
        Ok(()) => Ok(()),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Failure::cannot(format!("another process writes to or reads {}", directory.display())))
        }
        Err(fs::TryLockError::Error(error)) => Err(cannot(&directory.join(LOCK), &error)),
    }
}

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("{}: {error}", path.display()))
}
