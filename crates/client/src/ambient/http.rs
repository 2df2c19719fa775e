//! Places that give tokens over HTTP: the runner of GitHub Actions, Buildkite's agent interface, Google's metadata server.

use sealwax_json::{Limits, Object, Value};
use sealwax_net::http::{BaseUrl, Client, HttpError, Method, Transport, Url};

use super::{AmbientError, System, fault};
use crate::exchange::{self, Question, Request};
use crate::{Choice, Endpoint, Fault, Kind, Patience};

/// The longest answer: a token, in JSON.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

const LIMITS: Limits = Limits { bytes: 64 << 10, depth: 8, values: 64, members: 64 };

/// A question whose answer is a token.
pub(super) struct Asked {
    system: System,
    method: Method,
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// The member that has the token; without one the answer is the token.
    member: Option<&'static str>,
}

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// <https://docs.github.com/actions/reference/security/oidc>: the runner says where to ask, if the workflow may.
pub(super) fn github(variable: Variable<'_>, audience: &str) -> Result<Asked, AmbientError> {
    let system = System::GitHub;
    let advice = "give the job `permissions: id-token: write`; forks of a repository never have it";
    let missing = || AmbientError::Permission { system, advice };
    let address = variable("ACTIONS_ID_TOKEN_REQUEST_URL").ok_or_else(missing)?;
    let secret = variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN").ok_or_else(missing)?;
    let mut url = confidential(system, &address)?;
    url.query_pairs_mut().append_pair("audience", audience);
    let headers =
        vec![("authorization", format!("bearer {secret}")), ("accept", "application/json".to_owned())];
    Ok(Asked { system, method: Method::GET, url, headers, body: String::new(), member: Some("value") })
}

/// The agent's interface, as `buildkite-agent oidc request-token` uses it.
pub(super) fn buildkite(variable: Variable<'_>, audience: &str) -> Result<Asked, AmbientError> {
    let system = System::Buildkite;
    let advice = "the step needs the agent's access token and job id in its environment";
    let missing = || AmbientError::Permission { system, advice };
    let secret = variable("BUILDKITE_AGENT_ACCESS_TOKEN").ok_or_else(missing)?;
    let job = variable("BUILDKITE_JOB_ID").ok_or_else(missing)?;
    let endpoint =
        variable("BUILDKITE_AGENT_ENDPOINT").unwrap_or_else(|| "https://agent.buildkite.com/v3".to_owned());
    let url = confidential(system, &format!("{}/jobs/{job}/oidc/tokens", endpoint.trim_end_matches('/')))?;
    let body = sealwax_json::compact(&Value::Object(Object::new().with("audience", audience)));
    let headers = vec![
        ("authorization", format!("Token {secret}")),
        ("content-type", "application/json".to_owned()),
        ("accept", "application/json".to_owned()),
    ];
    Ok(Asked { system, method: Method::POST, url, headers, body, member: Some("token") })
}

/// The metadata server, at its own name, which Google's machines resolve to themselves; plain HTTP by design.
pub(super) fn google(variable: Variable<'_>, audience: &str) -> Result<Asked, AmbientError> {
    let system = System::Google;
    let host = variable("GCE_METADATA_HOST").unwrap_or_else(|| "metadata.google.internal".to_owned());
    let path = "computeMetadata/v1/instance/service-accounts/default/identity";
    let mut url = parse(system, &format!("http://{host}/{path}"))?;
    url.query_pairs_mut().append_pair("audience", audience).append_pair("format", "full");
    let headers = vec![("metadata-flavor", "Google".to_owned())];
    Ok(Asked { system, method: Method::GET, url, headers, body: String::new(), member: None })
}

impl Asked {
    /// The token; outages are waited for.
    pub(super) async fn token(&self, http: &Client, patience: Patience) -> Result<String, AmbientError> {
        let system = self.system;
        let endpoint = Endpoint::of(&self.url);
        let choice = Choice { operators: vec![vec![endpoint]], needed: 1 };
        let headers: Vec<(&'static str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let headers = &headers;
        let question: &Question<'_, String> = &|_| {
            Box::pin(async move {
                let body = self.body.as_bytes();
                let request = Request { method: self.method.clone(), headers, body, limit: MAX_ANSWER_BYTES };
                let answer = request.send(http, &self.url).await?;
                if !matches!(answer.status, 200 | 201) {
                    return Err(Fault::of(&self.url, &answer));
                }
                self.read(&answer.body)
            })
        };
        let answers = exchange::ask(Kind::Issuer, &choice, patience, question).await;
        let mut answers =
            answers.map_err(|source| AmbientError::Service { system, source: Box::new(source) })?;
        Ok(answers.pop().unwrap_or_default())
    }

    fn read(&self, answer: &[u8]) -> Result<String, Fault> {
        token_in(answer, self.member).map_err(|reason| fault(&self.url, reason))
    }
}

/// The token in an answer: a member of an object, or all of it.
///
/// # Errors
/// Why there is none, for people.
pub fn token_in(answer: &[u8], member: Option<&str>) -> Result<String, String> {
    let Some(member) = member else {
        return String::from_utf8(answer.to_vec()).map_err(|_| "it is not text".to_owned());
    };
    let value = sealwax_json::parse(answer, &LIMITS).map_err(|error| error.to_string())?;
    let token = value.member(member).and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(|| format!("there is no {member:?}"))
}

/// An address that gets a secret: https, or this machine.
fn confidential(system: System, address: &str) -> Result<Url, AmbientError> {
    let place = address.split(['?', '#']).next().unwrap_or_default();
    BaseUrl::parse(place, Transport::Confidential).map_err(|error| unusable(system, &error))?;
    parse(system, address)
}

fn parse(system: System, address: &str) -> Result<Url, AmbientError> {
    Url::parse(address).map_err(|error| AmbientError::Unusable {
        system,
        what: "address",
        reason: error.to_string(),
    })
}

fn unusable(system: System, error: &HttpError) -> AmbientError {
    AmbientError::Unusable { system, what: "address", reason: error.to_string() }
}
