//! `sealwax log import`: a log of somebody else's program becomes one of ours.

use std::io::Write;

use sealwax_log::check::Target;
use sealwax_log::check::directory::State;
use sealwax_log::engine::{Host as _, LockValue, frozen_since};

use super::args::ImportArgs;
use super::backup::{Made, cannot, copy_log, demand_whole, done, fetch_checkpoint, make_empty, open};
use super::check::{check, demand_good};
use super::description::Description;
use super::host::System;
use super::keys::{Given, Keys};
use super::remote::{Place, Remote};
use super::{block_on, new};
use crate::Failure;
use crate::judge::Status;

pub fn run(args: &ImportArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let kind = args.kind.into();
    let key = Given::open(&args.key)?;
    let keys = Keys::new(kind, &args.origin, key.signer, None)?;
    let remote = Remote::open(&args.log, &keys.verifier_keys())?;
    let findings = check(&remote, None, true)?;
    demand_good(&args.log, &findings)?;
    let target = findings.target;
    let said = said(&remote, &target)?;
    make_empty(&args.directory)?;
    let lock = LockValue {
        origin: args.origin.clone(),
        keys: keys.signing.key_hashes(),
        writer: System.random(),
        round: 0,
        size: target.size,
        root: target.root,
        timestamp: System.now_ms().max(said.timestamp),
        batch: None,
        settled: target.size,
        frozen: said.frozen,
    };
    copy_log(&remote, &target, &lock, &args.directory)?;
    demand_whole(&args.directory, &target)?;
    fetch_checkpoint(&remote, &args.directory, &target)?;
    let place = open(&args.directory)?.place().to_string();
    let path = new::url_path(kind, &args.origin, args.path.as_deref())?;
    let mut description = Description::new(kind, args.origin.clone(), path, place);
    description.keys = vec![key.reference];
    description.verifier_keys = keys.verifier_keys();
    new::write_public(&args.directory, &description, &keys)?;
    description.write(&args.directory, false)?;
    let directory = &args.directory;
    done(out, args.json, &Made { description: &description, target: &target, directory, is_read_only: false })
}

/// What a log says of itself beside its tree.
struct Said {
    /// Of its newest checkpoint, milliseconds since 1970; 0 if that has none.
    timestamp: u64,
    frozen: Option<u64>,
}

/// Of the log that was checked; one that has gone on since has a server.
fn said(remote: &Remote, target: &Target) -> Result<Said, Failure> {
    if let (Place::Directory(directory, _), Some(_)) = (&remote.place, &remote.description) {
        let lock = block_on(State::read(directory))?.map_err(|error| cannot(directory, &error))?.lock;
        if (lock.size, lock.root) != (target.size, target.root) {
            return Err(has_grown());
        }
        return Ok(Said { timestamp: lock.timestamp, frozen: lock.frozen });
    }
    match remote.checkpoint() {
        Ok(Some(checkpoint)) if *checkpoint.root() == target.root => {
            let timestamp = checkpoint.timestamp_ms().unwrap_or(0);
            Ok(Said { timestamp, frozen: frozen_since(&checkpoint) })
        }
        Ok(_) => Err(has_grown()),
        Err(error) => Err(Failure::cannot(error.to_string())),
    }
}

fn has_grown() -> Failure {
    Failure::cannot(
        "the log has grown while it was checked: stop its server first, and for good, since two that sign are a fork",
    )
}
