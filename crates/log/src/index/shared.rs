use super::{
    Candidates, IndexError, MAX_CANDIDATES, Options, Work, directory::Directory, fingerprint, memory::Chunk,
    run::Run,
};
use sealwax_tlog::Hash;
use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// How many full chunks wait in memory before [`Shared::absorb`] waits for the disk. With the default chunk this is what
/// a busy log adds in ten seconds.
const MAX_PENDING: usize = 4;

/// Leaf indices have 40 bits (LOG rule 10).
const MAX_LEAVES: u64 = 1 << 40;

/// What those who look up, the one who absorbs and the worker have in common.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Signalled at every change of the state that somebody may wait for.
    changed: Condvar,
    /// `None` in memory.
    disk: Option<Disk>,
}

#[derive(Debug)]
pub(super) struct Disk {
    pub(super) directory: Directory,
    pub(super) options: Options,
}

/// Runs, waiting chunks and the current chunk cover the log from leaf 0 without a gap, in this order.
#[derive(Debug)]
pub(super) struct State {
    /// Replaced as a whole, so that a lookup takes it along and reads without the lock.
    pub(super) runs: Arc<Vec<Arc<Run>>>,
    /// Full, and not yet a run.
    pub(super) pending: VecDeque<Arc<Chunk>>,
    current: Chunk,
    /// Rises when something is forgotten: work that began before is void.
    pub(super) generation: u64,
    /// Why the last attempt to write or merge failed.
    pub(super) failure: Option<IndexError>,
    pub(super) stopping: bool,
}

impl State {
    fn new(runs: Vec<Arc<Run>>) -> Self {
        let end = runs.last().map_or(0, |run| run.span().end());
        Self {
            runs: Arc::new(runs),
            pending: VecDeque::new(),
            current: Chunk::new(end),
            generation: 0,
            failure: None,
            stopping: false,
        }
    }

    pub(super) fn absorbed(&self) -> u64 {
        self.current.end()
    }

    pub(super) fn ends(&self) -> Vec<(u64, Hash)> {
        self.runs.iter().map(|run| (run.span().end() - 1, *run.last())).collect()
    }

    /// The current chunk waits to become a run.
    fn retire(&mut self) {
        let next = Chunk::new(self.current.end());
        self.pending.push_back(Arc::new(std::mem::replace(&mut self.current, next)));
    }

    /// Where the runs end that end at or before `size`.
    fn on_disk(&self, size: u64) -> u64 {
        self.runs.iter().map(|run| run.span().end()).rfind(|end| *end <= size).unwrap_or(0)
    }

    /// Keeps what ends at or before `size`.
    fn forget_from(&mut self, size: u64) {
        if size < self.current.end() {
            let on_disk = self.on_disk(size);
            self.runs =
                Arc::new(self.runs.iter().filter(|run| run.span().end() <= on_disk).cloned().collect());
            self.pending.retain(|chunk| chunk.first() >= on_disk && chunk.end() <= size);
            let end = self.pending.back().map_or(on_disk, |chunk| chunk.end());
            self.current = Chunk::new(end);
        }
        self.generation += 1;
        self.failure = None;
    }
}

impl Shared {
    pub(super) fn in_memory() -> Self {
        Self { state: Mutex::new(State::new(Vec::new())), changed: Condvar::new(), disk: None }
    }

    pub(super) fn on_disk(directory: Directory, runs: Vec<Arc<Run>>, options: Options) -> Self {
        let disk = Some(Disk { directory, options });
        Self { state: Mutex::new(State::new(runs)), changed: Condvar::new(), disk }
    }

    pub(super) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    /// A thread that panicked while it held the lock leaves a state that is whole: every change is made by statements
    /// that cannot fail.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wait<'s>(&'s self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changed(&self) -> &Condvar {
        &self.changed
    }

    pub(super) fn candidates(&self, identity: &Hash) -> Result<Candidates, IndexError> {
        let fingerprint = fingerprint(identity);
        let (runs, recent, absorbed) = {
            let state = self.lock();
            let chunks = state.pending.iter().map(|chunk| &**chunk).chain([&state.current]);
            let recent = chunks.flat_map(|chunk| chunk.find(fingerprint));
            let recent: Vec<u64> = recent.take(MAX_CANDIDATES + 1).collect();
            (state.runs.clone(), recent, state.absorbed())
        };
        let mut found = Candidates::new(fingerprint, absorbed);
        for run in runs.iter() {
            run.find(fingerprint, &mut found)?;
        }
        recent.into_iter().for_each(|leaf| found.push(leaf));
        Ok(found)
    }

    pub(super) fn absorb(&self, first: u64, identities: &[Hash]) -> Result<(), IndexError> {
        let mut rest = identities;
        let mut next = first;
        let mut state = self.lock();
        loop {
            if state.absorbed() != next {
                return Err(IndexError::OutOfOrder { absorbed: state.absorbed(), first: next });
            }
            if rest.is_empty() {
                return Ok(());
            }
            if rest.len() as u64 > MAX_LEAVES.saturating_sub(next) {
                return Err(IndexError::Full { limit: MAX_LEAVES });
            }
            let Some(disk) = &self.disk else {
                state.current.append(rest);
                return Ok(());
            };
            state = self.room(state)?;
            let chunk = disk.options.chunk_leaves.get();
            let room = chunk.saturating_sub(state.current.len()).min(rest.len());
            let (now, later) = rest.split_at(room);
            state.current.append(now);
            (rest, next) = (later, next + now.len() as u64);
            if state.current.len() >= chunk {
                state.retire();
                state = self.set_to_work(state);
            }
        }
    }

    /// Waits until another chunk may be filled.
    fn room<'s>(&'s self, mut state: MutexGuard<'s, State>) -> Result<MutexGuard<'s, State>, IndexError> {
        loop {
            match &state.failure {
                Some(damaged @ IndexError::Damaged { .. }) => return Err(damaged.clone()),
                _ if state.pending.len() < MAX_PENDING => return Ok(state),
                Some(failure) if !self.is_inline() => return Err(failure.clone()),
                Some(_) => {
                    state = self.set_to_work(state);
                    if let Some(failure) = &state.failure {
                        return Err(failure.clone());
                    }
                }
                None => state = self.wait(state),
            }
        }
    }

    /// Tells the worker that something is due, or does it.
    fn set_to_work<'s>(&'s self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.notify_all();
        if !self.is_inline() {
            return state;
        }
        drop(state);
        while self.turn() {}
        self.lock()
    }

    fn is_inline(&self) -> bool {
        self.disk.as_ref().is_some_and(|disk| disk.options.work == Work::Inline)
    }

    pub(super) fn flush(&self) -> Result<(), IndexError> {
        let mut state = self.lock();
        if self.disk.is_some() && state.current.len() > 0 {
            state.retire();
        }
        drop(state);
        self.settle()
    }

    pub(super) fn settle(&self) -> Result<(), IndexError> {
        let mut state = self.set_to_work(self.lock());
        loop {
            if let Some(failure) = &state.failure {
                return Err(failure.clone());
            }
            if !self.is_due(&state) {
                return Ok(());
            }
            state = self.wait(state);
        }
    }

    pub(super) fn forget_from(&self, size: u64) -> Result<u64, IndexError> {
        // While the names are held no run appears; and those in the making are void from then on.
        let names = self.disk.as_ref().map(|disk| disk.directory.names());
        if let Some(names) = &names {
            let on_disk = self.lock().on_disk(size);
            names.remove_beyond(on_disk)?;
        }
        let mut state = self.lock();
        state.forget_from(size);
        self.changed.notify_all();
        Ok(state.absorbed())
    }

    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }
}
