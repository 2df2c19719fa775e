//! What waits for the next round.

use super::{AddError, Published, Submission};
use sealwax_tlog::Hash;
use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, oneshot};

/// Submissions and commands on their way to the sequencer.
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Notify,
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
    /// So many have to wait before it is said that something has arrived.
    wanted: usize,
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

/// As long as it lives, nothing is said of fewer than are wanted.
struct Wanted<'a>(&'a Queue);

impl<'a> Wanted<'a> {
    fn new(queue: &'a Queue, wanted: usize) -> Self {
        queue.state().wanted = wanted;
        Self(queue)
    }
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.state().wanted = 0;
    }
}

impl Queue {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self { state: Mutex::default(), arrived: Notify::new(), limits }
    }

    /// Nothing that is done under the lock can panic half-way.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(
        &self,
        submission: Submission,
        bytes: usize,
    ) -> Result<oneshot::Receiver<Result<Place, AddError>>, AddError> {
        let mut state = self.state();
        if let Some(error) = &state.closed {
            return Err(error.clone());
        }
        if state.waiting.len() >= self.limits.entries || state.bytes + bytes > self.limits.bytes {
            return Err(AddError::Full { retry_after: Duration::from_secs(1) });
        }
        let (reply, place) = oneshot::channel();
        state.waiting.push(Waiting { submission, bytes, reply });
        state.bytes += bytes;
        let is_wanted = state.waiting.len() >= state.wanted;
        drop(state);
        if is_wanted {
            self.arrived.notify_one();
        }
        Ok(place)
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

    pub(crate) fn is_empty(&self) -> bool {
        self.state().waiting.is_empty()
    }

    pub(crate) fn depth(&self) -> (usize, usize) {
        (self.state().waiting.len(), self.limits.entries)
    }

    /// Completes when so many wait. Whoever drops this before looks himself at what waits: nobody was told.
    pub(crate) async fn gathered(&self, wanted: usize) {
        let _until = Wanted::new(self, wanted);
        while self.depth().0 < wanted {
            self.arrived().await;
        }
    }

    /// Completes when something has arrived since the last call.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
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
        self.arrived.notify_one();
    }

    pub(crate) fn asked_to_stop(&self) -> bool {
        self.state().stop
    }

    pub(crate) fn ask_to_freeze(&self) {
        self.state().freeze = true;
        self.arrived.notify_one();
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
        let queue = Queue::new(QueueLimits { entries: 5, bytes: 100 });
        let push = |bytes: u8| queue.push(Submission::signature(Bytes::from(vec![bytes; 30])), 30);
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
}
