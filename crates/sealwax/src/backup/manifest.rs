//! `backup.json`: what a backup has. Whoever restores believes nothing that it does not name.

use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;
use sealwax_crypto::{hex, sha256};
use serde::{Deserialize, Serialize};

use super::{SECRET, cannot, files};
use crate::sources::read_limited;
use crate::{Failure, output_file};

/// Its name.
pub const NAME: &str = "backup.json";

/// What the folder of the small files is called, before its number.
pub const STATE: &str = "state-";

/// The version of the format.
const VERSION: u32 = 1;

/// The longest one that is read, bytes: two hundred for each file; a TUF repository of ten years has some thousand.
const MAX_BYTES: u64 = 16 << 20;

/// A backup that was finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// That of the folder of the small files.
    pub number: u64,
    /// When the state was read.
    pub taken: Timestamp,
    /// The address of the instance.
    pub url: String,
    /// The small files, relative to their folder.
    pub files: Vec<StoredFile>,
    /// The logs.
    pub logs: Vec<LogCopy>,
    /// Files of the audit log; they may have grown since.
    pub audit: Vec<StoredFile>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    pub path: String,
    /// The bits of its mode.
    pub mode: u32,
    pub bytes: u64,
    pub sha256: String,
}

/// A log; its copy may have grown since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogCopy {
    /// Its directory.
    pub path: String,
    pub size: u64,
    /// Of the tree, in base64.
    pub root: String,
}

/// The file, with the digest of what is in it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    version: u32,
    /// Of `backup`, as compact JSON.
    sha256: String,
    backup: Backup,
}

#[derive(Deserialize)]
struct OfVersion {
    version: u32,
}

impl Backup {
    /// Reads it, if it is there.
    pub fn read(directory: &Path) -> Result<Option<Self>, Failure> {
        let path = directory.join(NAME);
        let bytes = match read_limited(&path, MAX_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| cannot(&path, &error))?,
        };
        let damaged = |error: serde_json::Error| cannot(&path, &format_args!("it is damaged: {error}"));
        let OfVersion { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if version != VERSION {
            return Err(cannot(
                &path,
                &format_args!("it has format {version}, this program knows {VERSION}"),
            ));
        }
        let Sealed { sha256, backup, .. } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if sha256 != backup.digest()? {
            return Err(cannot(&path, &"it is damaged: its digest is another"));
        }
        Ok(Some(backup))
    }

    /// Writes it, durably, in the place of an older one.
    pub fn write(&self, directory: &Path) -> Result<(), Failure> {
        let path = directory.join(NAME);
        let sealed = Sealed { version: VERSION, sha256: self.digest()?, backup: self.clone() };
        let text = serde_json::to_string_pretty(&sealed).map_err(|error| cannot(&path, &error))?;
        output_file::write(&path, format!("{text}\n").as_bytes(), true)?;
        files::sync(directory)
    }

    /// The folder of the small files.
    pub fn folder(&self) -> String {
        format!("{STATE}{}", self.number)
    }

    /// Whether the master secret is in it.
    pub fn has_secret(&self) -> bool {
        self.files.iter().any(|file| file.path == SECRET)
    }

    /// What tells two backups apart.
    pub fn digest(&self) -> Result<String, Failure> {
        let text =
            serde_json::to_string(self).map_err(|error| Failure::cannot(format!("{NAME}: {error}")))?;
        Ok(hex(&sha256(text.as_bytes())))
    }
}
