//! The certificate authority of an instance: whom it believes, and where it logs.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use sealwax_ca::{
    Authority, CertificateLog, HttpProviders, Metrics, ProviderAnswer, ProviderError, Providers, Quotas,
    Service, Wanted,
};
use sealwax_idp::keys::Realm;
use sealwax_idp::provider::Provider as IdentityProvider;
use sealwax_oidc::{Algorithm, Configuration, Issuer, Jwks, Provider};
use sealwax_store::disk::Os;

use super::audit::told::Told;
use super::certificates::Certified;
use super::elsewhere;
use super::issuers::Issuers;
use super::logs::Logs;
use super::others::Others;
use crate::Failure;
use crate::sources::read_limited;

/// The longest configuration of issuers that is read, bytes. That of the public instance has 20,000.
pub const MAX_CONFIGURATION_BYTES: u64 = 1 << 20;

/// Whom tokens must be for.
const AUDIENCE: &str = "sigstore";

/// The parts of an instance that an authority needs.
pub struct Parts<'a> {
    /// The issuers of people and machines that are in this process.
    pub issuers_here: Option<[String; 2]>,
    pub certified: Certified,
    pub log: CertificateLog,
    pub accounts: Option<Arc<IdentityProvider<Os>>>,
    /// A configuration of Fulcio with further issuers.
    pub issuers: Option<&'a Path>,
    pub told: Told,
    /// How many certificates there are for whom.
    pub quotas: Quotas,
    /// What it counts.
    pub metrics: Arc<Metrics>,
}

/// The authority at work, and the issuers that it is to follow.
pub fn service(parts: Parts<'_>) -> Result<(Arc<Service>, Issuers), Failure> {
    let here = parts.issuers_here;
    let others = Arc::new(HttpProviders::new().map_err(|error| cannot(&error))?);
    let providers = Known {
        issuers: here.clone(),
        accounts: parts.accounts,
        others: others.clone(),
        read: Default::default(),
    };
    let configuration = configuration(here.as_ref(), parts.issuers)?;
    let (authority, logs) = (issuer(&parts.certified)?, vec![parts.log]);
    let service = Service::new(authority, logs, Arc::new(providers), configuration, Timestamp::now);
    let service = service.limited_to(parts.quotas).counted_in(parts.metrics);
    let service = Arc::new(service.recorded_by(Arc::new(parts.told)));
    let path = parts.issuers.map(Path::to_owned);
    Ok((service.clone(), Issuers { here, path, service, providers: others }))
}

/// What certificates are signed with.
pub fn issuer(certified: &Certified) -> Result<Authority, Failure> {
    let Certified { key, chain } = certified.clone();
    Authority::new(chain, key).map_err(|error| cannot(&error))
}

/// Where they are logged: in this process, or at the newest log of others.
pub fn certificate_log(logs: &Logs, others: &Others) -> Result<CertificateLog, Failure> {
    let Some(log) = logs.certificates.last() else {
        let newest = elsewhere::newest(&others.read()?, Timestamp::now())?;
        let none = || Failure::cannot("no certificate log of others is in use");
        return newest.map(|(_, log)| log).ok_or_else(none);
    };
    let keys = &log.log.running.keys;
    Ok(CertificateLog {
        name: keys.signing.origin().to_owned(),
        key: keys.signer.public_key().clone(),
        writes_leaf_index: true,
        log: log.in_process(),
    })
}

fn cannot(error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("the certificate authority: {error}"))
}

/// The instance's own issuers, and those of the file.
fn configuration(here: Option<&[String; 2]>, issuers: Option<&Path>) -> Result<Configuration, Failure> {
    let Some(path) = issuers else { return with_further(here, None).map_err(Failure::usage) };
    let cannot = |error: String| Failure::cannot(format!("{}: {error}", path.display()));
    let text = read_limited(path, MAX_CONFIGURATION_BYTES).map_err(|error| cannot(error.to_string()))?;
    with_further(here, Some(&text)).map_err(cannot)
}

/// The instance's own issuers, and those of a configuration.
pub fn with_further(here: Option<&[String; 2]>, further: Option<&[u8]>) -> Result<Configuration, String> {
    let own = here.map(own_issuers).transpose()?;
    let further = further.map(Configuration::parse).transpose().map_err(|error| error.to_string())?;
    match (own, further) {
        (Some(own), Some(further)) => own.with(further).map_err(|error| error.to_string()),
        (one, other) => one.or(other).ok_or_else(|| {
            "the certificate authority believes no issuer: serve idp too, or give --issuers FILE, a configuration of Fulcio"
                .to_owned()
        }),
    }
}

fn own_issuers([people, machines]: &[String; 2]) -> Result<Configuration, String> {
    // Whose machines these are: the issuer's scheme and host.
    let domain =
        machines.match_indices('/').nth(2).and_then(|(end, _)| machines.get(..end)).unwrap_or(machines);
    let own = format!(
        r#"{{"OIDCIssuers": {{
            "{people}": {{"IssuerURL": "{people}", "ClientID": "{AUDIENCE}", "Type": "email"}},
            "{machines}": {{"IssuerURL": "{machines}", "ClientID": "{AUDIENCE}", "Type": "uri",
                "SubjectDomain": "{domain}"}}
        }}}}"#
    );
    Configuration::parse(own.as_bytes()).map_err(|error| error.to_string())
}

/// The keys of the instance's own issuers are known in this process; those of others come by HTTP.
struct Known {
    /// Of people, and of machines.
    issuers: Option<[String; 2]>,
    accounts: Option<Arc<IdentityProvider<Os>>>,
    others: Arc<HttpProviders>,
    /// What was read last, of people and of machines: reading keys takes longer than to see that they are the same.
    read: [Mutex<Option<Read>>; 2],
}

/// A key set, and the keys in it.
type Read = (String, Arc<Provider>);

impl Known {
    /// Which of the issuers in this process it is, and who has its keys.
    fn here(&self, issuer: &str) -> Option<(Realm, &IdentityProvider<Os>)> {
        let ([people, machines], accounts) = (self.issuers.as_ref()?, self.accounts.as_ref()?);
        let realm = match issuer {
            _ if issuer == people => Realm::People,
            _ if issuer == machines => Realm::Machines,
            _ => return None,
        };
        Some((realm, accounts))
    }

    fn own(
        &self,
        accounts: &IdentityProvider<Os>,
        issuer: &str,
        realm: Realm,
    ) -> Result<Arc<Provider>, ProviderError> {
        let keys = accounts.jwks(realm).map(|keys| sealwax_json::compact(&keys.into())).unwrap_or_default();
        let [people, machines] = &self.read;
        let read = if realm == Realm::People { people } else { machines };
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((text, provider)) = &*read
            && *text == keys
        {
            return Ok(provider.clone());
        }
        let parsed = Jwks::parse(keys.as_bytes())?;
        let provider = Arc::new(Provider::new(issuer, parsed, &[Algorithm::Rs256, Algorithm::Es256]));
        *read = Some((keys, provider.clone()));
        Ok(provider)
    }
}

impl Providers for Known {
    fn provider<'a>(&'a self, url: &'a str, issuer: &'a Issuer, wanted: Wanted) -> ProviderAnswer<'a> {
        match self.here(url) {
            Some((realm, accounts)) => Box::pin(async move { self.own(accounts, url, realm) }),
            None => self.others.provider(url, issuer, wanted),
        }
    }
}
