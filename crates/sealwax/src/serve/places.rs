//! What an instance has for clients, and where: below its address, or under a host name of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealwax_idp::issuer::MACHINES;
use sealwax_server::{Hosts, Router, Site};
use serde::{Deserialize, Serialize};

use super::address;
use super::instance::Instance;

/// Where the timestamp authority answers: clients take its URL as it is.
const TIMESTAMP: &str = "/api/v1/timestamp";

/// What clients ask for by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The certificate authority.
    Ca,
    /// The certificate log.
    Ct,
    /// The signature log.
    Log,
    /// The timestamp authority.
    Tsa,
    /// The identity provider.
    Idp,
    /// The TUF repository.
    Tuf,
    /// The start page, and the documents beside it.
    Page,
}

/// A word that names none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no part of an instance: ca, ct, log, tsa, idp, tuf and page are")]
pub struct NoService(String);

impl std::str::FromStr for Service {
    type Err = NoService;

    fn from_str(name: &str) -> Result<Self, NoService> {
        let found = Self::ALL.into_iter().find(|service| service.name() == name);
        found.ok_or_else(|| NoService(name.to_owned()))
    }
}

/// The URLs of services that have a host name of their own, without a slash at their ends.
pub type HostNames = BTreeMap<Service, String>;

impl Service {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Ca, Self::Ct, Self::Log, Self::Tsa, Self::Idp, Self::Tuf, Self::Page];

    /// As the configuration calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Ct => "ct",
            Self::Log => "log",
            Self::Tsa => "tsa",
            Self::Idp => "idp",
            Self::Tuf => "tuf",
            Self::Page => "page",
        }
    }

    /// Where it is on a host that it shares. The APIs of three are made so that they do not collide at the root.
    fn path(self) -> &'static str {
        match self {
            Self::Ct => "/ct",
            Self::Idp => "/oidc",
            Self::Tuf => "/tuf",
            Self::Ca | Self::Log | Self::Tsa | Self::Page => "",
        }
    }
}

impl Instance {
    /// Whether a service is part of it.
    pub fn has(&self, service: Service) -> bool {
        self.services.contains(&service)
    }

    /// The URL below which a service is.
    pub fn place(&self, service: Service) -> String {
        match self.hosts.get(&service) {
            Some(own) => own.clone(),
            None => format!("{}{}", self.url, service.path()),
        }
    }

    /// The URL of a shard of the certificate log, without which its origin is the same.
    pub fn certificate_log(&self, name: &str) -> String {
        format!("{}/{name}", self.place(Service::Ct))
    }

    /// Where the timestamp authority answers.
    pub fn timestamps(&self) -> String {
        format!("{}{TIMESTAMP}", self.place(Service::Tsa))
    }

    /// The issuer of people.
    pub fn issuer(&self) -> String {
        self.place(Service::Idp)
    }

    /// The issuer of machines.
    pub fn machine_issuer(&self) -> String {
        format!("{}{MACHINES}", self.issuer())
    }
}

/// The sites of an instance, each on its host.
pub struct Sites<'a> {
    instance: &'a Instance,
    /// What every host has.
    common: Arc<dyn Site>,
    routers: BTreeMap<Option<String>, Router>,
}

impl<'a> Sites<'a> {
    /// None yet, but what every host has.
    pub fn new(instance: &'a Instance, common: Arc<dyn Site>) -> Self {
        let routers = BTreeMap::from([(None, Router::default().with("", common.clone()))]);
        Self { instance, common, routers }
    }

    /// With a service, which is mounted below a path of a router.
    pub fn with(mut self, service: Service, mount: impl FnOnce(Router, &str) -> Router) -> Self {
        let own = self.instance.hosts.get(&service).and_then(|url| address::host(url)).map(str::to_owned);
        let path = if own.is_some() { "" } else { service.path() };
        let router = self.routers.remove(&own);
        let router = router.unwrap_or_else(|| Router::default().with("", self.common.clone()));
        self.routers.insert(own, mount(router, path));
        self
    }

    /// All of them.
    pub fn finish(mut self) -> Hosts {
        let shared = self.routers.remove(&None).unwrap_or_default();
        let own = self.routers.into_iter().filter_map(|(name, router)| Some((name?, router)));
        own.fold(Hosts::new(shared), |hosts, (name, router)| hosts.with(&name, router))
    }
}
