//! How an instance is served: one file, `serve.toml`, whose keys all have a default, and flags that come before it.
//!
//! A section is a struct with a [`Default`] and one function that names its keys ([`Section::keys`]): from that function come the
//! reading of the file, what is said of a key that there is none of, and the commented file of `--print-config`. Whoever adds a
//! key adds a field and a line; whoever adds a section adds it in [`Config::keys`] too.

mod differences;
mod file;
mod hosts;
mod limits;
mod print;
mod proxy;
mod quota;
mod rotation;
mod setting;
mod time;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use file::FileError;
pub use hosts::Hosts;
pub use limits::Limits;
pub use proxy::Proxy;
pub use quota::Quota;
pub use rotation::Rotation;
pub use setting::{Keys, Section, Setting};
pub use time::Time;

use super::args::ServeArgs;
use super::audit;
use super::places::Service;
use crate::Failure;
use crate::log::args::LogFormat;
use crate::sources::read_limited;

/// Its name in the directory of the instance.
pub const NAME: &str = "serve.toml";

/// The longest one that is read, bytes: a hundred times what all keys take.
const MAX_BYTES: u64 = 1 << 20;

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub listen: Option<SocketAddr>,
    pub url: Option<String>,
    pub secret: Option<PathBuf>,
    pub issuers: Option<PathBuf>,
    pub metrics_listen: Option<SocketAddr>,
    pub log_format: LogFormat,
    pub only: Vec<Service>,
    pub trust: Trust,
    pub hosts: Hosts,
    pub tls: Tls,
    pub proxy: Proxy,
    pub limits: Limits,
    pub time: Time,
    pub audit: audit::Settings,
    pub quota: Quota,
    pub rotation: Rotation,
}

/// Files with a certificate and its key. Both or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

impl Section for Config {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key(
            "listen",
            "Where to listen; port 0 picks one, once. Unset: as at the first start, then 127.0.0.1:8080.",
            &mut self.listen,
        );
        keys.key(
            "url",
            "The address that clients use. It is part of the identity of everything: fixed at the first start. \
             Unset: as at the first start, then http://localhost:PORT.",
            &mut self.url,
        );
        keys.key(
            "secret",
            "The file with the secret that opens the keys. Unset: systemd's credential sealwax-secret, the variable \
             SEALWAX_SECRET, then DIR.secret beside the directory, which the first start makes.",
            &mut self.secret,
        );
        keys.key(
            "issuers",
            "Further issuers of identity tokens: a configuration of Fulcio, in YAML or JSON.",
            &mut self.issuers,
        );
        keys.key(
            "metrics_listen",
            "Where Prometheus finds /metrics: an address that strangers do not reach. Unset: nowhere.",
            &mut self.metrics_listen,
        );
        keys.key(
            "log_format",
            "How lines on standard error look: \"human\" or \"json\".",
            &mut self.log_format,
        );
        keys.key(
            "only",
            "What this process is, if not all of it: a list of \"ca\", \"ct\", \"log\", \"tsa\", \"idp\", \"tuf\" and \"page\". \
             Fixed at the first start. Empty: as at the first start, then all.",
            &mut self.only,
        );
        keys.section(
            "trust",
            "Other processes of the same Sigstore, where each is only a part of it.",
            &mut self.trust,
        );
        keys.section(
            "hosts",
            "Services under a host name of their own, as \"https://fulcio.acme.example\"; the others are below the url. \
             Fixed at the first start, like the url.",
            &mut self.hosts,
        );
        keys.section(
            "tls",
            "Without it the port speaks plain HTTP: then a proxy has the certificate. The files are read again when they \
             change, and on SIGHUP.",
            &mut self.tls,
        );
        keys.section("proxy", "The proxies in front, if there are any.", &mut self.proxy);
        keys.section("limits", "What is spent on clients.", &mut self.limits);
        keys.section("time", "Who may contradict the clock of the timestamp authority.", &mut self.time);
        keys.section("audit", "Who got which certificate, and who was refused.", &mut self.audit);
        keys.section("quota", "How many certificates there are for whom.", &mut self.quota);
        keys.section("rotation", "When keys, certificates and files follow each other.", &mut self.rotation);
    }
}

