//! How keys in services are named: the forms of cosign.

use std::fmt;

use super::Service;

/// The longest name that is read, bytes. An ARN has at most 2,048.
const MAX_BYTES: usize = 4 << 10;

/// The name of a key in a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KmsReference {
    /// `awskms://[HOST[:PORT]]/ID`.
    Aws(AwsName),
    /// `gcpkms://projects/…/locations/…/keyRings/…/cryptoKeys/…[/cryptoKeyVersions/…]`.
    Google(GoogleName),
    /// `azurekms://HOST[:PORT]/KEY[/VERSION]`.
    Azure(AzureName),
    /// `hashivault://KEY`, `openbao://KEY`.
    Vault(VaultName),
}

/// A key of AWS KMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsName {
    /// Where the service is, if not where AWS has it.
    pub(super) endpoint: Option<String>,
    /// Key id, `alias/…`, or ARN of either.
    pub(super) id: String,
}

/// A key of Google Cloud KMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleName {
    /// `projects/…/cryptoKeys/…`.
    pub(super) key: String,
    /// The number of the version, if not the newest.
    pub(super) version: Option<String>,
}

/// A key of Azure Key Vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureName {
    /// The host of the vault, and its port.
    pub(super) vault: String,
    /// The name of the key.
    pub(super) key: String,
    /// The version, if not the newest.
    pub(super) version: Option<String>,
}

/// A key of a transit engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultName {
    /// The name of the key.
    pub(super) key: String,
}

/// Why a text does not name a key in a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KmsReferenceError {
    /// It names something else.
    #[error("it names no key of a service that is known here")]
    NoService,
    /// The scheme is right and the rest is not.
    #[error("keys of {service} are named {form}")]
    Form {
        /// The service.
        service: Service,
        /// How its keys are named.
        form: &'static str,
    },
}

impl KmsReference {
    /// Reads the name of a key.
    ///
    /// # Errors
    /// [`KmsReferenceError`].
    pub fn parse(word: &str) -> Result<Self, KmsReferenceError> {
        let (scheme, rest) = word.split_once("://").ok_or(KmsReferenceError::NoService)?;
        let rest = if rest.len() > MAX_BYTES { "" } else { rest };
        let (service, form, found) = match scheme {
            "awskms" => (Service::Aws, "awskms://[HOST]/KEY-ID, …/alias/NAME or …/ARN", aws(rest)),
            "gcpkms" => (
                Service::Google,
                "gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K[/cryptoKeyVersions/V]",
                google(rest),
            ),
            "azurekms" => (Service::Azure, "azurekms://VAULT.vault.azure.net/KEY[/VERSION]", azure(rest)),
            "hashivault" | "openbao" => (Service::Vault, "hashivault://KEY or openbao://KEY", vault(rest)),
            _ => return Err(KmsReferenceError::NoService),
        };
        found.ok_or(KmsReferenceError::Form { service, form })
    }

    /// The service that has it.
    #[must_use]
    pub fn service(&self) -> Service {
        match self {
            Self::Aws(_) => Service::Aws,
            Self::Google(_) => Service::Google,
            Self::Azure(_) => Service::Azure,
            Self::Vault(_) => Service::Vault,
        }
    }
}

impl fmt::Display for KmsReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |slash: &str, part: &Option<String>| {
            part.as_ref().map(|part| format!("{slash}{part}")).unwrap_or_default()
        };
        match self {
            Self::Aws(name) => write!(f, "awskms://{}/{}", after("", &name.endpoint), name.id),
            Self::Google(name) => {
                write!(f, "gcpkms://{}{}", name.key, after("/cryptoKeyVersions/", &name.version))
            }
            Self::Azure(name) => {
                write!(f, "azurekms://{}/{}{}", name.vault, name.key, after("/", &name.version))
            }
            Self::Vault(name) => write!(f, "hashivault://{}", name.key),
        }
    }
}

impl AwsName {
    /// The region in an ARN: `arn:PARTITION:kms:REGION:ACCOUNT:…`.
    pub(super) fn region(&self) -> Option<&str> {
        let mut fields = self.id.split(':');
        (fields.next() == Some("arn")).then(|| fields.nth(2)).flatten().filter(|region| !region.is_empty())
    }
}

fn aws(rest: &str) -> Option<KmsReference> {
    let (host, id) = rest.split_once('/')?;
    let is_host = host.is_empty() || is_host(host);
    let resource = match id.strip_prefix("arn:") {
        Some(arn) => {
            let (fields, resource) = arn.rsplit_once(':')?;
            let mut fields = fields.split(':');
            let partition = fields.next()?.starts_with("aws");
            let is_arn = partition && fields.next()? == "kms" && is_plain(fields.next()?, "-");
            let account = fields.next()?;
            (is_arn && account.bytes().all(|byte| byte.is_ascii_digit()) && fields.next().is_none())
                .then_some(resource.strip_prefix("key/").unwrap_or(resource))?
        }
        None => id,
    };
    let is_key = is_plain(resource, "-");
    let is_alias = resource.strip_prefix("alias/").is_some_and(|name| is_plain(name, "-_/"));
    let endpoint = (!host.is_empty()).then(|| host.to_owned());
    (is_host && (is_key || is_alias)).then(|| KmsReference::Aws(AwsName { endpoint, id: id.to_owned() }))
}

