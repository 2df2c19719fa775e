//! `sealwax log`: make, serve, and look after transparency logs. What a log is and does: the crate `sealwax-log`.

pub(crate) mod args;
pub(crate) mod backup;
mod check;
pub(crate) mod description;
mod follow;
mod freeze;
mod host;
mod import;
pub(crate) mod keys;
pub(crate) mod new;
pub(crate) mod remote;
pub(crate) mod serve;

use std::future::Future;
use std::io::{self, Write};
use std::path::Path;

use sealwax_store::StoreError;
use sealwax_store::directory::{Directory, Options};
use sealwax_store::disk::Os;

use self::args::LogCommand;
use crate::Failure;
use crate::judge::Status;

/// The index of entries, in the directory of a log.
const INDEX: &str = "index";

pub(crate) fn run(command: LogCommand, out: &mut impl Write) -> Result<Status, Failure> {
    match command {
        LogCommand::New(args) => new::run(&args, out),
        LogCommand::Serve(args) => serve::run(&args),
        LogCommand::Check(args) => check::run(&args, out),
        LogCommand::Follow(args) => follow::run(&args, out),
        LogCommand::Backup(args) => backup::backup(&args, out),
        LogCommand::Restore(args) => backup::restore(&args, out),
        LogCommand::Import(args) => import::run(&args, out),
        LogCommand::Freeze(args) => freeze::run(&args, out),
        LogCommand::Rotate(args) => freeze::rotate(&args, out),
    }
}

/// The disk under a log.
fn disk(directory: &Path) -> Result<Os, Failure> {
    Os::new(directory).map_err(|error| match error.kind() {
        io::ErrorKind::Unsupported => Failure::cannot(format!(
            "{} lies on a file system over a network, where neither locks nor flushes can be relied on: {error}",
            directory.display()
        )),
        _ => Failure::cannot(format!("{}: {error}", directory.display())),
    })
}

/// Opens the store of a log for writing, unless somebody else has.
fn open_store(directory: &Path, options: &Options) -> Result<Directory<Os>, Failure> {
    Directory::open(disk(directory)?, options).map_err(|error| match error {
        StoreError::InUse { by } => Failure::cannot(in_use(directory, &by)),
        error => Failure::cannot(format!("{}: {error}", directory.display())),
    })
}

/// The same; `None` if somebody else has.
fn open_store_unless_used(directory: &Path, options: &Options) -> Result<Option<Directory<Os>>, Failure> {
    match Directory::open(disk(directory)?, options) {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::InUse { .. }) => Ok(None),
        Err(error) => Err(Failure::cannot(format!("{}: {error}", directory.display()))),
    }
}

fn in_use(directory: &Path, by: &str) -> String {
    let by = if by.is_empty() { "another process".to_owned() } else { format!("process {by}") };
    format!("{} is open for writing in {by}; a log has one writer", directory.display())
}

/// Runs a future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?.block_on(future))
}
