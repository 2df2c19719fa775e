//! The file of `--resume`: what is signed and not finished, a JSON line for each step, the last one of an artifact counts. It holds
//! no key and no token, and nothing that will not be public.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealwax_client::Unfinished;

use crate::Failure;

/// How every line begins.
const BEGINS: &[u8] = br#"{"artifact":"#;

/// Lines are added to it and flushed before anything that they record is sent. Ours alone while it is open. One in which nothing is kept
/// goes with this value.
pub struct StateFile {
    path: PathBuf,
    open: Mutex<Open>,
    found: BTreeMap<String, Unfinished>,
}

struct Open {
    file: File,
    /// Whether there is something in it that may be taken up.
    is_needed: bool,
}

impl StateFile {
    /// Opens the file, or makes one.
    ///
    /// # Errors
    /// The system says no, or the file is something else.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let cannot = |error: io::Error| Failure::cannot(format!("cannot use {}: {error}", path.display()));
        let mut file = File::options().create(true).read(true).append(true).open(path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Failure::cannot(format!("{} is in use by another process", path.display())));
            }
            Err(fs::TryLockError::Error(error)) => return Err(cannot(error)),
        }
        if !file.metadata().map_err(cannot)?.is_file() {
            return Err(cannot(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
        }
        let Lines { found, whole, is_ended } = read(&file, path)?;
        // A line that was cut off goes, or every later run would find it in the middle; the last one may lack its end.
        let end: &[u8] = if is_ended { b"" } else { b"\n" };
        file.set_len(whole).and_then(|()| file.write_all(end)).map_err(cannot)?;
        let open = Mutex::new(Open { file, is_needed: !found.is_empty() });
        Ok(Self { path: path.to_owned(), open, found })
    }

    /// What is known of an artifact.
    pub fn get(&self, artifact: &str) -> Option<&Unfinished> {
        self.found.get(artifact)
    }

    /// Adds a step, durably.
    ///
    /// # Errors
    /// The system says no.
    pub fn keep(&self, artifact: &str, unfinished: &Unfinished) -> io::Result<()> {
        let line = format!("{}\n", unfinished.to_line(artifact));
        let mut open = self.lock();
        open.is_needed = true;
        open.file.write_all(line.as_bytes())?;
        open.file.sync_data()
    }

    /// Whether there is something in it that may be taken up.
    pub fn is_needed(&self) -> bool {
        self.lock().is_needed
    }

    /// Its path, for people.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Everything is done: it goes.
    pub fn finish(&self) {
        self.lock().is_needed = false;
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StateFile {
    /// While it is still ours alone.
    fn drop(&mut self) {
        if !self.is_needed() {
            // What stays behind is finished, if anything: the next run writes the same bundles.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What is in the file.
struct Lines {
    found: BTreeMap<String, Unfinished>,
    /// How many bytes are lines.
    whole: u64,
    /// Whether the last of them has its end.
    is_ended: bool,
}

fn read(file: &File, path: &Path) -> Result<Lines, Failure> {
    let (mut reader, mut line) = (BufReader::new(file), Vec::new());
    let (mut found, mut whole, mut is_ended) = (BTreeMap::new(), 0, true);
    for number in 1_u64.. {
        line.clear();
        let length = reader.read_until(b'\n', &mut line);
        let length =
            length.map_err(|error| Failure::cannot(format!("cannot read {}: {error}", path.display())))?;
        let text = line.trim_ascii();
        match Unfinished::from_line(text) {
            _ if length == 0 => break,
            _ if text.is_empty() => {}
            Ok((artifact, unfinished)) => drop(found.insert(artifact, unfinished)),
            // Written while the machine went down: what it would have recorded was not sent.
            Err(_) if !line.ends_with(b"\n") && is_beginning(text) => break,
            Err(reason) => {
                let what = "is not a line of unfinished signatures";
                return Err(Failure::cannot(format!("{}, line {number}, {what}: {reason}", path.display())));
            }
        }
        whole += length as u64;
        is_ended = line.ends_with(b"\n");
    }
    Ok(Lines { found, whole, is_ended })
}

/// Whether it may be the beginning of one of our lines, and not somebody's file that was named by mistake.
fn is_beginning(text: &[u8]) -> bool {
    text.starts_with(BEGINS) || BEGINS.starts_with(text)
}
