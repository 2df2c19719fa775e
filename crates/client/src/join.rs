//! Several futures at once, on whatever runs the one that waits for them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// A future among others.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// All of them to their ends, the results in the same order.
pub(crate) async fn all<T: Unpin>(futures: Vec<Boxed<'_, T>>) -> Vec<T> {
    enum Slot<'a, T> {
        Waiting(Boxed<'a, T>),
        Done(T),
    }
    let mut slots: Vec<Slot<'_, T>> = futures.into_iter().map(Slot::Waiting).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for slot in &mut slots {
            if let Slot::Waiting(future) = slot {
                match future.as_mut().poll(context) {
                    Poll::Ready(result) => *slot = Slot::Done(result),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    slots
        .into_iter()
        .filter_map(|slot| match slot {
            Slot::Done(result) => Some(result),
            Slot::Waiting(_) => None,
        })
        .collect()
}
