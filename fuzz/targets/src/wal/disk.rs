use sealwax_store::disk::{Disk, DiskFile, Mode, Place};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

type Contents = Arc<Mutex<Vec<u8>>>;

/// Files in memory, and nothing that fails.
#[derive(Clone, Default)]
pub(super) struct MemoryDisk(Arc<Mutex<BTreeMap<String, Contents>>>);

impl MemoryDisk {
    pub(super) fn write(&self, path: &str, bytes: &[u8]) {
        self.0.lock().unwrap().insert(path.to_owned(), Arc::new(Mutex::new(bytes.to_vec())));
    }

    /// Nothing if there is no such file.
    pub(super) fn read(&self, path: &str) -> Vec<u8> {
        let files = self.0.lock().unwrap();
        files.get(path).map(|contents| contents.lock().unwrap().clone()).unwrap_or_default()
    }
}

impl Disk for MemoryDisk {
    type File = MemoryFile;

    fn open(&self, path: &str, mode: Mode) -> io::Result<MemoryFile> {
        let mut files = self.0.lock().unwrap();
        match (files.get(path), mode) {
            (Some(_), Mode::Create) => Err(io::ErrorKind::AlreadyExists.into()),
            (Some(contents), _) => Ok(MemoryFile(contents.clone())),
            (None, Mode::Create) => Ok(MemoryFile(files.entry(path.to_owned()).or_default().clone())),
            (None, _) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.0.lock().unwrap();
        let contents = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), contents);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.0.lock().unwrap().remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn create_dir(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let inside = |name: &String| Some(name.strip_prefix(path)?.strip_prefix('/')?.to_owned());
        Ok(self.0.lock().unwrap().keys().filter_map(inside).collect())
    }
}

pub(super) struct MemoryFile(Contents);

impl DiskFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let contents = self.0.lock().unwrap();
        let rest = contents.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(rest.len().min(buffer.len()))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut contents = self.0.lock().unwrap();
        let offset = usize::try_from(offset).unwrap();
        let end = contents.len().max(offset + bytes.len());
        contents.resize(end, 0);
        contents.iter_mut().skip(offset).zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.lock().unwrap().resize(usize::try_from(length).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }

    fn place(&self) -> io::Result<Place> {
        Ok(Place { file_system: 0, inode: 0, born_ns: None })
    }
}
