//! What stands between the sockets and a site: paths and methods that there are none of, and the limits of submissions.

use crate::{
    Head, Limits, Proxies, Refused, Reply, Route, Site, address::Place, body::Bodies, metrics::HttpMetrics,
    reply, route::Act,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, body::Body};
use std::{sync::Arc, time::Instant};
use tokio::sync::Semaphore;

pub(crate) struct Front {
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<HttpMetrics>,
    pub(crate) proxies: Proxies,
    bodies: Bodies,
    /// A permit per submission.
    submissions: Semaphore,
}

impl Front {
    pub(crate) fn new(limits: Limits, proxies: Proxies, metrics: Arc<HttpMetrics>) -> Self {
        let submissions = Semaphore::new(limits.in_flight);
        Self { limits, metrics, proxies, bodies: Bodies::default(), submissions }
    }

    /// Answers a request of somebody at `place`, and counts it.
    pub(crate) async fn answer(
        &self,
        site: &dyn Site,
        request: Request<impl Body<Data = Bytes> + Unpin>,
        place: Option<&Place>,
    ) -> Response<Reply> {
        let (parts, body) = request.into_parts();
        let client = place.map(|place| self.proxies.client(place.address(), &parts.headers));
        let head = Head::new(&parts).from(client);
        let route = site.route(head);
        let mut response = match route {
            None => reply::not_found(),
            Some(route) => match route.act(&parts.method) {
                None => reply::wrong_method(route.methods()),
                Some(Act::Options) => reply::options(&route),
                Some(Act::Read) => site.answer(head, Bytes::new()).await,
                Some(Act::Submit) => self.submit(site, Submission { head, route, body, place }).await,
            },
        };
        let open = route.is_none_or(|route| !route.is_private());
        reply::finish(response.headers_mut(), open);
        self.metrics.request(route, response.status().as_u16());
        response
    }

    /// A submission: within the limits it gets to the site.
    async fn submit(
        &self,
        site: &dyn Site,
        submission: Submission<'_, impl Body<Data = Bytes> + Unpin>,
    ) -> Response<Reply> {
        let (start, head, route) = (Instant::now(), submission.head, submission.route);
        let result = self.admit(site, submission, start).await;
        self.metrics.took(route, start.elapsed());
        result.unwrap_or_else(|refused| {
            if let Some(refusal) = refused.counted() {
                self.metrics.refused.add(refusal, 1);
            }
            site.refuse(head, &refused)
        })
    }

    async fn admit(
        &self,
        site: &dyn Site,
        submission: Submission<'_, impl Body<Data = Bytes> + Unpin>,
        now: Instant,
    ) -> Result<Response<Reply>, Refused> {
        let Submission { head, route, body, place } = submission;
        let sender = place.zip(head.address());
        if let Some((place, client)) = sender {
            place.submit(client, now).map_err(|wait| Refused::Rate { wait })?;
        }
        let _permit = self.submissions.try_acquire().map_err(|_| Refused::InFlight)?;
        let body = self.bodies.read(body, route.most_body_bytes(), &self.limits, sender).await?;
        Ok(site.answer(head, body.bytes.clone()).await)
    }
}

/// A submission whose body has not been read.
struct Submission<'a, B> {
    head: Head<'a>,
    route: Route,
    body: B,
    place: Option<&'a Place>,
}

/// Answers one request as a server with the default limits does, without a socket: for tests of a site. An answer without an
/// end is waited for without an end.
pub async fn ask(site: &dyn Site, request: Request<Bytes>) -> Response<Bytes> {
    let front = Front::new(Limits::default(), Proxies::default(), Arc::default());
    let is_head = *request.method() == Method::HEAD;
    let (parts, body) = front.answer(site, request.map(Full::new), None).await.into_parts();
    let body = match body.collect().await {
        Ok(_) if is_head => Bytes::new(),
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    Response::from_parts(parts, body)
}
