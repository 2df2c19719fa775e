use super::{
    IndexError, Options,
    run::{Budget, Part, Run, Span},
};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The directory of an index: `<first>-<count>.run`, and `….run.tmp` of runs that are being written. Other names are left
/// alone.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    kept_filter_leaves: u64,
    budget: Arc<Budget>,
    names: Mutex<()>,
}

/// Whoever holds it may create and remove names: a run must not appear while others are being forgotten.
pub(super) struct Names<'d> {
    path: &'d Path,
    _held: MutexGuard<'d, ()>,
}

impl Directory {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, IndexError> {
        fs::create_dir_all(path).map_err(IndexError::io(path))?;
        let Options { kept_filter_leaves, kept_bytes, .. } = *options;
        let budget = Arc::new(Budget::new(kept_bytes));
        Ok(Self { path: path.to_owned(), kept_filter_leaves, budget, names: Mutex::new(()) })
    }

    /// Pieces of the memory for filters that runs have.
    pub(super) fn pieces_in_use(&self) -> usize {
        self.budget.in_use()
    }

    /// The runs that cover a log of `size` leaves from leaf 0 without a gap. All others are removed: those that a merge
    /// has replaced, those beyond the size or behind a gap, and what is damaged.
    pub(super) fn recover(&self, size: u64) -> Result<Vec<Arc<Run>>, IndexError> {
        let names = self.names();
        let spans = names.remove_unfinished()?;
        let mut runs: Vec<Arc<Run>> = Vec::new();
        let mut end = 0;
        'next: loop {
            // After a crash in a merge its inputs are there as well; the longest is the newest.
            let here = spans.iter().rev().filter(|span| span.first() == end && span.end() <= size);
            for span in here {
                match self.run(*span) {
                    Ok(run) => {
                        end = span.end();
                        runs.push(Arc::new(run));
                        continue 'next;
                    }
                    Err(IndexError::Damaged { .. }) => {}
                    Err(other) => return Err(other),
                }
            }
            break;
        }
        let kept: BTreeSet<Span> = runs.iter().map(|run| run.span()).collect();
        names.remove(spans.difference(&kept))?;
        Ok(runs)
    }

    pub(super) fn names(&self) -> Names<'_> {
        Names { path: &self.path, _held: self.names.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    pub(super) fn file(&self, span: Span) -> PathBuf {
        self.path.join(span.file_name())
    }

    /// Creates the file under which a run is written until it is complete.
    pub(super) fn create(&self, span: Span) -> Result<(PathBuf, File), IndexError> {
        let path = self.path.join(format!("{}.tmp", span.file_name()));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        let file = file.map_err(IndexError::io(&path))?;
        Ok((path, file))
    }

    fn run(&self, span: Span) -> Result<Run, IndexError> {
        let path = self.file(span);
        let file = File::open(&path).map_err(IndexError::io(&path))?;
        let run = Run::open(file, path, span)?;
        self.keep(&run)?;
        Ok(run)
    }

    /// Takes of a run's filter into memory what there is room for.
    pub(super) fn keep(&self, run: &Run) -> Result<(), IndexError> {
        let is_short = run.span().count() <= self.kept_filter_leaves;
        run.keep(if is_short { Part::Whole } else { Part::Gist }, &self.budget)
    }
}

impl Names<'_> {
    /// Gives a run its name, durably.
    pub(super) fn publish(&self, temporary: &Path, run: &Path) -> Result<(), IndexError> {
        fs::rename(temporary, run).map_err(IndexError::io(run))?;
        self.sync()
    }

    /// Removes runs, durably: one that came back after the log has taken another course would lie.
    pub(super) fn remove<'s>(&self, spans: impl Iterator<Item = &'s Span>) -> Result<(), IndexError> {
        let mut any = false;
        for span in spans {
            remove(&self.path.join(span.file_name()))?;
            any = true;
        }
        if any { self.sync() } else { Ok(()) }
    }

    /// Removes every run that reaches beyond `end`, durably.
    pub(super) fn remove_beyond(&self, end: u64) -> Result<(), IndexError> {
        let spans = self.spans()?.0;
        self.remove(spans.iter().filter(|span| span.end() > end))?;
        self.sync()
    }

    /// Removes what a crash has left half written, and lists the runs.
    fn remove_unfinished(&self) -> Result<BTreeSet<Span>, IndexError> {
        let (spans, unfinished) = self.spans()?;
        unfinished.iter().try_for_each(|path| remove(path))?;
        Ok(spans)
    }

    /// The names of runs, and the paths of unfinished ones.
    fn spans(&self) -> Result<(BTreeSet<Span>, Vec<PathBuf>), IndexError> {
        let (mut spans, mut unfinished) = (BTreeSet::new(), Vec::new());
        for entry in fs::read_dir(self.path).map_err(IndexError::io(self.path))? {
            let name = entry.map_err(IndexError::io(self.path))?.file_name();
            let Some(name) = name.to_str() else { continue };
            match name.strip_suffix(".tmp") {
                Some(run) if Span::from_file_name(run).is_some() => unfinished.push(self.path.join(name)),
                _ => spans.extend(Span::from_file_name(name)),
            }
        }
        Ok((spans, unfinished))
    }

    fn sync(&self) -> Result<(), IndexError> {
        File::open(self.path).and_then(|directory| directory.sync_all()).map_err(IndexError::io(self.path))
    }
}

fn remove(path: &Path) -> Result<(), IndexError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(IndexError::io(path)(error)),
        _ => Ok(()),
    }
}
