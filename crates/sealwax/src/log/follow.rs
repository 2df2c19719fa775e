//! `sealwax log follow`.

use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use sealwax_crypto::hex;
use sealwax_formats::base64;
use sealwax_json::{Limits, Object, Value};
use sealwax_log::Kind;
use sealwax_log::check::Target;
use sealwax_log::check::directory::State;
use sealwax_log::ct::leaf::{Entry, TileLeaf};
use sealwax_log::follow::{FollowError, Follower};
use sealwax_tlog::leaf_hash;

use super::args::FollowArgs;
use super::block_on;
use super::remote::{CheckpointError, Place, Remote};
use crate::Failure;
use crate::judge::Status;
use crate::terminal;

/// How often a log that has not grown is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How an entry's JSON is read: 65,535 bytes at most.
const ENTRY: Limits = Limits { bytes: 65_535, depth: 64, values: 4096, members: 4096 };

pub fn run(args: &FollowArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let remote = Remote::open(&args.log, &args.key)?;
    let mut follower: Option<Follower> = None;
    let mut complained = false;
    loop {
        let target = match newest(&remote) {
            Ok(target) => target,
            // A log that cannot be reached for a while is still the same log; one that lies is not.
            Err(Newest::Later(why)) if follower.is_some() => {
                if !complained {
                    terminal::notice(&format!("{why}; trying on"));
                }
                complained = true;
                sleep(LOOK_EVERY);
                continue;
            }
            Err(Newest::Later(why) | Newest::Never(why)) => return Err(Failure::cannot(why)),
        };
        complained = false;
        let from = args.from.unwrap_or(target.size);
        if follower.is_none() && from <= target.size {
            follower = Some(Follower::new(&remote, &target, from).map_err(|error| failure(&error))?);
        }
        if let Some(follower) = &mut follower {
            read_on(follower, &remote, &target, out)?;
        }
        if args.once {
            return Ok(Status::Verified);
        }
        sleep(LOOK_EVERY);
    }
}

/// Everything up to what is signed.
fn read_on(
    follower: &mut Follower,
    remote: &Remote,
    target: &Target,
    out: &mut impl Write,
) -> Result<(), Failure> {
    loop {
        let first = follower.next();
        let records = follower.read(remote, target).map_err(|error| failure(&error))?;
        if records.is_empty() {
            return out.flush().map_err(|error| unwritten(&error));
        }
        for (index, record) in (first..).zip(&records) {
            let line = sealwax_json::compact(&line(remote.kind, index, record));
            writeln!(out, "{}", terminal::escaped_json(&line)).map_err(|error| unwritten(&error))?;
        }
    }
}

fn unwritten(error: &std::io::Error) -> Failure {
    Failure::cannot(format!("cannot write the result: {error}"))
}

fn failure(error: &FollowError) -> Failure {
    Failure::cannot(error.to_string())
}

/// Why there is nothing newest.
enum Newest {
    Later(String),
    Never(String),
}

/// What is signed at this moment.
fn newest(remote: &Remote) -> Result<Target, Newest> {
    if let (Place::Directory(directory, _), Some(_)) = (&remote.place, &remote.description) {
        let state = block_on(State::read(directory)).map_err(|failure| Newest::Never(failure.message))?;
        let state = state.map_err(|error| Newest::Later(format!("{}: {error}", directory.display())))?;
        return Ok(state.target(remote.kind));
    }
    match remote.checkpoint() {
        Ok(Some(checkpoint)) => {
            let (size, root) = (checkpoint.size().0, *checkpoint.root());
            Ok(Target { kind: remote.kind, size, root, settled: size, tail: Vec::new() })
        }
        Ok(None) => Err(Newest::Later("there is no checkpoint".to_owned())),
        Err(error @ CheckpointError::Unreadable(_)) => Err(Newest::Later(error.to_string())),
        Err(error @ CheckpointError::Bad(_)) => Err(Newest::Never(error.to_string())),
    }
}

/// One entry as one line.
fn line(kind: Kind, index: u64, record: &Bytes) -> Value<'static> {
    let mut line = Object::new();
    let mut put = |name: &'static str, value: Value<'static>| {
        line.insert(name, value);
    };
    put("index", Value::from(index));
    match kind {
        Kind::Signature => {
            let entry = record.get(2..).unwrap_or_default();
            put("leaf_hash", Value::from(hex(&leaf_hash(entry))));
            match sealwax_json::parse(entry, &ENTRY) {
                Ok(body) => put("body", body.into_owned()),
                // Somebody else's log may hold anything.
                Err(_) => put("entry", Value::from(base64::encode(entry))),
            }
        }
        Kind::Certificate => match TileLeaf::read(record) {
            Ok(leaf) => {
                put("leaf_hash", Value::from(hex(&leaf.leaf_hash())));
                let time = i64::try_from(leaf.timestamp)
                    .ok()
                    .and_then(|time| Timestamp::from_millisecond(time).ok());
                put("timestamp", Value::from(time.map(|time| time.to_string()).unwrap_or_default()));
                let certificate = match leaf.entry {
                    Entry::X509 { certificate } => {
                        put("type", Value::from("certificate"));
                        certificate
                    }
                    Entry::Precert { pre_certificate, .. } => {
                        put("type", Value::from("precertificate"));
                        pre_certificate
                    }
                };
                put("certificate", Value::from(base64::encode(certificate)));
                put("issuers", leaf.chain.iter().map(|issuer| Value::from(hex(issuer))).collect());
            }
            Err(_) => put("entry", Value::from(base64::encode(record))),
        },
    }
    Value::Object(line)
}
