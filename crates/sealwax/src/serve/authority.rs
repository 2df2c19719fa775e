//! The certificate authority of an instance: whom it believes, and where it logs.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_ca::{
    Authority, CertificateLog, HttpProviders, ProviderAnswer, ProviderError, Providers, Quotas, Service,
    Wanted,
};
use sealwax_idp::keys::Realm;
use sealwax_idp::provider::Provider as IdentityProvider;
use sealwax_oidc::{Algorithm, Configuration, Issuer, Jwks, Provider};
use sealwax_store::disk::Os;

use super::audit::AuditLog;
use super::certificates::Certified;
use super::ct::InProcess;
use super::issuers::Issuers;
use super::trust::{ISSUER, MACHINE_ISSUER};
use crate::Failure;
use crate::log::keys::Keys;
use crate::sources::read_limited;

/// The longest configuration of issuers that is read, bytes. That of the public instance has 20,000.
pub const MAX_CONFIGURATION_BYTES: u64 = 1 << 20;

/// Whom tokens must be for.
const AUDIENCE: &str = "sigstore";

/// The parts of an instance that an authority needs.
pub struct Parts<'a> {
    pub url: &'a str,
    pub certified: Certified,
    pub log: (&'a Keys, Arc<InProcess>),
    pub accounts: Arc<IdentityProvider<Os>>,
    /// A configuration of Fulcio with further issuers.
    pub issuers: Option<&'a Path>,
    pub audit: Option<Arc<AuditLog>>,
    /// How many certificates there are for whom.
    pub quotas: Quotas,
}

/// The authority at work, and the issuers that it is to follow.
pub fn service(parts: Parts<'_>) -> Result<(Arc<Service>, Issuers), Failure> {
    let (keys, log) = parts.log;
    let others = Arc::new(HttpProviders::new().map_err(|error| cannot(&error))?);
    let providers = Known { url: parts.url.to_owned(), accounts: parts.accounts, others: others.clone() };
    let configuration = configuration(parts.url, parts.issuers)?;
    let (authority, logs) = (issuer(&parts.certified)?, vec![certificate_log(keys, log)]);
    let service = Service::new(authority, logs, Arc::new(providers), configuration, Timestamp::now);
    let service = service.limited_to(parts.quotas);
    let service = Arc::new(match parts.audit {
        Some(audit) => service.recorded_by(audit),
        None => service,
    });
    let (url, path) = (parts.url.to_owned(), parts.issuers.map(Path::to_owned));
    Ok((service.clone(), Issuers { url, path, service, providers: others }))
}

/// What certificates are signed with.
pub fn issuer(certified: &Certified) -> Result<Authority, Failure> {
    let Certified { key, chain } = certified.clone();
    Authority::new(chain, key).map_err(|error| cannot(&error))
}

/// Where they are logged.
pub fn certificate_log(keys: &Keys, log: Arc<InProcess>) -> CertificateLog {
    CertificateLog {
        name: keys.signing.origin().to_owned(),
        key: keys.signer.public_key().clone(),
        writes_leaf_index: true,
        log,
    }
}

fn cannot(error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("the certificate authority: {error}"))
}

/// The instance's own issuers, and those of the file.
fn configuration(url: &str, issuers: Option<&Path>) -> Result<Configuration, Failure> {
    let Some(path) = issuers else { return with_further(url, None).map_err(Failure::cannot) };
    let cannot = |error: String| Failure::cannot(format!("{}: {error}", path.display()));
    let text = read_limited(path, MAX_CONFIGURATION_BYTES).map_err(|error| cannot(error.to_string()))?;
    with_further(url, Some(&text)).map_err(cannot)
}

/// The instance's own issuers, and those of a configuration.
pub fn with_further(url: &str, further: Option<&[u8]>) -> Result<Configuration, String> {
    let own = format!(
        r#"{{"OIDCIssuers": {{
            "{url}{ISSUER}": {{"IssuerURL": "{url}{ISSUER}", "ClientID": "{AUDIENCE}", "Type": "email"}},
            "{url}{MACHINE_ISSUER}": {{"IssuerURL": "{url}{MACHINE_ISSUER}", "ClientID": "{AUDIENCE}", "Type": "uri",
                "SubjectDomain": "{url}"}}
        }}}}"#
    );
    let own = Configuration::parse(own.as_bytes()).map_err(|error| error.to_string())?;
    let Some(further) = further else { return Ok(own) };
    let further = Configuration::parse(further).map_err(|error| error.to_string())?;
    own.with(further).map_err(|error| error.to_string())
}

/// The keys of the instance's own issuers are known in this process; those of others come by HTTP.
struct Known {
    url: String,
    accounts: Arc<IdentityProvider<Os>>,
    others: Arc<HttpProviders>,
}

impl Known {
    fn own(&self, issuer: &str, realm: Realm) -> Result<Arc<Provider>, ProviderError> {
        let keys =
            self.accounts.jwks(realm).map(|keys| sealwax_json::compact(&keys.into())).unwrap_or_default();
        let keys = Jwks::parse(keys.as_bytes())?;
        Ok(Arc::new(Provider::new(issuer, keys, &[Algorithm::Rs256, Algorithm::Es256])))
    }
}

impl Providers for Known {
    fn provider<'a>(&'a self, url: &'a str, issuer: &'a Issuer, wanted: Wanted) -> ProviderAnswer<'a> {
        match url.strip_prefix(&self.url) {
            Some(ISSUER) => Box::pin(async { self.own(url, Realm::People) }),
            Some(MACHINE_ISSUER) => Box::pin(async { self.own(url, Realm::Machines) }),
            _ => self.others.provider(url, issuer, wanted),
        }
    }
}
