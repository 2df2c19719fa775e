//! The token endpoints of both issuers.

use super::{Provider, Request, Sent};
use crate::account::{Account, SecretHash};
use crate::connector::Identity;
use crate::keys::Realm;
use crate::token::{ClientCredentials, Grant, TokenError, TokenRequest};
use jiff::Timestamp;
use sealwax_json::{Object, Value};
use sealwax_server::journal::Value as Particular;
use sealwax_store::disk::Disk;

/// How far a client's clock may be behind ours: sigstore-python looks at `nbf`, and allows nothing.
const NOT_BEFORE_LEEWAY_SECONDS: i64 = 60;

impl<D: Disk> Provider<D> {
    /// `POST /token` of an issuer.
    pub fn token(&self, realm: Realm, request: &Request<'_>) -> Sent {
        match self.claims(realm, request).and_then(|claims| self.issue(realm, &claims)) {
            Ok(sent) => sent,
            Err(error) => Sent::from(&error),
        }
    }

    /// What the token will say.
    fn claims(&self, realm: Realm, request: &Request<'_>) -> Result<Object<'static>, TokenError> {
        let parsed = TokenRequest::parse(request.content_type, request.authorization, request.body)?;
        match (realm, parsed.grant) {
            (Realm::People, Grant::Code { code, redirect_uri, verifier }) => {
                let client = self.public_client(parsed.client)?;
                let granted = self.tables().codes.take(&code, request.now).ok_or(TokenError::Code)?;
                if granted.client_id != client || granted.redirect_uri != redirect_uri {
                    return Err(TokenError::Code);
                }
                if !granted.challenge.is_met_by(&verifier) {
                    return Err(TokenError::Verifier);
                }
                Ok(self.person(&client, &granted.identity, granted.nonce, request.now))
            }
            (Realm::People, Grant::Device { code, verifier }) => {
                let client = self.public_client(parsed.client)?;
                let identity =
                    self.tables().devices.poll(&code, &client, verifier.as_deref(), request.now)?;
                Ok(self.person(&client, &identity, None, request.now))
            }
            (Realm::Machines, Grant::ClientCredentials) => {
                let name = self.machine(&parsed.client, request)?;
                Ok(self.machine_claims(&name, request.now))
            }
            (Realm::People, Grant::ClientCredentials) => {
                Err(TokenError::GrantType { found: "client_credentials".to_owned() })
            }
            (Realm::Machines, Grant::Code { .. }) => {
                Err(TokenError::GrantType { found: "authorization_code".to_owned() })
            }
            (Realm::Machines, Grant::Device { .. }) => {
                Err(TokenError::GrantType { found: "device_code".to_owned() })
            }
        }
    }

    /// The id of a client that has no secret, and says so.
    pub(super) fn public_client(&self, client: ClientCredentials) -> Result<String, TokenError> {
        let ClientCredentials { id, secret, by_header } = client;
        if secret.is_some() || !self.settings.clients.iter().any(|known| known.id == id) {
            return Err(TokenError::Client { by_header });
        }
        Ok(id)
    }

    /// The name of a machine that knows its secret.
    fn machine(&self, client: &ClientCredentials, request: &Request<'_>) -> Result<String, TokenError> {
        if let Some(wait_seconds) = self.must_wait(request) {
            return Err(TokenError::Later { wait_seconds });
        }
        let accounts = self.accounts.current().map_err(|error| {
            self.journal.error("no machine gets a token", &[("error", Particular::Shown(&error))]);
            TokenError::Broken
        })?;
        let known = accounts.by_name(&client.id).and_then(Account::machine);
        let nobody = SecretHash::of_nobody();
        let is_right = known.unwrap_or(&nobody).is_of(client.secret.as_deref().unwrap_or_default());
        if known.is_none() || !is_right {
            self.has_guessed(request);
            return Err(TokenError::Client { by_header: client.by_header });
        }
        self.journal.info("a machine got a token", &[("name", Particular::Text(&client.id))]);
        Ok(client.id.clone())
    }

    fn person(
        &self,
        client: &str,
        identity: &Identity,
        nonce: Option<String>,
        now: Timestamp,
    ) -> Object<'static> {
        let claims = self.common(Realm::People, identity.subject.clone(), client.to_owned().into(), now);
        let claims = match nonce {
            Some(nonce) => claims.with("nonce", nonce),
            None => claims,
        };
        claims.with("email", identity.email.clone()).with("email_verified", identity.email_verified)
    }

    /// A machine is a URI. The token is for whom the certificate authority is, and for the client that asked (OpenID Connect
    /// Core §2; cosign insists on it).
    fn machine_claims(&self, name: &str, now: Timestamp) -> Object<'static> {
        let subject = format!("{}/{name}", self.settings.issuer.of(Realm::Machines));
        let audience = [self.settings.audience.clone(), name.to_owned()];
        self.common(Realm::Machines, subject, audience.into_iter().map(Value::from).collect(), now)
    }

    fn common(
        &self,
        realm: Realm,
        subject: String,
        audience: Value<'static>,
        now: Timestamp,
    ) -> Object<'static> {
        let now = now.as_second();
        Object::new()
            .with("iss", self.settings.issuer.of(realm))
            .with("sub", subject)
            .with("aud", audience)
            .with("exp", now.saturating_add(self.settings.token_lifetime.as_secs()))
            .with("iat", now)
            .with("nbf", now.saturating_sub(NOT_BEFORE_LEEWAY_SECONDS))
    }

    /// The token, under both names: sigstore-python takes the access token for the identity token. There is nothing else that it
    /// would give access to.
    fn issue(&self, realm: Realm, claims: &Object<'_>) -> Result<Sent, TokenError> {
        let token = self.keys.now().sign(realm, claims).map_err(|error| {
            self.journal.error("no token can be signed", &[("error", Particular::Shown(&error))]);
            TokenError::Broken
        })?;
        let value = Object::new()
            .with("access_token", token.clone())
            .with("token_type", "Bearer")
            .with("expires_in", self.settings.token_lifetime.as_secs())
            .with("id_token", token);
        Ok(Sent::Json { status: 200, value, retry_after: None })
    }
}

impl From<&TokenError> for Sent {
    fn from(error: &TokenError) -> Self {
        let value = Object::new().with("error", error.code()).with("error_description", error.to_string());
        let retry_after = match error {
            TokenError::Later { wait_seconds } => Some(*wait_seconds),
            _ => None,
        };
        Self::Json { status: error.status(), value, retry_after }
    }
}
