//! What waits for the next round.

use super::{AddError, Published, Submission};
use sealwax_tlog::Hash;
use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, oneshot};

/// With so many entries the cost of a round is shared well enough.
const ENOUGH: usize = 64;

/// Submissions and commands on their way to the sequencer.
pub(crate) struct Queue {
    state: Mutex<State>,
    ready: Notify,
    limits: QueueLimits,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// Submissions.
    pub entries: usize,
    /// Bytes of their bodies.
    pub bytes: usize,
}

impl Default for QueueLimits {
    /// What one core sequences in less than a second.
    fn default() -> Self {
        Self { entries: 8192, bytes: 24 << 20 }
    }
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    bytes: usize,
    closed: Option<AddError>,
    trouble: Option<AddError>,
    freeze: bool,
    stop: bool,
    /// How many are being checked.
    checking: usize,
    /// For how many of them those that wait still wait.
    patience: usize,
}

impl State {
    /// Whether a round may begin with what waits. What is being checked goes with it, for a round of its own costs a flush, a
    /// signature and some switches of threads, and takes them from the processors that check; but only so many, so that
    /// nobody waits for what never ends.
    fn is_ready(&self) -> bool {
        !self.waiting.is_empty() && (self.checking == 0 || self.patience == 0 || self.stop)
    }
}

/// A submission that waits for its place.
pub(crate) struct Waiting {
    pub(crate) submission: Submission,
    /// Bytes of its body.
    pub(crate) bytes: usize,
    pub(crate) reply: oneshot::Sender<Result<Place, AddError>>,
}

/// Where a submission has its place.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) index: u64,
    /// Milliseconds since 1970.
    pub(crate) timestamp: u64,
    /// `None`: it was there already, and the proof is built by whoever asked.
    pub(crate) proof: Option<Vec<Hash>>,
    pub(crate) published: Arc<Published>,
}

/// A submission that is being checked.
pub(crate) struct Checking(Arc<Queue>);

impl Checking {
    /// It waits for its place from now on.
    pub(crate) fn push(
        self,
        submission: Submission,
        bytes: usize,
    ) -> Result<oneshot::Receiver<Result<Place, AddError>>, AddError> {
        let mut state = self.0.state();
        if let Some(error) = &state.closed {
            return Err(error.clone());
        }
        let limits = self.0.limits;
        if state.waiting.len() >= limits.entries || state.bytes + bytes > limits.bytes {
            return Err(AddError::Full { retry_after: Duration::from_secs(1) });
        }
        if state.waiting.is_empty() {
            state.patience = ENOUGH;
        }
        let (reply, place) = oneshot::channel();
        state.waiting.push(Waiting { submission, bytes, reply });
        state.bytes += bytes;
        Ok(place)
    }
}

impl Drop for Checking {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.checking -= 1;
        state.patience = state.patience.saturating_sub(1);
        let is_ready = state.is_ready();
        drop(state);
        if is_ready {
            self.0.ready.notify_one();
        }
    }
}

