use super::{
    Contents, Inode, SimDisk, Snapshot,
    directory::Directory,
    file::{File, Lengths},
};
use crate::Random;
use std::{
    hash::{DefaultHasher, Hasher},
    sync::Arc,
};

/// What is there after a crash of what was not durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Survives {
    /// Everything, and it is as little durable as before: the process was killed, the system runs on.
    Killed,
    /// Nothing.
    Nothing,
    /// Everything.
    Everything,
    /// All contents and no names.
    Contents,
    /// All names, and nothing in the files.
    Names,
    /// All names, and the lengths of the files without what was written: zeros.
    Lengths,
    /// Everything but the newest change of each file and each directory.
    AllButNewest,
    /// Everything, but of the newest change of each file only some sectors, drawn from this seed.
    Torn(u64),
    /// Each sector, each length and each name on its own, drawn from this seed.
    Any(u64),
}

impl Survives {
    /// Every way that no seed decides.
    pub const FIXED: [Self; 7] = [
        Self::Killed,
        Self::Nothing,
        Self::Everything,
        Self::Contents,
        Self::Names,
        Self::Lengths,
        Self::AllButNewest,
    ];
}

impl Snapshot {
    /// The disk that a crash leaves behind.
    #[must_use]
    pub fn after(&self, survives: Survives) -> SimDisk {
        let Self(contents) = self;
        if survives == Survives::Killed {
            return SimDisk::holding(contents.clone(), 0);
        }
        let mut random = Random::new(match survives {
            Survives::Torn(seed) | Survives::Any(seed) => seed,
            _ => 0,
        });
        let mut inodes = contents.inodes.clone();
        for inode in inodes.values_mut() {
            match inode {
                Inode::File(file) if !file.is_certain() => {
                    *file = Arc::new(file_after(file, survives, &mut random));
                }
                Inode::Directory(directory) if !directory.is_certain() => {
                    *directory = Arc::new(directory_after(directory, survives, &mut random));
                }
                Inode::File(_) | Inode::Directory(_) => {}
            }
        }
        SimDisk::holding(Contents { inodes, ..*contents }, random.number())
    }

    /// Whether a power failure now loses nothing.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.0.inodes.values().all(|inode| match inode {
            Inode::File(file) => file.is_certain(),
            Inode::Directory(directory) => directory.is_certain(),
        })
    }

    /// The same for two snapshots of one disk that hold the same; almost certainly not otherwise.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (number, inode) in &self.0.inodes {
            hasher.write_u64(*number);
            match inode {
                Inode::File(file) => file.hash(&mut hasher),
                Inode::Directory(directory) => directory.hash(&mut hasher),
            }
        }
        hasher.finish()
    }
}

fn file_after(file: &File, survives: Survives, random: &mut Random) -> File {
    match survives {
        Survives::Nothing | Survives::Names => file.after(Lengths::Oldest, |_| false),
        Survives::Lengths => file.after(Lengths::Newest, |_| false),
        Survives::Everything | Survives::Contents | Survives::Killed => file.after(Lengths::Newest, |_| true),
        Survives::AllButNewest => file.after(Lengths::Newest, |part| part.age > 0),
        Survives::Torn(_) => file.after(Lengths::Newest, |part| part.age > 0 || random.chance(500)),
        Survives::Any(_) => {
            let mut lengths = random.fork();
            // A sector that is old stays old: later writes to it are lost with it, as they share a page.
            let mut lost = std::collections::BTreeSet::new();
            file.after(Lengths::Any(&mut lengths), |part| {
                let sector = part.offset / super::SECTOR_BYTES as u64;
                if !lost.contains(&sector) && random.chance(300) {
                    lost.insert(sector);
                }
                !lost.contains(&sector)
            })
        }
    }
}

fn directory_after(directory: &Directory, survives: Survives, random: &mut Random) -> Directory {
    match survives {
        Survives::Nothing | Survives::Contents => directory.after(|_| false),
        Survives::Names | Survives::Lengths | Survives::Everything | Survives::Killed | Survives::Torn(_) => {
            directory.after(|_| true)
        }
        Survives::AllButNewest => directory.after(|age| age > 0),
        Survives::Any(_) => directory.after(|_| random.chance(500)),
    }
}
