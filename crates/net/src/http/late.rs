//! What is still being made when its request begins: the connection is opened meanwhile.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::watch;

/// What will be sent, of a length that is known before it is made. A request that is sent with it is on its way at once, and waits
/// for the rest. Each clone is the same bytes, for another try.
#[derive(Clone, Debug)]
pub struct Late {
    length: usize,
    made: watch::Receiver<Option<Bytes>>,
}

/// Where it is made. If this goes without having given it, requests with it fail.
#[derive(Debug)]
pub struct Maker {
    length: usize,
    made: watch::Sender<Option<Bytes>>,
}

/// It was not made, or is longer than was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was to be sent was not made")]
pub(super) struct NotMade;

impl Late {
    /// Something of so many bytes, and who makes it.
    #[must_use]
    pub fn new(length: usize) -> (Maker, Self) {
        let (sender, receiver) = watch::channel(None);
        (Maker { length, made: sender }, Self { length, made: receiver })
    }

    async fn bytes(mut self) -> Option<Bytes> {
        self.made.wait_for(Option::is_some).await.ok()?.clone()
    }
}

impl Maker {
    /// Here it is. What is shorter than was said is filled up with bytes that mean nothing there; what is longer is not sent, since
    /// its length is on its way already.
    pub fn give(self, mut bytes: Vec<u8>, filler: u8) {
        if bytes.len() <= self.length {
            bytes.resize(self.length, filler);
            self.made.send_replace(Some(bytes.into()));
        }
    }
}

impl From<Late> for reqwest::Body {
    fn from(late: Late) -> Self {
        let length = late.length as u64;
        Self::wrap(Waiting { length, bytes: Some(Box::pin(late.bytes())) })
    }
}

/// The body of one request.
struct Waiting {
    /// What is still to come.
    length: u64,
    bytes: Option<Pin<Box<dyn Future<Output = Option<Bytes>> + Send + Sync>>>,
}

impl Body for Waiting {
    type Data = Bytes;
    type Error = NotMade;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NotMade>>> {
        let Some(bytes) = &mut self.bytes else { return Poll::Ready(None) };
        let made = ready!(bytes.as_mut().poll(context));
        (self.length, self.bytes) = (0, None);
        Poll::Ready(Some(made.map(Frame::data).ok_or(NotMade)))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
