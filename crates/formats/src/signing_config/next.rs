//! The next signing config. It lists services that answer now, oldest first: some clients take the last one, some look at
//! the newest start, and some at services whose start is in the future.

use super::{Selector, Service, ServiceConfiguration, SigningConfig, SigningConfigVersion};
use crate::{TimeRange, TrustedRoot};
use jiff::{SignedDuration, Timestamp};

/// What a signing config lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceKind {
    /// A certificate authority.
    CertificateAuthority,
    /// An OpenID provider.
    OpenId,
    /// A signature log.
    Log,
    /// A timestamp authority.
    TimestampAuthority,
}

impl ServiceKind {
    /// All of them.
    pub const ALL: [ServiceKind; 4] = [
        ServiceKind::CertificateAuthority,
        ServiceKind::OpenId,
        ServiceKind::Log,
        ServiceKind::TimestampAuthority,
    ];
}

/// A change of a signing config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceChange {
    /// Signers may ask this one from now on.
    Add {
        /// What it is.
        kind: ServiceKind,
        /// The service. It answers already: its validity has started.
        service: Service,
    },
    /// Signers ask it no more after that. If that is past, the service is left out.
    End {
        /// What it is.
        kind: ServiceKind,
        /// Its URL.
        url: String,
        /// The last instant.
        at: Timestamp,
    },
}

/// Why a signing config does not follow from another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceChangeError {
    /// Version 0.1 has no validity.
    #[error("only signing configs of version 0.2 are changed")]
    Version,
    /// A service of that URL is there already.
    #[error("the service {url} is there already")]
    AlreadyThere {
        /// The URL.
        url: String,
    },
    /// No service of that URL is there.
    #[error("there is no service {url}")]
    NoSuchService {
        /// The URL.
        url: String,
    },
    /// Without a start, clients take it for always valid or never.
    #[error("the service {url} has no start of validity, or none in whole seconds")]
    NoStart {
        /// The URL.
        url: String,
    },
    /// Some clients take a service before its time.
    #[error("the service {url} starts at {start} only: list it then")]
    NotYet {
        /// The URL.
        url: String,
        /// Its start.
        start: Timestamp,
    },
    /// What it signs could not be verified.
    #[error("the trusted root has no key in use for {url}")]
    NotTrusted {
        /// The URL.
        url: String,
    },
    /// Clients that have not refreshed yet could not verify what it signs.
    #[error("the key of {url} is not in the trusted root for long enough: list it from {usable_from} on")]
    TooEarly {
        /// The URL.
        url: String,
        /// When it may be listed.
        usable_from: Timestamp,
    },
}

impl SigningConfig {
    /// The signing config after a change. A service is listed when the trusted root has had its key for `lead`.
    ///
    /// # Errors
    /// [`ServiceChangeError`].
    pub fn next(
        &self,
        change: &ServiceChange,
        root: &TrustedRoot,
        now: Timestamp,
        lead: SignedDuration,
    ) -> Result<SigningConfig, ServiceChangeError> {
        if self.version != SigningConfigVersion::V02 {
            return Err(ServiceChangeError::Version);
        }
        let mut next = self.clone();
        match change {
            ServiceChange::Add { kind, service } => {
                check_addition(*kind, service, root, now, lead)?;
                let services = next.services(*kind);
                if services.iter().any(|there| there.url == service.url) {
                    return Err(ServiceChangeError::AlreadyThere { url: service.url.clone() });
                }
                services.push(service.clone());
                services.sort_by_key(|service| service.valid_for.and_then(|range| range.start));
                next.select_any(*kind);
            }
            ServiceChange::End { kind, url, at } => {
                let services = next.services(*kind);
                let ended = services.iter_mut().find(|service| service.url == *url);
                let ended = ended.ok_or_else(|| ServiceChangeError::NoSuchService { url: url.clone() })?;
                let range = ended.valid_for.unwrap_or_default();
                ended.valid_for = Some(TimeRange { end: Some(*at), ..range });
                if *at <= now {
                    services.retain(|service| service.url != *url);
                }
            }
        }
        Ok(next)
    }

