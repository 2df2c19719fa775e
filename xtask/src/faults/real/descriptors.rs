//! A server that lacks file descriptors: from the start, and while it runs.

use std::fs;
use std::ops::Range;

use super::client::Client;
use super::log::Log;
use super::refusals::{demand_refused, fill};
use super::running::{Running, refused};
use super::starved::{Starved, goes_on};
use crate::Failure;

/// Too few to start with: not enough for the runtime, for its signals, for the log, for its clients.
const TOO_FEW: [u32; 4] = [6, 7, 16, 64];

/// Enough to serve, and so few that they can be used up.
const FEW: u32 = 128;

/// With this limit a process keeps those it has, and gets no other: 0 to 2 are always taken.
const NONE_MORE: u32 = 3;

/// More connections than there are descriptors for.
const IDLE: usize = 100;

/// Clients that submit at the same time.
const CLIENTS: u64 = 8;

/// Each client submits entries of these numbers, and of as many thousands more as it has predecessors.
const FILLING: Range<u64> = 1_000..21_000;

pub(super) fn run(log: &Log) -> Result<String, Failure> {
    let mut said = String::new();
    for number in TOO_FEW {
        said = demand_refused(
            refused(&["sh", "-c", &limited(&format!("-n {number}"))], &log.program, &log.directory)?,
            "120 free file descriptors are needed",
        )?;
    }
    let raised = raised(log)?;
    let server =
        Running::start_by(&["sh", "-c", &limited(&format!("-n {FEW}"))], &log.program, &log.directory)?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::connect(server.address)?);
    }
    let mut entries = Vec::new();
    for (number, client) in (0..).zip(&mut clients) {
        entries.extend(fill(log, client, of_client(0..100, number))?);
    }
    // Those that are not accepted wait in the system's queue, and take nothing of the server.
    let idle: Vec<Client> = (0..IDLE).filter_map(|_| Client::connect(server.address).ok()).collect();
    for (number, client) in (0..).zip(&mut clients) {
        entries.extend(fill(log, client, of_client(100..200, number))?);
    }
    let used = server.descriptors()?;
    server.allow_descriptors(NONE_MORE)?;
    let starved = starve(log, &mut clients)?;
    for client in &mut clients {
        client.published(log)?;
    }
    drop((clients, idle));
    server.allow_descriptors(FEW)?;
    entries.extend(starved.entries);
    let recovered = goes_on(log, &server, &entries)?;
    server.stop()?;
    log.check()?;
    Ok(format!(
        "with {TOO_FEW:?}: {said}; a soft limit of 64 became {raised}; with {FEW} and {IDLE} idle connections {used} are in use and entries are taken; without a free one {} are refused, the first with {}; with {FEW} again the log goes on after {} ms, and {} entries are all there",
        starved.refused,
        starved.status,
        recovered.as_millis(),
        entries.len(),
    ))
}

/// A soft limit is no reason not to start: the server raises it.
fn raised(log: &Log) -> Result<String, Failure> {
    let server = Running::start_by(&["sh", "-c", &limited("-S -n 64")], &log.program, &log.directory)?;
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id()))?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let mut numbers = line.unwrap_or_default().split_whitespace();
    let (soft, hard) = (numbers.next(), numbers.next());
    if soft.is_none() || soft != hard {
        return Err(format!("the limit of descriptors was not raised: {line:?}").into());
    }
    server.stop()?;
    Ok(soft.unwrap_or_default().to_owned())
}

/// All clients submit until each has been refused; whatever was asked is answered.
fn starve(log: &Log, clients: &mut [Client]) -> Result<Starved, Failure> {
    let mut all = Starved::default();
    std::thread::scope(|scope| {
        let clients = (0..).zip(clients);
        let running: Vec<_> = clients
            .map(|(number, client)| {
                scope.spawn(move || {
                    let mut starved = Starved::default();
                    let filled = starved.fill(log, client, of_client(FILLING, number));
                    filled.map(|()| starved).map_err(|error| error.to_string())
                })
            })
            .collect();
        for one in running {
            all.add(one.join().map_err(|_| "a client panicked")??);
        }
        Ok(all)
    })
}

/// The same numbers for another client.
fn of_client(numbers: Range<u64>, client: u64) -> Range<u64> {
    let from = client.saturating_mul(100_000);
    numbers.start.saturating_add(from)..numbers.end.saturating_add(from)
}

fn limited(limit: &str) -> String {
    format!("ulimit {limit} && exec \"$0\" \"$@\"")
}
