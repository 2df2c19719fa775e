//! Which services are asked: chosen from a signing config at an instant, with every error before anybody is asked.

use jiff::Timestamp;
use sealwax_formats::{Selector, Service, ServiceConfiguration, SigningConfig, SigningConfigVersion};
use sealwax_net::http::{BaseUrl, HttpError, Transport, Url};

use crate::Kind;

/// The versions of the interfaces of authorities that we speak.
const AUTHORITY_VERSIONS: &[u32] = &[1];

/// Whom to ask.
#[derive(Clone, Debug)]
pub struct Services {
    /// Certificate authorities, the best first; empty if none is needed.
    pub authorities: Vec<Endpoint>,
    /// Issuers of identity tokens, the best first.
    pub issuers: Vec<String>,
    /// Signature logs.
    pub logs: Choice,
    /// The interface that all of these logs have.
    pub log_version: LogVersion,
    /// Timestamp authorities.
    pub timestamp_authorities: Choice,
}

impl Services {
    /// The same without any log: for signatures by ML-DSA, of which logs have no entries.
    #[must_use]
    pub fn without_logs(self) -> Self {
        Self { logs: Choice::default(), ..self }
    }
}

/// So many operators, each by any of its services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The services by operator, each operator's newest first.
    pub operators: Vec<Vec<Endpoint>>,
    /// How many operators it takes.
    pub needed: usize,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// As the signing config has it, without a slash at the end.
    pub url: String,
    /// Who runs it; may be empty.
    pub operator: String,
    base: Url,
}

/// The interface of a signature log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogVersion {
    /// Rekor's: signed entry timestamps, entries of several kinds.
    V1,
    /// That of rekor-tiles: hashedrekord 0.0.2, no time.
    V2,
}

/// Which interfaces of a log may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogVersions {
    /// The highest that the signing config has.
    #[default]
    Any,
    /// One only.
    Only(LogVersion),
}

/// What the services are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// Whether a certificate is needed; a managed key needs none.
    pub certificate: bool,
    /// Which logs may be used.
    pub logs: LogVersions,
}

/// Why a signing config is no use, or none now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServicesError {
    /// A kind of service that is needed, and is not in the document.
    #[error("the signing config lists no {kind}")]
    None {
        /// What is missing.
        kind: Kind,
    },
    /// Services, and none of them now.
    #[error("the signing config lists {listed} {kind}, and none that may be asked at {now}")]
    NotNow {
        /// What is missing.
        kind: Kind,
        /// How many are listed.
        listed: usize,
        /// The instant.
        now: Timestamp,
    },
    /// Services now, and none whose interface we speak.
    #[error(
        "the {kind} of the signing config has the interface version {found}, and only {} may be asked",
        versions(.spoken)
    )]
    Version {
        /// What is missing.
        kind: Kind,
        /// The highest listed.
        found: u32,
        /// What we speak.
        spoken: Vec<u32>,
    },
    /// Services, and no word about how many of them.
    #[error("the signing config does not say how many {kind} are asked: its selector is {selector:?}")]
    Selector {
        /// Of which kind.
        kind: Kind,
        /// What it says.
        selector: String,
    },
    /// EXACT more than there are.
    #[error("the signing config asks for exactly {wanted} {kind}, and has {found} operators of any")]
    TooFew {
        /// Of which kind.
        kind: Kind,
        /// How many it asks for.
        wanted: u32,
        /// How many operators have one now.
        found: usize,
    },
    /// Nothing would establish when it was signed.
    #[error(
        "the signing config has neither a timestamp authority nor a log that gives the time: a certificate cannot be verified without"
    )]
    NoTime,
    /// A URL that cannot be used for what is sent there.
    #[error("the {kind} of the signing config: {source}")]
    Url {
        /// What it is.
        kind: Kind,
        /// What is wrong with it.
        #[source]
        source: HttpError,
    },
}

fn versions(spoken: &[u32]) -> String {
    spoken.iter().map(|version| format!("version {version}")).collect::<Vec<_>>().join(" or ")
}

impl Services {
    /// Chooses.
    ///
    /// # Errors
    /// [`ServicesError`].
    pub fn choose(config: &SigningConfig, purpose: Purpose, now: Timestamp) -> Result<Self, ServicesError> {
        let authorities = match purpose.certificate {
            true => one(Kind::CertificateAuthority, &config.ca_urls, Transport::Confidential, now)?,
            false => Vec::new(),
        };
        let issuers = usable(Kind::Issuer, &config.oidc_urls, AUTHORITY_VERSIONS, now).map(|(_, best)| best);
        let issuers = issuers.unwrap_or_default().into_iter().map(|service| service.url.clone()).collect();
        let is_old = config.version == SigningConfigVersion::V01;
        let spoken: &[u32] = match purpose.logs {
            LogVersions::Any => &[2, 1],
            LogVersions::Only(LogVersion::V2) => &[2],
            LogVersions::Only(LogVersion::V1) => &[1],
        };
        let logs = Rule { kind: Kind::Log, config: config.rekor_tlog_config.as_ref(), is_old };
        let (version, logs) = logs.choose(&config.rekor_tlog_urls, spoken, now)?;
        let stamps = Rule { kind: Kind::TimestampAuthority, config: config.tsa_config.as_ref(), is_old };
        let (_, timestamp_authorities) = stamps.choose(&config.tsa_urls, AUTHORITY_VERSIONS, now)?;
        let log_version = if version == Some(1) { LogVersion::V1 } else { LogVersion::V2 };
        let log_has_time = logs.needed > 0 && log_version == LogVersion::V1;
        if purpose.certificate && timestamp_authorities.needed == 0 && !log_has_time {
            return Err(ServicesError::NoTime);
        }
        Ok(Self { authorities, issuers, logs, log_version, timestamp_authorities })
    }

