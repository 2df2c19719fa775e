//! A disk in memory that keeps, after a power failure, whatever the promise in [`sealwax_store::disk`] lets it keep.
//!
//! Every operation that changes something has a number, from 1. It can be told to fail ([`Plan`]), and it can be watched
//! ([`SimDisk::watch`]): after each operation the watcher gets a [`Snapshot`], from which [`Snapshot::after`] makes the
//! disks that a crash at this point may leave behind.

mod content;
mod crash;
mod directory;
mod file;
mod handle;
mod plan;

pub use crash::Survives;
pub use handle::SimFile;
pub use plan::{Effect, Plan, Then};

use crate::Random;
use directory::Directory;
use file::File;
use sealwax_store::disk::{Disk, Mode};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The smallest part of a file that is written whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// A disk. Cheap to clone: all clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

/// The state of a disk at one moment, with everything that is not durable yet.
#[derive(Clone)]
pub struct Snapshot(Contents);

/// Told of every operation: its number, a word for it, and the disk after it.
pub type Watcher = Box<dyn FnMut(u64, &Operation, &Snapshot) + Send>;

/// What changes a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A file was created.
    Create(String),
    /// A directory was created.
    CreateDirectory(String),
    /// A file was renamed.
    Rename(String, String),
    /// A file was removed.
    Remove(String),
    /// The names in a directory were made durable.
    SyncDirectory(String),
    /// Bytes were written: to which file, how many, and where.
    Write(u64, usize, u64),
    /// A file was cut or extended: which, and to how many bytes.
    SetLength(u64, u64),
    /// A file was made durable.
    Sync(u64),
}

struct State {
    contents: Contents,
    /// Files that somebody has locked.
    locked: BTreeSet<u64>,
    operations: u64,
    plan: Option<Plan>,
    /// Set when the plan says that nothing works any more.
    is_dead: bool,
    watcher: Option<Watcher>,
    random: Random,
    /// Bytes that all files together may have.
    capacity: u64,
}

#[derive(Clone)]
struct Contents {
    inodes: BTreeMap<u64, Inode>,
    next: u64,
    /// Tells disks apart that are copies of each other.
    file_system: u64,
}

#[derive(Clone)]
enum Inode {
    File(Arc<File>),
    Directory(Arc<Directory>),
}

/// The number of the root directory.
const ROOT: u64 = 1;

