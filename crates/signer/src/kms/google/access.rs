//! What Google lets somebody in with: a JWT that the key of a service account signs, for this one service
//! (<https://google.aip.dev/auth/4111>), or a token of the machine's (<https://google.aip.dev/auth/4115>).

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealwax_crypto::account_key::AccountKey;
use sealwax_json::{Limits, Object, Value};

use super::super::bearer::Bearer;
use super::super::door::{self, Door, Place, Request};
use super::super::file::read_text;
use super::super::{KmsError, Variables};
use super::{ENDPOINT, SERVICE};

/// How long a JWT is good for, seconds. At most an hour is taken; each is used once.
const LIFETIME_SECONDS: i64 = 300;

pub(super) enum Access {
    Account(ServiceAccount),
    Machine(Bearer),
}

pub(super) struct ServiceAccount {
    key: AccountKey,
    key_id: String,
    email: String,
}

impl Access {
    pub(super) fn of(variables: Variables<'_>) -> Result<Self, KmsError> {
        if let Some(file) = variables("GOOGLE_APPLICATION_CREDENTIALS") {
            let file = Path::new(&file);
            let failed = |reason| KmsError::File { service: SERVICE, file: file.to_owned(), reason };
            return account(&read_text(SERVICE, file)?).map(Self::Account).map_err(failed);
        }
        let host = variables("GCE_METADATA_HOST");
        let host = host.as_deref().unwrap_or("metadata.google.internal");
        let path = "computeMetadata/v1/instance/service-accounts/default/token";
        let url = door::address(SERVICE, &format!("http://{host}/{path}"))?;
        let source = door::get(url, vec![("metadata-flavor", "Google".to_owned())]);
        Ok(Self::Machine(Bearer::new(Request { place: Place::Metadata, ..source })))
    }

    pub(super) fn headers(&self, door: &Door) -> Result<Vec<(&'static str, String)>, KmsError> {
        let authorization = match self {
            Self::Account(account) => format!("Bearer {}", account.jwt(sealwax_net::now().as_second())?),
            Self::Machine(bearer) => bearer.authorization(SERVICE, door)?,
        };
        Ok(vec![("authorization", authorization)])
    }
}

/// A file of credentials, of the one type that is read.
fn account(text: &str) -> Result<ServiceAccount, String> {
    let limits = Limits::of_bytes(text.len());
    let value = sealwax_json::parse(text.as_bytes(), &limits).map_err(|error| error.to_string())?;
    let member = |name: &str| {
        let found = value.member(name).and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| format!("{name:?} is missing"))
    };
    let kind = member("type")?;
    if kind != "service_account" {
        return Err(format!("it is of the type {kind:?}; only \"service_account\" is read"));
    }
    let key = AccountKey::from_pem(&member("private_key")?);
    let key = key.map_err(|error| format!("\"private_key\": {error}"))?;
    Ok(ServiceAccount { key, key_id: member("private_key_id")?, email: member("client_email")? })
}

impl ServiceAccount {
    fn jwt(&self, now_seconds: i64) -> Result<String, KmsError> {
        let encoded = |object: Object<'_>| URL_SAFE_NO_PAD.encode(sealwax_json::compact(&object.into()));
        let header = Object::new().with("alg", "RS256").with("typ", "JWT").with("kid", self.key_id.clone());
        let claims = Object::new()
            .with("iss", self.email.clone())
            .with("sub", self.email.clone())
            .with("aud", ENDPOINT)
            .with("iat", now_seconds)
            .with("exp", now_seconds + LIFETIME_SECONDS);
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.key.sign(signed.as_bytes());
        let unusable = |_| KmsError::Missing { service: SERVICE, what: "a usable key of its account" };
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.map_err(unusable)?)))
    }
}
