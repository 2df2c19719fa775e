//! The API on HTTP.

use std::sync::Arc;

use sealwax_server::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use sealwax_server::{Answer, Bytes, Head, Refused, Reply, Response, Route, Router, Site, StatusCode, reply};

use crate::api::{
    ApiError, Code, MAX_REQUEST_BYTES, SigningRequest, configuration_json, pem_chain,
    signing_certificate_json, trust_bundle_json,
};
use crate::service::Service;

/// Adds the paths of the API to a router that has others: `signingCert`, `trustBundle` and `configuration` under `/api/v2`,
/// `signingCert` and `rootCert` under `/api/v1`.
#[must_use]
pub fn mount(router: Router, service: &Arc<Service>) -> Router {
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
            let authority = self.service.authority();
            let chain = authority.chain();
            match self.call {
                Call::TrustBundle => reply::json(StatusCode::OK, trust_bundle_json(chain)),
                Call::Configuration => {
                    reply::json(StatusCode::OK, configuration_json(&self.service.configuration()))
                }
                Call::LegacyRootCert => pem(StatusCode::OK, pem_chain(chain.iter())),
                Call::SigningCert => {
                    let request = SigningRequest::from_json(&body, bearer(head));
                    let issued = self.service.certify(request, head.address()).await;
                    issued.map_or_else(
                        |error| failed(&error),
                        |issued| reply::json(StatusCode::OK, signing_certificate_json(issued.chain())),
                    )
                }
                Call::LegacySigningCert => {
                    let request = SigningRequest::from_legacy_json(&body, bearer(head));
                    let issued = self.service.certify(request, head.address()).await;
                    issued.map_or_else(
                        |error| failed(&error),
                        |issued| pem(StatusCode::CREATED, pem_chain(issued.chain())),
                    )
                }
            }
        })
    }

    fn refuse(&self, _: Head<'_>, refused: &Refused) -> Response<Reply> {
        let code = match refused {
            Refused::TooLarge { .. } | Refused::Broken => Code::InvalidArgument,
            _ => Code::Unavailable,
        };
        let mut response = reply::json(refused.status(), crate::api::error_json(code, &refused.to_string()));
        if let Some(wait) = refused.wait() {
            reply::retry_after(response.headers_mut(), wait);
        }
        response
    }
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(head: Head<'_>) -> Option<&str> {
    let value = head.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn failed(error: &ApiError) -> Response<Reply> {
    let status = StatusCode::from_u16(error.code().http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply::json(status, error.to_json());
    if error.code() == Code::Unavailable {
        reply::retry_after(response.headers_mut(), RETRY);
    }
    response
}

/// When an issuer's keys may be asked for again.
const RETRY: std::time::Duration = std::time::Duration::from_secs(5);

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
