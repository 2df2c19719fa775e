//! Writes chunks and merges runs.

use super::{
    IndexError,
    memory::Chunk,
    merge::{Merge, Stream},
    run::{MAX_LEAVES, Run, Sink, Span, Writer},
    shared::{Disk, Shared, State},
};
use sealwax_tlog::Hash;
use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{Arc, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A merge of more leaves than this does not take waiting chunks along: they become a run before it, and during it, so
/// that neither memory nor a restart waits for a large merge.
const LARGE: u64 = 1 << 20;

/// So many runs are not joined by another before a large merge is done: whoever feeds faster than the disk merges waits,
/// and neither memory nor lookups pay for it. In order there are at most log₂ of the largest log over the chunk: 25.
const MAX_RUNS: usize = 40;

/// How many records are written between two looks at what else is to be done.
const STRETCH: u32 = 1 << 16;

/// How much of a run is written before it is flushed: a large merge must not leave the disk with so much to write that the
/// log's next flush waits for it.
const FLUSH_BYTES: usize = 4 << 20;

/// A lookup takes microseconds, or a few reads of a disk that is busy. What one still holds after this long is done without.
const LOOKUP: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_micros(100);

/// How long after a failure the next attempt is made.
const RETRY: Duration = Duration::from_secs(1);

/// What becomes one run: consecutive, oldest first, runs before chunks.
#[derive(Debug)]
struct Job {
    span: Span,
    last: Hash,
    runs: Vec<Arc<Run>>,
    chunks: Vec<Arc<Chunk>>,
    generation: u64,
}

/// Why a job was not done.
enum Undone {
    /// Something was forgotten, or the index is being closed.
    Void,
    Failed(IndexError),
}

impl From<IndexError> for Undone {
    fn from(error: IndexError) -> Self {
        Self::Failed(error)
    }
}

pub(super) fn start(shared: &Arc<Shared>) -> Result<JoinHandle<()>, IndexError> {
    let shared = shared.clone();
    let thread = thread::Builder::new().name("index".into());
    thread.spawn(move || shared.work()).map_err(IndexError::io("index"))
}

impl Shared {
    fn work(&self) {
        let mut state = self.lock();
        while !state.stopping {
            match &state.failure {
                // Only forgetting helps.
                Some(IndexError::Damaged { .. }) => state = self.wait(state),
                Some(_) => {
                    let waited = self.changed().wait_timeout(state, RETRY);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                    state.failure = None;
                }
                None if plan(&state).is_none() => state = self.wait(state),
                None => {
                    drop(state);
                    self.turn();
                    state = self.lock();
                }
            }
        }
    }

    /// Whether there is something to write or to merge.
    pub(super) fn is_due(&self, state: &State) -> bool {
        self.disk().is_some() && plan(state).is_some()
    }

    /// Makes one run, and notes the failure if it cannot. `false`: nothing is due, or it failed.
    pub(super) fn turn(&self) -> bool {
        let job = plan(&self.lock());
        let (Some(disk), Some(job)) = (self.disk(), job) else { return false };
        let generation = job.generation;
        let outcome = self.make(disk, job);
        let mut state = self.lock();
        state.failure = match outcome {
            Err(Undone::Failed(failure)) if state.generation == generation => Some(failure),
            _ => None,
        };
        self.changed().notify_all();
        state.failure.is_none() && !state.stopping
    }

    fn make(&self, disk: &Disk, job: Job) -> Result<(), Undone> {
        let (temporary, file) = disk.directory.create(job.span)?;
        let made = self
            .write(disk, &job, &temporary, file)
            .and_then(|run| self.publish(disk, &job, &temporary, Arc::new(run)));
        if made.is_err() {
            // Otherwise the next start does it.
            let _ = fs::remove_file(&temporary);
        }
        let run = made?;
        // What the runs had that it was made from is its own now, so that memory is never needed twice.
        give_back(disk, job);
        Ok(disk.directory.keep(&run)?)
    }

    /// Merges the job's records into the file, and flushes it.
    fn write(&self, disk: &Disk, job: &Job, temporary: &Path, file: File) -> Result<Run, Undone> {
        let failed = |error| Undone::Failed(IndexError::io(temporary)(error));
        let mut writer = Writer::new(Flushing { file, unflushed: 0 }, job.span);
        let mut merge = Merge::new(job.streams())?;
        let mut stretch = 0;
        while let Some((fingerprint, leaf)) = merge.next()? {
            writer.push(fingerprint, leaf).map_err(failed)?;
            stretch += 1;
            if stretch == STRETCH {
                stretch = 0;
                self.pause(disk, job)?;
            }
        }
        let (Flushing { file, .. }, written) = writer.finish(job.last).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(Run::written(file, disk.directory.file(job.span), written))
    }

    /// Between two stretches of a job: gives it up if it is void, and lets chunks through that came meanwhile.
    fn pause(&self, disk: &Disk, job: &Job) -> Result<(), Undone> {
        let state = self.lock();
        if state.stopping || state.generation != job.generation {
            return Err(Undone::Void);
        }
        let let_through = job.chunks.is_empty() && state.runs.len() < MAX_RUNS;
        let waiting = if let_through { chunks_alone(&state) } else { None };
        drop(state);
        waiting.map_or(Ok(()), |waiting| self.make(disk, waiting))
    }

    /// Puts the new run in the place of what it was made from: first by name and durably, then for lookups.
    fn publish(&self, disk: &Disk, job: &Job, temporary: &Path, run: Arc<Run>) -> Result<Arc<Run>, Undone> {
        let names = disk.directory.names();
        if self.lock().generation != job.generation {
            return Err(Undone::Void);
        }
        names.publish(temporary, run.file())?;
        self.lock().replace(job, run.clone());
        self.changed().notify_all();
        // A run that stays is removed at the next start.
        let _ = names.remove(job.runs.iter().map(|run| run.span()).collect::<Vec<_>>().iter());
        Ok(run)
    }
}

impl State {
    fn replace(&mut self, job: &Job, new: Arc<Run>) {
        let covered = |first: u64, end: u64| job.span.first() <= first && end <= job.span.end();
        let mut runs: Vec<_> =
            self.runs.iter().filter(|run| !covered(run.span().first(), run.span().end())).cloned().collect();
        runs.push(new);
        runs.sort_unstable_by_key(|run| run.span());
        self.runs = Arc::new(runs);
        self.pending.retain(|chunk| !covered(chunk.first(), chunk.end()));
    }
}

/// The next job: all waiting chunks, and the newest runs as far as [`carry`] says, become one run.
fn plan(state: &State) -> Option<Job> {
    let waiting = state.pending.iter().map(|chunk| chunk.end() - chunk.first()).sum();
    let counts: Vec<u64> = state.runs.iter().map(|run| run.span().count()).collect();
    let carried = carry(&counts, waiting)?;
    let runs = state.runs.iter().skip(state.runs.len() - carried).cloned().collect();
    Job::new(runs, state)
}

/// How many of the newest runs, with these counts, oldest first, are merged with what is waiting: every run from the first
/// one on that is no longer than all that follows it. It is the carry of a binary counter in one pass; afterwards each
/// run is longer than all that follow it together. `None`: nothing is due.
fn carry(counts: &[u64], waiting: u64) -> Option<usize> {
    let (mut following, mut carried, mut total) = (waiting, 0, waiting);
    for (count, at) in counts.iter().rev().zip(1..) {
        if following + count > MAX_LEAVES {
            break;
        }
        let due = *count <= following;
        following += count;
        if due {
            (carried, total) = (at, following);
        }
    }
    if waiting > 0 && total > LARGE && counts.len() < MAX_RUNS {
        carried = 0;
    }
    (waiting > 0 || carried > 0).then_some(carried)
}

fn chunks_alone(state: &State) -> Option<Job> {
    Job::new(Vec::new(), state)
}

impl Job {
    fn new(runs: Vec<Arc<Run>>, state: &State) -> Option<Self> {
        let chunks: Vec<Arc<Chunk>> = state.pending.iter().cloned().collect();
        let run_ends = runs.iter().map(|run| (run.span().first(), run.span().end(), *run.last()));
        let chunk_ends = chunks.iter().map(|chunk| (chunk.first(), chunk.end(), *chunk.last()));
        let mut ends = run_ends.chain(chunk_ends);
        let (first, end, last) = ends.next()?;
        let (end, last) = ends.last().map_or((end, last), |(_, end, last)| (end, last));
        let span = Span::new(first, end - first)?;
        Some(Self { span, last, runs, chunks, generation: state.generation })
    }

    fn streams(&self) -> Vec<Stream<'_>> {
        let runs = self.runs.iter().map(|run| Stream::Run(run.records()));
        runs.chain(self.chunks.iter().map(|chunk| Stream::Chunk(chunk.records()))).collect()
    }
}

