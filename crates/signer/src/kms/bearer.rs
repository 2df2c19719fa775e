//! Tokens that a service is asked with: fetched, and kept while they last.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sealwax_json::Value;
use secrecy::{ExposeSecret, SecretString};

use super::door::{Door, Request, text};
use super::{KmsError, Service};

/// How long before its end a token is not used any more: what is sent with it must still arrive.
const MARGIN: Duration = Duration::from_secs(60);

/// Where tokens come from, and the last one.
pub(super) struct Bearer {
    source: Request,
    last: Mutex<Option<(SecretString, Instant)>>,
}

impl Bearer {
    pub(super) fn new(source: Request) -> Self {
        Self { source, last: Mutex::new(None) }
    }

    /// The value of the header `Authorization`.
    pub(super) fn authorization(&self, service: Service, door: &Door) -> Result<String, KmsError> {
        // Whoever else needs one waits for this one.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = last.as_ref().filter(|(_, until)| Instant::now() < *until) {
            return Ok(header(token));
        }
        let answer = door.ask(self.source.clone())?;
        let token = SecretString::from(text(service, &answer, "access_token")?);
        let seconds = answer.member("expires_in").and_then(Value::as_u64).unwrap_or_default();
        let lasts = Duration::from_secs(seconds.min(86_400)).saturating_sub(MARGIN);
        let header = header(&token);
        *last = Some((token, Instant::now() + lasts));
        Ok(header)
    }
}

fn header(token: &SecretString) -> String {
    format!("Bearer {}", token.expose_secret())
}