impl Queue {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self { state: Mutex::default(), ready: Notify::new(), limits }
    }

    /// Nothing that is done under the lock can panic half-way.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A submission is being checked from now on, until what is returned is pushed or dropped.
    pub(crate) fn check(self: &Arc<Self>) -> Checking {
        self.state().checking += 1;
        Checking(Arc::clone(self))
    }

    /// What waits longest, up to so many entries and bytes; at least one.
    pub(crate) fn take(&self, entries: usize, mut bytes: usize) -> Vec<Waiting> {
        let mut state = self.state();
        let fits = |waiting: &&Waiting| {
            let left = bytes.checked_sub(waiting.bytes);
            bytes = left.unwrap_or(0);
            left.is_some()
        };
        let count = state.waiting.iter().take(entries).take_while(fits).count();
        let count = count.max(1).min(state.waiting.len());
        let taken: Vec<Waiting> = state.waiting.drain(..count).collect();
        state.bytes -= taken.iter().map(|waiting| waiting.bytes).sum::<usize>();
        taken
    }

    /// Everything that waits.
    pub(crate) fn take_all(&self) -> Vec<Waiting> {
        let mut state = self.state();
        state.bytes = 0;
        mem::take(&mut state.waiting)
    }

    /// Whether a round may begin with what waits.
    pub(crate) fn is_ready(&self) -> bool {
        self.state().is_ready()
    }

    pub(crate) fn depth(&self) -> (usize, usize) {
        (self.state().waiting.len(), self.limits.entries)
    }

    /// Completes when a round may begin, or a command was given, since the last call.
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// From now on submissions get this answer; `None`: they are taken.
    pub(crate) fn close(&self, error: Option<AddError>) {
        self.state().closed = error;
    }

    /// Why no submissions are taken.
    pub(crate) fn closed(&self) -> Option<AddError> {
        self.state().closed.clone()
    }

    /// What the last round was refused for; submissions are taken, and the next round may do better.
    pub(crate) fn report_trouble(&self, trouble: Option<AddError>) {
        self.state().trouble = trouble;
    }

    /// Whether the last round was refused.
    pub(crate) fn is_in_trouble(&self) -> bool {
        self.state().trouble.is_some()
    }

    /// Why submissions would not be answered with success at this moment.
    pub(crate) fn trouble(&self) -> Option<AddError> {
        let state = self.state();
        state.closed.clone().or_else(|| state.trouble.clone())
    }

    pub(crate) fn ask_to_stop(&self) {
        self.state().stop = true;
        self.ready.notify_one();
    }

    pub(crate) fn asked_to_stop(&self) -> bool {
        self.state().stop
    }

    pub(crate) fn ask_to_freeze(&self) {
        self.state().freeze = true;
        self.ready.notify_one();
    }

    pub(crate) fn asked_to_freeze(&self) -> bool {
        self.state().freeze
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn what_does_not_fit_into_a_round_still_counts() {
        let queue = Arc::new(Queue::new(QueueLimits { entries: 5, bytes: 100 }));
        let push = |bytes: u8| queue.check().push(Submission::signature(Bytes::from(vec![bytes; 30])), 30);
        let _places: Vec<_> = (0..3).map(|nth| push(nth).unwrap()).collect();
        assert!(matches!(push(3), Err(AddError::Full { .. })));
        assert_eq!(queue.take(10, 60).len(), 2);
        assert_eq!(queue.depth(), (1, 5));
        let _more = (push(4).unwrap(), push(5).unwrap());
        assert!(matches!(push(6), Err(AddError::Full { .. })));
        // One that is longer than a round may be is a round of its own.
        assert_eq!(queue.take(10, 1).len(), 1);
        assert_eq!(queue.take(1, 1000).len(), 1);
        assert_eq!(queue.take_all().len(), 1);
        assert_eq!(queue.take(10, 1000).len(), 0);
    }

    #[test]
    fn a_round_takes_along_what_is_being_checked_but_not_for_ever() {
        let queue = Arc::new(Queue::new(QueueLimits { entries: 100, bytes: 10_000 }));
        let entry = |bytes: u8| Submission::signature(Bytes::from(vec![bytes]));
        let (first, second, third) = (queue.check(), queue.check(), queue.check());
        let _first = first.push(entry(1), 1).unwrap();
        let _second = second.push(entry(2), 1).unwrap();
        assert!(!queue.is_ready());
        drop(third);
        assert!(queue.is_ready());
        assert_eq!(queue.take(10, 100).len(), 2);
        assert!(!queue.is_ready());

        // One that waits while others are checked, and refused, without an end.
        let mut always_one = queue.check();
        let _lone = queue.check().push(entry(3), 1).unwrap();
        let mut checked = 1;
        while !queue.is_ready() {
            always_one = queue.check();
            checked += 1;
        }
        assert_eq!(checked, ENOUGH);
        drop(always_one);
    }
}
