//! `sealwax log freeze`, and `rotate`.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sealwax_log::check::directory::State;
use sealwax_log::engine::{self, Config, Shape};
use sealwax_log::index::{Index, Options as IndexOptions};
use sealwax_log::metrics::Metrics;
use sealwax_store::directory::{Directory, Options};
use sealwax_store::disk::Os;

use super::args::{FreezeArgs, NamingArgs, RotateArgs};
use super::description::Description;
use super::host::System;
use super::keys::Keys;
use super::{INDEX, block_on, new, open_store_unless_used};
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::{terminal, trust};

/// Whoever finds this file in the directory that it serves freezes the log.
pub const REQUEST: &str = "freeze";

/// How long a server may take to do so.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn run(args: &FreezeArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let description = Description::read(&args.directory)?;
    let state = freeze(&args.directory, &description)?;
    trust::write_node(out, report(&description, &state), args.json)?;
    Ok(Status::Verified)
}

pub fn rotate(args: &RotateArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let old = Description::read(&args.directory)?;
    if args.naming.origin == old.origin {
        return Err(Failure::usage(format!(
            "the new shard needs another origin than {:?}: witnesses remember the size of each origin, and would \
             refuse one that begins again",
            old.origin
        )));
    }
    let roots = args.directory.join(new::ROOTS);
    let roots = Some(roots).filter(|roots| roots.exists());
    // First the new one: if that fails, the old one still takes entries.
    let made = new::make(&args.new_directory, old.kind, &naming(args, &old), roots.as_deref())?;
    if is_copy(&args.directory, &old)? {
        terminal::notice(&format!(
            "{} is a copy of a log, which is only read: nothing was signed for it, and nothing was frozen",
            args.directory.display()
        ));
        let node = Node::new().with("old", report(&old, &state(&args.directory)?)).with("new", made);
        trust::write_node(out, node, args.json)?;
        return Ok(Status::Verified);
    }
    let state = freeze(&args.directory, &old).map_err(|failure| {
        let (made, old) = (args.new_directory.display(), args.directory.display());
        let next = format!("{made} is made; `sealwax log freeze {old}` does the rest");
        Failure { message: format!("{}; {next}", failure.message), ..failure }
    })?;
    let node = Node::new().with("old", report(&old, &state)).with("new", made);
    trust::write_node(out, node, args.json)?;
    Ok(Status::Verified)
}

/// A shard is not signed with less than the one before.
fn naming(args: &RotateArgs, old: &Description) -> NamingArgs {
    let has_second = old.verifier_keys.len() > 1;
    let second = args.naming.second_key.clone();
    let second_key = second.or_else(|| has_second.then(|| new::SECOND_KEY.to_owned()));
    NamingArgs { second_key, ..args.naming.clone() }
}

/// Whether the log that ends is a copy (LOG rule 14), for which a new shard is the way on. One that is open for writing is none.
fn is_copy(directory: &Path, description: &Description) -> Result<bool, Failure> {
    let store = open_store_unless_used(directory, &Options::default())?;
    Ok(store.is_some_and(|store| description.demand_original(directory, &store).is_err()))
}

fn report(description: &Description, state: &State) -> Node {
    let frozen = state.lock.frozen.and_then(|time| i64::try_from(time).ok());
    let frozen = frozen.and_then(|time| Timestamp::from_millisecond(time).ok());
    Node::new()
        .with("origin", description.origin.as_str())
        .with("size", state.lock.size)
        .with("root", sealwax_formats::base64::encode(&state.lock.root))
        .with("frozen", frozen)
}

/// Freezes a log, by way of the process that serves it if there is one.
fn freeze(directory: &Path, description: &Description) -> Result<State, Failure> {
    match open_store_unless_used(directory, &Options::default())? {
        Some(store) => freeze_here(directory, description, store)?,
        None => ask(directory)?,
    }
    let state = state(directory)?;
    match state.lock.frozen {
        Some(_) => Ok(state),
        None => Err(Failure::cannot(format!(
            "{} is not frozen: its disk has no room, or the clock is behind the log's last timestamp",
            directory.display()
        ))),
    }
}

fn freeze_here(directory: &Path, description: &Description, store: Directory<Os>) -> Result<(), Failure> {
    description.demand_original(directory, &store)?;
    let keys = Keys::open(directory, description)?;
    let cannot = |error: engine::EngineError| Failure::cannot(format!("{}: {error}", directory.display()));
    let config = Config::new(description.kind, Shape::Exclusive);
    let index = |size| Index::open(&directory.join(INDEX), size, IndexOptions::default());
    block_on(async {
        let open =
            engine::open(store, config, keys.signing, Arc::new(System), Arc::<Metrics>::default(), index);
        let (log, sequencer) = open.await.map_err(cannot)?;
        log.freeze();
        log.stop();
        sequencer.run().await.map_err(cannot)
    })?
}

/// Asks the server, and waits until it has done it.
fn ask(directory: &Path) -> Result<(), Failure> {
    if state(directory)?.lock.frozen.is_some() {
        return Ok(());
    }
    let request: PathBuf = directory.join(REQUEST);
    fs::write(&request, "").map_err(|error| Failure::cannot(format!("{}: {error}", request.display())))?;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if state(directory)?.lock.frozen.is_some() {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
    // It would freeze the log when nobody expects it any more.
    let was_taken = fs::remove_file(&request).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if state(directory)?.lock.frozen.is_some() {
        return Ok(());
    }
    let said = if was_taken {
        "has been told to freeze it and could not yet: its /readyz says what it waits for; ask again after that, which does no harm"
    } else {
        "does not freeze it: stop it, and try again"
    };
    Err(Failure::cannot(format!("{} is open in another process, which {said}", directory.display())))
}

fn state(directory: &Path) -> Result<State, Failure> {
    block_on(State::read(directory))?
        .map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))
}
