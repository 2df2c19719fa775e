//! What a directory of ours says about itself, also while it is being written to.

use super::{Problem, Source, Target, block::first_difference, parallel};
use crate::engine::{Batch, BatchError, Kind, LockValue, LockValueError};
use bytes::Bytes;
use sealwax_store::{
    Cell, LockStore, ObjectStore, StoreError,
    directory::{OBJECT_MAX, Reader},
    disk::Os,
};
use sealwax_tlog::{
    TreeSize,
    tile::{EntryBundle, Tile},
};
use std::{
    fs, io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

/// So often is a state read again when the log has gone on under it.
const ATTEMPTS: usize = 8;

/// The files of a log's directory.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
}

/// Where a log is.
#[derive(Clone, Debug)]
pub struct State {
    /// The truth.
    pub lock: LockValue,
    /// The entries beyond [`LockValue::settled`], as they stand in a bundle.
    pub tail: Vec<Bytes>,
}

/// Why a directory does not say where its log is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no lock value.
    #[error("no log was ever made here")]
    NoLog,
    /// It cannot be read.
    #[error(transparent)]
    LockValue(#[from] LockValueError),
    /// A batch cannot be read.
    #[error("{name}: {source}")]
    Batch {
        /// Its name.
        name: String,
        /// Why.
        source: BatchError,
    },
    /// The staged batches do not reach back to what is settled.
    #[error("the staged batch {name} is missing, or does not lead to size {size}")]
    Gap {
        /// Its name, if it has one.
        name: String,
        /// The size that it must lead to.
        size: u64,
    },
}

impl StateError {
    /// Whether something that was written is not there any more as it was, rather than that it could not be read now.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Store(error) => matches!(error, StoreError::Damaged { .. }),
            // A later program reads a later version.
            Self::LockValue(error) => !matches!(error, LockValueError::Version { .. }),
            Self::Batch { .. } | Self::Gap { .. } => true,
            Self::NoLog => false,
        }
    }
}

impl Files {
    /// The files of this directory.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl Source for Files {
    fn get(&self, name: &str) -> Result<Option<Bytes>, String> {
        let path = self.root.join(name);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > OBJECT_MAX as u64 => {
                return Err(format!("it has more than {OBJECT_MAX} bytes"));
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error.to_string()),
            Ok(_) => {}
        }
        fs::read(path).map(|bytes| Some(bytes.into())).map_err(|error| error.to_string())
    }
}

