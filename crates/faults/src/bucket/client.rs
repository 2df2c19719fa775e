use super::{Bucket, State};
use crate::world::Node;
use bytes::Bytes;
use sealwax_store::{Cell, LockStore, ObjectStore, StoreError, Swap, Version, Versioned};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// The bucket as one machine reaches it. A request is sent once; what the network makes of it is not the client's doing.
#[derive(Clone)]
pub struct Client {
    bucket: Bucket,
    node: Node,
    /// What was put and not flushed, if the weather is such. It is lost with the machine.
    behind: Option<Arc<Mutex<BTreeMap<String, Bytes>>>>,
}

/// What is known if no reply comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Write,
    /// Refused if something else came first.
    Conditional,
}

impl Client {
    pub(super) fn new(bucket: Bucket, node: Node, writes_behind: bool) -> Self {
        Self { bucket, node, behind: writes_behind.then(Arc::default) }
    }

    /// The same after the machine has started anew: what was not flushed is lost.
    #[must_use]
    pub fn restarted(&self) -> Self {
        Self::new(self.bucket.clone(), self.node, self.behind.is_some())
    }

    fn behind(&self) -> Option<MutexGuard<'_, BTreeMap<String, Bytes>>> {
        Some(self.behind.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn send(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.request(format!("put {name}"), Effect::Write, move |state, now| {
            (state.put(&name, value.clone(), now), true)
        })
        .await
    }

    /// Sends a request that does `apply` at the bucket whenever it arrives, and waits for the reply as long as the
    /// weather's patience lasts. `apply` says whether it has changed anything.
    async fn request<T: Send + 'static>(
        &self,
        what: String,
        effect: Effect,
        apply: impl Fn(&mut State, Duration) -> (T, bool) + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let world = &self.bucket.world;
        let (fate, patience) = {
            let mut state = self.bucket.state();
            let weather = state.weather;
            let fate = weather.fate(&mut state.random);
            state.counts.requests_lost += u64::from(fate.arrivals.is_empty());
            state.counts.duplicated += u64::from(fate.arrivals.len() > 1);
            (fate, weather.patience)
        };
        if fate.refused {
            return Err(StoreError::Failed {
                what,
                cause: Arc::new(io::ErrorKind::ConnectionRefused.into()),
            });
        }
        let deadline = world.now() + patience;
        let apply = Arc::new(apply);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for arrival in fate.arrivals {
            let (bucket, apply, sender, reply) =
                (self.bucket.clone(), Arc::clone(&apply), sender.clone(), fate.reply);
            world.spawn(Node::NETWORK, async move {
                bucket.world.sleep(arrival).await;
                let result = bucket.arrive(effect, deadline, reply.is_some(), &*apply);
                if let Some(way) = reply {
                    bucket.world.sleep(way).await;
                    let _ = sender.send(result); // nobody waits any more: the reply is lost
                }
            });
        }
        // The sender stays here: a request that was lost looks like one that takes long.
        let reply = world.timeout(patience, receiver.recv()).await.flatten();
        drop(sender);
        let cause = || Arc::new(io::Error::from(io::ErrorKind::TimedOut));
        reply.ok_or_else(|| match effect {
            Effect::None => StoreError::Failed { what, cause: cause() },
            Effect::Write | Effect::Conditional => StoreError::Unknown { what, cause: cause() },
        })
    }
}

impl Bucket {
    fn arrive<T>(
        &self,
        effect: Effect,
        deadline: Duration,
        has_reply: bool,
        apply: &(impl Fn(&mut State, Duration) -> (T, bool) + ?Sized),
    ) -> T {
        let now = self.world.now();
        let mut state = self.state();
        let (result, has_changed) = apply(&mut state, now);
        let is_late = now >= deadline;
        let counts = &mut state.counts;
        counts.requests += 1;
        counts.replies_lost += u64::from(!has_reply && has_changed);
        counts.late_puts += u64::from(is_late && has_changed);
        counts.late_swaps_refused += u64::from(is_late && !has_changed && effect == Effect::Conditional);
        result
    }
}

impl ObjectStore for Client {
    async fn get(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        if let Some(value) = self.behind().and_then(|behind| behind.get(name).cloned()) {
            return Ok(Some(value));
        }
        let name = name.to_owned();
        self.request(format!("get {name}"), Effect::None, move |state, now| (state.get(&name, now), false))
            .await
    }

    async fn put(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        if let Some(mut behind) = self.behind() {
            behind.insert(name.to_owned(), value);
            return Ok(());
        }
        self.send(name, value).await
    }

    async fn stage(&self, name: &str, value: Bytes) -> Result<(), StoreError> {
        self.send(name, value).await
    }

    /// What the bucket has answered is durable.
    async fn flush(&self) -> Result<(), StoreError> {
        loop {
            let first = self
                .behind()
                .and_then(|behind| Some(behind.first_key_value()?).map(|(a, b)| (a.clone(), b.clone())));
            let Some((name, value)) = first else { return Ok(()) };
            self.send(&name, value).await?;
            if let Some(mut behind) = self.behind() {
                behind.remove(&name);
            }
        }
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.request(format!("delete {name}"), Effect::Write, move |state, now| {
            (state.delete(&name, now), true)
        })
        .await
    }
}

impl LockStore for Client {
    async fn load(&self, cell: Cell) -> Result<Option<Versioned>, StoreError> {
        self.request(format!("load {cell:?}"), Effect::None, move |state, now| (state.load(cell, now), false))
            .await
    }

    async fn swap(&self, cell: Cell, expected: Option<&Version>, value: Bytes) -> Result<Swap, StoreError> {
        let (node, expected) = (self.node, expected.cloned());
        self.request(format!("swap {cell:?}"), Effect::Conditional, move |state, now| {
            let swap = state.swap(node, cell, expected.as_ref(), value.clone(), now);
            let is_done = matches!(swap, Swap::Done(_));
            (swap, is_done)
        })
        .await
    }
}
