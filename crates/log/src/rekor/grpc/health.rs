//! `grpc.health.v1.Health`: the truth of `/readyz`, for balancers that speak gRPC.

use super::body::frame;
use super::{Answer, GrpcBody, Status, read};
use crate::engine::Log;
use crate::rekor::error::Code;
use crate::rekor::message::{HealthCheckRequest, HealthCheckResponse, HealthListResponse, ServingStatus};
use bytes::Bytes;
use hyper::Response;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};

/// The whole server, and its one service.
const SERVICES: [&str; 2] = ["", "dev.sigstore.rekor.v2.Rekor"];

/// How often a watcher looks.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

pub(super) fn check(log: &Log, body: Bytes) -> Answer {
    let service = read::<HealthCheckRequest>(body)?.service;
    if !is_known(&service) {
        return Err(Status::new(Code::NotFound, format!("there is no service {service:?} here")));
    }
    Ok(frame(&response(status(log))))
}

pub(super) fn list(log: &Log, body: Bytes) -> Answer {
    read::<()>(body)?;
    let statuses = SERVICES.map(|service| (service.to_owned(), response(status(log))));
    Ok(frame(&HealthListResponse { statuses: statuses.into() }))
}

pub(super) fn watch(log: &Log, body: Bytes) -> Response<GrpcBody> {
    match read::<HealthCheckRequest>(body) {
        Ok(request) => GrpcBody::watch(Watch::new(log.clone(), is_known(&request.service))),
        Err(status) => status.to_response(),
    }
}

/// A stream of statuses: the current one, then each other one. Ends when the client goes.
pub(super) struct Watch {
    log: Log,
    known: bool,
    interval: Interval,
    last: Option<ServingStatus>,
}

impl Watch {
    fn new(log: Log, known: bool) -> Self {
        let mut interval = tokio::time::interval(WATCH_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self { log, known, interval, last: None }
    }

    pub(super) fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        loop {
            std::task::ready!(self.interval.poll_tick(context));
            let now = if self.known { status(&self.log) } else { ServingStatus::ServiceUnknown };
            if self.last.replace(now) != Some(now) {
                return Poll::Ready(frame(&response(now)));
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("known", &self.known).field("last", &self.last).finish_non_exhaustive()
    }
}

fn is_known(service: &str) -> bool {
    SERVICES.contains(&service)
}

fn status(log: &Log) -> ServingStatus {
    if log.ready().is_ok() { ServingStatus::Serving } else { ServingStatus::NotServing }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