impl State {
    /// Reads it, whoever may be writing.
    ///
    /// # Errors
    /// [`StateError`].
    pub async fn read(root: &Path) -> Result<Self, StateError> {
        let failed =
            |cause| StoreError::Failed { what: format!("open {}", root.display()), cause: Arc::new(cause) };
        let store = Reader::new(Os::new(root).map_err(failed)?);
        let mut attempt = 1;
        loop {
            match Self::read_once(&store).await {
                // The log has settled in between, and the batches have gone.
                Err(StateError::Gap { .. }) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn read_once(store: &Reader<Os>) -> Result<Self, StateError> {
        let lock = store.load(Cell::Lock).await?.ok_or(StateError::NoLog)?;
        let lock = LockValue::parse(&lock.value)?;
        let (mut end, mut next) = (lock.size, lock.batch.clone());
        let mut batches = Vec::new();
        while end > lock.settled {
            let name = next.take().unwrap_or_default();
            let gap = || StateError::Gap { name: name.clone(), size: end };
            let bytes = if name.is_empty() { None } else { store.get(&name).await? };
            let batch = Batch::parse(&bytes.ok_or_else(gap)?);
            let batch = batch.map_err(|source| StateError::Batch { name: name.clone(), source })?;
            if batch.end() != end || batch.records.is_empty() || batch.start < lock.settled {
                return Err(gap());
            }
            (end, next) = (batch.start, batch.previous.clone());
            batches.push(batch.records);
        }
        Ok(Self { lock, tail: batches.into_iter().rev().flatten().collect() })
    }

    /// What there should be.
    #[must_use]
    pub fn target(&self, kind: Kind) -> Target {
        let (lock, tail) = (&self.lock, self.tail.clone());
        Target { kind, size: lock.size, root: lock.root, settled: lock.settled, tail }
    }
}

/// What else lies in a directory.
#[derive(Clone, Debug, Default)]
pub struct Rest {
    /// Older, narrower tiles and bundles that are not the beginning of the wider ones.
    pub problems: Vec<Problem>,
    /// Files that are no part of a log, or of a longer one.
    pub stray: Vec<String>,
}

/// Looks at the files that the tree of the target does not need. `known`: names at the top that belong there.
///
/// # Errors
/// A directory cannot be listed.
pub fn rest(root: &Path, target: &Target, known: &[&str], threads: NonZeroUsize) -> io::Result<Rest> {
    let mut names = Vec::new();
    list(root, "", known, &mut names)?;
    names.sort_unstable();
    let source = Files::new(root);
    let looked = parallel::map(names.len() as u64, threads, |number| {
        let name = usize::try_from(number).ok().and_then(|number| names.get(number));
        name.map(|name| (name, look(&source, target, name)))
    });
    let mut rest = Rest::default();
    for (name, looked) in looked.into_iter().flatten() {
        match looked {
            Looked::Right => {}
            Looked::Stray => rest.stray.push(name.clone()),
            Looked::Wrong(problem) => rest.problems.push(problem),
        }
    }
    Ok(rest)
}

enum Looked {
    Right,
    Stray,
    Wrong(Problem),
}

fn look(source: &Files, target: &Target, name: &str) -> Looked {
    if let Some(run) = name.strip_prefix("index/") {
        let end = run.strip_suffix(".run").and_then(|run| run.split_once('-')?.1.parse::<u64>().ok());
        return if end.is_none_or(|end| end <= target.size) { Looked::Right } else { Looked::Stray };
    }
    if let Some(hex) = name.strip_prefix("issuer/") {
        return if hex.len() == 64 && target.kind == Kind::Certificate {
            Looked::Right
        } else {
            Looked::Stray
        };
    }
    let bundle = match target.kind {
        Kind::Signature => name.parse::<EntryBundle>().ok(),
        Kind::Certificate => {
            name.strip_prefix("tile/data/").and_then(|place| format!("tile/entries/{place}").parse().ok())
        }
    };
    let (level, index, width) = match (bundle, name.parse::<Tile>()) {
        (Some(bundle), _) => (0, bundle.index(), bundle.width()),
        (None, Ok(tile)) => (tile.level(), tile.index(), tile.width()),
        (None, Err(_)) => return Looked::Stray,
    };
    let Some(whole) = Tile::at(level, index, TreeSize(target.size)).filter(|whole| whole.width() >= width)
    else {
        return Looked::Stray;
    };
    let settled = Tile::at(level, index, TreeSize(target.settled)).filter(|settled| settled.width() > width);
    // Those of full width, and those of the settled size, the check itself reads.
    let Some(wide) = settled.filter(|_| width < whole.width()) else { return Looked::Right };
    let wide = match bundle {
        Some(_) => EntryBundle::new(index, wide.width()).map(|bundle| target.kind.bundle_name(bundle)).ok(),
        None => Some(wide.to_string()),
    };
    let (Ok(Some(narrow)), Ok(Some(wide))) = (source.get(name), source.get(&wide.unwrap_or_default())) else {
        // That the wider one is missing the check itself says.
        return Looked::Right;
    };
    let beginning = match bundle {
        Some(_) => target.kind.first(&wide, width).unwrap_or(wide),
        None => wide.slice(..wide.len().min(usize::from(width) * 32)),
    };
    if beginning == narrow {
        return Looked::Right;
    }
    let offset = first_difference(&beginning, &narrow);
    Looked::Wrong(Problem::Prefix { name: name.to_owned(), offset })
}

fn list(root: &Path, below: &str, known: &[&str], names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if below.is_empty() && known.contains(&name.as_str()) {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            list(root, &path, known, names)?;
        } else {
            names.push(path);
        }
    }
    Ok(())
}
