//! An instance that was restored from a backup. What its logs signed after the backup is not known here, and somebody may remember
//! it: they are only read from then on, and other shards take entries (LOG rule 14). TUF files that were published after the backup
//! are not known either: clients that have seen them take no lower versions.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;
use sealwax_log::check::directory::State;
use sealwax_log::{Kind, copy};
use sealwax_tuf::editor::{self, Role};

use super::config::Rotation;
use super::holdings::Holdings;
use super::instance::{self, Instance, Shard, Term};
use super::places::Service;
use super::repository::Seen;
use super::shard;
use super::trust::Documents;
use super::vault::Vault;
use crate::log::backup::RESTORED;
use crate::log::block_on;
use crate::log::description::{self, Description};
use crate::log::keys::Keys;
use crate::{Failure, output_file};

/// What people are to publish before the first start after a restore, if they hold the keys.
const NEXT: &str = "trusted_root.next.json";

/// Does what only the keys can do after a restore, before anything is served: publishes above whatever may have been published,
/// and gives the logs that are only read a checkpoint. Killed at any moment, the next start does what is left.
pub fn take_up(
    directory: &Path,
    vault: &Vault,
    instance: &mut Instance,
    holdings: &Holdings,
    rotation: &Rotation,
) -> Result<(), Failure> {
    let Some(above) = instance.tuf_above else { return Ok(()) };
    for (shard, keys) in instance.signature_shards.iter().zip(&holdings.signature_logs) {
        sign_what_is_read(&shard::place(directory, Kind::Signature, shard), keys)?;
    }
    for (shard, keys) in instance.certificate_shards.iter().zip(&holdings.certificate_logs) {
        sign_what_is_read(&shard::place(directory, Kind::Certificate, shard), keys)?;
    }
    if instance.has(Service::Tuf) {
        let tuf = directory.join("tuf");
        let terms = editor::Terms { policy: rotation.policy(), ..editor::Terms::new(Timestamp::now()) };
        let seen = Seen::read(&tuf, vault)?;
        if let Some(role) = seen.left_to_people(above) {
            return Err(ask_people(directory, instance, holdings, (role, above))?);
        }
        seen.rise_above(&tuf, above, &terms)?;
    }
    // First, since nothing looks for it any more when there is nothing to be above.
    match fs::remove_file(directory.join(NEXT)) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Failure::cannot(format!("{}: {error}", directory.join(NEXT).display())));
        }
        _ => {}
    }
    instance.tuf_above = None;
    instance.write(directory)
}

/// Leaves what people are to sign where they find it: with the keys of the shards that are new, so that one ceremony does.
fn ask_people(
    directory: &Path,
    instance: &Instance,
    holdings: &Holdings,
    (role, above): (Role, u64),
) -> Result<Failure, Failure> {
    let next = directory.join(NEXT);
    let documents = Documents::of(instance, holdings, holdings.others.read()?)?;
    output_file::write(&next, documents.trusted_root_json().as_bytes(), true)?;
    Ok(Failure::cannot(format!(
        "after the restore {role} must be signed with a version above {above}, and its keys are people's: \
         `sealwax ceremony plan` with --step {above} and --target trusted_root.json={}, `sign`, and `publish` with --step {above}; \
         then start again",
        next.display()
    )))
}

/// A checkpoint for the size that was restored: the one in the backup is of the last settling, if there is one at all.
fn sign_what_is_read(log: &Path, keys: &Keys) -> Result<(), Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::cannot(format!("{}: {error}", log.display()));
    if !log.join(description::NAME).exists() || Description::read(log)?.place != RESTORED {
        return Ok(());
    }
    let state = block_on(State::read(log))?.map_err(|error| cannot(&error))?;
    let checkpoint = copy::checkpoint(&state.lock, &keys.signing).map_err(|error| cannot(&error))?;
    output_file::write(&log.join("checkpoint"), &checkpoint, true)
}

impl Instance {
    /// The same, restored `now`. `is_whole`: whether it is certain of a log that it has everything that it ever signed.
    pub fn restored(
        mut self,
        now: Timestamp,
        tuf_above: u64,
        is_whole: impl Fn(Kind, &str) -> bool,
    ) -> Result<Self, Failure> {
        let cannot = |error: &dyn std::fmt::Display| Failure::cannot(format!("{}: {error}", instance::NAME));
        let second = |number| Timestamp::from_second(number).map_err(|error| cannot(&error));
        // What was signed in this very second counts.
        let (now, end) = (second(now.as_second())?, second(now.as_second() + 1)?);
        for kind in [Kind::Signature, Kind::Certificate] {
            let count = self.shards(kind).len();
            // No name that may have been given since: what was logged there is not here.
            let name = format!("{}-{}", count + 1, now.strftime("%Y%m%dt%H%M%S"));
            let (origin, path) = match kind {
                Kind::Signature => (self.signature_origin(), format!("/shard/{name}")),
                Kind::Certificate => (self.certificate_origin(&name), format!("/ct/{name}")),
            };
            let shards = self.shards(kind);
            // An instance that runs some parts alone may have no logs.
            let Some(in_use) = shards.iter().find(|shard| shard.term.until.is_none()) else { continue };
            if is_whole(kind, &in_use.name) {
                continue;
            }
            // One that was planned may have been in use since, and so it has ended as well.
            for term in shards.iter_mut().map(|shard| &mut shard.term).filter(|term| term.until.is_none()) {
                term.until = Some(end.max(term.from));
            }
            let origin = origin.ok_or_else(|| cannot(&"its URL has no host name"))?;
            let term = Term { from: now, until: None, lead_seconds: 0 };
            shards.push(Shard { name, origin, path: Some(path), term });
        }
        self.tuf_above = Some(tuf_above);
        Ok(self)
    }

    fn shards(&mut self, kind: Kind) -> &mut Vec<Shard> {
        match kind {
            Kind::Signature => &mut self.signature_shards,
            Kind::Certificate => &mut self.certificate_shards,
        }
    }
}
