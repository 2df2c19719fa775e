//! What a server must not do, and says so.

use std::path::Path;

use super::client::{Added, Client};
use super::log::{Entry, Log};
use super::running::{Running, refused};
use crate::Failure;
use crate::process::output;

/// The exit code of a server that cannot serve.
const CANNOT: i32 = 3;

/// Beside a server that runs, a second one is refused.
pub(super) fn two_processes(log: &Log) -> Result<String, Failure> {
    let server = Running::start(&log.program, &log.directory)?;
    let mut client = Client::connect(server.address)?;
    let first = fill(log, &mut client, 0..50)?;
    let said = demand_refused(refused(&[], &log.program, &log.directory)?, "in process")?;
    if !said.contains(&format!("in process {}", server.id())) {
        return Err(format!("the second process does not name the first: {said}").into());
    }
    fill(log, &mut client, 50..100)?;
    first.iter().try_for_each(|entry| client.look_up(log, entry))?;
    server.stop()?;
    log.check()?;
    Ok(format!("the second was refused with {CANNOT}, the first went on: {said}"))
}

/// A copy is read, and takes nothing.
pub(super) fn copied(log: &Log, copy: &Path) -> Result<String, Failure> {
    let server = Running::start(&log.program, &log.directory)?;
    let entries = fill(log, &mut Client::connect(server.address)?, 0..300)?;
    server.stop()?;
    if copy.exists() {
        std::fs::remove_dir_all(copy)?;
    }
    output(std::process::Command::new("cp").arg("-r").arg(&log.directory).arg(copy))?;
    let server = Running::start(&log.program, copy)?;
    let mut client = Client::connect(server.address)?;
    let Added::Refused(503) = client.add(log, log.request(1000)?)? else {
        return Err("a copy did not refuse an entry with 503".into());
    };
    let (size, tile) = (client.published(log)?, client.ask("GET", "/tile/0/000", "")?.0);
    if (size, tile) != (300, 200) {
        return Err(format!("a copy of 300 entries shows {size}, and its first tile with {tile}").into());
    }
    server.stop()?;
    let server = Running::start(&log.program, &log.directory)?;
    let mut client = Client::connect(server.address)?;
    entries.iter().try_for_each(|entry| client.look_up(log, entry))?;
    client.must_add(log, log.request(1001)?)?;
    server.stop()?;
    log.check()?;
    Ok("300 entries are read, a new one is refused with 503; the original goes on".into())
}

/// A directory that cannot be written to: a mount of its own, as permissions do not bind root.
pub(super) fn read_only(log: &Log) -> Result<String, Failure> {
    let server = Running::start(&log.program, &log.directory)?;
    let entries = fill(log, &mut Client::connect(server.address)?, 0..20)?;
    server.stop()?;
    let directory = log.directory.to_str().ok_or("the directory's name is no text")?;
    let script =
        format!("mount --bind '{directory}' '{directory}' && mount -o remount,ro,bind '{directory}'");
    let may = std::process::Command::new("unshare").args(["-rm", "sh", "-c", &script]).output();
    if !may.is_ok_and(|tried| tried.status.success()) {
        return Ok("skipped: mounting is not allowed".into());
    }
    let script = format!("{script} && exec \"$0\" \"$@\"");
    let by = ["unshare", "-rm", "sh", "-c", &script];
    let said = demand_refused(refused(&by, &log.program, &log.directory)?, "ead-only")?;
    let server = Running::start(&log.program, &log.directory)?;
    let mut client = Client::connect(server.address)?;
    entries.iter().try_for_each(|entry| client.look_up(log, entry))?;
    server.stop()?;
    log.check()?;
    Ok(format!("refused with {CANNOT}: {said}"))
}

/// Entries that must be taken.
pub(super) fn fill(
    log: &Log,
    client: &mut Client,
    numbers: std::ops::Range<u64>,
) -> Result<Vec<Entry>, Failure> {
    numbers.map(|number| client.must_add(log, log.request(number)?)).collect()
}

/// What a server said that refused to start, as it should.
pub(super) fn demand_refused((code, said): (i32, String), word: &str) -> Result<String, Failure> {
    if code == CANNOT && said.contains(word) {
        return Ok(said);
    }
    Err(format!("a server ended with {code} instead of {CANNOT}, or did not say {word:?}: {said}").into())
}
