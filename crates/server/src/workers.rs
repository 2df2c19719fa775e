//! Threads that serve connections, each its own. A request is read, answered and written on one thread, and no thread wakes
//! another for it: where several took requests from one queue, waking each other cost a tenth of a read.

use std::{convert::Infallible, future::Future, io, sync::Arc, thread};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// They end when this is dropped.
pub(crate) struct Workers(Vec<Worker>);

struct Worker {
    runtime: Handle,
    /// Each of its connections has one as well.
    load: Arc<()>,
    _end: oneshot::Sender<Infallible>,
}

impl Workers {
    /// Starts so many threads, at least one.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        (0..count.max(1)).map(|_| Worker::start()).collect::<io::Result<_>>().map(Self)
    }

    /// Has the one with the fewest connections serve another.
    pub(crate) fn serve(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let Some(worker) = self.0.iter().min_by_key(|worker| Arc::strong_count(&worker.load)) else { return };
        let load = Arc::clone(&worker.load);
        worker.runtime.spawn(async move {
            connection.await;
            drop(load);
        });
    }
}

impl Worker {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let thread = thread::Builder::new().name("connections".to_owned());
        thread.spawn(move || {
            // An error says that nobody is left who could send anything.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { runtime: handle, load: Arc::default(), _end: end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        collections::BTreeMap,
        sync::mpsc::{RecvTimeoutError, channel},
        time::Duration,
    };

    #[test]
    fn connections_are_shared_evenly_and_end_with_their_threads() {
        let workers = Workers::start(2).unwrap();
        let (tell, told) = channel();
        for _ in 0..6 {
            let tell = tell.clone();
            workers.serve(async move {
                tell.send(format!("{:?}", thread::current().id())).unwrap();
                std::future::pending::<()>().await;
            });
        }
        drop(tell);
        let mut each: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..6 {
            *each.entry(told.recv().unwrap()).or_default() += 1;
        }
        assert_eq!(each.into_values().collect::<Vec<_>>(), [3, 3]);
        drop(workers);
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn who_has_few_gets_the_next() {
        let workers = Workers::start(2).unwrap();
        let (tell, told) = channel();
        let (end, ended) = oneshot::channel::<()>();
        let place = |ended: Option<oneshot::Receiver<()>>| {
            let tell = tell.clone();
            workers.serve(async move {
                tell.send(thread::current().id()).unwrap();
                match ended {
                    Some(ended) => drop(ended.await),
                    None => std::future::pending().await,
                }
            });
            told.recv().unwrap()
        };
        let first = place(Some(ended));
        assert_ne!(place(None), first);
        end.send(()).unwrap();
        while Arc::strong_count(&workers.0[0].load) + Arc::strong_count(&workers.0[1].load) > 3 {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(place(None), first);
    }
}
