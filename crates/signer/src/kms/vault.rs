//! The transit engine of HashiCorp Vault and of OpenBao: its HTTP interface, version 1.
//!
//! `VAULT_ADDR` (`BAO_ADDR`) is where it is, `VAULT_TOKEN` (`BAO_TOKEN`), else the file `.vault-token` in the home directory, lets in,
//! `VAULT_NAMESPACE` names a part of it, `VAULT_CACERT` is a file of certificates to trust besides the system's,
//! `TRANSIT_SECRET_ENGINE_PATH` where the engine is mounted, if not at `transit`.

use std::path::{Path, PathBuf};

use ::base64::engine::general_purpose::STANDARD;
use sealwax_crypto::{HashAlgorithm, PublicKey, Scheme, base64};
use sealwax_json::{Object, Value};
use sealwax_net::http::Url;

use super::door::{self, Door, text};
use super::file::read_text;
use super::reference::VaultName;
use super::{KmsError, Opened, Payload, Provider, Service, Variables};

const SERVICE: Service = Service::Vault;

/// A version of a key, and how to ask for it.
struct Vault {
    door: Door,
    headers: Vec<(&'static str, String)>,
    /// Of the signatures by the key.
    url: Url,
    version: u64,
}

pub(super) fn open(name: &VaultName, variables: Variables<'_>) -> Result<Opened, KmsError> {
    let either = |one, other| variables(one).or_else(|| variables(other));
    let missing = KmsError::Missing { service: SERVICE, what: "an address: VAULT_ADDR or BAO_ADDR" };
    let address = either("VAULT_ADDR", "BAO_ADDR").ok_or(missing)?;
    let mount = variables("TRANSIT_SECRET_ENGINE_PATH");
    let mount = mount.as_deref().unwrap_or("transit").trim_matches('/');
    let at = |what: &str| {
        door::address(SERVICE, &format!("{}/v1/{mount}/{what}/{}", address.trim_end_matches('/'), name.key))
    };
    let certificates = either("VAULT_CACERT", "BAO_CACERT").map(|file| read_text(SERVICE, Path::new(&file)));
    let door = Door::open(SERVICE, &certificates.transpose()?.unwrap_or_default())?;
    let mut headers = vec![("x-vault-token", token(variables)?), ("x-vault-request", "true".to_owned())];
    headers.extend(either("VAULT_NAMESPACE", "BAO_NAMESPACE").map(|name| ("x-vault-namespace", name)));
    let answer = door.ask(door::get(at("keys")?, headers.clone()))?;
    let (version, public) = newest(&answer)?;
    Ok(Opened { provider: Box::new(Vault { door, headers, url: at("sign")?, version }), public })
}

fn token(variables: Variables<'_>) -> Result<String, KmsError> {
    if let Some(token) = variables("VAULT_TOKEN").or_else(|| variables("BAO_TOKEN")) {
        return Ok(token);
    }
    // Where `vault login` leaves it.
    let file = variables("HOME").map(|home| PathBuf::from(home).join(".vault-token"));
    match file.filter(|file| file.exists()) {
        Some(file) => Ok(read_text(SERVICE, &file)?.trim().to_owned()),
        None => Err(KmsError::Missing { service: SERVICE, what: "a token: VAULT_TOKEN or BAO_TOKEN" }),
    }
}

/// The newest version of the key.
fn newest(answer: &Value<'_>) -> Result<(u64, PublicKey), KmsError> {
    let missing = |member| KmsError::Answer { service: SERVICE, member };
    let data = answer.member("data").ok_or(missing("data"))?;
    let version = data.member("latest_version").and_then(Value::as_u64);
    let version = version.ok_or(missing("data.latest_version"))?;
    let key = data.member("keys").and_then(|keys| keys.member(&version.to_string()));
    let key = key.and_then(|key| key.member("public_key")).and_then(Value::as_str);
    let key = key.ok_or(missing("data.keys.VERSION.public_key"))?;
    let public = match text(SERVICE, answer, "data.type")? {
        "ed25519" => {
            let raw = base64::decode_32(key).ok_or(missing("data.keys.VERSION.public_key"))?;
            PublicKey::from_ed25519_raw(&raw)
        }
        _ => PublicKey::from_pem(key),
    };
    Ok((version, public.map_err(|cause| KmsError::Key { service: SERVICE, cause })?))
}

impl Provider for Vault {
    fn sign(&self, scheme: Scheme, payload: Payload<'_>) -> Result<Vec<u8>, KmsError> {
        let refused = KmsError::Scheme { service: SERVICE, scheme };
        let (input, prehashed) = match payload {
            Payload::Digest(digest) => (base64::encode(digest.as_bytes()), true),
            Payload::Whole(bytes) => (base64::encode(bytes), false),
        };
        let body = Object::new()
            .with("input", input)
            .with("prehashed", prehashed)
            .with("key_version", self.version)
            .with("marshaling_algorithm", "asn1");
        let body = match scheme {
            Scheme::RsaPkcs1(_) => body.with("signature_algorithm", "pkcs1v15"),
            Scheme::RsaPss(_) => body.with("signature_algorithm", "pss").with("salt_length", "hash"),
            Scheme::Ecdsa(_) | Scheme::Ed25519 | Scheme::Ed25519ph => body,
            _ => return Err(refused),
        };
        let body = match scheme.prehash() {
            Some(hash) => body.with("hash_algorithm", hash_name(hash)),
            None => body,
        };
        let answer = self.door.ask(door::post_json(self.url.clone(), self.headers.clone(), body))?;
        // `vault:v3:BASE64`.
        let signature = text(SERVICE, &answer, "data.signature")?.rsplit(':').next().unwrap_or_default();
        let signature = base64::decode(&STANDARD, signature);
        signature.map_err(|_| KmsError::Answer { service: SERVICE, member: "data.signature" })
    }
}

fn hash_name(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Sha256 => "sha2-256",
        HashAlgorithm::Sha384 => "sha2-384",
        HashAlgorithm::Sha512 => "sha2-512",
    }
}
