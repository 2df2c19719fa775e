//! Azure Key Vault: its REST interface, version 7.4.
//!
//! Access is that of an application: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`; `AZURE_AUTHORITY_HOST` is where it
//! signs in. The token is for the cloud that the vault's name ends with, so that no name leads one of Azure's elsewhere.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealwax_crypto::{HashAlgorithm, PublicKey, Scheme};
use sealwax_json::{Object, Value};
use sealwax_net::http::{Method, Url};

use super::bearer::Bearer;
use super::door::{self, Door, Place, Request, text};
use super::reference::AzureName;
use super::{KmsError, Opened, Payload, Provider, Service, Variables};
use crate::ecdsa;

const SERVICE: Service = Service::Azure;

const API_VERSION: &str = "api-version=7.4";

const AUTHORITY: &str = "https://login.microsoftonline.com";

/// A version of a key, and how to ask for it.
struct Azure {
    door: Door,
    access: Bearer,
    url: Url,
}

pub(super) fn open(name: &AzureName, variables: Variables<'_>) -> Result<Opened, KmsError> {
    open_at(&format!("https://{}", name.vault), name, variables)
}

/// As [`open`], of a vault at this address: tests have no certificates.
pub(super) fn open_at(vault: &str, name: &AzureName, variables: Variables<'_>) -> Result<Opened, KmsError> {
    let door = Door::open(SERVICE, "")?;
    let access = Bearer::new(token_request(name, variables)?);
    let at = |path: &str| door::address(SERVICE, &format!("{vault}/keys/{path}?{API_VERSION}"));
    let version = name.version.as_deref().map(|version| format!("/{version}")).unwrap_or_default();
    let url = at(&format!("{}{version}", name.key))?;
    let headers = vec![("authorization", access.authorization(SERVICE, &door)?)];
    let answer = door.ask(door::get(url, headers))?;
    let public = public_key(&answer)?;
    let url = at(&format!("{}/{}/sign", name.key, version_of(&answer)?))?;
    Ok(Opened { provider: Box::new(Azure { door, access, url }), public })
}

/// OAuth's client credentials, as Microsoft's identity platform takes them.
fn token_request(name: &AzureName, variables: Variables<'_>) -> Result<Request, KmsError> {
    let needed = |variable, what| variables(variable).ok_or(KmsError::Missing { service: SERVICE, what });
    let tenant = needed("AZURE_TENANT_ID", "credentials: AZURE_TENANT_ID")?;
    let client = needed("AZURE_CLIENT_ID", "credentials: AZURE_CLIENT_ID")?;
    let secret = needed("AZURE_CLIENT_SECRET", "credentials: AZURE_CLIENT_SECRET")?;
    let authority = variables("AZURE_AUTHORITY_HOST");
    let authority = authority.as_deref().unwrap_or(AUTHORITY).trim_end_matches('/');
    let url = door::address(SERVICE, &format!("{authority}/{tenant}/oauth2/v2.0/token"))?;
    let cloud = name.vault.split_once('.').map_or(name.vault.as_str(), |(_, cloud)| cloud);
    let scope = format!("https://{cloud}/.default");
    let mut form = url.clone();
    form.query_pairs_mut()
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &client)
        .append_pair("client_secret", &secret)
        .append_pair("scope", &scope);
    let body = form.query().unwrap_or_default().as_bytes().to_vec();
    let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
    Ok(Request { method: Method::POST, url, headers, body, place: Place::Confidential })
}

/// The JWK in a `KeyBundle`. One in an HSM has another name for its type.
fn public_key(answer: &Value<'_>) -> Result<PublicKey, KmsError> {
    let member = |name| text(SERVICE, answer, name);
    let jwk = match member("key.kty")? {
        "EC" | "EC-HSM" => Object::new()
            .with("kty", "EC")
            .with("crv", member("key.crv")?)
            .with("x", member("key.x")?)
            .with("y", member("key.y")?),
        "RSA" | "RSA-HSM" => {
            Object::new().with("kty", "RSA").with("n", member("key.n")?).with("e", member("key.e")?)
        }
        _ => return Err(KmsError::Answer { service: SERVICE, member: "key.kty" }),
    };
    let key = PublicKey::from_jwk(&sealwax_json::compact(&jwk.into()));
    key.map_err(|cause| KmsError::Key { service: SERVICE, cause })
}

/// The last part of the key's name, `https://VAULT/keys/KEY/VERSION`. Where the vault is we know better.
fn version_of<'a>(answer: &'a Value<'_>) -> Result<&'a str, KmsError> {
    let version = text(SERVICE, answer, "key.kid")?.rsplit('/').next();
    let is_version =
        |version: &&str| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_alphanumeric());
    version.filter(is_version).ok_or(KmsError::Answer { service: SERVICE, member: "key.kid" })
}

impl Provider for Azure {
    fn sign(&self, scheme: Scheme, payload: Payload<'_>) -> Result<Vec<u8>, KmsError> {
        let (Some(algorithm), Payload::Digest(digest)) = (algorithm(scheme), payload) else {
            return Err(KmsError::Scheme { service: SERVICE, scheme });
        };
        let value = URL_SAFE_NO_PAD.encode(digest.as_bytes());
        let body = Object::new().with("alg", algorithm).with("value", value);
        let headers = vec![("authorization", self.access.authorization(SERVICE, &self.door)?)];
        let answer = self.door.ask(door::post_json(self.url.clone(), headers, body))?;
        let malformed = KmsError::Answer { service: SERVICE, member: "value" };
        let signature = URL_SAFE_NO_PAD.decode(text(SERVICE, &answer, "value")?).ok();
        let signature = match scheme {
            Scheme::Ecdsa(_) => signature.as_deref().and_then(ecdsa::der_of_raw),
            _ => signature,
        };
        signature.ok_or(malformed)
    }
}

/// `JsonWebKeySignatureAlgorithm`. Each curve has its one hash.
fn algorithm(scheme: Scheme) -> Option<&'static str> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    Some(match scheme {
        Scheme::Ecdsa(Sha256) => "ES256",
        Scheme::Ecdsa(Sha384) => "ES384",
        Scheme::Ecdsa(Sha512) => "ES512",
        Scheme::RsaPkcs1(Sha256) => "RS256",
        Scheme::RsaPkcs1(Sha384) => "RS384",
        Scheme::RsaPkcs1(Sha512) => "RS512",
        Scheme::RsaPss(Sha256) => "PS256",
        Scheme::RsaPss(Sha384) => "PS384",
        Scheme::RsaPss(Sha512) => "PS512",
        _ => return None,
    })
}