/// Lets go of the runs that were merged, and waits until those have who are looking something up in them: a run takes its share of
/// memory once.
fn give_back(disk: &Disk, job: Job) {
    let held: usize = job.runs.iter().map(|run| run.kept_pieces()).sum();
    let left = disk.directory.pieces_in_use().saturating_sub(held);
    drop(job);
    let deadline = Instant::now() + LOOKUP;
    while disk.directory.pieces_in_use() > left && Instant::now() < deadline {
        thread::sleep(MOMENT);
    }
}

/// A file that is flushed every few megabytes.
struct Flushing {
    file: File,
    unflushed: usize,
}

impl Sink for Flushing {
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)?;
        self.unflushed += bytes.len();
        if self.unflushed >= FLUSH_BYTES {
            self.file.sync_data()?;
            self.unflushed = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Options, Work, directory::Directory},
        *,
    };
    use std::num::NonZeroUsize;

    #[test]
    fn a_run_has_all_of_its_share_though_somebody_looks_up_in_those_before_it() {
        let path = std::env::temp_dir().join(format!("sealwax-index-worker-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        // Four pieces, of which the only run has half, though it could do with more.
        let options = Options {
            chunk_leaves: NonZeroUsize::new(30_000).unwrap(),
            kept_bytes: 4 * (16 << 10),
            work: Work::Inline,
            ..Options::default()
        };
        let shared = Shared::on_disk(Directory::open(&path, &options).unwrap(), Vec::new(), options);
        let identities = |from: u64| -> Vec<Hash> {
            (from..from + 30_000).map(|leaf| sealwax_crypto::sha256(&leaf.to_be_bytes())).collect()
        };
        for first in [0, 30_000, 60_000] {
            // As a lookup does, which began before the merge and ends after it.
            let runs = shared.lock().runs.clone();
            let lookup = thread::spawn(move || {
                thread::sleep(Duration::from_millis(200));
                drop(runs);
            });
            shared.absorb(first, &identities(first)).unwrap();
            let kept: Vec<usize> = shared.lock().runs.iter().map(|run| run.kept_pieces()).collect();
            lookup.join().unwrap();
            assert_eq!(kept.first(), Some(&2), "{kept:?}");
        }
        fs::remove_dir_all(path).unwrap();
    }

    /// Merges until nothing is due, and returns how many leaves were written.
    fn apply(counts: &mut Vec<u64>, mut waiting: u64, turns: usize) -> u64 {
        let mut written = 0;
        for _ in 0..turns {
            let Some(carried) = carry(counts, waiting) else { break };
            let merged = waiting + counts.split_off(counts.len() - carried).iter().sum::<u64>();
            counts.push(merged);
            written += merged;
            waiting = 0;
        }
        written
    }

    #[test]
    fn a_leaf_is_rewritten_half_as_often_as_there_are_levels() {
        let (mut counts, mut written) = (Vec::new(), 0);
        let chunks: u64 = 3_052; // 10⁸ leaves
        for chunk in 1..=chunks {
            written += apply(&mut counts, 32_768, usize::MAX);
            assert!(counts.len() <= chunk.ilog2() as usize + 1);
            for (at, count) in counts.iter().enumerate() {
                assert!(*count > counts[at + 1..].iter().sum());
            }
        }
        assert_eq!(counts.iter().sum::<u64>(), chunks * 32_768);
        let times = written / (chunks * 32_768);
        assert!((5..=7).contains(&times), "{times}");
    }

    #[test]
    fn a_feed_that_never_pauses_does_not_starve_a_large_merge() {
        let mut counts = Vec::new();
        for _ in 0..20_000 {
            apply(&mut counts, 4 * 32_768, 1);
            assert!(counts.len() <= MAX_RUNS, "{}", counts.len());
        }
    }

    #[test]
    fn a_run_never_has_more_leaves_than_it_can_number() {
        assert_eq!(carry(&[MAX_LEAVES], MAX_LEAVES), Some(0));
        assert_eq!(carry(&[MAX_LEAVES - 1, 1], 0), None);
        assert_eq!(carry(&[MAX_LEAVES / 2, MAX_LEAVES / 2], 0), Some(2));
        assert_eq!(carry(&[MAX_LEAVES / 2 + 1, MAX_LEAVES / 2 + 1], 0), None);
    }
}