    /// The interface of the logs that are asked, if any are.
    pub(crate) fn log(&self) -> Option<LogVersion> {
        (self.logs.needed > 0).then_some(self.log_version)
    }

    /// Every service once that will be asked if all goes well, and the second connection where two are asked at once under one name.
    pub(crate) fn first_asked(&self) -> impl Iterator<Item = &Endpoint> {
        let logs = self.logs.operators.iter().take(self.logs.needed);
        let stamps = self.timestamp_authorities.operators.iter().take(self.timestamp_authorities.needed);
        logs.chain(stamps).filter_map(|operator| operator.first())
    }
}

impl Endpoint {
    fn new(kind: Kind, service: &Service, transport: Transport) -> Result<Self, ServicesError> {
        let url = service.url.trim_end_matches('/').to_owned();
        // As a directory it is checked for scheme, query and fragment; as a full URL it is used as it stands.
        let refused = |source| ServicesError::Url { kind, source };
        BaseUrl::parse(&service.url, transport).map_err(refused)?;
        let base = Url::parse(&service.url)
            .map_err(|error| refused(HttpError::Url { url: url.clone(), reason: error.to_string() }))?;
        Ok(Self { url, operator: service.operator.clone(), base })
    }

    /// An address that is no service of a signing config.
    pub(crate) fn of(url: &Url) -> Self {
        Self { url: url.to_string(), operator: String::new(), base: url.clone() }
    }

    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        let url = format!("https://{name}");
        Self { base: Url::parse(&url).unwrap(), url, operator: String::new() }
    }

    /// The URL itself.
    pub(crate) fn itself(&self) -> &Url {
        &self.base
    }

    /// What lies below it.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }
}

/// All services of a kind that is asked one at a time, the newest first.
fn one(
    kind: Kind,
    services: &[Service],
    transport: Transport,
    now: Timestamp,
) -> Result<Vec<Endpoint>, ServicesError> {
    let (_, best) = usable(kind, services, AUTHORITY_VERSIONS, now)?;
    best.into_iter().map(|service| Endpoint::new(kind, service, transport)).collect()
}

/// Those of the highest version that we speak among those that may be asked now, the newest first.
fn usable<'a>(
    kind: Kind,
    services: &'a [Service],
    spoken: &[u32],
    now: Timestamp,
) -> Result<(u32, Vec<&'a Service>), ServicesError> {
    if services.is_empty() {
        return Err(ServicesError::None { kind });
    }
    let is_now = |service: &&Service| match &service.valid_for {
        // Version 0.1 has no validity; a range without a start is none.
        None => true,
        Some(range) => range.window().is_some_and(|window| window.contains(now)),
    };
    let now_valid: Vec<&Service> = services.iter().filter(is_now).collect();
    let Some(found) = now_valid.iter().map(|service| service.major_api_version).max() else {
        return Err(ServicesError::NotNow { kind, listed: services.len(), now });
    };
    let known =
        now_valid.iter().map(|service| service.major_api_version).filter(|version| spoken.contains(version));
    let Some(version) = known.max() else {
        return Err(ServicesError::Version { kind, found, spoken: spoken.to_vec() });
    };
    let mut best: Vec<&Service> =
        now_valid.into_iter().filter(|service| service.major_api_version == version).collect();
    let start = |service: &&Service| service.valid_for.and_then(|range| range.start);
    best.sort_by_key(|service| std::cmp::Reverse(start(service)));
    Ok((version, best))
}

/// How many services of a kind.
struct Rule<'a> {
    kind: Kind,
    config: Option<&'a ServiceConfiguration>,
    /// Version 0.1 knows no selectors.
    is_old: bool,
}

impl Rule<'_> {
    fn choose(
        &self,
        services: &[Service],
        spoken: &[u32],
        now: Timestamp,
    ) -> Result<(Option<u32>, Choice), ServicesError> {
        let kind = self.kind;
        if services.is_empty() && self.config.is_none_or(|config| config.selector == Selector::Undefined) {
            return Ok((None, Choice::default()));
        }
        let (version, best) = usable(kind, services, spoken, now)?;
        let mut operators: Vec<Vec<Endpoint>> = Vec::new();
        for service in best {
            let endpoint = Endpoint::new(kind, service, Transport::SelfProving)?;
            let same = |operator: &&mut Vec<Endpoint>| {
                operator.first().is_some_and(|first| first.operator == endpoint.operator)
            };
            match operators.iter_mut().find(same) {
                Some(operator) => operator.push(endpoint),
                None => operators.push(vec![endpoint]),
            }
        }
        let needed = self.needed(operators.len())?;
        Ok((Some(version), Choice { operators, needed }))
    }

    fn needed(&self, found: usize) -> Result<usize, ServicesError> {
        let kind = self.kind;
        let undefined = |selector: &str| ServicesError::Selector { kind, selector: selector.to_owned() };
        let Some(config) = self.config else {
            return if self.is_old { Ok(1) } else { Err(undefined(Selector::Undefined.name())) };
        };
        match &config.selector {
            Selector::Any => Ok(1),
            Selector::All => Ok(found),
            Selector::Exact => match usize::try_from(config.count) {
                Ok(wanted) if (1..=found).contains(&wanted) => Ok(wanted),
                _ => Err(ServicesError::TooFew { kind, wanted: config.count, found }),
            },
            other => Err(undefined(other.name())),
        }
    }
}

#[cfg(test)]
mod tests;
