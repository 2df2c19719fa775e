use super::{Disk, DiskFile, Mode, Place};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::UNIX_EPOCH,
};

/// A directory of the operating system. Clones share the counters.
#[derive(Clone, Debug)]
pub struct Os {
    root: PathBuf,
    counters: Arc<Counters>,
}

/// An open file of the operating system.
#[derive(Debug)]
pub struct OsFile {
    file: File,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    flushes: AtomicU64,
    bytes_written: AtomicU64,
}

impl Os {
    /// An existing directory.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] if it lies on a file system over a network (checked on Linux); the system's.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        let directory = File::open(&root)?;
        if !directory.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        #[cfg(target_os = "linux")]
        super::network::refuse(&directory)?;
        Ok(Self { root, counters: Arc::default() })
    }

    /// Creates a directory, not its parents, and makes its name durable.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`]; as [`Os::new`].
    pub fn create(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        fs::create_dir(&root)?;
        let parent = match root.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        File::open(parent)?.sync_all()?;
        Self::new(root)
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How often something was flushed to the disk.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.counters.flushes.load(Relaxed)
    }

    /// How many bytes were handed to `write`.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.counters.bytes_written.load(Relaxed)
    }

    fn path(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }
}

impl Disk for Os {
    type File = OsFile;

    fn open(&self, path: &str, mode: Mode) -> io::Result<OsFile> {
        let file = OpenOptions::new()
            .read(true)
            .write(mode != Mode::Read)
            .create_new(mode == Mode::Create)
            .open(self.path(path))?;
        Ok(OsFile { file, counters: self.counters.clone() })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.path(path))
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        fs::create_dir(self.path(path))
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.counters.flushes.fetch_add(1, Relaxed);
        File::open(self.path(path))?.sync_all()
    }

    /// Names that are not Unicode are none of ours and left out.
    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path(path))? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }
}

impl DiskFile for OsFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset.saturating_add(read as u64)) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.counters.bytes_written.fetch_add(bytes.len() as u64, Relaxed);
        self.file.write_all_at(bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.counters.flushes.fetch_add(1, Relaxed);
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.counters.flushes.fetch_add(1, Relaxed);
        self.file.sync_all()
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn place(&self) -> io::Result<Place> {
        let file_system = rustix::fs::fstatvfs(&self.file)?.f_fsid;
        let metadata = self.file.metadata()?;
        let born = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        let born_ns = born.and_then(|born| u64::try_from(born.as_nanos()).ok());
        Ok(Place { file_system, inode: metadata.ino(), born_ns })
    }

    fn system(self) -> Option<File> {
        Some(self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn files_are_created_once_written_anywhere_and_renamed() {
        let scratch = Scratch::new();
        let disk = Os::new(scratch.path()).unwrap();
        assert_eq!(disk.open("a", Mode::Write).unwrap_err().kind(), io::ErrorKind::NotFound);
        let file = disk.open("a", Mode::Create).unwrap();
        assert_eq!(disk.open("a", Mode::Create).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        file.write_at(b"abc", 2).unwrap();
        assert_eq!(file.len().unwrap(), 5);
        let mut buffer = [9; 8];
        assert_eq!(file.read_at(&mut buffer, 1).unwrap(), 4);
        assert_eq!(buffer, *b"\0abc\x09\x09\x09\x09");
        file.set_len(3).unwrap();
        file.sync_data().unwrap();
        disk.create_dir("d").unwrap();
        assert_eq!(disk.create_dir("d").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        disk.rename("a", "d/b").unwrap();
        disk.sync_dir("d").unwrap();
        disk.sync_dir("").unwrap();
        assert_eq!(disk.list("").unwrap(), ["d"]);
        assert_eq!(disk.list("d").unwrap(), ["b"]);
        disk.remove("d/b").unwrap();
        assert_eq!(disk.remove("d/b").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!((disk.flushes(), disk.bytes_written()), (3, 3));
    }

    #[test]
    fn a_lock_bars_every_other_opening_until_it_is_dropped() {
        let scratch = Scratch::new();
        let disk = Os::new(scratch.path()).unwrap();
        let first = disk.open("lock", Mode::Create).unwrap();
        let second = disk.open("lock", Mode::Write).unwrap();
        assert!(first.try_lock().unwrap());
        assert!(!second.try_lock().unwrap());
        drop(first);
        assert!(second.try_lock().unwrap());
    }

    #[test]
    fn a_place_is_of_a_file_and_not_of_its_name() {
        let scratch = Scratch::new();
        let disk = Os::new(scratch.path()).unwrap();
        let place = disk.open("a", Mode::Create).unwrap().place().unwrap();
        disk.rename("a", "b").unwrap();
        assert_eq!(disk.open("b", Mode::Read).unwrap().place().unwrap(), place);
        assert_ne!(disk.open("a", Mode::Create).unwrap().place().unwrap(), place);
    }

    #[test]
    fn a_number_that_is_used_again_is_another_place() {
        let scratch = Scratch::new();
        let disk = Os::new(scratch.path()).unwrap();
        let mut seen: Vec<Place> = Vec::new();
        for _ in 0..5 {
            let place = disk.open("a", Mode::Create).unwrap().place().unwrap();
            assert!(place.is(&place.to_string()));
            if place.born_ns.is_some() {
                assert!(seen.iter().all(|before| !place.is(&before.to_string())), "{place} after {seen:?}");
            }
            // As it was written where nobody said when, and as it is read there.
            let number = Place { born_ns: None, ..place };
            assert!(place.is(&number.to_string()) && number.is(&place.to_string()));
            for other in [place.inode + 1, place.inode * 10 + 1, place.inode / 10] {
                let other = Place { inode: other, ..number };
                assert!(!place.is(&other.to_string()) && !number.is(&other.to_string()), "{other}");
            }
            seen.push(place);
            disk.remove("a").unwrap();
            // The file system's clock ticks in milliseconds.
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    #[test]
    fn a_store_is_an_existing_directory() {
        let scratch = Scratch::new();
        let path = scratch.path().join("log");
        assert_eq!(Os::new(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        Os::create(&path).unwrap();
        assert_eq!(Os::create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        File::create(path.join("file")).unwrap();
        assert_eq!(Os::new(path.join("file")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    }
}