impl SimDisk {
    /// An empty disk. The seed decides how far operations get that fail half-way.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let root = Inode::Directory(Arc::default());
        let contents = Contents { inodes: [(ROOT, root)].into(), next: ROOT + 1, file_system: seed };
        Self::holding(contents, seed)
    }

    fn holding(contents: Contents, seed: u64) -> Self {
        let state = State {
            contents,
            locked: BTreeSet::new(),
            operations: 0,
            plan: None,
            is_dead: false,
            watcher: None,
            random: Random::new(seed),
            capacity: u64::MAX,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Makes an operation fail.
    pub fn set_plan(&self, plan: Plan) {
        self.state().plan = Some(plan);
    }

    /// Limits the bytes in all files together: beyond, writes fail as on a full disk.
    pub fn set_capacity(&self, bytes: u64) {
        self.state().capacity = bytes;
    }

    /// Tells of every operation from now on.
    pub fn watch(&self, watcher: Watcher) {
        self.state().watcher = Some(watcher);
    }

    /// Tells no more.
    pub fn unwatch(&self) {
        let watcher = self.state().watcher.take();
        drop(watcher);
    }

    /// How many operations have changed something, or should have.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The disk as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.state().contents.clone())
    }

    /// The bytes in all files.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.state().contents.used()
    }

    /// Changes a byte of a file behind everybody's back, for good. Returns whether there is such a byte.
    pub fn damage(&self, path: &str, offset: u64, mask: u8) -> bool {
        let mut state = self.state();
        let Ok(Some(number)) = state.contents.find(path) else { return false };
        state.contents.file_mut(number).is_ok_and(|file| file.damage(offset, mask))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does an operation as the plan has it, and tells the watcher.
    fn operate<T>(
        &self,
        operation: &Operation,
        apply: impl FnOnce(&mut Contents, plan::Course<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        state.operations += 1;
        let number = state.operations;
        let State { contents, plan, is_dead, random, capacity, .. } = &mut *state;
        let course = plan::course(*plan, number, is_dead, random, *capacity);
        let result = apply(contents, course);
        if let Some(mut watcher) = state.watcher.take() {
            let snapshot = Snapshot(state.contents.clone());
            drop(state);
            watcher(number, operation, &snapshot);
            self.state().watcher.get_or_insert(watcher);
        }
        result
    }
}

impl Disk for SimDisk {
    type File = SimFile;

    fn open(&self, path: &str, mode: Mode) -> io::Result<SimFile> {
        if mode != Mode::Create {
            let state = self.state();
            let number = state.contents.find(path)?.ok_or(io::ErrorKind::NotFound)?;
            state.contents.file(number)?;
            drop(state);
            return Ok(SimFile::new(self.clone(), number, mode != Mode::Read));
        }
        let number = self.operate(&Operation::Create(path.to_owned()), |contents, course| {
            if contents.find(path)?.is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            course.all_or_nothing(contents, |contents| {
                let number = contents.add(Inode::File(Arc::default()));
                contents.name(path, Some(number))?;
                Ok(number)
            })
        })?;
        Ok(SimFile::new(self.clone(), number, true))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let operation = Operation::Rename(from.to_owned(), to.to_owned());
        self.operate(&operation, |contents, course| {
            let number = contents.find(from)?.ok_or(io::ErrorKind::NotFound)?;
            course.all_or_nothing(contents, |contents| {
                contents.name(to, Some(number))?;
                contents.name(from, None)
            })
        })
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.operate(&Operation::Remove(path.to_owned()), |contents, course| {
            let number = contents.find(path)?.ok_or(io::ErrorKind::NotFound)?;
            contents.file(number)?;
            course.all_or_nothing(contents, |contents| contents.name(path, None))
        })
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.operate(&Operation::CreateDirectory(path.to_owned()), |contents, course| {
            if contents.find(path)?.is_some() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            course.all_or_nothing(contents, |contents| {
                let number = contents.add(Inode::Directory(Arc::default()));
                contents.name(path, Some(number))
            })
        })
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.operate(&Operation::SyncDirectory(path.to_owned()), |contents, course| {
            let number = contents.find(path)?.ok_or(io::ErrorKind::NotFound)?;
            contents.directory_mut(number)?.sync(course)
        })
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let state = self.state();
        let number = state.contents.find(path)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(state.contents.directory(number)?.names())
    }
}

impl Contents {
    fn add(&mut self, inode: Inode) -> u64 {
        let number = self.next;
        self.next += 1;
        self.inodes.insert(number, inode);
        number
    }

    /// The inode of this name. An error if there is no such directory.
    fn find(&self, path: &str) -> io::Result<Option<u64>> {
        let mut number = ROOT;
        let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
        while let Some(segment) = segments.next() {
            match self.directory(number)?.lookup(segment) {
                Some(inside) => number = inside,
                None if segments.peek().is_none() => return Ok(None),
                None => return Err(io::ErrorKind::NotFound.into()),
            }
        }
        Ok(Some(number))
    }

    /// Gives a name to an inode, or takes it away.
    fn name(&mut self, path: &str, inode: Option<u64>) -> io::Result<()> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = self.find(parent)?.ok_or(io::ErrorKind::NotFound)?;
        self.directory_mut(parent)?.set(name, inode);
        Ok(())
    }

    fn file(&self, number: u64) -> io::Result<&File> {
        match self.inodes.get(&number) {
            Some(Inode::File(file)) => Ok(file),
            Some(Inode::Directory(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn file_mut(&mut self, number: u64) -> io::Result<&mut File> {
        match self.inodes.get_mut(&number) {
            Some(Inode::File(file)) => Ok(Arc::make_mut(file)),
            Some(Inode::Directory(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn directory(&self, number: u64) -> io::Result<&Directory> {
        match self.inodes.get(&number) {
            Some(Inode::Directory(directory)) => Ok(directory),
            Some(Inode::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn directory_mut(&mut self, number: u64) -> io::Result<&mut Directory> {
        match self.inodes.get_mut(&number) {
            Some(Inode::Directory(directory)) => Ok(Arc::make_mut(directory)),
            Some(Inode::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The bytes in all files that have a name.
    fn used(&self) -> u64 {
        let mut used = 0;
        let mut directories = vec![ROOT];
        while let Some(directory) = directories.pop().and_then(|number| self.directory(number).ok()) {
            for number in directory.inodes() {
                match self.inodes.get(&number) {
                    Some(Inode::File(file)) => used += file.len(),
                    Some(Inode::Directory(_)) => directories.push(number),
                    None => {}
                }
            }
        }
        used
    }
}

#[cfg(test)]
mod tests;
