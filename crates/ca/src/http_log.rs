//! A certificate log somewhere else: RFC 6962 4.2 over HTTP, which logs of static-ct-api answer alike.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealwax_crypto::base64::encode;
use sealwax_json::{Limits, Object, Value};
use sealwax_net::http::{BaseUrl, Client, HttpError, Method, Timeouts, Transport, Url};
use sealwax_pki::{Certificate, Sct};

use crate::ct_log::{CtLog, CtLogError, Promise};

/// How long it may take. Logs that batch answer within a second or two; a client of ours waits no longer than for all logs.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(3),
    read: Duration::from_secs(10),
    total: Duration::from_secs(10),
};

/// The longest answer that is read, bytes. One with an RSA signature of 4,096 bits and the index has 900.
const MAX_ANSWER_BYTES: usize = 16 << 10;

/// The longest list of roots that is read, bytes: some hundred certificates.
const MAX_ROOTS_BYTES: u64 = 1 << 20;

const LIMITS: Limits = Limits { bytes: MAX_ANSWER_BYTES, depth: 4, values: 32, members: 16 };

/// How much of a refusal is told, characters.
const MAX_REASON: usize = 200;

/// A log by its URL. It is asked once: what is not answered in ten seconds, with 200 and an SCT, is no promise. No redirect is
/// followed, and nothing is asked again: whoever wanted the certificate asks anew, for another one.
#[derive(Debug)]
pub struct HttpLog {
    client: Client,
    add_pre_chain: Url,
    get_roots: Url,
}

impl HttpLog {
    /// The log below this URL. Plain HTTP will do: what is sent becomes public, and what is answered is signed.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn new(url: &str) -> Result<Self, HttpError> {
        let base = BaseUrl::parse(url, Transport::SelfProving)?;
        let (add_pre_chain, get_roots) = (base.join("ct/v1/add-pre-chain")?, base.join("ct/v1/get-roots")?);
        Ok(Self { client: Client::without_redirects(&TIMEOUTS)?, add_pre_chain, get_roots })
    }

    /// Whether there is a log that answers: one that is planned may not be there yet.
    pub async fn answers(&self) -> bool {
        // One whose roots are too many to be read is there as well.
        match self.client.get(&self.get_roots, MAX_ROOTS_BYTES).await {
            Ok(roots) => roots.is_some(),
            Err(error) => matches!(error, HttpError::TooLong { .. }),
        }
    }

    async fn ask(&self, chain: &[Certificate]) -> Result<Sct, CtLogError> {
        let chain: Value<'_> = chain.iter().map(|one| Value::from(encode(one.der()))).collect();
        let body = sealwax_json::compact(&Object::new().with("chain", chain).into());
        let headers = [("content-type", "application/json")];
        let limit = u64::try_from(MAX_ANSWER_BYTES).unwrap_or(u64::MAX);
        let answer =
            self.client.send(Method::POST, &self.add_pre_chain, &headers, body.into_bytes(), limit).await?;
        match answer.status {
            200 => read(&answer.body),
            status => Err(CtLogError::Refused { status, reason: reason(&answer.body) }),
        }
    }
}

impl CtLog for HttpLog {
    fn add_pre_chain<'a>(&'a self, chain: &'a [Certificate]) -> Promise<'a> {
        Box::pin(self.ask(chain))
    }
}

/// The answer of RFC 6962 4.1: version, log, time, extensions, and the digitally-signed value.
fn read(body: &[u8]) -> Result<Sct, CtLogError> {
    let malformed = |reason: &str| CtLogError::Malformed { reason: reason.to_owned() };
    let answer = sealwax_json::parse(body, &LIMITS)
        .map_err(|error| CtLogError::Malformed { reason: error.to_string() })?;
    let answer = answer.as_object().ok_or_else(|| malformed("it is no object"))?;
    let number = |name: &str| answer.get(name).and_then(Value::as_u64);
    let bytes =
        |name: &str| answer.get(name).and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
    if number("sct_version") != Some(0) {
        return Err(malformed("sct_version is not 0"));
    }
    let log_id = bytes("id").and_then(|id| <[u8; 32]>::try_from(id).ok());
    let signed = bytes("signature").ok_or_else(|| malformed("there is no signature"))?;
    let Some((&[hash_algorithm, signature_algorithm, high, low], signature)) = signed.split_first_chunk()
    else {
        return Err(malformed("the signature is cut off"));
    };
    if usize::from(u16::from_be_bytes([high, low])) != signature.len() {
        return Err(malformed("the signature's length is not what it says"));
    }
    Ok(Sct {
        log_id: log_id.ok_or_else(|| malformed("id is not the hash of a key"))?,
        timestamp_ms: number("timestamp").ok_or_else(|| malformed("there is no timestamp"))?,
        extensions: bytes("extensions").ok_or_else(|| malformed("there are no extensions"))?,
        hash_algorithm,
        signature_algorithm,
        signature: signature.to_vec(),
    })
}

/// The first line of a refusal, for whoever reads why there is no certificate.
fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|character| !character.is_control()).take(MAX_REASON).collect()
}

impl From<HttpError> for CtLogError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::TimedOut { .. } => CtLogError::TimedOut { seconds: TIMEOUTS.total.as_secs() },
            HttpError::TooLong { .. } => CtLogError::Malformed { reason: error.to_string() },
            _ => CtLogError::Unreachable { reason: error.to_string() },
        }
    }
}
