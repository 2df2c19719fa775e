use super::body::GrpcBody;
use super::message::{HealthCheckRequest, HealthCheckResponse, HealthListResponse, ServingStatus};
use super::{Code, FRAME_BYTES, Status, answer, frame, is_grpc, read};
use crate::{Answer, Head, Refused, Reply, Route, Site};
use bytes::Bytes;
use hyper::Response;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};

/// The longest name that is read, with what is around it.
const MAX_REQUEST_BYTES: usize = FRAME_BYTES + 1024;

/// How often a watcher looks.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Whether a service takes calls.
type Serving = Arc<dyn Fn() -> bool + Send + Sync>;

/// `grpc.health.v1.Health`, for balancers that speak gRPC: of some services, and, by the empty name, of all of them. As a site it
/// belongs below [`Health::PATH`].
#[derive(Clone, Default)]
pub struct Health {
    services: Vec<(&'static str, Serving)>,
}

impl Health {
    /// Where clients look for it.
    pub const PATH: &str = "/grpc.health.v1.Health";

    /// With one more service, which says at any time whether it takes calls.
    #[must_use]
    pub fn with(mut self, service: &'static str, serving: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.services.push((service, Arc::new(serving)));
        self
    }

    /// Answers a call of this method: `/Check`, `/List` or `/Watch`.
    #[must_use]
    pub fn call(&self, method: &str, body: Bytes) -> Response<Reply> {
        match method {
            "/Check" => answer(self.check(body)),
            "/List" => answer(self.list(body)),
            "/Watch" => match read::<HealthCheckRequest>(body) {
                Ok(request) => GrpcBody::watch(Watch::new(self.clone(), request.service)).map(Reply::stream),
                Err(status) => answer(Err(status)),
            },
            _ => answer(Err(Status::no_method(method))),
        }
    }

    fn check(&self, body: Bytes) -> Result<Bytes, Status> {
        let service = read::<HealthCheckRequest>(body)?.service;
        match self.status(&service) {
            ServingStatus::ServiceUnknown => {
                Err(Status::new(Code::NotFound, format!("there is no service {service:?} here")))
            }
            status => Ok(frame(&response(status))),
        }
    }

    fn list(&self, body: Bytes) -> Result<Bytes, Status> {
        read::<()>(body)?;
        let names = self.services.iter().map(|(name, _)| *name).chain([""]);
        let statuses = names.map(|name| (name.to_owned(), response(self.status(name)))).collect();
        Ok(frame(&HealthListResponse { statuses }))
    }

    fn status(&self, service: &str) -> ServingStatus {
        let asked = || self.services.iter().filter(|(name, _)| service.is_empty() || *name == service);
        if !service.is_empty() && asked().next().is_none() {
            return ServingStatus::ServiceUnknown;
        }
        if asked().all(|(_, serving)| serving()) { ServingStatus::Serving } else { ServingStatus::NotServing }
    }
}

impl Site for Health {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        is_grpc(head.headers()).then(|| Route::submission("grpc_health").body_bytes(MAX_REQUEST_BYTES))
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(std::future::ready(self.call(head.path(), body)))
    }

    fn refuse(&self, _: Head<'_>, refused: &Refused) -> Response<Reply> {
        answer(Err(refused.into()))
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.services.iter().map(|(name, _)| name)).finish()
    }
}

/// A stream of statuses: the current one, then each other one. Ends when the client goes.
#[derive(Debug)]
pub(super) struct Watch {
    health: Health,
    service: String,
    interval: Interval,
    last: Option<ServingStatus>,
}

impl Watch {
    fn new(health: Health, service: String) -> Self {
        let mut interval = tokio::time::interval(WATCH_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self { health, service, interval, last: None }
    }

    pub(super) fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        loop {
            std::task::ready!(self.interval.poll_tick(context));
            let now = self.health.status(&self.service);
            if self.last.replace(now) != Some(now) {
                return Poll::Ready(frame(&response(now)));
            }
        }
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
