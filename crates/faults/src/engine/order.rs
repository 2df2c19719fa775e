//! What may follow on what, in the two cells of a bucket.

use super::Subject;
use crate::{oracle::History, simulate::Backwards};
use bytes::Bytes;
use sealwax_log::engine::LockValue;
use sealwax_tlog::{CosignerKey, LogKey, SignedCheckpoint, cosignature};

/// Size, whether it is frozen, and time, as far as it says so: none of them falls, and a frozen log does not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    size: u64,
    is_frozen: bool,
    timestamp: u64,
}

pub(super) fn of_locks(values: &[Bytes]) -> Result<(), Backwards> {
    let step = |value: &Bytes| {
        let LockValue { size, frozen, timestamp, .. } = LockValue::parse(value).ok()?;
        Some(Step { size, is_frozen: frozen.is_some(), timestamp })
    };
    check("lock value", values.iter().filter_map(step))
}

pub(super) fn of_checkpoints(subject: &Subject, notes: &[Bytes]) -> Result<(), Backwards> {
    let signing = subject.signing(&History::default());
    let keys = || signing.verifier_keys().cloned();
    let step = |note: &Bytes| {
        let signed = SignedCheckpoint::parse(std::str::from_utf8(note).ok()?).ok()?;
        let is_frozen = signed.note().text().contains("\nLog frozen");
        let head = |key| LogKey::from_verifier_key(key).ok()?.verify(&signed).ok()?.timestamp_ms();
        let second = |key| cosignature::verify(&signed, &CosignerKey::new(key).ok()?).ok();
        let second = keys().find_map(second).map(|time| time.0 * 1000);
        let timestamp = keys().find_map(head).or(second).unwrap_or(0);
        Some(Step { size: signed.unverified().size().0, is_frozen, timestamp })
    };
    check("checkpoint", notes.iter().filter_map(step))
}

fn check(what: &'static str, steps: impl Iterator<Item = Step>) -> Result<(), Backwards> {
    let mut before: Option<Step> = None;
    for after in steps {
        if let Some(before) = before
            && (after < before
                || after.timestamp < before.timestamp
                || (before.is_frozen && (after.size, after.is_frozen) != (before.size, true)))
        {
            return Err(Backwards { what, before: format!("{before:?}"), after: format!("{after:?}") });
        }
        before = Some(after);
    }
    Ok(())
}
