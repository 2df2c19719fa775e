//! `instance.json`: what a directory is an instance of. The first file of a first start, and at its end replaced by one that
//! says so.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address;
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
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Its directory below `log` or `ct`, its key in `secrets`, and its place in the URL.
    pub name: String,
    /// The first line of its checkpoints.
    pub origin: String,
    /// When it began.
    pub from: Timestamp,
    /// When it ended, if it has.
    pub until: Option<Timestamp>,
}

/// A key that certifies, or that timestamps, with its chain in `certificates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// What its files are called.
    pub name: String,
    /// From when on it is used.
    pub from: Timestamp,
    /// When it ended, if it has.
    pub until: Option<Timestamp>,
}

impl Instance {
    /// One with a shard and an authority of each kind, not made yet.
    pub fn new(url: String, listen: SocketAddr, created: Timestamp) -> Result<Self, Failure> {
        let nameless = || Failure::cannot(format!("{url} has no host name"));
        let first = || "1".to_owned();
        let shard = |origin| vec![Shard { name: first(), origin, from: created, until: None }];
        let authority = || vec![Authority { name: first(), from: created, until: None }];
        Ok(Self {
            version: VERSION,
            made: false,
            // Clients take the host name, without the port, for the origin of a signature log.
            signature_shards: shard(address::host(&url).ok_or_else(nameless)?.to_owned()),
            certificate_shards: shard(format!("{}/ct/1", address::authority(&url).ok_or_else(nameless)?)),
            certificate_authorities: authority(),
            timestamp_authorities: authority(),
            url,
            listen,
            created,
        })
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
        output_file::write(&path, format!("{text}\n").as_bytes(), true)
    }
}

#[derive(Deserialize)]
struct OfVersion {
    version: u32,
}
