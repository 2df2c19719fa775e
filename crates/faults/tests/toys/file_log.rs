//! Lines in a file, each acknowledged when it is durable; now and then everything is written anew.

use sealwax_faults::{
    SimDisk,
    disk::{Effect, Plan, SimFile, Snapshot, Survives, Then},
};
use sealwax_store::disk::{Disk, DiskFile, Mode};
use std::{
    io,
    sync::{Arc, Mutex},
};

/// What the protocol does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Acknowledges before it syncs.
    AnswersFirst,
    /// Does not make the name of the new file durable.
    ForgetsTheDirectory,
    /// Renames the new file before it is durable.
    RenamesFirst,
    /// Has no way to tell that a line is torn.
    BelievesEveryLine,
    /// Syncs again after a sync has failed.
    SyncsAgain,
    /// Believes what it reads after a restart, without making it durable.
    BelievesThePageCache,
}

impl Mistake {
    pub(crate) const ALL: [Self; 6] = [
        Self::AnswersFirst,
        Self::ForgetsTheDirectory,
        Self::RenamesFirst,
        Self::BelievesEveryLine,
        Self::SyncsAgain,
        Self::BelievesThePageCache,
    ];
}

/// A number as a line of fixed length: 600 bytes, so that no sector holds a whole one, the last byte a checksum.
const LINE_BYTES: usize = 600;

fn line(number: u8) -> [u8; LINE_BYTES] {
    let mut line = [number.wrapping_add(1); LINE_BYTES];
    line[LINE_BYTES - 1] = number.wrapping_mul(7).wrapping_add(1);
    line
}

struct FileLog {
    disk: SimDisk,
    file: SimFile,
    lines: Vec<u8>,
    mistake: Option<Mistake>,
}

impl FileLog {
    /// Reads what is there and writes it anew: what is read may be in memory only.
    fn open(disk: &SimDisk, mistake: Option<Mistake>) -> io::Result<Self> {
        let mut lines = Vec::new();
        let is_new = match disk.open("log", Mode::Read) {
            Ok(file) => {
                let mut bytes = [0; LINE_BYTES];
                while file.read_at(&mut bytes, (lines.len() * LINE_BYTES) as u64)? == LINE_BYTES {
                    let number = bytes[LINE_BYTES / 2].wrapping_sub(1);
                    if bytes != line(number) && mistake != Some(Mistake::BelievesEveryLine) {
                        break;
                    }
                    lines.push(number);
                }
                false
            }
            Err(_) => true,
        };
        if mistake == Some(Mistake::BelievesThePageCache) && !is_new {
            let file = disk.open("log", Mode::Write)?;
            return Ok(Self { disk: disk.clone(), file, lines, mistake });
        }
        let file = rewrite(disk, &lines, mistake)?;
        Ok(Self { disk: disk.clone(), file, lines, mistake })
    }

    fn add(&mut self, number: u8, acknowledged: &Mutex<Vec<u8>>) -> io::Result<()> {
        let offset = (self.lines.len() * LINE_BYTES) as u64;
        self.file.write_at(&line(number), offset)?;
        if self.mistake == Some(Mistake::AnswersFirst) {
            acknowledged.lock().unwrap().push(number);
        }
        match self.file.sync_data() {
            Err(_) if self.mistake == Some(Mistake::SyncsAgain) => self.file.sync_data()?,
            other => other?,
        }
        self.lines.push(number);
        if self.mistake != Some(Mistake::AnswersFirst) {
            acknowledged.lock().unwrap().push(number);
        }
        if self.lines.len().is_multiple_of(3) {
            self.file = rewrite(&self.disk, &self.lines, self.mistake)?;
        }
        Ok(())
    }
}

