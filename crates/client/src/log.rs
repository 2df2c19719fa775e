//! Entries in signature logs.

mod v1;
mod v2;

use sealwax_crypto::{Digest, HashAlgorithm, KeyDetails, PublicKey, Scheme};
use sealwax_formats::{Content, Envelope, LogEntry, Material, VerifierDer};
use sealwax_net::http::{Answer, Client, Method, Url};

use crate::exchange::{self, Patience, Question, Request};
use crate::join::Boxed;
use crate::{Endpoint, Fault, Kind, LogVersion, ServiceError, Services, SignError, Unfinished};

/// The longest answer that is read, in bytes: a body of 64 KiB in base64, and a proof.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// What is to be logged.
pub(crate) struct Proposal<'a> {
    /// The digest that was signed: of the artifact, or of an envelope's PAE.
    digest: Digest,
    signature: &'a [u8],
    verifier: VerifierDer<'a>,
    key_details: KeyDetails,
    /// The envelope, if it is one that was signed: version 1 takes it whole.
    envelope: Option<&'a Envelope>,
}

impl<'a> Proposal<'a> {
    /// What is logged of a signature by this key in this scheme.
    ///
    /// # Errors
    /// [`SignError::NotLogged`].
    pub(crate) fn new(
        unfinished: &'a Unfinished,
        key: &'a PublicKey,
        scheme: Scheme,
        version: LogVersion,
    ) -> Result<Self, SignError> {
        let not_logged = SignError::NotLogged { kind: key.kind() };
        let envelope = match &unfinished.bundle.content {
            Content::Dsse(envelope) => Some(envelope),
            Content::Message { .. } => None,
        };
        // What is signed without a digest of its own only version 1 takes, inside an envelope; there the digest is not used.
        let algorithm = match (scheme.prehash(), version, envelope) {
            (Some(algorithm), ..) => Some(algorithm),
            (None, LogVersion::V1, Some(_)) => Some(HashAlgorithm::Sha256),
            _ => None,
        };
        let digest = algorithm.and_then(|algorithm| unfinished.signed_digest(algorithm));
        let (Some(digest), Some(key_details)) = (digest, KeyDetails::of(key, scheme)) else {
            return Err(not_logged);
        };
        let verifier = match &unfinished.bundle.material {
            Material::Certificate { leaf, .. } => VerifierDer::Certificate(leaf),
            Material::PublicKey { .. } => VerifierDer::PublicKey(key.spki_der()),
        };
        Ok(Self { digest, signature: unfinished.signature(), verifier, key_details, envelope })
    }
}

/// As many entries as the signing config asks for. `log_ids` are those of trusted logs, for a log that does not say which it is. That they are in their logs is not looked at yet, that they are ours is.
///
/// # Errors
/// [`ServiceError`].
pub(crate) async fn request(
    http: &Client,
    services: &Services,
    patience: Patience,
    proposal: &Proposal<'_>,
    log_ids: Vec<Vec<u8>>,
) -> Result<Vec<LogEntry>, ServiceError> {
    match services.log_version {
        LogVersion::V2 => {
            let request = v2::Submission::new(proposal, log_ids);
            let question: &Question<'_, LogEntry> = &|endpoint| request.submit(http, endpoint);
            exchange::ask(Kind::Log, &services.logs, patience, question).await
        }
        LogVersion::V1 => {
            let request = v1::Submission::new(proposal);
            let question: &Question<'_, LogEntry> = &|endpoint| request.submit(http, endpoint);
            exchange::ask(Kind::Log, &services.logs, patience, question).await
        }
    }
}

/// Sends what is to be logged, the same bytes at every try.
async fn propose(http: &Client, url: &Url, request: &str) -> Result<Answer, Fault> {
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    let body = request.as_bytes();
    Request { method: Method::POST, headers: &headers, body, limit: MAX_ANSWER_BYTES }.send(http, url).await
}

/// An answer of one log.
type Entry<'a> = Boxed<'a, Result<LogEntry, Fault>>;

fn malformed(endpoint: &Endpoint, reason: &dyn std::fmt::Display) -> Fault {
    Fault::Malformed { url: endpoint.url.clone(), reason: reason.to_string() }
}
