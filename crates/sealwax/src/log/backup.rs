//! `sealwax log backup` and `restore`: a log from one place to another.

use std::fs;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use sealwax_formats::base64;
use sealwax_log::Kind;
use sealwax_log::check::directory::{Files, State};
use sealwax_log::check::{Progress, Source, Target, root_at};
use sealwax_log::copy::{CopyError, copy, unfinished};
use sealwax_log::engine::{Host as _, LockValue, frozen_since};
use sealwax_store::Bytes;
use sealwax_store::directory::{Directory, Options};
use sealwax_store::disk::Os;
use sealwax_store::{ObjectStore as _, StoreError};
use sealwax_tlog::{SignedCheckpoint, VerifiedCheckpoint};

use super::args::{BackupArgs, RestoreArgs};
use super::check::{check, demand_good};
use super::description::{self, Description};
use super::host::System;
use super::keys::Reference;
use super::remote::Remote;
use super::{block_on, new, open_store};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::sources::read_limited;
use crate::{Failure, terminal, trust};

/// What a restored directory is said to be: nowhere, so that it is only read.
pub const RESTORED: &str = "restored";

/// Files that go along as they are.
const ALONG: &[&str] = &[new::PUBLIC_KEY, new::TRUSTED_ROOT, new::ROOTS];

/// A log that was copied.
pub struct Copied {
    pub description: Description,
    pub target: Target,
}

pub fn backup(args: &BackupArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let Copied { description, target } = backup_log(&args.directory, &args.to, args.with_key)?;
    // It is elsewhere than the log: whoever serves it only reads it.
    done(
        out,
        args.json,
        &Made { description: &description, target: &target, directory: &args.to, is_read_only: true },
    )
}

/// Copies a log that may be served meanwhile: all that was acknowledged before, and of what is there only what is new. Cut short,
/// it is done by doing it again; until then the backup is as it was.
pub fn backup_log(from: &Path, to: &Path, with_key: bool) -> Result<Copied, Failure> {
    let description = Description::read(from)?;
    make_directory(to)?;
    // In this order: the log is never behind its checkpoint.
    let checkpoint = read_checkpoint(from);
    let state = block_on(State::read(from))?;
    let state = state.map_err(|error| cannot(from, &error))?;
    let target = state.target(description.kind);
    copy_log(&Files::new(from), &target, &state.lock, to)?;
    copy_files(from, to, ALONG)?;
    copy_checkpoint(checkpoint, from, &target, to)?;
    if with_key {
        let names: Vec<String> = description.keys.iter().filter_map(Reference::inside).collect();
        copy_keys(from, to, &names)?;
    }
    // Last, and with the place of the log itself: the backup is elsewhere, and so it is only read.
    description.write(to, true)?;
    Ok(Copied { description, target })
}

/// Checks all of a backup, or of any directory of ours.
pub fn check_whole(directory: &Path) -> Result<Target, Failure> {
    let name = directory.display().to_string();
    let findings = check(&Remote::open(&name, &[])?, None, true)?;
    demand_good(&name, &findings)?;
    Ok(findings.target)
}

pub fn restore(args: &RestoreArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let newest = Newest { complete_from: args.complete_from.as_deref(), anchor: args.anchor.as_deref() };
    let Copied { description, target } = restore_log(&args.from, &args.directory, &newest)?;
    let keys = description.keys.iter().filter_map(Reference::inside).map(|name| args.directory.join(name));
    for key in keys.filter(|key| !key.exists()) {
        terminal::notice(&format!("the backup has no {}: put it there", key.display()));
    }
    if description.place == RESTORED {
        terminal::notice(
            "it is only read: nothing says that this is the newest state of the log. With --anchor, the newest checkpoint, \
             it can be written to; `sealwax log rotate` begins a new shard",
        );
    }
    let is_read_only = description.place == RESTORED;
    let directory = &args.directory;
    done(out, args.json, &Made { description: &description, target: &target, directory, is_read_only })
}

/// What says how far a log had come that is restored.
#[derive(Default)]
pub struct Newest<'a> {
    /// The URL of a mirror that has the rest.
    pub complete_from: Option<&'a str>,
    /// The newest checkpoint: a file or a URL.
    pub anchor: Option<&'a str>,
}

