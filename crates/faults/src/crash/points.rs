use super::{Break, Script, Tried};
use crate::{
    SimDisk,
    campaign::campaign,
    disk::{Effect, Operation, Plan, Snapshot, Survives, Then},
    engine::{Broken, check},
    oracle::History,
};
use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, PoisonError},
};

/// A moment in the work: after which operation, the disk, and what had been signed and answered by then.
struct Moment {
    number: u64,
    operation: Operation,
    snapshot: Snapshot,
    history: History,
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Crashes after each operation that are drawn, beside those that are always tried.
    pub drawn: u64,
    /// Of so many operations one is broken.
    pub one_in: u64,
}

/// Does the work once, crashes after each operation, and checks every disk that is not like one that was checked before.
///
/// # Errors
/// [`Break`], the first one met.
pub fn crash_points(script: &Script, effort: Effort) -> Result<Tried, Break> {
    let mut moments = moments(script);
    let operations = moments.len() as u64;
    moments.retain(|moment| moment.number % effort.one_in == 0);
    let seen = Mutex::new(BTreeSet::new());
    let outcome = campaign(
        0..moments.len() as u64,
        |at| {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let Some(moment) = moments.get(at) else { return Ok(0) };
            let mut checked = 0;
            for survives in every_way(moment.number, effort.drawn) {
                let disk = moment.snapshot.after(survives);
                // What is answered belongs to the point: the same disk may be too old for a later answer.
                let key =
                    (disk.snapshot().fingerprint(), moment.history.answers(), survives == Survives::Killed);
                if !seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
                    continue;
                }
                checked += 1;
                check_at(script, &disk, &moment.history, moment.number).map_err(|broken| {
                    let point =
                        format!("after operation {} ({:?}), {survives:?}", moment.number, moment.operation);
                    Break { work: script.work, point, broken: Box::new(broken) }
                })?;
            }
            Ok(checked)
        },
        |sum: u64, checked| sum + checked,
    );
    Ok(Tried { operations, crashes: outcome.into_result()?, failures: 0 })
}

/// Does the work again and again, and lets each operation fail once in every way; then the process starts again, or the
/// power fails too.
///
/// # Errors
/// [`Break`], the first one met.
pub fn failure_points(script: &Script, effort: Effort) -> Result<Tried, Break> {
    let operations = moments(script).len() as u64;
    let ways = every_failure();
    let outcome = campaign(
        0..operations * ways.len() as u64,
        |number| {
            if number % effort.one_in != 0 {
                return Ok(0);
            }
            let (operation, way) = (1 + number / ways.len() as u64, number % ways.len() as u64);
            let way = usize::try_from(way).unwrap_or(0);
            let Some((effect, then, error)) = ways.get(way).copied() else { return Ok(0) };
            let disk = script.disk(number);
            let history = History::default();
            disk.set_plan(Plan { operation, effect, then, error });
            script.run(&disk, &history);
            let mut checked = 0;
            let snapshot = disk.snapshot();
            for survives in [Survives::Killed, Survives::Nothing, Survives::Any(number)] {
                checked += 1;
                let history = history.fork();
                check_at(script, &snapshot.after(survives), &history, number).map_err(|broken| {
                    let point =
                        format!("operation {operation} fails ({effect:?}, {then:?}, {error}), {survives:?}");
                    Break { work: script.work, point, broken: Box::new(broken) }
                })?;
            }
            Ok(checked)
        },
        |sum: u64, checked| sum + checked,
    );
    Ok(Tried { operations, crashes: 0, failures: outcome.into_result()? })
}

/// Checks a disk after a crash, with another crash on the way that its number decides.
fn check_at(script: &Script, disk: &SimDisk, history: &History, number: u64) -> Result<(), Broken> {
    let again = match number % 4 {
        0 => Survives::Nothing,
        1 => Survives::Killed,
        2 => Survives::Names,
        _ => Survives::Any(number),
    };
    let history = history.fork();
    check(disk, &script.subject, &history, &script.base, |disk| disk.snapshot().after(again))
}

fn moments(script: &Script) -> Vec<Moment> {
    let (disk, history) = (script.disk(0), History::default());
    let moments: Arc<Mutex<Vec<Moment>>> = Arc::default();
    let (watched, known) = (Arc::clone(&moments), history.clone());
    disk.watch(Box::new(move |number, operation, snapshot| {
        let (operation, snapshot, history) = (operation.clone(), snapshot.clone(), known.fork());
        let moment = Moment { number, operation, snapshot, history };
        watched.lock().unwrap_or_else(PoisonError::into_inner).push(moment);
    }));
    script.run(&disk, &history);
    disk.unwatch();
    std::mem::take(&mut *moments.lock().unwrap_or_else(PoisonError::into_inner))
}

fn every_way(number: u64, ways: u64) -> impl Iterator<Item = Survives> {
    let drawn = (0..ways).flat_map(move |way| {
        let seed = number * 1000 + way;
        [Survives::Torn(seed), Survives::Any(seed)]
    });
    Survives::FIXED.into_iter().chain(drawn)
}

fn every_failure() -> Vec<(Effect, Then, io::ErrorKind)> {
    let mut ways = Vec::new();
    for effect in [Effect::NotApplied, Effect::Applied, Effect::Torn] {
        for then in [Then::GoesOn, Then::Fails] {
            ways.push((effect, then, io::ErrorKind::Other));
        }
    }
    // Nothing happens on a full disk, but for a write that has got half-way.
    for effect in [Effect::NotApplied, Effect::Torn] {
        ways.push((effect, Then::GoesOn, io::ErrorKind::StorageFull));
    }
    ways
}
