//! The way to a service: requests over https, or to this machine, answered within limits.

use std::sync::mpsc;
use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use sealwax_json::{Limits, Object, Value};
use sealwax_net::http::{Answer, BaseUrl, Client, HttpError, Method, Timeouts, Transport, Url};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{KmsError, Service};

/// Patience with one request. A key in an HSM takes a few hundred milliseconds at the most.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    read: Duration::from_secs(15),
    total: Duration::from_secs(30),
};

/// The longest answer that is read, bytes: a key with all of its versions at Vault, by far the longest of them, has some hundred
/// bytes for each of at most a few hundred versions.
const MAX_ANSWER_BYTES: usize = 256 << 10;

/// The longest message of a refusal that is passed on, characters.
const MAX_MESSAGE_CHARACTERS: usize = 500;

/// How long is waited before a request that found a service busy, or nobody, is sent again. A signature made twice does no harm.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1800)];

/// A request.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) place: Place,
}

/// Where a request may go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Over https, or to this machine.
    Confidential,
    /// To the metadata server of the machine that this runs on, by plain HTTP, and by no proxy.
    Metadata,
}

/// Connections to a service, in a thread of their own: who signs may be a thread that must not drive others' tasks, and must not wait
/// for a runtime's end.
pub(super) struct Door {
    service: Service,
    requests: UnboundedSender<(Request, mpsc::Sender<Result<Answer, HttpError>>)>,
}

impl Door {
    /// Trusts these certificates, in PEM, besides the system's.
    pub(super) fn open(service: Service, certificates_pem: &str) -> Result<Self, KmsError> {
        let failed = |cause| KmsError::Http { service, cause };
        let setup = |error: std::io::Error| failed(HttpError::Setup { reason: error.to_string() });
        let http = Client::trusting(certificates_pem, &TIMEOUTS).map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(setup)?;
        let (requests, mut waiting) =
            unbounded_channel::<(Request, mpsc::Sender<Result<Answer, HttpError>>)>();
        let serve = async move {
            while let Some((request, answer)) = waiting.recv().await {
                let http = match request.place {
                    Place::Confidential => http.clone(),
                    Place::Metadata => http.clone().unproxied(),
                };
                // Who does not wait any more needs no answer.
                tokio::spawn(async move { answer.send(patiently(&http, &request).await) });
            }
        };
        std::thread::Builder::new().spawn(move || runtime.block_on(serve)).map_err(setup)?;
        Ok(Self { service, requests })
    }

    /// The JSON that a service answers with success.
    pub(super) fn ask(&self, request: Request) -> Result<Value<'static>, KmsError> {
        let service = self.service;
        if request.place == Place::Confidential {
            confidential(service, &request.url)?;
        }
        let ended = || HttpError::Setup { reason: "its thread has ended".to_owned() };
        let (sender, answer) = mpsc::channel();
        let asked = self.requests.send((request, sender)).map_err(|_| ended());
        let answer = asked.and_then(|()| answer.recv().map_err(|_| ended())?);
        let answer = answer.map_err(|cause| KmsError::Http { service, cause })?;
        let value = sealwax_json::parse(&answer.body, &Limits::of_bytes(MAX_ANSWER_BYTES));
        match (answer.status, value) {
            (200, Ok(value)) => Ok(value.into_owned()),
            (200, Err(_)) => Err(KmsError::Answer { service, member: "JSON" }),
            (status, value) => {
                let message = value.ok().as_ref().and_then(message).filter(|message| !message.is_empty());
                let message = message.unwrap_or_else(|| "it gave no reason".to_owned());
                let message = message.chars().take(MAX_MESSAGE_CHARACTERS).collect();
                Err(KmsError::Refused { service, status, message })
            }
        }
    }
}

/// A request with JSON.
pub(super) fn post_json(url: Url, headers: Vec<(&'static str, String)>, body: Object<'_>) -> Request {
    let mut request = Request {
        method: Method::POST,
        url,
        headers,
        body: sealwax_json::compact(&Value::Object(body)).into_bytes(),
        place: Place::Confidential,
    };
    request.headers.push(("content-type", "application/json".to_owned()));
    request
}

/// A request without anything.
pub(super) fn get(url: Url, headers: Vec<(&'static str, String)>) -> Request {
    Request { method: Method::GET, url, headers, body: Vec::new(), place: Place::Confidential }
}

/// The text at a path of members.
pub(super) fn text<'a>(
    service: Service,
    value: &'a Value<'_>,
    member: &'static str,
) -> Result<&'a str, KmsError> {
    let found = member.split('.').try_fold(value, |value, name| value.member(name));
    found.and_then(Value::as_str).ok_or(KmsError::Answer { service, member })
}

