//! An authority, a log and tokens, for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, unreachable_pub, reason = "tests")]

pub mod der;
pub mod service;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sealwax_ca::{
    Authority, CertificateLog, CtLog, CtLogError, Promise, Subject, create_intermediate, create_root,
};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, base64};
use sealwax_oidc::{Algorithm, Configuration, Identity, Jwks, Provider, Token};
use sealwax_pki::{Certificate, Sct, certificate_timestamp, precert_log_entry};

pub const ISSUER: &str = "https://issuer.example";

pub fn now() -> Timestamp {
    "2026-11-22T10:00:00.5Z".parse().unwrap()
}

pub fn key(kind: KeyKind) -> SigningKey {
    SigningKey::generate(kind).unwrap()
}

pub fn named(common_name: &str, not_before: Timestamp, not_after: Timestamp) -> Subject<'_> {
    Subject { organization: "Tests", common_name, not_before, not_after }
}

/// The scheme with which a key signs certificates and proofs.
pub fn scheme(key: &SigningKey) -> Scheme {
    key.public_key().default_schemes()[0]
}

/// An authority with an intermediate.
pub fn authority(kind: KeyKind) -> Authority {
    let (root_key, intermediate_key) = (key(kind), key(kind));
    let (from, until) = (now() - SignedDuration::from_hours(1), now() + SignedDuration::from_hours(1000));
    let root = create_root(&root_key, named("root", from, until)).unwrap();
    let public = intermediate_key.public_key();
    let intermediate = create_intermediate(&root, &root_key, public, named("ca", from, until)).unwrap();
    Authority::new(vec![intermediate, root], Arc::new(intermediate_key)).unwrap()
}

fn url_safe(bytes: &[u8]) -> String {
    base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// The identity that an issuer of this configuration vouches for with these claims (besides the usual ones).
pub fn identity_in(configuration: &str, claims: &str) -> Identity {
    let configuration = Configuration::parse(configuration.as_bytes()).unwrap();
    let issuer_key = key(KeyKind::Ed25519);
    let x = url_safe(issuer_key.public_key().raw().unwrap());
    let jwks = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#);
    let provider = Provider::new(ISSUER, Jwks::parse(jwks.as_bytes()).unwrap(), &[Algorithm::EdDsa]);
    let expires = now().as_second() + 60;
    let claims = format!(r#"{{"iss":"{ISSUER}","aud":"sigstore","exp":{expires},{claims}}}"#);
    let signed = format!("{}.{}", url_safe(br#"{"alg":"EdDSA"}"#), url_safe(claims.as_bytes()));
    let signature = issuer_key.sign(Scheme::Ed25519, Message::Bytes(signed.as_bytes())).unwrap();
    let token = format!("{signed}.{}", url_safe(&signature));
    let token = Token::parse(&token).unwrap().verify(&provider, "sigstore", now()).unwrap();
    Identity::of(&token, &configuration).unwrap()
}

/// A person.
pub fn person() -> Identity {
    let configuration = format!("oidc-issuers: {{{ISSUER}: {{client-id: sigstore, type: email}}}}");
    identity_in(&configuration, r#""sub":"7","email":"ann@a.example","email_verified":true"#)
}

/// How a log behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Honest,
    Down,
    Silent,
    WrongLogId,
    WrongKey,
    AnotherCertificate,
    WrongTime(i64),
    NoIndex,
    WrongAlgorithm,
}

/// A log that does not keep what it is given.
pub struct TestLog {
    pub key: SigningKey,
    pub behaviour: Behaviour,
}

pub fn log(behaviour: Behaviour) -> CertificateLog {
    let key = key(KeyKind::EcdsaP256);
    let public = key.public_key().clone();
    let log = Arc::new(TestLog { key, behaviour });
    CertificateLog { name: "test log".to_owned(), key: public, writes_leaf_index: true, log }
}

impl CtLog for TestLog {
    fn add_pre_chain<'a>(&'a self, chain: &'a [Certificate]) -> Promise<'a> {
        Box::pin(async move {
            match self.behaviour {
                Behaviour::Down => Err(CtLogError::Unreachable { reason: "down".to_owned() }),
                Behaviour::Silent => std::future::pending().await,
                _ => Ok(self.promise(chain)),
            }
        })
    }
}

impl TestLog {
    pub fn promise(&self, chain: &[Certificate]) -> Sct {
        let difference = match self.behaviour {
            Behaviour::WrongTime(difference) => difference,
            _ => 250,
        };
        let timestamp_ms = u64::try_from(now().as_millisecond() + difference).unwrap();
        let mut entry = precert_log_entry(chain).unwrap();
        if self.behaviour == Behaviour::AnotherCertificate {
            *entry.last_mut().unwrap() ^= 1;
        }
        let extensions = match self.behaviour {
            Behaviour::NoIndex => Vec::new(),
            _ => vec![0, 0, 5, 0, 0, 0, 0, 9],
        };
        let message = certificate_timestamp(timestamp_ms, &entry, &extensions).unwrap();
        let stranger = (self.behaviour == Behaviour::WrongKey).then(|| key(KeyKind::EcdsaP256));
        let signer = stranger.as_ref().unwrap_or(&self.key);
        let scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);
        let log_id = match self.behaviour {
            Behaviour::WrongLogId => [7; 32],
            _ => self.key.public_key().spki_sha256(),
        };
        let signature_algorithm = if self.behaviour == Behaviour::WrongAlgorithm { 1 } else { 3 };
        let signature = signer.sign(scheme, Message::Bytes(&message)).unwrap();
        Sct { log_id, timestamp_ms, extensions, hash_algorithm: 4, signature_algorithm, signature }
    }
}