fn google(rest: &str) -> Option<KmsReference> {
    let parts: Vec<&str> = rest.split('/').collect();
    let (key, version) = match parts.as_slice() {
        [key @ .., "cryptoKeyVersions" | "versions", version] if key.len() == 8 => (key, Some(*version)),
        key => (key, None),
    };
    let ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", name] = key else {
        return None;
    };
    // A project of a domain has a colon and dots in its name.
    let is_name = is_plain(project, "-.:") && [location, ring, name].iter().all(|part| is_plain(part, "-_"));
    let is_version = version.is_none_or(|version| is_plain(version, ""));
    (is_name && is_version)
        .then(|| KmsReference::Google(GoogleName { key: key.join("/"), version: version.map(str::to_owned) }))
}

fn azure(rest: &str) -> Option<KmsReference> {
    let (vault, rest) = rest.split_once('/')?;
    let (key, version) = rest.split_once('/').map_or((rest, ""), |(key, version)| (key, version));
    let is_name = is_host(vault) && is_plain(key, "-") && (version.is_empty() || is_plain(version, ""));
    let version = (!version.is_empty()).then(|| version.to_owned());
    is_name.then(|| KmsReference::Azure(AzureName { vault: vault.to_owned(), key: key.to_owned(), version }))
}

fn vault(rest: &str) -> Option<KmsReference> {
    let is_end = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let ends = rest.as_bytes().first().is_some_and(is_end) && rest.as_bytes().last().is_some_and(is_end);
    (ends && is_plain(rest, "-._")).then(|| KmsReference::Vault(VaultName { key: rest.to_owned() }))
}

/// Letters, digits and these: what needs no escape in a URL, and leads nowhere else.
fn is_plain(text: &str, others: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    !text.is_empty()
        && text.chars().all(is_plain)
        && !text.split('/').any(|part| matches!(part, "" | "." | ".."))
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "443"));
    is_plain(host, "-.") && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn the_forms_of_aws() {
        let arn = format!("arn:aws:kms:us-east-2:111122223333:key/{UUID}");
        for (host, id, region) in [
            ("", UUID, None),
            ("", "mrk-1234abcd12ab34cd56ef1234567890ab", None),
            ("localhost:4566", "alias/Example/Alias", None),
            ("", arn.as_str(), Some("us-east-2")),
            ("kms.example", "arn:aws-cn:kms:cn-north-1:111122223333:alias/a_b", Some("cn-north-1")),
        ] {
            let Ok(KmsReference::Aws(name)) = KmsReference::parse(&format!("awskms://{host}/{id}")) else {
                panic!("{id}")
            };
            assert_eq!((name.endpoint.as_deref().unwrap_or_default(), name.id.as_str()), (host, id));
            assert_eq!(name.region(), region);
            let name = KmsReference::Aws(name);
            assert_eq!(KmsReference::parse(&name.to_string()), Ok(name));
        }
    }

    #[test]
    fn the_forms_of_the_others() {
        let key = "projects/example.com:p/locations/global/keyRings/r_1/cryptoKeys/k-1";
        for (tail, version) in [("", None), ("/cryptoKeyVersions/3", Some("3")), ("/versions/1", Some("1"))] {
            let expected = GoogleName { key: key.to_owned(), version: version.map(str::to_owned) };
            let found = KmsReference::parse(&format!("gcpkms://{key}{tail}"));
            assert_eq!(found, Ok(KmsReference::Google(expected)));
        }
        for (tail, version) in [("", None), ("/", None), ("/0af3", Some("0af3"))] {
            let (vault, key) = ("a-b.vault.azure.net".to_owned(), "k-1".to_owned());
            let expected = AzureName { vault, key, version: version.map(str::to_owned) };
            let found = KmsReference::parse(&format!("azurekms://a-b.vault.azure.net/k-1{tail}"));
            assert_eq!(found, Ok(KmsReference::Azure(expected)));
        }
        for word in ["hashivault://my-key.1_", "openbao://my-key.1_"] {
            let expected = VaultName { key: "my-key.1_".to_owned() };
            assert_eq!(KmsReference::parse(word), Ok(KmsReference::Vault(expected)));
        }
    }

    #[test]
    fn refused() {
        for word in ["release.key", "pkcs11:token=a", "my-kms://key", "://", "AWSKMS:///alias/a"] {
            assert_eq!(KmsReference::parse(word), Err(KmsReferenceError::NoService), "{word}");
        }
        let long = format!("hashivault://{}", "k".repeat(5000));
        for (service, word) in [
            (Service::Aws, "awskms://alias"),
            (Service::Aws, "awskms:///"),
            (Service::Aws, "awskms:///alias/../a"),
            (Service::Aws, "awskms://a b/alias/a"),
            (Service::Aws, "awskms:///arn:aws:s3:us-east-2:111122223333:key/1"),
            (Service::Aws, "awskms:///arn:aws:kms:us-east-2:x:key/1"),
            (Service::Google, "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/../x"),
            (Service::Google, "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/"),
            (Service::Google, "gcpkms://p/p/locations/l/keyRings/r/cryptoKeys/k"),
            (Service::Azure, "azurekms://vault.azure.net"),
            (Service::Azure, "azurekms://v@evil.example/k"),
            (Service::Azure, "azurekms://v.example/k/1/2"),
            (Service::Vault, "hashivault://a/b"),
            (Service::Vault, "hashivault://../k"),
            (Service::Vault, "openbao://"),
            (Service::Vault, &long),
        ] {
            let error = KmsReference::parse(word).unwrap_err();
            assert!(
                matches!(error, KmsReferenceError::Form { service: found, .. } if found == service),
                "{word}"
            );
        }
    }
}