/// Whether a checkpoint in a file is one of the log in a directory.
pub fn is_checkpoint_of(anchor: &Path, directory: &Path) -> Result<bool, Failure> {
    let remote = Remote::open(&directory.to_string_lossy(), &[])?;
    let text = read_limited(anchor, 1 << 20).map_err(|error| cannot(anchor, &error))?;
    let text = String::from_utf8(text).map_err(|error| cannot(anchor, &error))?;
    let signed = SignedCheckpoint::parse(&text).map_err(|error| cannot(anchor, &error))?;
    Ok(remote.keys.first().is_some_and(|key| key.verify(&signed).is_ok()))
}

/// Makes a log out of a backup, after a full check of it. It is only read ([`RESTORED`]) unless an anchor says that nothing is
/// missing.
pub fn restore_log(from: &Path, directory: &Path, newest: &Newest<'_>) -> Result<Copied, Failure> {
    let remote = Remote::open(&from.to_string_lossy(), &[])?;
    let Some(mut description) = remote.description.clone() else {
        return Err(Failure::cannot(format!("{} is not a log, nor a backup of one", from.display())));
    };
    demand_good(&from.display().to_string(), &check(&remote, None, true)?)?;
    let state = block_on(State::read(from))?.map_err(|error| cannot(from, &error))?;
    let backup = state.target(description.kind);
    // Everything is looked at before anything is written.
    let newer = newest.complete_from.map(|url| Newer::on(url, &description, &backup, &state.lock));
    let mut newer = newer.transpose()?;
    let anchor = newest.anchor.map(|anchor| read_anchor(anchor, &remote)).transpose()?;
    let mut lock = state.lock;
    // A log that was frozen when the backup had been made stays so.
    lock.frozen = lock.frozen.or_else(|| frozen_since(anchor.as_ref()?));
    match &mut newer {
        Some(newer) if newer.lock.frozen.is_none() => newer.lock.frozen = lock.frozen,
        _ => {}
    }
    let target = newer.as_ref().map_or(&backup, |newer| &newer.target);
    if let Some(anchor) = &anchor {
        demand_newest(anchor, target)?;
    }
    make_empty(directory)?;
    copy_log(&Files::new(from), &backup, &lock, directory)?;
    copy_files(from, directory, ALONG)?;
    copy_checkpoint(read_checkpoint(from), from, &backup, directory)?;
    if let Some(newer) = &newer {
        newer.copy(directory)?;
    }
    let names: Vec<String> = description.keys.iter().filter_map(Reference::inside).collect();
    if names.iter().all(|name| from.join(name).exists()) {
        copy_keys(from, directory, &names)?;
    }
    description.place =
        if anchor.is_some() { open(directory)?.place().to_string() } else { RESTORED.to_owned() };
    description.write(directory, false)?;
    let target = target.clone();
    Ok(Copied { description, target })
}

/// A directory that was made.
pub(super) struct Made<'a> {
    pub description: &'a Description,
    pub target: &'a Target,
    pub directory: &'a Path,
    pub is_read_only: bool,
}

pub(super) fn done(out: &mut impl Write, json: bool, made: &Made<'_>) -> Result<Status, Failure> {
    let node = Node::new()
        .with("directory", made.directory.display().to_string())
        .with("origin", made.description.origin.as_str())
        .with("size", made.target.size)
        .with("root", base64::encode(&made.target.root))
        .with("read_only", made.is_read_only);
    trust::write_node(out, node, json)?;
    Ok(Status::Verified)
}

/// The log as a mirror has it, which begins with what the backup has.
struct Newer {
    mirror: Remote,
    target: Target,
    lock: LockValue,
}

