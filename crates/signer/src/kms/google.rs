//! Google Cloud KMS: its REST interface, version 1.
//!
//! Access is that of the service account whose key is in the file that `GOOGLE_APPLICATION_CREDENTIALS` names, else that of the machine,
//! from Google's metadata server (`GCE_METADATA_HOST`). `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS` leads elsewhere, as it does gcloud.

mod access;

use sealwax_crypto::{HashAlgorithm, PublicKey, Scheme, base64};
use sealwax_json::{Object, Value};
use sealwax_net::http::Url;

use self::access::Access;
use super::door::{self, Door, bytes, text};
use super::reference::GoogleName;
use super::{KmsError, Opened, Payload, Provider, Service, Variables};

const SERVICE: Service = Service::Google;

const ENDPOINT: &str = "https://cloudkms.googleapis.com/";

/// A version of a key, and how to ask for it.
struct Google {
    door: Door,
    access: Access,
    /// Of the version.
    url: Url,
    /// `CryptoKeyVersionAlgorithm`: the one way in which it signs.
    algorithm: String,
}

pub(super) fn open(name: &GoogleName, variables: Variables<'_>) -> Result<Opened, KmsError> {
    let endpoint = variables("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS");
    let endpoint = endpoint.as_deref().unwrap_or(ENDPOINT).trim_end_matches('/');
    let at = |path: &str| door::address(SERVICE, &format!("{endpoint}/v1/{path}"));
    let (door, access) = (Door::open(SERVICE, "")?, Access::of(variables)?);
    let get = |url: Url| door.ask(door::get(url, access.headers(&door)?));
    let version = match &name.version {
        Some(version) => format!("{}/cryptoKeyVersions/{version}", name.key),
        None => {
            let mut url = at(&format!("{}/cryptoKeyVersions", name.key))?;
            url.set_query(Some("filter=state%3DENABLED&pageSize=500"));
            newest(&get(url)?, &name.key)?
        }
    };
    let answer = get(at(&format!("{version}/publicKey"))?)?;
    let public = PublicKey::from_pem(text(SERVICE, &answer, "pem")?);
    let public = public.map_err(|cause| KmsError::Key { service: SERVICE, cause })?;
    let algorithm = text(SERVICE, &answer, "algorithm")?.to_owned();
    let url = at(&format!("{version}:asymmetricSign"))?;
    Ok(Opened { provider: Box::new(Google { door, access, url, algorithm }), public })
}

/// The name of the version with the greatest number. Who has more than fits on a page names the one that is meant.
fn newest(answer: &Value<'_>, key: &str) -> Result<String, KmsError> {
    let missing = KmsError::Answer { service: SERVICE, member: "cryptoKeyVersions" };
    if answer.member("nextPageToken").and_then(Value::as_str).is_some_and(|token| !token.is_empty()) {
        return Err(KmsError::Answer { service: SERVICE, member: "nextPageToken" });
    }
    let versions = answer.member("cryptoKeyVersions").and_then(Value::as_array).unwrap_or_default();
    let names = versions.iter().filter_map(|version| version.member("name")).filter_map(Value::as_str);
    let number = |name: &str| name.rsplit('/').next()?.parse::<u64>().ok();
    let newest = names.filter_map(number).max().ok_or(missing)?;
    Ok(format!("{key}/cryptoKeyVersions/{newest}"))
}

impl Provider for Google {
    fn sign(&self, scheme: Scheme, payload: Payload<'_>) -> Result<Vec<u8>, KmsError> {
        let refused = KmsError::Scheme { service: SERVICE, scheme };
        if !signs(&self.algorithm, scheme) {
            return Err(refused);
        }
        let body = match payload {
            Payload::Digest(digest) => {
                let value = base64::encode(digest.as_bytes());
                let name = match digest.algorithm() {
                    HashAlgorithm::Sha256 => "sha256",
                    HashAlgorithm::Sha384 => "sha384",
                    HashAlgorithm::Sha512 => "sha512",
                };
                Object::new().with("digest", Object::new().with(name, value))
            }
            Payload::Whole(bytes) => Object::new().with("data", base64::encode(bytes)),
        };
        let request = door::post_json(self.url.clone(), self.access.headers(&self.door)?, body);
        bytes(SERVICE, &self.door.ask(request)?, "signature")
    }
}

/// Whether a key of this algorithm signs so. ECDSA answers in DER; a salt of PSS is as long as the digest.
fn signs(algorithm: &str, scheme: Scheme) -> bool {
    let (start, end) = match scheme {
        Scheme::Ecdsa(HashAlgorithm::Sha256) => ("EC_SIGN_P256", "SHA256"),
        Scheme::Ecdsa(HashAlgorithm::Sha384) => ("EC_SIGN_P384", "SHA384"),
        Scheme::RsaPkcs1(HashAlgorithm::Sha256) => ("RSA_SIGN_PKCS1", "SHA256"),
        Scheme::RsaPkcs1(HashAlgorithm::Sha512) => ("RSA_SIGN_PKCS1", "SHA512"),
        Scheme::RsaPss(HashAlgorithm::Sha256) => ("RSA_SIGN_PSS", "SHA256"),
        Scheme::RsaPss(HashAlgorithm::Sha512) => ("RSA_SIGN_PSS", "SHA512"),
        Scheme::Ed25519 => ("EC_SIGN_ED25519", ""),
        _ => return false,
    };
    algorithm.starts_with(start) && algorithm.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_in_one_way() {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        let all = [
            ("EC_SIGN_P256_SHA256", Scheme::Ecdsa(Sha256)),
            ("EC_SIGN_P384_SHA384", Scheme::Ecdsa(Sha384)),
            ("RSA_SIGN_PKCS1_3072_SHA256", Scheme::RsaPkcs1(Sha256)),
            ("RSA_SIGN_PKCS1_4096_SHA512", Scheme::RsaPkcs1(Sha512)),
            ("RSA_SIGN_PSS_4096_SHA512", Scheme::RsaPss(Sha512)),
            ("EC_SIGN_ED25519", Scheme::Ed25519),
        ];
        for (algorithm, _) in all {
            for (fitting, scheme) in all {
                assert_eq!(signs(algorithm, scheme), algorithm == fitting, "{algorithm} {scheme}");
            }
        }
        assert!(!signs("EC_SIGN_ED25519", Scheme::Ed25519ph));
    }

    #[test]
    fn the_newest_version_is_the_greatest_number() {
        let key = "projects/p/locations/l/keyRings/r/cryptoKeys/k";
        let of = |text: &str| {
            let value = sealwax_json::parse(text.as_bytes(), &sealwax_json::Limits::of_bytes(4096)).unwrap();
            newest(&value, key)
        };
        let name = |version: &str| format!("{key}/cryptoKeyVersions/{version}");
        let answer = format!(
            r#"{{"cryptoKeyVersions":[{{"name":"{}"}},{{"name":"{}"}}],"totalSize":2}}"#,
            name("9"),
            name("10")
        );
        assert_eq!(of(&answer).unwrap(), name("10"));
        assert!(matches!(of("{}"), Err(KmsError::Answer { member: "cryptoKeyVersions", .. })));
        let more = answer.replacen('{', r#"{"nextPageToken":"x","#, 1);
        assert!(matches!(of(&more), Err(KmsError::Answer { member: "nextPageToken", .. })));
    }
}