/// The bytes at a path of members, in base64.
pub(super) fn bytes(service: Service, value: &Value<'_>, member: &'static str) -> Result<Vec<u8>, KmsError> {
    let decoded = sealwax_crypto::base64::decode(&STANDARD, text(service, value, member)?);
    decoded.map_err(|_| KmsError::Answer { service, member })
}

/// An address that gets secrets: https, or this machine.
fn confidential(service: Service, url: &Url) -> Result<(), KmsError> {
    let mut place = url.clone();
    place.set_query(None);
    let checked = BaseUrl::parse(place.as_str(), Transport::Confidential);
    checked.map(drop).map_err(|cause| KmsError::Http { service, cause })
}

/// An address of a service, from a setting or a name.
pub(super) fn address(service: Service, text: &str) -> Result<Url, KmsError> {
    let malformed = |reason: String| HttpError::Url { url: text.to_owned(), reason };
    let url = Url::parse(text).map_err(|error| malformed(error.to_string()));
    url.map_err(|cause| KmsError::Http { service, cause })
}

async fn patiently(http: &Client, request: &Request) -> Result<Answer, HttpError> {
    let Request { method, url, headers, body, .. } = request;
    let headers: Vec<(&'static str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let send = || http.send(method.clone(), url, &headers, body.clone(), MAX_ANSWER_BYTES as u64);
    for pause in PAUSES {
        match send().await {
            Ok(answer) if is_busy(&answer) => {}
            Err(HttpError::Unreachable { .. } | HttpError::Interrupted { .. }) => {}
            last => return last,
        }
        tokio::time::sleep(pause).await;
    }
    send().await
}

/// Whether it may go better in a moment. AWS says so with status 400.
fn is_busy(answer: &Answer) -> bool {
    let throttled = || String::from_utf8_lossy(&answer.body).contains("ThrottlingException");
    matches!(answer.status, 429 | 500 | 502..=504) || (answer.status == 400 && throttled())
}

/// What a service says of a refusal, in the forms of these four.
fn message(value: &Value<'_>) -> Option<String> {
    let text = |value: &Value<'_>, name: &str| value.member(name).and_then(Value::as_str).map(str::to_owned);
    // AWS: {"__type", "message"}; `Message` from some of its parts.
    if let Some(kind) = text(value, "__type") {
        let said = text(value, "message").or_else(|| text(value, "Message")).unwrap_or_default();
        return Some(format!("{kind}: {said}"));
    }
    // Google and Azure: {"error": {"message"}}. Microsoft's tokens: {"error", "error_description"}.
    let error = value.member("error");
    if let Some(said) = error.and_then(|error| text(error, "message")) {
        return Some(said);
    }
    if let Some(said) = text(value, "error_description").or_else(|| text(value, "error")) {
        return Some(said);
    }
    // Vault: {"errors": ["…"]}.
    let errors = value.member("errors").and_then(Value::as_array)?;
    Some(errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_passed_on_in_words() {
        for (answer, said) in [
            (r#"{"__type":"NotFoundException","message":"no key"}"#, "NotFoundException: no key"),
            (r#"{"error":{"code":403,"message":"denied"}}"#, "denied"),
            (r#"{"error":"invalid_client","error_description":"a secret"}"#, "a secret"),
            (r#"{"errors":["permission denied","and more"]}"#, "permission denied; and more"),
        ] {
            let value = sealwax_json::parse(answer.as_bytes(), &Limits::of_bytes(1000)).unwrap();
            assert_eq!(message(&value).as_deref(), Some(said));
        }
    }

    #[test]
    fn secrets_go_over_https_or_nowhere_else() {
        let check = |text: &str| confidential(Service::Vault, &Url::parse(text).unwrap());
        for url in ["https://vault.example:8200/v1/x?y", "http://127.0.0.1:8200/", "http://localhost/"] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in ["http://vault.example:8200/", "http://169.254.169.254/"] {
            let error = check(url).unwrap_err();
            assert!(matches!(error, KmsError::Http { cause: HttpError::Insecure { .. }, .. }), "{url}");
        }
        assert!(check("ftp://localhost/").is_err());
    }
}