impl Newer {
    /// Checks all of it.
    fn on(url: &str, description: &Description, backup: &Target, lock: &LockValue) -> Result<Self, Failure> {
        let mirror = Remote::open(url, &description.verifier_keys)?;
        let refused = |why: String| Err(Failure::cannot(format!("the mirror: {why}")));
        let checkpoint = match mirror.checkpoint() {
            Ok(Some(checkpoint)) => checkpoint,
            Ok(None) => return refused("it has no checkpoint".to_owned()),
            Err(error) => return refused(error.to_string()),
        };
        let (size, root) = (checkpoint.size().0, *checkpoint.root());
        if size < backup.size {
            return refused(format!(
                "it has {size} entries, and the backup {}: it adds nothing",
                backup.size
            ));
        }
        let found = check(&mirror, None, true)?;
        demand_good("the mirror", &found)?;
        if (found.target.size, found.target.root) != (size, root) {
            return refused("it has changed in between; try again".to_owned());
        }
        let target = Target { kind: backup.kind, ..found.target };
        match root_at(&mirror, &target, backup.size) {
            Ok(root) if root == backup.root => {}
            Ok(_) => return refused("its log does not begin with what the backup has".to_owned()),
            Err(problem) => return refused(problem.to_string()),
        }
        let timestamp = checkpoint.timestamp_ms().unwrap_or_else(|| System.now_ms());
        let timestamp = lock.timestamp.max(timestamp);
        let frozen = lock.frozen.or_else(|| frozen_since(&checkpoint));
        let lock = LockValue { size, root, timestamp, frozen, ..lock.clone() };
        Ok(Self { mirror, target, lock })
    }

    /// Adds to a copy of the backup what it lacks.
    fn copy(&self, to: &Path) -> Result<(), Failure> {
        copy_log(&self.mirror, &self.target, &self.lock, to)?;
        demand_whole(to, &self.target)?;
        fetch_checkpoint(&self.mirror, to, &self.target)
    }
}

/// The checkpoint of what was copied; one that has gone on since is not for the tiles that are here.
pub(super) fn fetch_checkpoint(source: &Remote, to: &Path, target: &Target) -> Result<(), Failure> {
    match source.checkpoint_bytes() {
        Ok(Some((checkpoint, bytes))) if checkpoint.root() == &target.root => {
            write_checkpoint(&bytes, to, target)
        }
        _ => Ok(()),
    }
}

/// What came over the network is looked at where it is now: the next answer may have been another one.
pub(super) fn demand_whole(directory: &Path, target: &Target) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let report = sealwax_log::check::check(&Files::new(directory), target, threads, &Progress::default());
    match report.problems.first() {
        None => Ok(()),
        Some(problem) => Err(cannot(directory, &format_args!("what was copied is damaged: {problem}"))),
    }
}

/// The newest checkpoint, from outside.
fn read_anchor(place: &str, remote: &Remote) -> Result<VerifiedCheckpoint, Failure> {
    let text = if place.contains("://") {
        let (base, name) = place.rsplit_once('/').unwrap_or((place, ""));
        let found = super::remote::fetch(base, name)?;
        found.ok_or_else(|| Failure::cannot(format!("{place}: there is nothing")))?.to_vec()
    } else {
        read_limited(Path::new(place), 1 << 20)
            .map_err(|error| Failure::cannot(format!("{place}: {error}")))?
    };
    let bad = |error: &dyn std::fmt::Display| Failure::cannot(format!("{place}: {error}"));
    let text = String::from_utf8(text).map_err(|error| bad(&error))?;
    let signed = SignedCheckpoint::parse(&text).map_err(|error| bad(&error))?;
    let key = remote.keys.first().ok_or_else(|| Failure::cannot("the log has no key"))?;
    key.verify(&signed).map_err(|error| bad(&error))
}

/// Nothing that the anchor knows of is missing.
fn demand_newest(anchor: &VerifiedCheckpoint, target: &Target) -> Result<(), Failure> {
    let size = anchor.size().0;
    if size == target.size && anchor.root() == &target.root {
        return Ok(());
    }
    Err(Failure::cannot(if size > target.size {
        format!(
            "the anchor knows {size} entries, and the backup has {}: --complete-from a mirror that has the rest, or rotate",
            target.size
        )
    } else {
        format!(
            "the anchor, of size {size}, is not the newest checkpoint of this log of size {}",
            target.size
        )
    }))
}

