//! Timestamps over a signature (RFC 3161).

use sealwax_crypto::{HashAlgorithm, digest};
use sealwax_net::http::{Client, Method};
use sealwax_pki::{MAX_TOKEN_BYTES, TimestampRequest, TimestampToken};

use crate::exchange::{self, Patience, Question, Request};
use crate::{Fault, Kind, ServiceError, Services};

/// As many timestamps over the signature as the signing config asks for, as whole responses. That they are by somebody trusted is not
/// looked at yet, that they are over this signature is.
///
/// # Errors
/// [`ServiceError`].
pub(crate) async fn request(
    http: &Client,
    services: &Services,
    patience: Patience,
    signature: &[u8],
) -> Result<Vec<Vec<u8>>, ServiceError> {
    let imprint = digest(HashAlgorithm::Sha256, signature);
    // No nonce: what makes the answer fresh is the signature, which nobody has seen before.
    let query = TimestampRequest { certificates: true, ..TimestampRequest::new(imprint) }.to_der();
    let headers =
        [("content-type", "application/timestamp-query"), ("accept", "application/timestamp-reply")];
    let question: &Question<'_, Vec<u8>> = &|endpoint| {
        let (url, body) = (endpoint.itself(), query.as_slice());
        Box::pin(async move {
            let limit = MAX_TOKEN_BYTES as u64;
            let answer =
                Request { method: Method::POST, headers: &headers, body, limit }.send(http, url).await?;
            if !matches!(answer.status, 200 | 201) {
                return Err(Fault::of(url, &answer));
            }
            let malformed = |reason: String| Fault::Malformed { url: url.to_string(), reason };
            let token = TimestampToken::from_response_der(&answer.body)
                .map_err(|error| malformed(error.to_string()))?;
            match *token.imprint() == imprint {
                true => Ok(answer.body),
                false => Err(malformed("it is a timestamp of something else".to_owned())),
            }
        })
    };
    exchange::ask(Kind::TimestampAuthority, &services.timestamp_authorities, patience, question).await
}
