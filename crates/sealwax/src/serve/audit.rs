//! The audit log of an instance: who got which certificate when, and who was refused and why, one JSON object per line. No token is
//! in it. The fields: `docs/operations/audit.md`.
//!
//! **How durable.** A line is with the system (`write`) before its request is answered, so a process that is killed loses none; it is
//! flushed to the disk within a second, so a power cut may lose the last second's. What was issued is in the certificate log in any
//! case, which is flushed before the answer. A certificate whose line cannot be written is not handed out.

mod line;
mod patience;
pub mod told;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sealwax_ca::{Audit, Event, NotRecorded};
use sealwax_server::journal::{Journal, Value};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use self::patience::Patience;
use super::config::{Keys, Section};
use super::vault::private_directory;
use crate::Failure;

/// The folder of the audit log in the directory of an instance.
pub const FOLDER: &str = "audit";

/// The file that is written to. Those before it are called after the moment of their end.
pub const CURRENT: &str = "audit.jsonl";

/// How much a power cut may take.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// `[audit]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub enabled: bool,
    pub directory: Option<PathBuf>,
    pub max_bytes: u64,
}

impl Default for Settings {
    /// 64 MiB are some hundred thousand certificates: small enough to be moved about.
    fn default() -> Self {
        Self { enabled: true, directory: None, max_bytes: 64 << 20 }
    }
}

impl Section for Settings {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key(
            "enabled",
            "Whether a record is kept of every request for a certificate.",
            &mut self.enabled,
        );
        keys.key(
            "directory",
            "Where. Unset: the folder audit in the directory of the instance.",
            &mut self.directory,
        );
        keys.key(
            "max_bytes",
            "A new file is begun when one has so many bytes, and each day (UTC). None is ever removed.",
            &mut self.max_bytes,
        );
    }
}

/// The audit log.
pub struct AuditLog {
    folder: PathBuf,
    max_bytes: u64,
    journal: Journal,
    state: Mutex<State>,
}

struct State {
    file: File,
    bytes: u64,
    /// The day of its lines, in days since 1970.
    day: i64,
    is_flushed: bool,
    patience: Patience,
}

impl AuditLog {
    /// Opens it, and makes the folder if it is not there. `None` if none is wanted. Blocks.
    pub fn open(
        instance: &Path,
        settings: &Settings,
        journal: Journal,
    ) -> Result<Option<Arc<Self>>, Failure> {
        if !settings.enabled {
            return Ok(None);
        }
        let folder = settings.directory.clone().unwrap_or_else(|| instance.join(FOLDER));
        let opened = private_directory(&folder).and_then(|()| open(&folder));
        let (file, bytes, day) =
            opened.map_err(|error| Failure::cannot(format!("{}: {error}", folder.display())))?;
        let state = State { file, bytes, day, is_flushed: true, patience: Patience::default() };
        let max_bytes = settings.max_bytes;
        Ok(Some(Arc::new(Self { folder, max_bytes, journal, state: Mutex::new(state) })))
    }

    /// Flushes what was written, as long as it is polled.
    pub async fn keep_flushed(self: Arc<Self>) {
        let mut ticks = interval(FLUSH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let log = self.clone();
            if let Ok(Err(error)) = spawn_blocking(move || log.flush()).await {
                self.journal.error("the audit log was not flushed", &[("error", Value::Shown(&error))]);
            }
        }
    }

    /// Makes durable what was written. Blocks; lines are written meanwhile.
    pub fn flush(&self) -> io::Result<()> {
        let file = {
            let mut state = self.state();
            if state.is_flushed {
                return Ok(());
            }
            let file = state.file.try_clone()?;
            state.is_flushed = true;
            file
        };
        file.sync_data().inspect_err(|_| self.state().is_flushed = false)
    }

    fn write(&self, event: &Event<'_>) -> io::Result<()> {
        let mut state = self.state();
        // Whoever has no token of ours must not fill the disk.
        let unrecorded = match event.identity {
            None if !state.patience.allows(event.time) => return Ok(()),
            _ => state.patience.take_unrecorded(),
        };
        let line = line::of(event, unrecorded);
        let day = day(event.time);
        if state.bytes > 0 && (state.day != day || state.bytes >= self.max_bytes) {
            self.begin_next(&mut state, event.time)?;
        }
        state.day = day;
        if let Err(error) = state.file.write_all(line.as_bytes()) {
            // No half of a line stays before the next one, where the file can be cut.
            let _ = state.file.set_len(state.bytes);
            return Err(error);
        }
        state.bytes += line.len() as u64;
        state.is_flushed = false;
        Ok(())
    }

    /// Gives what is there its name for good, and begins the next file. It may be gone: somebody took it away, or a call before this
    /// one got no further.
    fn begin_next(&self, state: &mut State, now: Timestamp) -> io::Result<()> {
        state.file.sync_data()?;
        let ended = now.strftime("%Y-%m-%dT%H%M%SZ").to_string();
        let names = (1..).map(|number| match number {
            1 => format!("audit-{ended}.jsonl"),
            number => format!("audit-{ended}-{number}.jsonl"),
        });
        for name in names {
            // A link, unlike a rename, replaces nothing.
            match fs::hard_link(self.folder.join(CURRENT), self.folder.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                linked => {
                    linked?;
                    fs::remove_file(self.folder.join(CURRENT))?;
                    break;
                }
            }
        }
        (state.file, state.bytes, state.day) = open(&self.folder)?;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Audit for AuditLog {
    fn record(&self, event: &Event<'_>) -> Result<(), NotRecorded> {
        self.write(event).map_err(|error| {
            self.journal.error("the audit log cannot be written", &[("error", Value::Shown(&error))]);
            NotRecorded { reason: format!("the audit log cannot be written: {error}") }
        })
    }
}

/// The current file, at its end; how long it is, and of which day.
fn open(folder: &Path) -> io::Result<(File, u64, i64)> {
    let path = folder.join(CURRENT);
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    File::open(folder)?.sync_all()?;
    let metadata = file.metadata()?;
    let mut bytes = metadata.len();
    if bytes > 0 {
        // A power cut may have left half of a line: it ends here.
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
            bytes += 1;
        }
    }
    let written = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    Ok((file, bytes, day(written.unwrap_or_else(Timestamp::now))))
}

fn day(time: Timestamp) -> i64 {
    time.as_second().div_euclid(86_400)
}

#[cfg(test)]
mod tests;
