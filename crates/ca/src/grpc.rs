//! The API on gRPC.

use std::sync::Arc;

use sealwax_server::grpc::{FRAME_BYTES, Status, answer, frame, is_grpc, read};
use sealwax_server::header::HeaderMap;
use sealwax_server::{Answer, Bytes, Head, Refused, Reply, Response, Route, Site};

use crate::api::{ApiError, MAX_REQUEST_BYTES, SigningRequest, message};
use crate::service::Service;
use crate::site::bearer;

/// The service's name, in the paths of its methods and to those who ask for its health.
pub const SERVICE: &str = "dev.sigstore.fulcio.v2.CA";

/// The name of metadata that a token may be in, if it is not in the message: as deployed.
const TOKEN_METADATA: &str = "oidcidentitytoken";

/// The methods, below the path of the service.
pub(crate) struct Grpc {
    pub(crate) service: Arc<Service>,
}

impl Site for Grpc {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        let route = Route::submission("grpc_ca").body_bytes(FRAME_BYTES + MAX_REQUEST_BYTES);
        is_grpc(head.headers()).then_some(route)
    }

    fn answer<'a>(&'a self, head: Head<'a>, body: Bytes) -> Answer<'a> {
        Box::pin(async move { answer(self.call(head, body).await) })
    }

    fn refuse(&self, _: Head<'_>, refused: &Refused) -> Response<Reply> {
        answer(Err(refused.into()))
    }
}

impl Grpc {
    async fn call(&self, head: Head<'_>, body: Bytes) -> Result<Bytes, Status> {
        match head.path() {
            "/CreateSigningCertificate" => {
                let request = SigningRequest::from_message(read(body)?, token(head.headers()));
                let issued = self.service.certify(request, head.address()).await;
                Ok(frame(&message::SigningCertificate::of(&issued?)))
            }
            "/GetTrustBundle" => {
                read::<()>(body)?;
                Ok(frame(&message::TrustBundle::of(self.service.authority().chain())))
            }
            "/GetConfiguration" => {
                read::<()>(body)?;
                Ok(frame(&message::Configuration::of(&self.service.configuration())))
            }
            _ => Err(Status::no_method(head.whole_path())),
        }
    }
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        error.status()
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let metadata = headers.get(TOKEN_METADATA).and_then(|value| value.to_str().ok());
    metadata.or_else(|| bearer(headers))
}
