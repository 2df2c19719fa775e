//! `log.json`: what a directory is the log of. Written once, when the log is made; everything that changes is in the store.

use std::fs::File;
use std::io;
use std::path::Path;

use sealwax_log::Kind;
use sealwax_store::directory::Directory;
use sealwax_store::disk::Os;
use serde::{Deserialize, Serialize};

use super::keys::Reference;
use crate::sources::read_limited;
use crate::{Failure, output_file};

/// Its name in the directory.
pub const NAME: &str = "log.json";

/// The version of the directory's format. One that is higher is refused; a lower one is brought up when it is opened.
const VERSION: u32 = 1;

/// The longest `log.json` that is read, bytes: two verifier keys and some paths.
const MAX_BYTES: u64 = 64 << 10;

/// What a directory is the log of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    version: u32,
    #[serde(with = "KindName")]
    pub kind: Kind,
    /// The first line of its checkpoints.
    pub origin: String,
    /// The vkeys that verify it, in the order of the signatures.
    pub verifier_keys: Vec<String>,
    /// Where the private keys are, in the same order.
    pub keys: Vec<Reference>,
    /// The path of its URL: empty, or with a slash in front and none at the end.
    pub path: String,
    /// Where the directory was when it was made: a copy is elsewhere (LOG rule 14).
    pub place: String,
}

/// Only what a kind is called in the file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Kind", rename_all = "lowercase")]
enum KindName {
    Signature,
    Certificate,
}

impl Description {
    pub fn new(kind: Kind, origin: String, path: String, place: String) -> Self {
        Self { version: VERSION, kind, origin, verifier_keys: Vec::new(), keys: Vec::new(), path, place }
    }

    /// Reads the description of a directory.
    pub fn read(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(NAME);
        let cannot = |reason: String| Failure::cannot(format!("{}: {reason}", path.display()));
        let bytes = match read_limited(&path, MAX_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Failure::cannot(format!(
                    "{} is not a log: it has no {NAME}; `sealwax log new` makes one",
                    directory.display()
                )));
            }
            read => read.map_err(|error| cannot(error.to_string()))?,
        };
        // The version first: of another one nothing else is known.
        let Version { version } =
            serde_json::from_slice(&bytes).map_err(|error| cannot(error.to_string()))?;
        if version != VERSION {
            return Err(cannot(format!(
                "the directory has format {version}, this program knows {VERSION}; a newer program may read it"
            )));
        }
        serde_json::from_slice(&bytes).map_err(|error| cannot(error.to_string()))
    }

    /// Refuses a copy of the directory: it may be older than the log (LOG rule 14).
    pub fn demand_original(&self, directory: &Path, store: &Directory<Os>) -> Result<(), Failure> {
        if store.place().is(&self.place) {
            return Ok(());
        }
        Err(Failure::cannot(format!(
            "{} is a copy of the log's directory, or was moved to another file system, and may be older than the log: \
             it is only read. `sealwax log restore` makes it whole; `sealwax log rotate` begins a new shard",
            directory.display()
        )))
    }

    /// Writes it, durably. `replace`: there is one already.
    pub fn write(&self, directory: &Path, replace: bool) -> Result<(), Failure> {
        let path = directory.join(NAME);
        let cannot = |reason: String| Failure::cannot(format!("cannot write {}: {reason}", path.display()));
        let mut text = serde_json::to_string_pretty(self).map_err(|error| cannot(error.to_string()))?;
        text.push('\n');
        output_file::write(&path, text.as_bytes(), replace)?;
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| cannot(error.to_string()))
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn description() -> Description {
        let (origin, path) = ("ct.example/2026".to_owned(), "/2026".to_owned());
        let new = Description::new(Kind::Certificate, origin, path, "00:1".to_owned());
        Description {
            verifier_keys: vec!["a+b+c".to_owned()],
            keys: vec![Reference::File("key.pem".into())],
            ..new
        }
    }

    #[test]
    fn is_read_as_written_and_only_in_this_version() {
        let directory = std::env::temp_dir().join(format!("sealwax-description-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        assert!(Description::read(&directory).unwrap_err().message.contains("is not a log"));
        description().write(&directory, false).unwrap();
        assert_eq!(Description::read(&directory).unwrap(), description());
        assert!(description().write(&directory, false).is_err());
        let path = directory.join(NAME);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"version\": 1", "\"version\": 2, \"news\": 1")).unwrap();
        assert!(Description::read(&directory).unwrap_err().message.contains("format 2"));
        fs::write(&path, text.replace("\"version\": 1", "\"version\": 1, \"news\": 1")).unwrap();
        assert!(Description::read(&directory).unwrap_err().message.contains("news"));
        fs::remove_dir_all(&directory).unwrap();
    }
}
