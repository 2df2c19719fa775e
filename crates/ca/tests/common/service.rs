//! The service, with a provider of this process.

use super::{Behaviour, authority, key, log, now};
use sealwax_ca::{ProviderAnswer, ProviderError, Providers, Service, Wanted, mount};
use sealwax_crypto::{KeyKind, Message, PublicKey, Scheme, SigningKey, base64};
use sealwax_oidc::{Algorithm, Configuration, Issuer, Jwks, Provider};
use sealwax_server::{Bytes, Request, Response, Router, ask};
use std::sync::{Arc, Mutex};

/// A provider that has its second key only when newer ones are wanted.
pub struct Rotating {
    pub keys: [SigningKey; 2],
    pub asked: Mutex<Vec<Wanted>>,
    pub down: bool,
}

impl Rotating {
    pub fn jwks(&self, count: usize) -> Jwks {
        let keys: Vec<String> = (0..count)
            .map(|number| {
                let mut jwk = sealwax_json::compact(&self.keys[number].public_key().to_jwk().unwrap().into());
                jwk.insert_str(1, &format!(r#""kid":"{number}","#));
                jwk
            })
            .collect();
        Jwks::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).unwrap()
    }

    pub fn token(&self, number: usize) -> String {
        let claims = format!(
            r#"{{"iss":"{}","aud":"sigstore","sub":"7","email":"ann@a.example","email_verified":true,"exp":{}}}"#,
            super::ISSUER,
            now().as_second() + 60
        );
        let header = format!(r#"{{"alg":"EdDSA","kid":"{number}"}}"#);
        let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        let signer = &self.keys[number.min(1)];
        let signature = signer.sign(Scheme::Ed25519, Message::Bytes(signed.as_bytes())).unwrap();
        format!("{signed}.{}", base64url(&signature))
    }
}

impl Providers for Rotating {
    fn provider<'a>(&'a self, issuer: &'a str, _: &'a Issuer, wanted: Wanted) -> ProviderAnswer<'a> {
        self.asked.lock().unwrap().push(wanted);
        let keys = self.jwks(if wanted == Wanted::Known { 1 } else { 2 });
        let provider = Provider::new(issuer, keys, &[Algorithm::EdDsa]);
        let answer = if self.down {
            Err(ProviderError::NotFound { url: "u".to_owned() })
        } else {
            Ok(Arc::new(provider))
        };
        Box::pin(async { answer })
    }
}

pub fn providers(down: bool) -> Arc<Rotating> {
    let keys = [key(KeyKind::Ed25519), key(KeyKind::Ed25519)];
    Arc::new(Rotating { keys, asked: Mutex::default(), down })
}

pub fn service(providers: Arc<dyn Providers>, behaviour: Behaviour) -> Arc<Service> {
    service_of(KeyKind::EcdsaP256, providers, behaviour)
}

/// With an authority that has keys of this kind.
fn service_of(kind: KeyKind, providers: Arc<dyn Providers>, behaviour: Behaviour) -> Arc<Service> {
    let configuration = format!("oidc-issuers: {{{}: {{client-id: sigstore, type: email}}}}", super::ISSUER);
    let configuration = Configuration::parse(configuration.as_bytes()).unwrap();
    let authority = authority(kind);
    Arc::new(Service::new(authority, vec![log(behaviour)], providers, configuration, now))
}

pub fn body(token: &str, client: &SigningKey, challenge: &str) -> String {
    let proof = client.sign(super::scheme(client), Message::Bytes(challenge.as_bytes())).unwrap();
    let content = client.public_key().to_pem().replace('\n', "\\n");
    format!(
        r#"{{"credentials":{{"oidcIdentityToken":"{token}"}},"publicKeyRequest":{{"publicKey":{{"content":"{content}"}},
        "proofOfPossession":"{}"}}}}"#,
        base64::encode(&proof)
    )
}

pub async fn post(service: &Arc<Service>, path: &str, body: String) -> Response<Bytes> {
    let request = Request::post(path).body(Bytes::from(body)).unwrap();
    ask(&mount(Router::default(), service), request).await
}

pub fn base64url(bytes: &[u8]) -> String {
    super::url_safe(bytes)
}

/// An issuer with one key, for RS256.
struct Rs256(Arc<Provider>);

impl Providers for Rs256 {
    fn provider<'a>(&'a self, _: &'a str, _: &'a Issuer, _: Wanted) -> ProviderAnswer<'a> {
        Box::pin(async { Ok(Arc::clone(&self.0)) })
    }
}

/// The service for people of an issuer that has this key, and announces RS256.
pub fn rs256_service(key: &PublicKey) -> Arc<Service> {
    rs256_service_of(key, KeyKind::EcdsaP256)
}

/// The same, of an authority that has keys of this kind.
pub fn rs256_service_of(key: &PublicKey, kind: KeyKind) -> Arc<Service> {
    let jwk = sealwax_json::compact(&key.to_jwk().unwrap().into());
    let keys = Jwks::parse(format!(r#"{{"keys":[{jwk}]}}"#).as_bytes()).unwrap();
    let provider = Provider::new(super::ISSUER, keys, &[Algorithm::Rs256]);
    service_of(kind, Arc::new(Rs256(Arc::new(provider))), Behaviour::Honest)
}
