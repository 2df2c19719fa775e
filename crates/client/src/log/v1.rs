//! Rekor v1: `hashedrekord` 0.0.1, and `dsse` 0.0.1 for envelopes.

use sealwax_crypto::pem;
use sealwax_formats::{VerifierDer, base64, readers};
use sealwax_json::{Object, Value};
use sealwax_net::http::{Answer, Client, Method, Url};

use super::{Entry, MAX_ANSWER_BYTES, Proposal, malformed, propose};
use crate::exchange::Request;
use crate::{Endpoint, Fault};

const PATH: &str = "/api/v1/log/entries";

/// The same bytes for every log and every try.
pub(super) struct Submission {
    request: String,
}

impl Submission {
    pub(super) fn new(proposal: &Proposal<'_>) -> Self {
        let (label, der) = match proposal.verifier {
            VerifierDer::Certificate(der) => ("CERTIFICATE", der),
            VerifierDer::PublicKey(der) => ("PUBLIC KEY", der),
        };
        let verifier = base64::encode(pem::encode(label, der).as_bytes());
        let (kind, spec) = match proposal.envelope {
            Some(envelope) => {
                // A text inside the JSON, byte for byte what is stored and hashed.
                let envelope = sealwax_json::compact(&envelope.to_json());
                let proposed =
                    Object::new().with("envelope", envelope).with("verifiers", vec![Value::from(verifier)]);
                ("dsse", Object::new().with("proposedContent", proposed))
            }
            None => {
                let hash = Object::new()
                    .with("algorithm", proposal.digest.algorithm().name())
                    .with("value", proposal.digest.to_hex());
                let signature = Object::new()
                    .with("content", base64::encode(proposal.signature))
                    .with("publicKey", Object::new().with("content", verifier));
                let data = Object::new().with("hash", hash);
                ("hashedrekord", Object::new().with("data", data).with("signature", signature))
            }
        };
        let request = Object::new().with("apiVersion", "0.0.1").with("kind", kind).with("spec", spec);
        Self { request: sealwax_json::compact(&Value::Object(request)) }
    }

    pub(super) fn submit<'a>(&'a self, http: &'a Client, endpoint: &'a Endpoint) -> Entry<'a> {
        Box::pin(async move {
            let url = endpoint.join(PATH);
            let answer = propose(http, &url, &self.request).await?;
            let answer = match (answer.status, &answer.location) {
                (200 | 201, _) => answer,
                // It is there already: a try before this one was not lost after all.
                (409, Some(location)) => existing(http, &url, location).await?,
                _ => return Err(Fault::of(&url, &answer)),
            };
            // That it is about our signature is for the verifier: the body is the log's own form of what was sent.
            readers::log_entry_v1(&answer.body).map_err(|error| malformed(endpoint, &error))
        })
    }
}

/// The entry that the log says it has, at an address of its own.
async fn existing(http: &Client, asked: &Url, location: &str) -> Result<Answer, Fault> {
    let reason =
        || format!("the entry is there already, at {location:?}, which is not an address of this log");
    let url = asked.join(location).ok().filter(|url| url.origin() == asked.origin());
    let url = url.ok_or_else(|| Fault::Malformed { url: asked.to_string(), reason: reason() })?;
    let headers = [("accept", "application/json")];
    let request = Request { method: Method::GET, headers: &headers, body: &[], limit: MAX_ANSWER_BYTES };
    let answer = request.send(http, &url).await?;
    match answer.status {
        200 => Ok(answer),
        // What a try before this one proposed is queued, and not in the tree yet.
        404 => Err(Fault::NotYet { url: url.to_string() }),
        _ => Err(Fault::of(&url, &answer)),
    }
}
