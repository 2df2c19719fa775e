use super::{
    CHECKPOINT, failed, read_file,
    scan::Scan,
    segment::{self, Segment},
    version, wal,
};
use crate::{
    Bytes, Cell, LockStore, ObjectStore, StoreError, Swap, Version, Versioned,
    disk::{Disk, DiskFile, Mode},
    name,
};
use std::{
    fs::File,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// So often is a scan begun anew when the writer has changed something under it. Each time the writer has removed a
/// segment meanwhile, which it does once per 16 MiB: a reader that is left without processor may lose some of these races,
/// one that loses this many is reading something else than a directory of this store.
const SCANS_MAX: usize = 1000;

/// Reads a directory that another process may be writing to. Changes nothing, and needs no lock.
///
/// What the writer has put and not yet made a file is not seen. The value of [`Cell::Lock`] is the newest one. It is flushed
/// before it is shown, and that proves nothing if a flush of the writer has failed before: it may still be what the next
/// crash takes back, and nothing may be signed on the strength of it. Segments that grow or go in between
/// are followed. Everything that would write is [`StoreError::Failed`].
pub struct Reader<D: Disk> {
    disk: D,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    scan: Option<Scan>,
    /// The newest frame that is certainly durable.
    durable: Option<u64>,
}

impl<D: Disk> Reader<D> {
    /// Reads nothing yet.
    pub fn new(disk: D) -> Self {
        Self { disk, seen: Mutex::default() }
    }

    /// The disk.
    #[must_use]
    pub fn disk(&self) -> &D {
        &self.disk
    }

    fn load_lock(&self) -> Result<Option<Versioned>, StoreError> {
        let mut seen = self.seen();
        for _ in 0..SCANS_MAX {
            seen.refresh(&self.disk)?;
            let Some((position, sequence)) = seen.scan.as_ref().and_then(|scan| scan.last) else {
                return Ok(None);
            };
            let unreadable = |error| failed("read", &segment::path(position.segment), error);
            let segment = match Segment::open(&self.disk, position.segment, Mode::Read) {
                // Removed meanwhile: the newest value is in a newer one.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(unreadable)?.ok_or_else(|| segment::gone(position))?,
            };
            let head = segment.head(position.offset).map_err(unreadable)?;
            let head = head.filter(|(prefix, _)| prefix.sequence == sequence);
            let (_, value) = head.ok_or_else(|| segment::gone(position))?;
            if seen.durable != Some(sequence) {
                match segment.file.sync_data() {
                    // Where nothing can be written, nothing is on its way.
                    Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {}
                    synced => {
                        synced.map_err(|error| failed("flush", &segment::path(position.segment), error))?;
                    }
                }
                seen.durable = Some(sequence);
            }
            return Ok(Some(Versioned { value, version: wal::version(sequence) }));
        }
        Err(busy())
    }

    fn staged(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let mut seen = self.seen();
        let position = match seen.position(name) {
            None => {
                seen.refresh(&self.disk)?;
                seen.position(name)
            }
            known => known,
        };
        drop(seen);
        let Some(position) = position else { return Ok(None) };
        let frame = segment::read_frame(&self.disk, position)?;
        let staged = frame.map(|frame| frame.staged).unwrap_or_default();
        Ok(staged.into_iter().find_map(|(found, value)| (found == name).then_some(value)))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn position(&self, name: &str) -> Option<segment::Position> {
        self.scan.as_ref().and_then(|scan| scan.staged.get(name)).copied()
    }

    /// Reads what is new. What looks damaged is so if it still does at a second look: the writer is writing.
    fn refresh<D: Disk>(&mut self, disk: &D) -> Result<(), StoreError> {
        let mut before = String::new();
        for _ in 0..SCANS_MAX {
            if let Some(mut scan) = self.scan.take()
                && scan.read_on(disk).unwrap_or(false)
            {
                self.scan = Some(scan);
                return Ok(());
            }
            match Scan::read(disk) {
                Ok(scan) => {
                    self.scan = Some(scan);
                    return Ok(());
                }
                Err(StoreError::Failed { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(StoreError::Damaged { what, .. }) if what != before => before = what,
                Err(error) => return Err(error),
            }
        }
        Err(busy())
    }
}

impl<D: Disk> ObjectStore for Reader<D> {
    async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        name::check(name)?;
        match read_file(&self.disk, name)? {
            Some(value) => Ok(Some(value)),
            None => self.staged(name),
        }
    }

    fn file(&self, name: &str) -> Option<File> {
        name::check(name).ok()?;
        self.disk.open(name, Mode::Read).ok()?.system()
    }

    async fn put(&self, name: &str, _: Bytes) -> Result<(), StoreError> {
        Err(refused(name))
    }

    async fn stage(&self, name: &str, _: Bytes) -> Result<(), StoreError> {
        Err(refused(name))
    }

    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        Err(refused(name))
    }
}

impl<D: Disk> LockStore for Reader<D> {
    async fn load(&self, cell: Cell) -> Result<Option<Versioned>, StoreError> {
        match cell {
            Cell::Lock => self.load_lock(),
            Cell::Checkpoint => {
                let value = read_file(&self.disk, CHECKPOINT)?;
                Ok(value.map(|value| Versioned { version: version(&value), value }))
            }
        }
    }

    async fn swap(&self, cell: Cell, _: Option<&Version>, _: Bytes) -> Result<Swap, StoreError> {
        Err(refused(&format!("{cell:?}")))
    }
}

fn busy() -> StoreError {
    failed("read", segment::DIRECTORY, io::ErrorKind::ResourceBusy.into())
}

fn refused(what: &str) -> StoreError {
    failed("open for reading only: change", what, io::ErrorKind::ReadOnlyFilesystem.into())
}
