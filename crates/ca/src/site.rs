//! The API on HTTP.

use std::sync::Arc;

use sealwax_server::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use sealwax_server::{Answer, Bytes, Head, Refused, Reply, Response, Route, Router, Site, StatusCode, reply};

use crate::api::{
    ApiError, Code, MAX_REQUEST_BYTES, RequestError, SigningRequest, configuration_json, pem_chain,
    signing_certificate_json, trust_bundle_json,
};
use crate::issue::IssuedCertificate;
use crate::service::Service;

/// Adds the paths of the API to a router that has others: `signingCert`, `trustBundle` and `configuration` under `/api/v2`,
/// `signingCert` and `rootCert` under `/api/v1`.
#[must_use]
pub fn mount(router: Router, service: &Arc<Service>) -> Router {
    const CALLS: [(&str, Call); 5] = [
        ("/api/v2/signingCert", Call::SigningCert),
        ("/api/v2/trustBundle", Call::TrustBundle),
        ("/api/v2/configuration", Call::Configuration),
        ("/api/v1/signingCert", Call::LegacySigningCert),
        ("/api/v1/rootCert", Call::LegacyRootCert),
    ];
    CALLS
        .into_iter()
        .fold(router, |router, (path, call)| router.with(path, Api { service: Arc::clone(service), call }))
}

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

impl Site for Api {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        let route = match self.call {
            Call::SigningCert => Route::submission("signingCert").body_bytes(MAX_REQUEST_BYTES),
            Call::LegacySigningCert => Route::submission("signingCert-v1").body_bytes(MAX_REQUEST_BYTES),
            Call::TrustBundle => Route::read("trustBundle"),
            Call::Configuration => Route::read("configuration"),
            Call::LegacyRootCert => Route::read("rootCert"),
        };
        head.path().is_empty().then_some(route)
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(async move {
            let chain = self.service.authority().chain();
            match self.call {
                Call::TrustBundle => reply::json(StatusCode::OK, trust_bundle_json(chain)),
                Call::Configuration => {
                    reply::json(StatusCode::OK, configuration_json(&self.service.configuration()))
                }
                Call::LegacyRootCert => pem(StatusCode::OK, pem_chain(chain.iter())),
                Call::SigningCert => {
                    let issued = self.certify(SigningRequest::from_json(&body, bearer(head))).await;
                    issued.map_or_else(
                        |error| failed(&error),
                        |issued| reply::json(StatusCode::OK, signing_certificate_json(issued.chain())),
                    )
                }
                Call::LegacySigningCert => {
                    let issued = self.certify(SigningRequest::from_legacy_json(&body, bearer(head))).await;
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

impl Api {
    async fn certify(
        &self,
        request: Result<SigningRequest, RequestError>,
    ) -> Result<IssuedCertificate, ApiError> {
        self.service.certify(&request?).await
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
