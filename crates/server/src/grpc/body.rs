use super::health::Watch;
use super::{Code, Status};
use bytes::Bytes;
use hyper::Response;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// When to try again, for clients that do so by themselves (gRFC A6).
const RETRY_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The body of an answer: messages, then trailers.
#[derive(Debug)]
pub(super) struct GrpcBody(State);

#[derive(Debug)]
enum State {
    /// One framed message, then the trailers.
    Message(Bytes),
    /// The trailers alone are left.
    Trailers,
    /// Nothing is left.
    End,
    /// A framed message now and then, until the client goes.
    Watch(Box<Watch>),
}

impl GrpcBody {
    /// A call that succeeded.
    pub(super) fn message(framed: Bytes) -> Response<Self> {
        response(State::Message(framed))
    }

    pub(super) fn watch(watch: Watch) -> Response<Self> {
        response(State::Watch(Box::new(watch)))
    }

    /// A call that failed has its trailers in place of headers ("Trailers-Only").
    pub(super) fn failure(status: &Status) -> Response<Self> {
        let mut response = response(State::End);
        let headers = response.headers_mut();
        headers.insert(STATUS, (status.code as u16).into());
        if let Ok(message) = HeaderValue::from_str(&percent_encoded(&status.message)) {
            headers.insert(MESSAGE, message);
        }
        if let Some(wait) = status.retry_after {
            let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            headers.insert(RETRY_PUSHBACK, milliseconds.into());
        }
        if status.code == Code::Unimplemented {
            // A client that compressed its message learns that it must not.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        response
    }
}

impl Body for GrpcBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let State::Watch(watch) = &mut self.0 {
            return watch.poll_message(context).map(|framed| Some(Ok(Frame::data(framed))));
        }
        Poll::Ready(match std::mem::replace(&mut self.0, State::End) {
            State::Message(message) => {
                self.0 = State::Trailers;
                Some(Ok(Frame::data(message)))
            }
            State::Trailers => {
                let ok = HeaderMap::from_iter([(STATUS, (Code::Ok as u16).into())]);
                Some(Ok(Frame::trailers(ok)))
            }
            State::End | State::Watch(_) => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, State::End)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            State::Message(message) => SizeHint::with_exact(u64::try_from(message.len()).unwrap_or(u64::MAX)),
            State::Trailers | State::End => SizeHint::with_exact(0),
            State::Watch(_) => SizeHint::default(),
        }
    }
}

fn response(state: State) -> Response<GrpcBody> {
    let mut response = Response::new(GrpcBody(state));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// `grpc-message`: what is not printable ASCII, and the percent sign, as `%XX` of UTF-8.
fn percent_encoded(message: &str) -> String {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
