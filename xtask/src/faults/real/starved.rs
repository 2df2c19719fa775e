//! A server that lacks what it needs: room on the disk, a clock that can be trusted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::client::{Added, Client};
use super::kills::look_up_all;
use super::log::{Entry, Log};
use super::refusals::fill;
use super::running::{Running, beside};
use crate::Failure;

/// The disk that is filled up.
const DISK_MIB: u64 = 3;

/// What else lies on it at first.
const BALLAST_BYTES: usize = 1 << 20;

/// More entries than the disk has room for.
const FILLING: std::ops::Range<u64> = 1000..20_000;

/// The one that is taken afterwards.
const AFTERWARDS: u64 = 20_000;

/// So many entries are refused before the log gets what it lacks.
const TRIES: u64 = 50;

/// A log that has what it lacked goes on within this time.
const RECOVERY: Duration = Duration::from_secs(20);

/// The disk fills up while entries come, and then there is room again.
pub(super) fn full_disk(program: &Path, directory: &Path) -> Result<String, Failure> {
    let Some(disk) = Mounted::new(directory)? else { return Ok("skipped: mounting is not allowed".into()) };
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, vec![1; BALLAST_BYTES])?;
    let log = Log::create(program, disk.0.join("log"))?;
    let server = Running::start(program, &log.directory)?;
    let mut starved = Starved::default();
    starved.fill(&log, &mut Client::connect(server.address)?, FILLING)?;
    let before = starved.entries.last().map_or(0, |entry| entry.size);
    let size = Client::connect(server.address)?.published(&log)?;
    if size < before {
        return Err(format!("a full disk: {size} of {before} entries are published").into());
    }
    fs::remove_file(&ballast)?;
    let recovered = goes_on(&log, &server, &starved.entries)?;
    server.stop()?;
    log.check()?;
    Ok(format!(
        "{} entries acknowledged, {} refused, the first with {}; reads went on; with room entries are taken again after {} ms, and all are there",
        starved.entries.len(),
        starved.refused,
        starved.status,
        recovered.as_millis(),
    ))
}

/// The clock jumps ahead and back while entries come, and between two lives.
pub(super) fn clock(log: &Log) -> Result<String, Failure> {
    let Some(library) = faketime() else {
        return Ok("skipped: no faketime is installed; `cargo xtask simulate` has clocks that jump".into());
    };
    let file = beside(&log.directory, "clock");
    let set = |days: &str| fs::write(&file, format!("{days}d\n"));
    set("+0")?;
    let preload = format!("LD_PRELOAD={library}");
    let from = format!("FAKETIME_TIMESTAMP_FILE={}", file.display());
    let by = ["env", &preload, &from, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"];
    let (mut entries, mut years) = (Vec::new(), Vec::new());
    for (life, jumps) in (0..).zip([["+0", "+400"], ["+400", "-400"], ["-400", "+0"], ["-0.1", "+0.1"]]) {
        let [first, second] = jumps;
        set(first)?;
        let server = Running::start_by(&by, &log.program, &log.directory)?;
        let mut client = Client::connect(server.address)?;
        let number = 1000_u64.saturating_mul(life);
        entries.extend(fill(log, &mut client, number..number.saturating_add(200))?);
        set(second)?;
        let middle = number.saturating_add(200);
        entries.extend(fill(log, &mut client, middle..middle.saturating_add(200))?);
        look_up_all(log, server.address, &entries)?;
        server.stop()?;
        // The server's journal says what it takes the time to be.
        let journal = fs::read_to_string(beside(&log.directory, "errors"))?;
        years.extend(journal.lines().filter_map(|line| line.get(..4)?.parse::<u16>().ok()));
        log.check()?;
    }
    let (Some(first), Some(last)) = (years.iter().min(), years.iter().max()) else {
        return Err("the server's journal has no times".into());
    };
    if last.saturating_sub(*first) < 2 {
        return Err(format!("the clock did not jump: the journal is from {first} to {last}").into());
    }
    Ok(format!("four lives between {first} and {last}: {} entries, all there", entries.len()))
}

/// What became of the entries that came while something lacked.
#[derive(Default)]
pub(super) struct Starved {
    pub(super) entries: Vec<Entry>,
    pub(super) refused: u64,
    /// The first refusal's status.
    pub(super) status: u16,
}

impl Starved {
    /// Submits new entries until one is refused, and then some more: what is acknowledged must stay, whenever it was.
    pub(super) fn fill(
        &mut self,
        log: &Log,
        client: &mut Client,
        mut numbers: std::ops::Range<u64>,
    ) -> Result<(), Failure> {
        while self.refused < TRIES {
            let number = numbers.next().ok_or("a log that lacks what it needs takes all entries")?;
            match client.add(log, log.request(number)?)? {
                Added::Acknowledged(entry) => self.entries.push(entry),
                Added::Refused(status) => {
                    self.status = if self.refused == 0 { status } else { self.status };
                    self.refused = self.refused.saturating_add(1);
                }
                Added::Unanswered => return Err("an entry was neither taken nor refused".into()),
            }
        }
        Ok(())
    }

    /// What became of another client's.
    pub(super) fn add(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.status = if self.refused == 0 { other.status } else { self.status };
        self.refused = self.refused.saturating_add(other.refused);
    }
}

/// New entries are taken after a while, which is returned, and the old ones are where they were.
pub(super) fn goes_on(log: &Log, server: &Running, entries: &[Entry]) -> Result<Duration, Failure> {
    let since = Instant::now();
    let request = log.request(AFTERWARDS)?;
    loop {
        let added = Client::connect_for(server.address, Duration::from_secs(2)).map_err(Failure::from);
        if let Ok(Added::Acknowledged(_)) = added.and_then(|mut client| client.add(log, request.clone())) {
            let recovered = since.elapsed();
            look_up_all(log, server.address, entries)?;
            return Ok(recovered);
        }
        if since.elapsed() > RECOVERY {
            return Err("the log does not take entries again".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A small file system in memory, which ends with this value.
struct Mounted(PathBuf);

impl Mounted {
    /// None if mounting is not allowed.
    fn new(directory: &Path) -> Result<Option<Self>, Failure> {
        fs::create_dir_all(directory)?;
        let size = format!("size={DISK_MIB}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "sealwax-faults"]).arg(directory);
        let mounted = mount.output().is_ok_and(|tried| tried.status.success());
        Ok(mounted.then(|| Self(directory.to_owned())))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// The library that `faketime` has programs load. The command itself would stay between us and the server.
fn faketime() -> Option<String> {
    let shown = Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output().ok()?;
    let library = String::from_utf8(shown.stdout).ok()?.trim().to_owned();
    (shown.status.success() && !library.is_empty()).then_some(library)
}
