//! `kill -9` under load, again and again.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::client::{Added, Client};
use super::log::{Entry, Log};
use super::running::{self, Running};
use crate::Failure;

const CLIENTS: usize = 4;

/// So many acknowledged entries are looked up after a restart: half of them the newest.
const SAMPLE: usize = 24;

/// A server lives so many milliseconds from when it is ready.
const LIFE_MS: std::ops::Range<u64> = 5..150;

/// Each so manieth is also killed while it starts.
const KILLED_WHILE_STARTING: u64 = 5;

/// What is known of the log.
#[derive(Default)]
struct Known {
    entries: Vec<Entry>,
    /// The largest tree that was seen.
    size: u64,
    unanswered: u64,
}

pub(super) fn run(log: &Log, kills: u64) -> Result<String, Failure> {
    let (started, submitted) = (Instant::now(), AtomicU64::new(0));
    let (mut known, mut while_starting, mut looked_up) = (Known::default(), 0_u64, 0);
    for kill in 1..=kills {
        if kill.is_multiple_of(KILLED_WHILE_STARTING) {
            running::kill_soon(&log.program, &log.directory, Duration::from_millis(random(0..40)))?;
            while_starting = while_starting.saturating_add(1);
        }
        let server = Running::start(&log.program, &log.directory)?;
        looked_up += look_up(log, server.address, &mut known)?;
        load_until_killed(log, server, &submitted, &mut known)?;
        if kill.is_multiple_of(50) {
            println!("  {kill} kills, {} entries acknowledged", known.entries.len());
        }
    }
    let server = Running::start(&log.program, &log.directory)?;
    look_up(log, server.address, &mut known)?;
    look_up_all(log, server.address, &known.entries)?;
    let size = Client::connect(server.address)?.published(log)?;
    let submitted = submitted.into_inner();
    if size > submitted {
        return Err(format!("{size} entries of {submitted} different requests: some are there twice").into());
    }
    server.stop()?;
    log.check()?;
    Ok(format!(
        "{kills} kills under load and {while_starting} while starting; {} entries acknowledged, {looked_up} looked up after restarts and all at the end, {} not answered; {size} in the log, which checks; {} s",
        known.entries.len(),
        known.unanswered,
        started.elapsed().as_secs(),
    ))
}

/// What was seen before is still so.
fn look_up(log: &Log, address: SocketAddr, known: &mut Known) -> Result<usize, Failure> {
    let mut client = Client::connect(address)?;
    if known.size > 0 {
        let size = client.published(log)?;
        if size < known.size {
            return Err(format!("the log had {} entries, and now has {size}", known.size).into());
        }
        known.size = size;
    }
    let newest = known.entries.iter().rev().take(SAMPLE / 2);
    let drawn = (0..SAMPLE / 2).filter_map(|_| known.entries.get(random_below(known.entries.len())));
    let mut looked_up = 0;
    for entry in newest.chain(drawn) {
        client.look_up(log, entry)?;
        looked_up += 1;
    }
    Ok(looked_up)
}

/// Clients submit for as long as the server lives.
fn load_until_killed(
    log: &Log,
    server: Running,
    submitted: &AtomicU64,
    known: &mut Known,
) -> Result<(), Failure> {
    let (address, killed) = (server.address, AtomicBool::new(false));
    let (heard, failed) = (Mutex::new(Known::default()), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                if let Err(error) = submit_until(&killed, log, address, submitted, &heard) {
                    *lock(&failed) = Some(error.to_string());
                }
            });
        }
        std::thread::sleep(Duration::from_millis(random(LIFE_MS)));
        let outcome = server.kill();
        killed.store(true, Ordering::Relaxed);
        outcome
    })?;
    if let Some(failure) = lock(&failed).take() {
        return Err(failure.into());
    }
    let heard = heard.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.size = known.size.max(heard.size);
    known.unanswered = known.unanswered.saturating_add(heard.unanswered);
    known.entries.extend(heard.entries);
    Ok(())
}

fn submit_until(
    killed: &AtomicBool,
    log: &Log,
    address: SocketAddr,
    submitted: &AtomicU64,
    heard: &Mutex<Known>,
) -> Result<(), Failure> {
    let Ok(mut client) = Client::connect(address) else { return Ok(()) };
    while !killed.load(Ordering::Relaxed) {
        let request = log.request(submitted.fetch_add(1, Ordering::Relaxed))?;
        let added = client.add(log, request)?;
        let mut heard = lock(heard);
        match added {
            Added::Acknowledged(entry) => {
                heard.size = heard.size.max(entry.size);
                heard.entries.push(entry);
            }
            Added::Refused(status) => return Err(format!("an entry was refused with {status}").into()),
            Added::Unanswered => {
                heard.unanswered = heard.unanswered.saturating_add(1);
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Every entry, by all clients together.
pub(super) fn look_up_all(log: &Log, address: SocketAddr, entries: &[Entry]) -> Result<(), Failure> {
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for part in entries.chunks(entries.len().div_ceil(CLIENTS).max(1)) {
            let failed = &failed;
            scope.spawn(move || {
                let looked_up = Client::connect(address)
                    .map_err(Failure::from)
                    .and_then(|mut client| part.iter().try_for_each(|entry| client.look_up(log, entry)));
                if let Err(error) = looked_up {
                    *lock(failed) = Some(error.to_string());
                }
            });
        }
    });
    let failure = lock(&failed).take();
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The moment of a kill cannot be replayed, so neither is its number.
fn random(range: std::ops::Range<u64>) -> u64 {
    let span = range.end.saturating_sub(range.start).max(1);
    range.start.saturating_add(RandomState::new().hash_one(0) % span)
}

fn random_below(end: usize) -> usize {
    usize::try_from(random(0..u64::try_from(end).unwrap_or(u64::MAX))).unwrap_or(0)
}