fn rewrite(disk: &SimDisk, lines: &[u8], mistake: Option<Mistake>) -> io::Result<SimFile> {
    match disk.remove("new") {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.open("new", Mode::Create)?;
    file.write_at(&lines.iter().flat_map(|number| line(*number)).collect::<Vec<u8>>(), 0)?;
    if mistake == Some(Mistake::RenamesFirst) {
        disk.rename("new", "log")?;
        disk.sync_dir("")?;
        file.sync_data()?;
        return Ok(file);
    }
    file.sync_data()?;
    disk.rename("new", "log")?;
    if mistake != Some(Mistake::ForgetsTheDirectory) {
        disk.sync_dir("")?;
    }
    Ok(file)
}

/// Where an acknowledged line was lost: after which operation, and how.
pub(crate) fn first_loss(mistake: Option<Mistake>) -> Option<(u64, String)> {
    crash_points(mistake).or_else(|| failure_points(mistake))
}

const DRAWN: [Survives; 5] =
    [Survives::Torn(1), Survives::Torn(2), Survives::Any(1), Survives::Any(2), Survives::Any(3)];

fn every_way() -> impl Iterator<Item = Survives> {
    Survives::FIXED.into_iter().chain(DRAWN)
}

/// An operation, the disk after it, and what was acknowledged by then.
type Moment = (u64, Snapshot, Vec<u8>);

/// One run without failures, and every crash at every point of it.
fn crash_points(mistake: Option<Mistake>) -> Option<(u64, String)> {
    let disk = SimDisk::new(1);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let points: Arc<Mutex<Vec<Moment>>> = Arc::default();
    let (watched, told) = (Arc::clone(&points), Arc::clone(&acknowledged));
    disk.watch(Box::new(move |number, _, snapshot| {
        watched.lock().unwrap().push((number, snapshot.clone(), told.lock().unwrap().clone()));
    }));
    let mut log = FileLog::open(&disk, mistake).unwrap();
    (0..20).for_each(|number| log.add(number, &acknowledged).unwrap());
    disk.unwatch();
    let points = points.lock().unwrap();
    points.iter().find_map(|(number, snapshot, acknowledged)| {
        let loss =
            every_way().find_map(|survives| reopen(&snapshot.after(survives), mistake, acknowledged))?;
        Some((*number, loss))
    })
}

/// Every operation fails once, in every way; then a new process, then a power failure.
fn failure_points(mistake: Option<Mistake>) -> Option<(u64, String)> {
    for operation in 1.. {
        for effect in [Effect::NotApplied, Effect::Applied, Effect::Torn] {
            let disk = SimDisk::new(operation);
            let error = io::ErrorKind::Other;
            disk.set_plan(Plan { operation, effect, then: Then::GoesOn, error });
            let acknowledged = Mutex::new(Vec::new());
            let mut numbers = 0..20;
            if let Ok(mut log) = FileLog::open(&disk, mistake) {
                while numbers.by_ref().next().is_some_and(|number| log.add(number, &acknowledged).is_ok()) {}
            }
            if disk.operations() < operation {
                return None;
            }
            let acknowledged = acknowledged.into_inner().unwrap();
            for survives in every_way() {
                if let Some(loss) = reopen(&disk.snapshot().after(survives), mistake, &acknowledged) {
                    return Some((operation, format!("{effect:?}: {loss}")));
                }
            }
        }
    }
    None
}

/// Opens, looks, adds, and lets the power fail once more.
fn reopen(disk: &SimDisk, mistake: Option<Mistake>, acknowledged: &[u8]) -> Option<String> {
    let mut log = match FileLog::open(disk, mistake) {
        Ok(log) => log,
        Err(error) => return Some(format!("does not open: {error}")),
    };
    let is_right =
        |lines: &[u8]| lines.starts_with(acknowledged) && lines.iter().zip(0..).all(|(a, b)| *a == b);
    if !is_right(&log.lines) {
        return Some(format!("{acknowledged:?} were acknowledged, {:?} are there", log.lines));
    }
    let shown = log.lines.clone();
    for survives in every_way() {
        let again = FileLog::open(&disk.snapshot().after(survives), mistake).ok()?;
        if !again.lines.starts_with(&shown) {
            return Some(format!("{shown:?} were shown, then {:?} with {survives:?}", again.lines));
        }
    }
    let next = u8::try_from(shown.len()).unwrap();
    log.add(next, &Mutex::default()).err().map(|error| error.to_string())
}
