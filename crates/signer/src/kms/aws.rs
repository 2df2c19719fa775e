//! AWS KMS: `GetPublicKey` and `Sign` of its JSON interface, version 2014-11-01.
//!
//! Credentials are those in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; the region is that of the ARN, else of
//! `AWS_REGION` or `AWS_DEFAULT_REGION`; `AWS_ENDPOINT_URL_KMS` and `AWS_ENDPOINT_URL` lead elsewhere, as does a host in the name.

mod sigv4;

use sealwax_crypto::{HashAlgorithm, PublicKey, Scheme, base64};
use sealwax_json::{Object, Value};
use sealwax_net::http::{Method, Url};
use secrecy::SecretString;

use self::sigv4::Credentials;
use super::door::{self, Door, Place, Request, bytes, text};
use super::reference::AwsName;
use super::{KmsError, Opened, Payload, Provider, Service, Variables};

const SERVICE: Service = Service::Aws;

/// A key, and how to ask for it.
struct Aws {
    door: Door,
    url: Url,
    region: String,
    credentials: Credentials,
    key_id: String,
}

pub(super) fn open(name: &AwsName, variables: Variables<'_>) -> Result<Opened, KmsError> {
    let missing = |what| KmsError::Missing { service: SERVICE, what };
    let region = name.region().map(str::to_owned);
    let region = region
        .or_else(|| variables("AWS_REGION"))
        .or_else(|| variables("AWS_DEFAULT_REGION"))
        .ok_or(missing("a region: AWS_REGION"))?;
    let credentials = Credentials {
        id: variables("AWS_ACCESS_KEY_ID").ok_or(missing("credentials: AWS_ACCESS_KEY_ID"))?,
        secret: SecretString::from(
            variables("AWS_SECRET_ACCESS_KEY").ok_or(missing("credentials: AWS_SECRET_ACCESS_KEY"))?,
        ),
        session_token: variables("AWS_SESSION_TOKEN").map(SecretString::from),
    };
    let mut url = door::address(SERVICE, &endpoint(name, &region, variables))?;
    url.set_path("/");
    let door = Door::open(SERVICE, "")?;
    let mut provider = Aws { door, url, region, credentials, key_id: name.id.clone() };
    let answer = provider.call("GetPublicKey", Object::new().with("KeyId", name.id.clone()))?;
    let public = PublicKey::from_spki_der(&bytes(SERVICE, &answer, "PublicKey")?);
    let public = public.map_err(|cause| KmsError::Key { service: SERVICE, cause })?;
    // An alias may be led to another key meanwhile.
    provider.key_id = text(SERVICE, &answer, "KeyId")?.to_owned();
    Ok(Opened { provider: Box::new(provider), public })
}

fn endpoint(name: &AwsName, region: &str, variables: Variables<'_>) -> String {
    let given = name.endpoint.as_ref().map(|host| format!("https://{host}"));
    let given = given.or_else(|| variables("AWS_ENDPOINT_URL_KMS")).or_else(|| variables("AWS_ENDPOINT_URL"));
    // The partition of China has a domain of its own.
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    given.unwrap_or_else(|| format!("https://kms.{region}.{domain}"))
}

impl Aws {
    fn call(&self, operation: &str, body: Object<'_>) -> Result<Value<'static>, KmsError> {
        let body = sealwax_json::compact(&body.into()).into_bytes();
        let headers = vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", format!("TrentService.{operation}")),
        ];
        let url = self.url.clone();
        let request = Request { method: Method::POST, url, headers, body, place: Place::Confidential };
        let scope = sigv4::Scope { region: &self.region, service: "kms", now: sealwax_net::now() };
        self.door.ask(sigv4::sign(request, &self.credentials, &scope))
    }
}

impl Provider for Aws {
    fn sign(&self, scheme: Scheme, payload: Payload<'_>) -> Result<Vec<u8>, KmsError> {
        let algorithm = algorithm(scheme).ok_or(KmsError::Scheme { service: SERVICE, scheme })?;
        let (message, kind) = match payload {
            Payload::Digest(digest) => (base64::encode(digest.as_bytes()), "DIGEST"),
            Payload::Whole(bytes) => (base64::encode(bytes), "RAW"),
        };
        let body = Object::new()
            .with("KeyId", self.key_id.clone())
            .with("Message", message)
            .with("MessageType", kind)
            .with("SigningAlgorithm", algorithm);
        bytes(SERVICE, &self.call("Sign", body)?, "Signature")
    }
}

/// `SigningAlgorithmSpec`. ECDSA answers in DER.
fn algorithm(scheme: Scheme) -> Option<&'static str> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    Some(match scheme {
        Scheme::Ecdsa(Sha256) => "ECDSA_SHA_256",
        Scheme::Ecdsa(Sha384) => "ECDSA_SHA_384",
        Scheme::Ecdsa(Sha512) => "ECDSA_SHA_512",
        Scheme::RsaPkcs1(Sha256) => "RSASSA_PKCS1_V1_5_SHA_256",
        Scheme::RsaPkcs1(Sha384) => "RSASSA_PKCS1_V1_5_SHA_384",
        Scheme::RsaPkcs1(Sha512) => "RSASSA_PKCS1_V1_5_SHA_512",
        Scheme::RsaPss(Sha256) => "RSASSA_PSS_SHA_256",
        Scheme::RsaPss(Sha384) => "RSASSA_PSS_SHA_384",
        Scheme::RsaPss(Sha512) => "RSASSA_PSS_SHA_512",
        Scheme::Ed25519 => "ED25519_SHA_512",
        Scheme::Ed25519ph => "ED25519_PH_SHA_512",
        _ => return None,
    })
}
