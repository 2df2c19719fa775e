//! The directory through every crash: whatever a disk forgets, each file is the old one or the new one, and what was said to be
//! done is done.
#![allow(clippy::unwrap_used, reason = "tests")]

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::sealed;
use sealwax_faults::disk::{SimDisk, Snapshot, Survives};
use sealwax_idp::account::{Account, AccountId, AccountKind, AccountName, MachineSecret};
use sealwax_idp::keys::{Keys, OVERLAP, PERIOD, Realm, Rings};
use sealwax_idp::state::{State, StateError};
use sealwax_idp::store::{AccountStore, StoreError};
use sealwax_idp::totp::Step;
use sealwax_idp::used::UsedCodes;
use sealwax_json::Value;
use sealwax_store::disk::{Disk as _, DiskFile as _, Mode};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

const SECRET: [u8; 32] = [7; 32];

fn state(disk: SimDisk) -> State<SimDisk> {
    State::new(disk, SECRET)
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
            let store = AccountStore::new(state(disk));
            store.change(|accounts| accounts.add(machine(number))).unwrap();
        },
        |disk, done| {
            let store = AccountStore::new(state(disk));
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
            UsedCodes::open(state(disk)).unwrap().mark(&account, Step(step), at(step)).unwrap();
        },
        |disk, done| {
            let last = UsedCodes::open(state(disk)).unwrap().last(&account).map_or(100, |step| step.0 + 1);
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
        let Some(bytes) = read(&disk, "keys.sealed") else { return Vec::new() };
        let opened = sealed::open(&SECRET, "idp/keys.sealed", &bytes).unwrap();
        let jwks = Rings::parse(&opened).unwrap().jwks(Realm::Machines).unwrap();
        let keys = jwks.get("keys").and_then(Value::as_array).unwrap();
        keys.iter().map(|key| key.member("kid").and_then(Value::as_str).unwrap().to_owned()).collect()
    };
    let published = Mutex::new(Vec::new());
    through_every_crash(
        3,
        |disk, number| {
            let keys = Keys::open(state(disk.clone()), at(number)).unwrap();
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

/// What a directory had before its files were sealed, to the byte.
const OPEN: [(&str, &[u8]); 2] = [
    ("accounts.json", include_bytes!("data/v1/accounts.json")),
    ("keys.json", include_bytes!("data/v1/keys.json")),
];

#[test]
fn a_directory_of_the_format_before_is_sealed() {
    let write = |disk: &SimDisk| {
        for (name, bytes) in OPEN {
            let file = disk.open(name, Mode::Create).unwrap();
            file.write_at(bytes, 0).unwrap();
            file.sync_all().unwrap();
        }
        disk.sync_dir("").unwrap();
    };
    let sealed_well = |disk: &SimDisk| {
        let accounts = AccountStore::new(state(disk.clone())).current().unwrap();
        let ada = accounts.by_name("ada").unwrap();
        assert!(ada.person().unwrap().totp.is_some());
        assert!(accounts.by_name("bot").is_some());
        let keys = Keys::open(state(disk.clone()), now()).unwrap();
        let opened = sealed::open(&SECRET, "idp/keys.sealed", &read(disk, "keys.sealed").unwrap()).unwrap();
        assert_eq!(opened, OPEN[1].1, "no key is lost, and none is made");
        drop(keys);
        for name in ["accounts.json", "keys.json"] {
            assert!(read(disk, name).is_none(), "{name} is still there");
        }
    };
    through_every_crash(
        2,
        |disk, number| match number {
            0 => write(&disk),
            _ => state(disk).seal_what_is_open().unwrap(),
        },
        |disk, done| {
            if done > 0 {
                state(disk.clone()).seal_what_is_open().unwrap();
                sealed_well(&disk);
            }
        },
    );
}

#[test]
fn what_is_not_sealed_is_not_read() {
    let disk = SimDisk::new(1);
    let file = disk.open("accounts.json", Mode::Create).unwrap();
    file.write_at(OPEN[0].1, 0).unwrap();
    let error = AccountStore::new(state(disk)).current().unwrap_err();
    assert!(matches!(error, StoreError::State(StateError::NotSealed { name: "accounts.json" })));

    let disk = SimDisk::new(1);
    AccountStore::new(state(disk.clone())).change(|accounts| accounts.add(machine(1))).unwrap();
    let error = AccountStore::new(State::new(disk, [8; 32])).current().unwrap_err();
    assert!(matches!(error, StoreError::State(StateError::Seal { name: "accounts.sealed", .. })));
}

fn read(disk: &SimDisk, name: &str) -> Option<Vec<u8>> {
    let file = disk.open(name, Mode::Read).ok()?;
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    Some(bytes)
}
