//! Rekor v2, the interface of rekor-tiles: hashedrekord 0.0.2, also for envelopes.

mod existing;

use sealwax_formats::{HashedRekordV002, LogEntry, VerifierDer, base64};
use sealwax_json::{Object, Value};
use sealwax_net::http::Client;

use super::{Entry, Proposal, malformed, propose};
use crate::{Endpoint, Fault};

const PATH: &str = "/api/v2/log/entries";

/// The same bytes for every log and every try, and the leaf that they must become.
pub(super) struct Submission {
    request: String,
    body: Vec<u8>,
    log_ids: Vec<Vec<u8>>,
}

impl Submission {
    pub(super) fn new(proposal: &Proposal<'_>, log_ids: Vec<Vec<u8>>) -> Self {
        let (digest, signature) =
            (base64::encode(proposal.digest.as_bytes()), base64::encode(proposal.signature));
        let (name, der) = match proposal.verifier {
            VerifierDer::Certificate(der) => ("x509Certificate", der),
            VerifierDer::PublicKey(der) => ("publicKey", der),
        };
        let verifier = Object::new()
            .with(name, Object::new().with("rawBytes", base64::encode(der)))
            .with("keyDetails", proposal.key_details.name());
        let signature = Object::new().with("content", signature).with("verifier", verifier);
        let entry = Object::new().with("digest", digest).with("signature", signature);
        let request = Value::Object(Object::new().with("hashedRekordRequestV002", entry));
        let body = HashedRekordV002 {
            data: &proposal.digest,
            signature: proposal.signature,
            verifier: proposal.verifier,
            key_details: proposal.key_details,
        };
        Self { request: sealwax_json::compact(&request), body: body.to_body(), log_ids }
    }

    pub(super) fn submit<'a>(&'a self, http: &'a Client, endpoint: &'a Endpoint) -> Entry<'a> {
        Box::pin(async move {
            let url = endpoint.join(PATH);
            let answer = propose(http, &url, &self.request).await?;
            let index = || answer.log_index.as_deref()?.parse().ok();
            match (answer.status, index()) {
                (200 | 201, _) => {}
                // It is there already: a try before this one was not lost after all.
                (409, Some(index)) => {
                    return existing::fetch(http, endpoint, &self.log_ids, index, &self.body).await;
                }
                _ => return Err(Fault::of(&url, &answer)),
            }
            let entry = LogEntry::parse(&answer.body).map_err(|error| malformed(endpoint, &error))?;
            match entry.canonicalized_body == self.body {
                true => Ok(entry),
                false => Err(Fault::OtherEntry { url: url.to_string() }),
            }
        })
    }
}