    /// Whether every service here that is not in `published` may be listed now.
    ///
    /// # Errors
    /// [`ServiceChangeError`].
    pub fn check_successor(
        &self,
        published: Option<&SigningConfig>,
        root: &TrustedRoot,
        now: Timestamp,
        lead: SignedDuration,
    ) -> Result<(), ServiceChangeError> {
        for kind in ServiceKind::ALL {
            let listed = |service: &Service| {
                let there = published.map_or(&[][..], |published| published.listed(kind));
                there.iter().any(|there| there.url == service.url)
            };
            for service in self.listed(kind).iter().filter(|service| !listed(service)) {
                check_addition(kind, service, root, now, lead)?;
            }
        }
        Ok(())
    }

    fn listed(&self, kind: ServiceKind) -> &[Service] {
        match kind {
            ServiceKind::CertificateAuthority => &self.ca_urls,
            ServiceKind::OpenId => &self.oidc_urls,
            ServiceKind::Log => &self.rekor_tlog_urls,
            ServiceKind::TimestampAuthority => &self.tsa_urls,
        }
    }

    fn services(&mut self, kind: ServiceKind) -> &mut Vec<Service> {
        match kind {
            ServiceKind::CertificateAuthority => &mut self.ca_urls,
            ServiceKind::OpenId => &mut self.oidc_urls,
            ServiceKind::Log => &mut self.rekor_tlog_urls,
            ServiceKind::TimestampAuthority => &mut self.tsa_urls,
        }
    }

    /// A list without a rule means "none" to some clients, and they know this rule only.
    fn select_any(&mut self, kind: ServiceKind) {
        let any = || ServiceConfiguration { selector: Selector::Any, count: 0 };
        match kind {
            ServiceKind::Log => {
                self.rekor_tlog_config.get_or_insert_with(any);
            }
            ServiceKind::TimestampAuthority => {
                self.tsa_config.get_or_insert_with(any);
            }
            ServiceKind::CertificateAuthority | ServiceKind::OpenId => {}
        }
    }
}

fn check_addition(
    kind: ServiceKind,
    service: &Service,
    root: &TrustedRoot,
    now: Timestamp,
    lead: SignedDuration,
) -> Result<(), ServiceChangeError> {
    let url = || service.url.clone();
    let start = service.valid_for.and_then(|range| range.start);
    let start = start.filter(|start| start.subsec_nanosecond() == 0);
    let start = start.ok_or_else(|| ServiceChangeError::NoStart { url: url() })?;
    if start > now {
        return Err(ServiceChangeError::NotYet { url: url(), start });
    }
    let windows: Vec<crate::Window> = match kind {
        ServiceKind::OpenId => return Ok(()),
        ServiceKind::Log => (root.logs.iter())
            .filter(|log| is_log_of(&service.url, &log.base_url))
            .filter_map(|log| Some(log.usable().ok()?.window))
            .collect(),
        ServiceKind::CertificateAuthority | ServiceKind::TimestampAuthority => {
            let list = match kind {
                ServiceKind::TimestampAuthority => &root.timestamp_authorities,
                _ => &root.certificate_authorities,
            };
            let of_service = list.iter().filter(|authority| is_of(&service.url, &authority.uri));
            of_service.filter_map(|authority| authority.usable().ok()).collect()
        }
    };
    let in_use = windows.into_iter().filter(|window| window.end.is_none_or(|end| end > now));
    let oldest = in_use.map(|window| window.start).min();
    let oldest = oldest.ok_or_else(|| ServiceChangeError::NotTrusted { url: url() })?;
    let usable_from = oldest.checked_add(lead).unwrap_or(Timestamp::MAX);
    if usable_from > now {
        return Err(ServiceChangeError::TooEarly { url: url(), usable_from });
    }
    Ok(())
}

/// Whether the URL of a service is that of an entry of the trusted root: the same, or below it, since the URL of a
/// timestamp authority is full in one and short in the other.
fn is_of(service: &str, listed: &str) -> bool {
    let listed = listed.trim_end_matches('/');
    let rest = service.strip_prefix(listed).filter(|_| !listed.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The same of a log, whose shards may also be listed below the address that takes entries for the newest of them.
fn is_log_of(service: &str, listed: &str) -> bool {
    is_of(service, listed) || is_of(listed, service)
}

#[cfg(test)]
mod tests;
