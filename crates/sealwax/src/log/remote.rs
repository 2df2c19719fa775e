//! A log over the network, or in a directory; and the keys that verify it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use sealwax_log::Kind;
use sealwax_log::check::Source;
use sealwax_log::check::directory::Files;
use sealwax_net::http::{BaseUrl, Client, Transport};
use sealwax_store::directory::OBJECT_MAX;
use sealwax_tlog::note::SignatureType;
use sealwax_tlog::{LogKey, SignedCheckpoint, VerifiedCheckpoint, VerifierKey};
use tokio::runtime::Runtime;

use super::description::{self, Description};
use crate::Failure;
use crate::sources::read_limited;

/// The longest checkpoint that is read, bytes: dozens of cosignatures of the largest kind.
const MAX_CHECKPOINT_BYTES: u64 = 256 << 10;

/// Where a log is read from.
pub enum Place {
    /// Below a URL.
    Url(Url),
    /// A directory.
    Directory(PathBuf, Files),
}

/// A log's URL, and the client for it.
pub struct Url {
    base: BaseUrl,
    client: Client,
    runtime: Arc<Runtime>,
}

/// A log that is read, and what verifies it.
pub struct Remote {
    pub place: Place,
    pub kind: Kind,
    pub keys: Vec<LogKey>,
    /// What the directory says about itself, if it is one of ours.
    pub description: Option<Description>,
}

impl Remote {
    /// A directory or a URL, with the keys that were given, or those that the directory names.
    pub fn open(place: &str, vkeys: &[String]) -> Result<Self, Failure> {
        let place = if place.contains("://") {
            Place::Url(Url::open(place)?)
        } else {
            Place::Directory(place.into(), Files::new(place))
        };
        if let Place::Directory(directory, _) = &place {
            let looked = fs::metadata(directory);
            looked.map_err(|error| Failure::cannot(format!("{}: {error}", directory.display())))?;
        }
        let description = match &place {
            Place::Directory(directory, _) if directory.join(description::NAME).exists() => {
                Some(Description::read(directory)?)
            }
            _ => None,
        };
        let vkeys = match &description {
            Some(description) if vkeys.is_empty() => &description.verifier_keys,
            _ => vkeys,
        };
        let keys: Vec<VerifierKey> = vkeys.iter().map(|word| verifier_key(word)).collect::<Result<_, _>>()?;
        let Some(first) = keys.first() else {
            return Err(Failure::usage(
                "without the log's verifier key nothing can be checked: --key 'NAME+HASH+KEY', as `sealwax log new` prints it",
            ));
        };
        let kind = match first.signature_type() {
            SignatureType::Rfc6962 => Kind::Certificate,
            _ => Kind::Signature,
        };
        let keys = keys.into_iter().map(LogKey::from_verifier_key).collect::<Result<_, _>>();
        let keys = keys.map_err(|error| Failure::usage(format!("--key: {error}")))?;
        Ok(Self { place, kind, keys, description })
    }

    /// Its checkpoint, which every key must have signed.
    pub fn checkpoint(&self) -> Result<Option<VerifiedCheckpoint>, CheckpointError> {
        Ok(self.checkpoint_bytes()?.map(|(checkpoint, _)| checkpoint))
    }

    /// The same, and the note.
    pub fn checkpoint_bytes(&self) -> Result<Option<(VerifiedCheckpoint, Bytes)>, CheckpointError> {
        let bytes = match &self.place {
            Place::Url(url) => {
                url.fetch("checkpoint", MAX_CHECKPOINT_BYTES).map_err(CheckpointError::Unreadable)?
            }
            Place::Directory(directory, _) => {
                match read_limited(&directory.join("checkpoint"), MAX_CHECKPOINT_BYTES) {
                    Ok(bytes) => Some(bytes.into()),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                    Err(error) => return Err(CheckpointError::Unreadable(error.to_string())),
                }
            }
        };
        bytes.map(|bytes| Ok((self.verify(&bytes)?, bytes))).transpose()
    }

    fn verify(&self, bytes: &[u8]) -> Result<VerifiedCheckpoint, CheckpointError> {
        let bad = |error: &dyn std::fmt::Display| CheckpointError::Bad(error.to_string());
        let text = std::str::from_utf8(bytes).map_err(|error| bad(&error))?;
        let signed = SignedCheckpoint::parse(text).map_err(|error| bad(&error))?;
        let mut verified = self.keys.iter().map(|key| key.verify(&signed));
        let first = verified.next().ok_or_else(|| bad(&"no key"))?.map_err(|error| bad(&error))?;
        for other in verified {
            other.map_err(|error| bad(&error))?;
        }
        Ok(first)
    }
}

/// Why there is no checkpoint to go by.
pub enum CheckpointError {
    /// It cannot be read.
    Unreadable(String),
    /// It is not the log's.
    Bad(String),
}

impl std::fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "checkpoint: cannot be read: {why}"),
            Self::Bad(why) => write!(f, "checkpoint: {why}"),
        }
    }
}

impl Source for Remote {
    fn get(&self, name: &str) -> Result<Option<Bytes>, String> {
        match &self.place {
            Place::Url(url) => url.fetch(name, OBJECT_MAX as u64),
            Place::Directory(_, files) => files.get(name),
        }
    }
}

impl Url {
    fn open(url: &str) -> Result<Self, Failure> {
        let base =
            BaseUrl::parse(url, Transport::SelfProving).map_err(|error| Failure::usage(error.to_string()))?;
        let client = Client::new().map_err(|error| Failure::cannot(error.to_string()))?;
        // Whoever fetches waits on a thread of its own; this one only moves bytes.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;
        Ok(Self { base, client, runtime: Arc::new(runtime) })
    }

    fn fetch(&self, name: &str, limit: u64) -> Result<Option<Bytes>, String> {
        let url = self.base.join(name).map_err(|error| error.to_string())?;
        // Not `block_on`: whoever copies a log is a future on another runtime.
        let (client, (answer, fetched)) = (self.client.clone(), mpsc::channel());
        self.runtime.spawn(async move {
            let _ = answer.send(client.get_packed(&url, limit).await);
        });
        let fetched = fetched.recv().map_err(|_| "the request was given up".to_owned())?;
        fetched.map(|bytes| bytes.map(Bytes::from)).map_err(|error| error.to_string())
    }
}

/// One file below a URL.
pub fn fetch(base: &str, name: &str) -> Result<Option<Bytes>, Failure> {
    let url = Url::open(base)?;
    url.fetch(name, MAX_CHECKPOINT_BYTES).map_err(Failure::cannot)
}

/// A vkey, or a file that holds one.
fn verifier_key(word: &str) -> Result<VerifierKey, Failure> {
    let text = match read_limited(Path::new(word), 4096) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(_) => word.to_owned(),
    };
    VerifierKey::parse(&text).map_err(|error| Failure::usage(format!("--key {word:?}: {error}")))
}
