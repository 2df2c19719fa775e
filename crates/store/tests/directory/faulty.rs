//! A directory whose operations fail on demand, and whose flushes do nothing, which makes them fast.
use super::*;
use sealwax_store::disk::{DiskFile, Mode, OsFile, Place};
use std::{io, sync::Mutex};

#[derive(Clone)]
pub(crate) struct Faulty {
    os: Os,
    plan: Arc<Plan>,
}

pub(crate) struct FaultyFile {
    file: OsFile,
    path: String,
    plan: Arc<Plan>,
}

/// Which operations fail, and how: those whose description (`write wal/0000000000000001`) begins so. A write that makes
/// its file longer is also a `grow`.
#[derive(Default)]
struct Plan(Mutex<Option<(String, io::ErrorKind)>>);

impl Faulty {
    pub(crate) fn new(scratch: &Scratch) -> Self {
        Self { os: Os::new(scratch.path()).unwrap(), plan: Arc::default() }
    }

    /// From now on.
    pub(crate) fn fail(&self, what: &str, kind: io::ErrorKind) {
        *self.plan.0.lock().unwrap() = Some((what.to_owned(), kind));
    }

    pub(crate) fn mend(&self) {
        *self.plan.0.lock().unwrap() = None;
    }
}

impl Plan {
    fn check(&self, what: &str, path: &str) -> io::Result<()> {
        match &*self.0.lock().unwrap() {
            Some((prefix, kind)) if format!("{what} {path}").starts_with(prefix) => Err((*kind).into()),
            _ => Ok(()),
        }
    }
}

impl Disk for Faulty {
    type File = FaultyFile;

    fn open(&self, path: &str, mode: Mode) -> io::Result<FaultyFile> {
        self.plan.check(if mode == Mode::Create { "create" } else { "open" }, path)?;
        Ok(FaultyFile { file: self.os.open(path, mode)?, path: path.to_owned(), plan: self.plan.clone() })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.plan.check("rename", to)?;
        self.os.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.plan.check("remove", path)?;
        self.os.remove(path)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.plan.check("create_dir", path)?;
        self.os.create_dir(path)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.plan.check("sync_dir", path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        self.plan.check("list", path)?;
        self.os.list(path)
    }
}

impl DiskFile for FaultyFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.plan.check("read", &self.path)?;
        self.file.read_at(buffer, offset)
    }

    /// A failed write leaves half of the bytes.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let grows = offset + bytes.len() as u64 > self.file.len()?;
        let room = if grows { self.plan.check("grow", &self.path) } else { Ok(()) };
        if let Err(error) = room.and_then(|()| self.plan.check("write", &self.path)) {
            self.file.write_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        self.file.write_at(bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.plan.check("set_len", &self.path)?;
        self.file.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.plan.check("sync", &self.path)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.plan.check("sync", &self.path)
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.file.try_lock()
    }

    fn place(&self) -> io::Result<Place> {
        self.file.place()
    }
}