/// What other processes say of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    pub others: Vec<PathBuf>,
}

impl Section for Trust {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key(
            "others",
            "Their client_trust_config.json, which each has in its directory. Who has the TUF repository publishes what is in \
             them, looking every ten seconds; a certificate log accepts their authorities' roots; a certificate authority logs at \
             their newest log.",
            &mut self.others,
        );
    }
}

impl Section for Tls {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key("certificate", "The certificate in PEM, with its chain.", &mut self.certificate);
        keys.key("key", "Its private key in PEM.", &mut self.key);
    }
}

impl Config {
    /// The file that was named, or the one in the directory if there is one; then the flags, which win.
    pub fn load(args: &ServeArgs) -> Result<Self, Failure> {
        let mut config = Self::of_file(&args.dir, args.config.as_deref())?;
        config.override_with(args)?;
        config.tls.check()?;
        config.rotation.check()?;
        config.time.check()?;
        config.limits.check()?;
        Ok(config)
    }

    /// The file that was named, or the one in the directory if there is one.
    pub fn of_file(directory: &Path, named: Option<&Path>) -> Result<Self, Failure> {
        let path = named.map_or_else(|| directory.join(NAME), Path::to_owned);
        match read_limited(&path, MAX_BYTES) {
            Ok(bytes) => Self::parse(&bytes, &path).map_err(|error| Failure::usage(error.to_string())),
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(error) => Err(Failure::cannot(format!("{}: {error}", path.display()))),
        }
    }

    /// What is in a file, which is at `path`: paths in it are relative to where it lies.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, FileError> {
        let mut config = Self::default();
        file::read(&mut config, bytes, path)?;
        Ok(config)
    }

    /// As a file, with what each key means. It reads as what it was written from.
    pub fn print(&self) -> String {
        print::print(&mut self.clone())
    }

    /// The keys in which another one differs, as `section.key`.
    pub fn differs_in(&self, other: &Self) -> Vec<String> {
        let [own, others] = [self, other].map(|config| differences::values(&mut config.clone()));
        let changed = own.into_iter().filter(|(key, value)| others.get(key) != Some(value));
        changed.map(|(key, _)| key).collect()
    }

    fn override_with(&mut self, args: &ServeArgs) -> Result<(), Failure> {
        replace(&mut self.listen, args.listen.as_ref());
        replace(&mut self.url, args.url.as_ref());
        replace(&mut self.metrics_listen, args.metrics_listen.as_ref());
        replace(&mut self.secret, absolute(args.secret.as_deref())?.as_ref());
        replace(&mut self.issuers, absolute(args.issuers.as_deref())?.as_ref());
        replace(&mut self.tls.certificate, absolute(args.tls_cert.as_deref())?.as_ref());
        replace(&mut self.tls.key, absolute(args.tls_key.as_deref())?.as_ref());
        self.log_format = args.log_format.unwrap_or(self.log_format);
        if !args.only.is_empty() {
            self.only.clone_from(&args.only);
        }
        Ok(())
    }
}

impl Tls {
    fn check(&self) -> Result<(), Failure> {
        match (&self.certificate, &self.key) {
            (Some(_), None) => Err(Failure::usage("[tls] has a certificate, and no key: give both")),
            (None, Some(_)) => Err(Failure::usage("[tls] has a key, and no certificate: give both")),
            _ => Ok(()),
        }
    }
}

fn replace<T: Clone>(configured: &mut Option<T>, flag: Option<&T>) {
    if flag.is_some() {
        *configured = flag.cloned();
    }
}

/// A flag's path, as it can be said anywhere.
fn absolute(path: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    let absolute = path.map(std::path::absolute).transpose();
    absolute.map_err(|error| Failure::cannot(error.to_string()))
}

#[cfg(test)]
mod tests;
