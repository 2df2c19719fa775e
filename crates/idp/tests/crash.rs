//! The directory through every crash: whatever a disk forgets, each file is the old one or the new one, and what was said to be
//! done is done.
#![allow(clippy::unwrap_used, reason = "tests")]

use jiff::{SignedDuration, Timestamp};
use sealwax_faults::disk::{SimDisk, Snapshot, Survives};
use sealwax_idp::account::{Account, AccountId, AccountKind, AccountName, MachineSecret};
use sealwax_idp::keys::{Keys, OVERLAP, PERIOD, Realm, Rings};
use sealwax_idp::state::State;
use sealwax_idp::store::AccountStore;
use sealwax_idp::totp::Step;
use sealwax_idp::used::UsedCodes;
use sealwax_json::Value;
use sealwax_store::disk::{Disk as _, DiskFile as _, Mode};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn machine(number: u64) -> Account {
    let random = u8::try_from(number).unwrap();
    let name = AccountName::parse(&format!("m{number}")).unwrap();
    let kind = AccountKind::Machine { secret: MachineSecret::new([random; 32]).hash() };
    Account { name, id: AccountId::new([random; 16]), created: now(), kind }
}

/// Runs some steps, and looks at every disk that a crash before or after any operation could leave behind, with the number of
/// steps that were done by then.
fn through_every_crash(steps: u64, step: impl Fn(SimDisk, u64), look: impl Fn(SimDisk, u64)) {
    let disk = SimDisk::new(1);
    let done = Arc::new(AtomicU64::new(0));
    let seen: Arc<Mutex<Vec<(u64, Snapshot)>>> = Arc::new(Mutex::new(vec![(0, disk.snapshot())]));
    {
        let (done, seen) = (Arc::clone(&done), Arc::clone(&seen));
        disk.watch(Box::new(move |_, _, snapshot| {
            seen.lock().unwrap().push((done.load(Relaxed), snapshot.clone()));
        }));
    }
    for number in 0..steps {
        step(disk.clone(), number);
        done.store(number + 1, Relaxed);
    }
    disk.unwatch();
    seen.lock().unwrap().push((steps, disk.snapshot()));
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 4 * usize::try_from(steps).unwrap(), "{} operations were seen", seen.len());
    for (done, snapshot) in seen.iter() {
        let seeds = (0..16).flat_map(|seed| [Survives::Torn(seed), Survives::Any(seed)]);
        for survives in Survives::FIXED.into_iter().chain(seeds) {
            look(snapshot.after(survives), *done);
        }
    }
}

#[test]
fn accounts() {
    through_every_crash(
        3,
        |disk, number| {
            let store = AccountStore::new(State::new(disk));
            store.change(|accounts| accounts.add(machine(number))).unwrap();
        },
        |disk, done| {
            let store = AccountStore::new(State::new(disk));
            let accounts = store.current().unwrap();
            let count = u64::try_from(accounts.iter().len()).unwrap();
            assert!(count == done || count == done + 1, "{count} accounts, {done} were added");
            assert!((0..count).all(|number| accounts.by_name(&format!("m{number}")).is_some()));
            // And it goes on from there.
            store.change(|accounts| accounts.add(machine(9))).unwrap();
            assert!(store.current().unwrap().by_name("m9").is_some());
        },
    );
}

#[test]
fn codes_that_were_used() {
    let account = AccountId::new([1; 16]);
    let at = |step: u64| Timestamp::from_second(i64::try_from(step).unwrap() * 30).unwrap();
    through_every_crash(
        3,
        |disk, number| {
            let step = 100 + number;
            UsedCodes::open(State::new(disk)).unwrap().mark(&account, Step(step), at(step)).unwrap();
        },
        |disk, done| {
            let last =
                UsedCodes::open(State::new(disk)).unwrap().last(&account).map_or(100, |step| step.0 + 1);
            assert!(last == 100 + done || last == 101 + done);
        },
    );
}

/// The keys that sign stay published, and the next one is, whatever is lost on the way.
#[test]
fn keys() {
    let at = |number: u64| match number {
        0 => now(),
        1 => now() + SignedDuration::from_hours(1),
        _ => now() + PERIOD + OVERLAP,
    };
    // Read from the file, and not by opening: that would make keys that are missing.
    let ids = |disk: SimDisk| -> Vec<String> {
        let Ok(file) = disk.open("keys.json", Mode::Read) else { return Vec::new() };
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        let jwks = Rings::parse(&bytes).unwrap().jwks(Realm::Machines).unwrap();
        let keys = jwks.get("keys").and_then(Value::as_array).unwrap();
        keys.iter().map(|key| key.member("kid").and_then(Value::as_str).unwrap().to_owned()).collect()
    };
    let published = Mutex::new(Vec::new());
    through_every_crash(
        3,
        |disk, number| {
            let keys = Keys::open(State::new(disk.clone()), at(number)).unwrap();
            if number > 0 {
                keys.turn(at(number)).unwrap();
            }
            drop(keys);
            published.lock().unwrap().push(ids(disk));
        },
        |disk, done| {
            let found = ids(disk);
            let published = published.lock().unwrap();
            let known = done.checked_sub(1).and_then(|at| published.get(usize::try_from(at).unwrap()));
            assert!(known.is_none_or(|known| known.iter().all(|id| found.contains(id))), "a key is lost");
        },
    );
    let published = published.lock().unwrap();
    assert_eq!(published.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 2]);
}
