//! The store in a directory, on a real disk: what it promises when nothing fails, when files are damaged, when another
//! process reads, and when the system lacks something. What every crash leaves behind is exhausted over a simulated disk.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod background;
mod behaviour;
mod damage;
mod faulty;
mod lacking;
mod model;
mod reader;
mod scratch;
mod segments;

use scratch::Scratch;
use sealwax_store::{
    Bytes, Cell, Directory, LockStore, ObjectStore, StoreError, Swap, Version,
    directory::Options,
    disk::{Disk, Os},
};
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Without the thread, and with small steps.
fn options() -> Options {
    Options { background: false, segment_bytes: 2000, reserve_bytes: 512, pending_bytes: 10_000 }
}

fn open(scratch: &Scratch) -> Directory<Os> {
    try_open(scratch).unwrap()
}

fn try_open(scratch: &Scratch) -> Result<Directory<Os>, StoreError> {
    Directory::open(Os::new(scratch.path()).unwrap(), &options())
}

/// The result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future waited"),
    }
}

/// The result of a future.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Sets the lock value, whatever it is.
fn set_lock<D: Disk>(store: &Directory<D>, value: impl Into<Bytes>) -> Version {
    let expected = now(store.load(Cell::Lock)).unwrap().map(|found| found.version);
    match now(store.swap(Cell::Lock, expected.as_ref(), value.into())).unwrap() {
        Swap::Done(version) => version,
        Swap::Lost => panic!("the version had just been loaded"),
    }
}

fn lock_value(store: &impl LockStore) -> Option<Bytes> {
    now(store.load(Cell::Lock)).unwrap().map(|found| found.value)
}

fn get(store: &impl ObjectStore, name: &str) -> Option<Bytes> {
    now(store.get(name)).unwrap()
}
