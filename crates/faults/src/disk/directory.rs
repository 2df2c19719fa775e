use super::plan::Course;
use std::{collections::BTreeMap, io};

/// A directory: the names that are durable, and every change since then.
#[derive(Clone, Default)]
pub(super) struct Directory {
    current: BTreeMap<String, u64>,
    durable: BTreeMap<String, u64>,
    changes: Vec<Change>,
}

#[derive(Clone)]
struct Change {
    name: String,
    inode: Option<u64>,
    /// It stays, and waits for those before it.
    is_durable: bool,
}

impl Directory {
    pub(super) fn lookup(&self, name: &str) -> Option<u64> {
        self.current.get(name).copied()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.current.keys().cloned().collect()
    }

    pub(super) fn inodes(&self) -> impl Iterator<Item = u64> {
        self.current.values().copied()
    }

    pub(super) fn set(&mut self, name: &str, inode: Option<u64>) {
        apply(&mut self.current, name, inode);
        self.changes.push(Change { name: name.to_owned(), inode, is_durable: false });
    }

    /// A sync that fails makes nothing, all or some of the changes durable. The others stay for the next one: names are in
    /// a journal, and a file system that cannot write its journal stops.
    pub(super) fn sync(&mut self, course: Course<'_>) -> io::Result<()> {
        course.each(self.changes.iter_mut(), |change, kept| change.is_durable |= kept)?;
        let certain = self.changes.iter().take_while(|change| change.is_durable).count();
        for Change { name, inode, .. } in self.changes.drain(..certain) {
            apply(&mut self.durable, &name, inode);
        }
        Ok(())
    }

    /// The directory after a power failure. `keeps` is asked for every uncertain change with its age: how many changes of
    /// this directory came later.
    pub(super) fn after(&self, mut keeps: impl FnMut(usize) -> bool) -> Self {
        let mut names = self.durable.clone();
        for (change, age) in self.changes.iter().zip((0..self.changes.len()).rev()) {
            if change.is_durable || keeps(age) {
                apply(&mut names, &change.name, change.inode);
            }
        }
        Self { current: names.clone(), durable: names, changes: Vec::new() }
    }

    pub(super) fn is_certain(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn hash(&self, into: &mut impl std::hash::Hasher) {
        std::hash::Hash::hash(&self.current, into);
    }
}

fn apply(names: &mut BTreeMap<String, u64>, name: &str, inode: Option<u64>) {
    match inode {
        Some(inode) => names.insert(name.to_owned(), inode),
        None => names.remove(name),
    };
}
