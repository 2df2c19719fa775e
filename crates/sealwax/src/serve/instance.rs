//! `instance.json`: what a directory is an instance of. The first file of a first start, and at its end replaced by one that
//! says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address;
use super::places::{HostNames, Service};
use crate::sources::read_limited;
use crate::{Failure, output_file};

/// Its name in the directory.
pub const NAME: &str = "instance.json";

/// The version of the directory's format. One that is higher is refused; a lower one is brought up when it is opened
/// ([`super::format`]).
const VERSION: u32 = 2;

/// The lowest version that is read.
const OLDEST: u32 = 1;

/// The longest one that is read, bytes: some hundred bytes for each shard and key there ever was.
const MAX_BYTES: u64 = 1 << 20;

/// What a directory is an instance of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    version: u32,
    /// Whether its first start came to an end. Before that nobody was told of anything in it.
    pub made: bool,
    /// The address that clients use, without a slash at its end.
    pub url: String,
    /// The services that have host names of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: HostNames,
    /// What it consists of.
    #[serde(default = "all_services")]
    pub services: BTreeSet<Service>,
    /// Where it listens; the port was picked once if it was 0.
    pub listen: SocketAddr,
    /// When it was made, in whole seconds: the start of everything's validity.
    pub created: Timestamp,
    /// The signature logs, oldest first; the last one takes entries.
    pub signature_shards: Vec<Shard>,
    /// The certificate logs, likewise.
    pub certificate_shards: Vec<Shard>,
    /// Certificate authorities, likewise.
    pub certificate_authorities: Vec<Authority>,
    /// Timestamp authorities, likewise.
    pub timestamp_authorities: Vec<Authority>,
    /// The last request for a rotation that was looked at, so that none is done twice.
    pub last_request: Option<Looked>,
    /// After a restore, until it is done: TUF files are published with versions above this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuf_above: Option<u64>,
}

/// What became of a request for a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    /// Its name.
    pub id: String,
    /// Why nothing was planned, if nothing was.
    pub refused: Option<String>,
}

/// From when until when something signs. In a list, one that has not ended follows those that have; it is the one in use. The
/// one after it, if there is one, is planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The first instant, a whole second: the start of its validity in the trusted root.
    pub from: Timestamp,
    /// The last instant at which what it signed counts. Set when another one has taken its place.
    pub until: Option<Timestamp>,
    /// How long clients are told of it before it is used.
    #[serde(default)]
    pub lead_seconds: u32,
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its directory below `log` or `ct`, its key in `secrets`, and its place in the URL.
    pub name: String,
    /// The first line of its checkpoints.
    pub origin: String,
    /// Its path in the URL that the trusted root lists. None in instances of format 1: they list the root of the host.
    pub path: Option<String>,
    /// When it takes entries.
    #[serde(flatten)]
    pub term: Term,
}

/// A key that certifies, or that timestamps, with its chain in `certificates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// What its files are called.
    pub name: String,
    /// What the authority is called with which its root was made; none if that is itself.
    pub root: Option<String>,
    /// When it is used.
    #[serde(flatten)]
    pub term: Term,
}

impl Instance {
    /// One with a shard and an authority of each kind, not made yet.
    pub fn new(
        url: String,
        hosts: HostNames,
        only: BTreeSet<Service>,
        listen: SocketAddr,
        created: Timestamp,
    ) -> Result<Self, Failure> {
        let services = if only.is_empty() { all_services() } else { only };
        let nameless = Failure::cannot(format!("{url} has no host name"));
        let nameless = || nameless.clone();
        let first = || "1".to_owned();
        let term = || Term { from: created, until: None, lead_seconds: 0 };
        let shard = |origin, path: &str| {
            vec![Shard { name: first(), origin, path: Some(path.to_owned()), term: term() }]
        };
        let authority = |service| match services.contains(&service) {
            true => vec![Authority { name: first(), root: None, term: term() }],
            false => Vec::new(),
        };
        let mut instance = Self {
            version: VERSION,
            made: false,
            signature_shards: Vec::new(),
            certificate_shards: Vec::new(),
            certificate_authorities: authority(Service::Ca),
            timestamp_authorities: authority(Service::Tsa),
            last_request: None,
            tuf_above: None,
            url,
            hosts,
            services,
            listen,
            created,
        };
        let signatures = instance.signature_origin().ok_or_else(nameless)?;
        let certificates = instance.certificate_origin("1").ok_or_else(nameless)?;
        if instance.has(Service::Log) {
            instance.signature_shards = shard(signatures, "/shard/1");
        }
        if instance.has(Service::Ct) {
            instance.certificate_shards = shard(certificates, "/ct/1");
        }
        Ok(instance)
    }

    /// Clients take the host name in a signature log's URL, without port and path, for its origin: all shards have it, and
    /// differ by their keys.
    pub fn signature_origin(&self) -> Option<String> {
        address::host(&self.place(Service::Log)).map(str::to_owned)
    }

    /// A certificate log's origin is its submission prefix without the scheme.
    pub fn certificate_origin(&self, name: &str) -> Option<String> {
        address::authority(&self.certificate_log(name)).map(str::to_owned)
    }

    /// The same, in the format of now.
    pub fn brought_up(self) -> Self {
        Self { version: VERSION, ..self }
    }

    /// Whether an older program has made it, and none of now has opened it yet.
    pub fn is_older(&self) -> bool {
        self.version < VERSION
    }

    /// The host name in the address.
    pub fn host(&self) -> Result<String, Failure> {
        let host = address::host(&self.url).map(str::to_owned);
        host.ok_or_else(|| Failure::cannot(format!("{NAME}: {} has no host name", self.url)))
    }

    /// Reads it, if it is there.
    pub fn read(directory: &Path) -> Result<Option<Self>, Failure> {
        let path = directory.join(NAME);
        let cannot = |reason: String| Failure::cannot(format!("{}: {reason}", path.display()));
        let bytes = match read_limited(&path, MAX_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| cannot(error.to_string()))?,
        };
        let OfVersion { version } =
            serde_json::from_slice(&bytes).map_err(|error| cannot(error.to_string()))?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(cannot(format!(
                "the directory has format {version}, this program knows up to {VERSION}; a newer program may read it"
            )));
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|error| cannot(error.to_string()))
    }

    /// Writes it, durably.
    pub fn write(&self, directory: &Path) -> Result<(), Failure> {
        let path = directory.join(NAME);
        let text = serde_json::to_string_pretty(self);
        let text =
            text.map_err(|error| Failure::cannot(format!("cannot write {}: {error}", path.display())))?;
        output_file::write(&path, format!("{text}\n").as_bytes(), true)?;
        let durable = File::open(directory).and_then(|directory| directory.sync_all());
        durable.map_err(|error| Failure::cannot(format!("cannot write {}: {error}", path.display())))
    }
}

fn all_services() -> BTreeSet<Service> {
    Service::ALL.into()
}

#[derive(Deserialize)]
struct OfVersion {
    version: u32,
}