/// Copies the log, and the issuers.
pub(super) fn copy_log(
    source: &impl Source,
    target: &Target,
    lock: &LockValue,
    to: &Path,
) -> Result<(), Failure> {
    let store = open(to)?;
    let there = |name: &str| to.join(name).exists();
    let progress = Progress::default();
    let copied = block_on(copy(source, target, lock, &store, there, &progress))?;
    copied.map_err(|error: CopyError| cannot(to, &error))?;
    if target.kind == Kind::Certificate {
        copy_issuers(source, target, &store, to)?;
    }
    Ok(())
}

fn copy_issuers(
    source: &impl Source,
    target: &Target,
    store: &Directory<Os>,
    to: &Path,
) -> Result<(), Failure> {
    let problem = |why: String| Failure::cannot(format!("an issuer cannot be copied: {why}"));
    for name in sealwax_log::copy::issuers(source, target).map_err(|error| cannot(to, &error))? {
        if to.join(&name).exists() {
            continue;
        }
        let bytes: Bytes =
            source.get(&name).map_err(problem)?.ok_or_else(|| problem(format!("{name} is missing")))?;
        block_on(store.put(&name, bytes))?.map_err(|error: StoreError| cannot(to, &error))?;
    }
    block_on(store.flush())?.map_err(|error| cannot(to, &error))
}

fn read_checkpoint(from: &Path) -> Option<Vec<u8>> {
    fs::read(from.join("checkpoint")).ok()
}

/// What a static copy shows, and a server that only reads: the checkpoint of all of it, or of the last settling, with the unfinished
/// tiles of that very size.
fn copy_checkpoint(
    checkpoint: Option<Vec<u8>>,
    from: &Path,
    target: &Target,
    to: &Path,
) -> Result<(), Failure> {
    let Some(checkpoint) = checkpoint else { return Ok(()) };
    match size_of(&checkpoint) {
        Some(size) if size < target.size => {
            let copied = block_on(unfinished(&Files::new(from), target, size, &open(to)?))?;
            copied.map_err(|error| cannot(to, &error))?;
            crate::output_file::write(&to.join("checkpoint"), &checkpoint, true)
        }
        _ => write_checkpoint(&checkpoint, to, target),
    }
}

fn size_of(checkpoint: &[u8]) -> Option<u64> {
    std::str::from_utf8(checkpoint).ok()?.lines().nth(1)?.parse().ok()
}

fn write_checkpoint(bytes: &[u8], to: &Path, target: &Target) -> Result<(), Failure> {
    // A static copy needs the partial tiles of that very size.
    if size_of(bytes) == Some(target.size) {
        crate::output_file::write(&to.join("checkpoint"), bytes, true)
    } else {
        Ok(())
    }
}

fn copy_files(from: &Path, to: &Path, names: &[&str]) -> Result<(), Failure> {
    names.iter().filter(|name| from.join(name).exists()).try_for_each(|name| copy_file(from, to, name))
}

fn copy_file(from: &Path, to: &Path, name: &str) -> Result<(), Failure> {
    let bytes = fs::read(from.join(name)).map_err(|error| cannot(from, &error))?;
    crate::output_file::write(&to.join(name), &bytes, true)
}

/// Keys keep their mode.
fn copy_keys(from: &Path, to: &Path, names: &[String]) -> Result<(), Failure> {
    for name in names.iter().filter(|name| !to.join(name).exists()) {
        let bytes = fs::read(from.join(name)).map_err(|error| cannot(&from.join(name), &error))?;
        sealwax_signer::file::write_private(&to.join(name), &bytes)
            .map_err(|error| cannot(&to.join(name), &error))?;
    }
    Ok(())
}

fn make_directory(directory: &Path) -> Result<(), Failure> {
    match Os::create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop).map_err(|error| cannot(directory, &error)),
    }
}

/// A directory that is no log yet: nothing but what an interrupted copy has left.
pub(super) fn make_empty(directory: &Path) -> Result<(), Failure> {
    make_directory(directory)?;
    if directory.join(description::NAME).exists() {
        return Err(Failure::cannot(format!("{} is a log already", directory.display())));
    }
    Ok(())
}

pub(super) fn open(directory: &Path) -> Result<Directory<Os>, Failure> {
    open_store(directory, &Options::default())
}

pub(super) fn cannot(what: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("{}: {error}", what.display()))
}
