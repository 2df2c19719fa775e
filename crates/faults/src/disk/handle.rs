use super::{Operation, SimDisk};
use sealwax_store::disk::{DiskFile, Place};
use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

/// An open file of a [`SimDisk`].
pub struct SimFile {
    disk: SimDisk,
    number: u64,
    is_writable: bool,
    has_lock: AtomicBool,
}

impl SimFile {
    pub(super) fn new(disk: SimDisk, number: u64, is_writable: bool) -> Self {
        Self { disk, number, is_writable, has_lock: AtomicBool::new(false) }
    }

    fn writable(&self) -> io::Result<()> {
        if self.is_writable { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().contents.file(self.number)?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(self.disk.state().contents.file(self.number)?.read(buffer, offset))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.writable()?;
        let operation = Operation::Write(self.number, bytes.len(), offset);
        self.disk.operate(&operation, |contents, course| {
            let grows = (offset + bytes.len() as u64).saturating_sub(contents.file(self.number)?.len());
            if course.capacity < u64::MAX && grows > 0 && contents.used() + grows > course.capacity {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let file = contents.file_mut(self.number)?;
            course.prefix(bytes.len(), |count| {
                if let Some(bytes) = bytes.get(..count).filter(|bytes| !bytes.is_empty()) {
                    file.write(bytes, offset);
                }
            })
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.writable()?;
        self.disk.operate(&Operation::SetLength(self.number, length), |contents, course| {
            course.all_or_nothing(contents, |contents| {
                contents.file_mut(self.number)?.set_len(length);
                Ok(())
            })
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.operate(&Operation::Sync(self.number), |contents, course| {
            contents.file_mut(self.number)?.sync(course)
        })
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn try_lock(&self) -> io::Result<bool> {
        let is_new = self.disk.state().locked.insert(self.number);
        self.has_lock.fetch_or(is_new, Ordering::Relaxed);
        Ok(is_new)
    }

    fn place(&self) -> io::Result<Place> {
        Ok(Place { file_system: self.disk.state().contents.file_system, inode: self.number, born_ns: None })
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if self.has_lock.load(Ordering::Relaxed) {
            self.disk.state().locked.remove(&self.number);
        }
    }
}
