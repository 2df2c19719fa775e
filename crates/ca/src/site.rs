//! The API on HTTP.

use std::sync::Arc;

use sealwax_server::grpc::Status;
use sealwax_server::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use sealwax_server::{Answer, Bytes, Head, Refused, Reply, Response, Route, Router, Site, StatusCode, reply};

use crate::api::{ApiError, MAX_REQUEST_BYTES, SigningRequest, message, pem_chain};
use crate::grpc::{Grpc, SERVICE};
use crate::service::Service;

/// Adds the paths of the API to a router that has others: `signingCert`, `trustBundle` and `configuration` under `/api/v2`,
/// `signingCert` and `rootCert` under `/api/v1`, and the methods of [`SERVICE`] by gRPC.
#[must_use]
pub fn mount(router: Router, service: &Arc<Service>) -> Router {
    let router = router.with(SERVICE, Grpc { service: Arc::clone(service) });
    CALLS
        .into_iter()
        .fold(router, |router, (path, call)| router.with(path, Api { service: Arc::clone(service), call }))
}

/// The paths.
const CALLS: [(&str, Call); 5] = [
    ("/api/v2/signingCert", Call::SigningCert),
    ("/api/v2/trustBundle", Call::TrustBundle),
    ("/api/v2/configuration", Call::Configuration),
    ("/api/v1/signingCert", Call::LegacySigningCert),
    ("/api/v1/rootCert", Call::LegacyRootCert),
];

/// One call, which is a whole path.
struct Api {
    service: Arc<Service>,
    call: Call,
}

#[derive(Clone, Copy)]
enum Call {
    SigningCert,
    TrustBundle,
    Configuration,
    LegacySigningCert,
    LegacyRootCert,
}

impl Call {
    fn route(self) -> Route {
        match self {
            Call::SigningCert => Route::submission("signing_cert").body_bytes(MAX_REQUEST_BYTES),
            Call::LegacySigningCert => Route::submission("signing_cert_v1").body_bytes(MAX_REQUEST_BYTES),
            Call::TrustBundle => Route::read("trust_bundle"),
            Call::Configuration => Route::read("configuration"),
            Call::LegacyRootCert => Route::read("root_cert"),
        }
    }
}

impl Site for Api {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        let route = self.call.route();
        head.path().is_empty().then_some(route)
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(async move {
            match self.call {
                Call::TrustBundle => {
                    let bundle = message::TrustBundle::of(self.service.authority().chain());
                    reply::json(StatusCode::OK, bundle.to_json())
                }
                Call::Configuration => {
                    let configuration = message::Configuration::of(&self.service.configuration());
                    reply::json(StatusCode::OK, configuration.to_json())
                }
                Call::LegacyRootCert => {
                    pem(StatusCode::OK, pem_chain(self.service.authority().chain().iter()))
                }
                Call::SigningCert => {
                    let request = SigningRequest::from_json(&body, bearer(head.headers()));
                    match self.service.certify(request, head.address()).await {
                        Ok(issued) => {
                            let answer = message::SigningCertificate::of(&issued);
                            reply::json(StatusCode::OK, answer.to_json())
                        }
                        Err(error) => failed(&error),
                    }
                }
                Call::LegacySigningCert => {
                    let request = SigningRequest::from_legacy_json(&body, bearer(head.headers()));
                    match self.service.certify(request, head.address()).await {
                        Ok(issued) => pem(StatusCode::CREATED, pem_chain(issued.chain())),
                        Err(error) => failed(&error),
                    }
                }
            }
        })
    }

    fn refuse(&self, _: Head<'_>, refused: &Refused) -> Response<Reply> {
        Status::from(refused).to_http(refused.status())
    }
}

/// The token of `Authorization: Bearer TOKEN`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn failed(error: &ApiError) -> Response<Reply> {
    let status = error.status();
    status.to_http(status.code.http())
}

fn pem(status: StatusCode, text: String) -> Response<Reply> {
    let mut response = reply::plain(status, text);
    let kind = HeaderValue::from_static("application/pem-certificate-chain");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the names of routes the metrics make names of their own, and Prometheus refuses a page with one that is none.
    #[test]
    fn routes_are_called_what_metrics_may_be_called() {
        for (_, call) in CALLS {
            let name = call.route().name();
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
                "{name}"
            );
        }
    }
}
