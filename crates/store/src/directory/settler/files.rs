use super::Change;
use crate::{
    Bytes, StoreError,
    directory::{failed, stop::Stop},
    disk::{Disk, DiskFile, Mode},
};
use std::{collections::BTreeSet, io, sync::Arc};

/// Where files are written before they get their names.
const TEMPORARY: &str = "tmp";

/// So many directories are remembered; then all are forgotten, and looked at again when they are used. A log uses few at a
/// time.
const DIRECTORIES_MAX: usize = 4096;

/// The name of an object, and the temporary name of its file; without that it is to be deleted.
type Step<'a> = (&'a str, Option<String>);

/// Makes files of objects, whole and durable ones.
pub(super) struct Files<D: Disk> {
    disk: Arc<D>,
    stop: Stop,
    /// Directories that exist for certain, also after a crash.
    durable: BTreeSet<String>,
    next_temporary: u64,
}

impl<D: Disk> Files<D> {
    /// Removes what an earlier process left half written.
    pub(super) fn open(disk: Arc<D>, stop: Stop) -> Result<Self, StoreError> {
        let names = disk.list(TEMPORARY).map_err(|error| failed("list", TEMPORARY, error))?;
        for name in names {
            let path = format!("{TEMPORARY}/{name}");
            disk.remove(&path).map_err(|error| failed("remove", &path, error))?;
        }
        Ok(Self { disk, stop, durable: BTreeSet::new(), next_temporary: 0 })
    }

    /// Makes changes durable. They may be tried again after [`StoreError::Failed`].
    ///
    /// Every file is written and flushed under a temporary name first, so that under its final name it is whole, whatever
    /// happens. Then all get their names, in order, and the directories are flushed, each once.
    pub(super) fn settle<'a>(
        &mut self,
        changes: impl Iterator<Item = &'a (String, Change)>,
    ) -> Result<(), StoreError> {
        let mut created = BTreeSet::new();
        let mut touched = BTreeSet::new();
        let mut steps = Vec::new();
        let result = self
            .write_all(changes, &mut created, &mut touched, &mut steps)
            .and_then(|()| steps.iter().try_for_each(|step| self.take_step(step)));
        if let Err(error) = result {
            if matches!(error, StoreError::Failed { .. }) {
                // Gives the space back. What is left behind goes at the next opening.
                let temporaries = steps.iter().filter_map(|(_, temporary)| temporary.as_ref());
                temporaries.for_each(|temporary| drop(self.disk.remove(temporary)));
            }
            return Err(error);
        }
        for directory in touched {
            match self.disk.sync_dir(&directory) {
                // Only something was to be deleted there.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !created.contains(&directory) => {}
                done => {
                    done.map_err(|error| {
                        self.stop.now(&format!("flush the directory {directory:?}"), error)
                    })?;
                }
            }
        }
        if self.durable.len() + created.len() > DIRECTORIES_MAX {
            self.durable.clear();
        }
        self.durable.append(&mut created);
        Ok(())
    }

    /// Writes the files under temporary names, and notes what is to be done with them and which directories will have
    /// changed.
    fn write_all<'a>(
        &mut self,
        changes: impl Iterator<Item = &'a (String, Change)>,
        created: &mut BTreeSet<String>,
        touched: &mut BTreeSet<String>,
        steps: &mut Vec<Step<'a>>,
    ) -> Result<(), StoreError> {
        for (name, change) in changes {
            let parent = parent(name).unwrap_or_default();
            let temporary = match change {
                Change::Delete => None,
                Change::Put(value) => {
                    self.create_directory(parent, created, touched)?;
                    Some(self.write_temporary(name, value)?)
                }
            };
            steps.push((name, temporary));
            touched.insert(parent.to_owned());
        }
        Ok(())
    }

    fn take_step(&self, (name, temporary): &Step<'_>) -> Result<(), StoreError> {
        let (what, done) = match temporary {
            Some(temporary) => ("rename to", self.disk.rename(temporary, name)),
            None => ("remove", self.disk.remove(name)),
        };
        match done {
            Err(error) if temporary.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map_err(|error| self.stop.unless_harmless(&format!("{what} {name}"), error)),
        }
    }

    /// Creates a directory and those above it. One that exists may have been created by a process that crashed before its
    /// name was durable, so the one above is flushed in any case.
    fn create_directory(
        &self,
        path: &str,
        created: &mut BTreeSet<String>,
        touched: &mut BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for directory in ends.filter_map(|end| path.get(..end)) {
            if directory.is_empty() || self.durable.contains(directory) || created.contains(directory) {
                continue;
            }
            match self.disk.create_dir(directory) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(self.stop.unless_harmless(&format!("create {directory}"), error));
                }
                _ => {}
            }
            created.insert(directory.to_owned());
            touched.insert(parent(directory).unwrap_or_default().to_owned());
        }
        Ok(())
    }

    fn write_temporary(&mut self, name: &str, value: &Bytes) -> Result<String, StoreError> {
        let path = format!("{TEMPORARY}/{}", self.next_temporary);
        self.next_temporary += 1;
        let harmless = |error| self.stop.unless_harmless(&format!("write {name}"), error);
        let file = self.disk.open(&path, Mode::Create).map_err(harmless)?;
        if let Err(error) = file.write_at(value, 0) {
            // Gives the space back; what is left behind goes at the next opening.
            let _ = self.disk.remove(&path);
            return Err(harmless(error));
        }
        file.sync_data().map_err(|error| self.stop.now(&format!("flush {name}"), error))?;
        Ok(path)
    }
}

/// The directory a file or directory lies in; `None` if that is the root.
fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}
