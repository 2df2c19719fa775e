//! Objects on their way to files: the queue, and who waits for it.

mod files;

use super::{Options, stop::Stop};
use crate::{Bytes, StoreError, disk::Disk};
use files::Files;
use std::{
    collections::{BTreeMap, HashMap},
    future::poll_fn,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

/// So many objects, or bytes, are made durable together: few enough that a waiter sees progress.
const BATCH_OBJECTS: usize = 64;
const BATCH_BYTES: usize = 8 << 20;

/// Takes objects at once, serves them from memory, and makes files of them, in the background or when asked to flush.
pub(super) struct Settler<D: Disk> {
    stop: Stop,
    pending_bytes: usize,
    background: bool,
    queue: Mutex<Queue>,
    /// Tells the thread that there is work, or an end of it.
    work: Condvar,
    /// Taken before `queue` where both are.
    files: Mutex<Files<D>>,
}

/// What is to become of an object.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(Bytes),
    Delete,
}

#[derive(Default)]
struct Queue {
    /// By ticket. A change of an object that still waits takes the place of the former one, and so its ticket.
    waiting: BTreeMap<u64, (String, Change)>,
    tickets: HashMap<String, u64>,
    /// Is being written now.
    in_hand: BTreeMap<u64, (String, Change)>,
    next_ticket: u64,
    /// Of everything that waits or is in hand.
    bytes: usize,
    wakers: Vec<Waker>,
    /// Why the thread rests, until somebody asks for a flush.
    failed: Option<StoreError>,
    is_closed: bool,
}

impl<D: Disk> Settler<D> {
    /// Removes what an earlier process left half written.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn open(disk: Arc<D>, options: &Options, stop: Stop) -> Result<Self, StoreError> {
        Ok(Self {
            files: Mutex::new(Files::open(disk, stop.clone())?),
            stop,
            pending_bytes: options.pending_bytes,
            background: options.background,
            queue: Mutex::default(),
            work: Condvar::new(),
        })
    }

    /// What an object will be; `None` if no change of it is on its way.
    pub(super) fn get(&self, name: &str) -> Option<Change> {
        let queue = self.queue();
        let in_hand = || queue.in_hand.values().find(|(found, _)| found == name);
        let waiting = queue.tickets.get(name).and_then(|ticket| queue.waiting.get(ticket));
        waiting.or_else(in_hand).map(|(_, change)| change.clone())
    }

    /// Queues a change. Waits while too much is on its way.
    pub(super) async fn change(&self, name: &str, change: Change) -> Result<(), StoreError> {
        self.stop.check()?;
        let (length, limit) = (change.length(), self.pending_bytes);
        self.until(|queue| queue.bytes == 0 || queue.bytes.saturating_add(length) <= limit).await?;
        self.change_now(name, change)
    }

    /// Queues a change, however much is on its way.
    pub(super) fn change_now(&self, name: &str, change: Change) -> Result<(), StoreError> {
        self.stop.check()?;
        self.queue().push(name, change);
        self.work.notify_one();
        Ok(())
    }

    /// Returns when every change that was queued before is durable.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        self.stop.check()?;
        let end = {
            let mut queue = self.queue();
            queue.failed = None;
            queue.next_ticket
        };
        self.work.notify_one();
        self.until(|queue| queue.oldest().is_none_or(|ticket| ticket >= end)).await
    }

    /// The background thread.
    pub(super) fn run(&self) {
        loop {
            let mut queue = self.queue();
            while !queue.is_closed && (queue.waiting.is_empty() || queue.failed.is_some()) {
                queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            if queue.is_closed {
                return;
            }
            drop(queue);
            self.settle_some();
        }
    }

    /// Lets the thread end. What waits stays undone.
    pub(super) fn close(&self) {
        self.queue().is_closed = true;
        self.work.notify_one();
    }

    /// Waits for the thread, or does its work here if there is none.
    async fn until(&self, is_done: impl Fn(&Queue) -> bool) -> Result<(), StoreError> {
        poll_fn(|context| {
            loop {
                let mut queue = self.queue();
                if is_done(&queue) {
                    return Poll::Ready(Ok(()));
                }
                if let Err(stopped) = self.stop.check() {
                    return Poll::Ready(Err(queue.failed.clone().unwrap_or(stopped)));
                }
                if let Some(error) = &queue.failed {
                    return Poll::Ready(Err(error.clone()));
                }
                if self.background {
                    queue.wakers.push(context.waker().clone());
                    return Poll::Pending;
                }
                drop(queue);
                self.settle_some();
            }
        })
        .await
    }

    /// Makes the oldest changes durable, or notes why that failed and keeps them.
    fn settle_some(&self) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = {
            let mut queue = self.queue();
            queue.take();
            queue.in_hand.clone()
        };
        let result = self.stop.check().and_then(|()| files.settle(batch.values()));
        let mut queue = self.queue();
        match result {
            Ok(()) => queue.done(),
            Err(error) => {
                queue.put_back();
                queue.failed = Some(error);
            }
        }
        mem::take(&mut queue.wakers).into_iter().for_each(Waker::wake);
    }

    /// A panic elsewhere cannot have left it half changed.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, name: &str, change: Change) {
        self.bytes += change.length();
        if let Some((_, former)) = self.tickets.get(name).and_then(|ticket| self.waiting.get_mut(ticket)) {
            let former = mem::replace(former, change);
            self.bytes -= former.length();
            return;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.tickets.insert(name.to_owned(), ticket);
        self.waiting.insert(ticket, (name.to_owned(), change));
    }

    /// The oldest change that is not durable.
    fn oldest(&self) -> Option<u64> {
        let first = |changes: &BTreeMap<u64, _>| changes.keys().next().copied();
        [first(&self.in_hand), first(&self.waiting)].into_iter().flatten().min()
    }

    fn take(&mut self) {
        let mut bytes = 0;
        while self.in_hand.len() < BATCH_OBJECTS && bytes < BATCH_BYTES {
            let Some((ticket, (name, change))) = self.waiting.pop_first() else { break };
            bytes += change.length();
            self.tickets.remove(&name);
            self.in_hand.insert(ticket, (name, change));
        }
    }

    fn done(&mut self) {
        let bytes: usize = mem::take(&mut self.in_hand).values().map(|(_, change)| change.length()).sum();
        self.bytes -= bytes;
    }

    /// Undoes [`Queue::take`], except for objects that changed again in between: the later change takes the older ticket.
    fn put_back(&mut self) {
        for (ticket, (name, change)) in mem::take(&mut self.in_hand) {
            let later =
                self.tickets.insert(name.clone(), ticket).and_then(|ticket| self.waiting.remove(&ticket));
            match later {
                Some(later) => {
                    self.bytes -= change.length();
                    self.waiting.insert(ticket, later);
                }
                None => {
                    self.waiting.insert(ticket, (name, change));
                }
            }
        }
    }
}

impl Change {
    fn length(&self) -> usize {
        match self {
            Self::Put(value) => value.len(),
            Self::Delete => 0,
        }
    }
}
