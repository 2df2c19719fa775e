//! `[hosts]`.

use super::super::address;
use super::super::places::{HostNames, Service};
use super::{Keys, Section};
use crate::Failure;

/// Host names of services that have their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    pub ca: Option<String>,
    pub ct: Option<String>,
    pub log: Option<String>,
    pub tsa: Option<String>,
    pub idp: Option<String>,
    pub tuf: Option<String>,
}

impl Section for Hosts {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key("ca", "The certificate authority.", &mut self.ca);
        keys.key("ct", "The certificate log; a shard is below its name.", &mut self.ct);
        keys.key("log", "The signature log; its origin is this host name.", &mut self.log);
        keys.key("tsa", "The timestamp authority.", &mut self.tsa);
        keys.key("idp", "The identity provider; the issuer of people is this URL.", &mut self.idp);
        keys.key("tuf", "The TUF repository.", &mut self.tuf);
    }
}

impl Hosts {
    /// Those that are given, as clients see them.
    pub fn names(&self) -> Result<HostNames, Failure> {
        let given = [
            (Service::Ca, &self.ca),
            (Service::Ct, &self.ct),
            (Service::Log, &self.log),
            (Service::Tsa, &self.tsa),
            (Service::Idp, &self.idp),
            (Service::Tuf, &self.tuf),
        ];
        let given = given.into_iter().filter_map(|(service, url)| Some((service, url.as_deref()?)));
        given
            .map(|(service, url)| {
                let what = format!("hosts.{} =", service.name());
                Ok((service, address::parse(&what, url)?))
            })
            .collect()
    }
}
