//! How a rotation, or the end of a key, is asked for: a file in the directory, which the process that serves it takes up within a
//! second, or its next start.
//!
//! **Why a file.** Whoever may write into the directory may rotate, and nobody else: there is no port, no secret and no protocol
//! to defend. It outlives a kill on either side, and it is the same for an instance that is stopped, whose clients cannot be told
//! before it is served again, so that the lead begins then. `instance.json` says what became of it, by its id, written in one
//! step with the plan: a request is carried out once, however often it is found.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ended::End;
use super::rotation::Part;
use crate::sources::read_limited;
use crate::{Failure, output_file};

/// Its name in the directory.
pub const NAME: &str = "rotate.json";

/// The longest one that is read, bytes.
const MAX_BYTES: u64 = 4 << 10;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Random.
    pub id: String,
    /// What gets another key.
    pub parts: Vec<Part>,
    /// None: as the instance is configured.
    pub lead_seconds: Option<u32>,
    /// Authorities get roots of their own, also where the one before outlasts them: it may have been stolen.
    #[serde(default)]
    pub new_root: bool,
    /// Keys that end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<End>,
}

impl Request {
    /// Leaves it in the directory of an instance, unless there is one already.
    pub fn leave(&self, directory: &Path) -> Result<(), Failure> {
        let path = directory.join(NAME);
        if path.exists() {
            return Err(Failure::cannot(format!(
                "{}: a change is asked for already, and nobody has taken it up yet; start the instance, or remove the file",
                path.display()
            )));
        }
        let text = serde_json::to_string(self).map_err(|error| Failure::cannot(error.to_string()))?;
        output_file::write(&path, format!("{text}\n").as_bytes(), false)
    }

    /// The one in the directory; or why what is there is none.
    pub fn find(directory: &Path) -> Result<Option<Result<Self, String>>, Failure> {
        let path = directory.join(NAME);
        let bytes = match read_limited(&path, MAX_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| Failure::cannot(format!("{}: {error}", path.display())))?,
        };
        Ok(Some(serde_json::from_slice(&bytes).map_err(|error| error.to_string())))
    }

    /// Whether there is one in the directory.
    pub fn waits(directory: &Path) -> bool {
        directory.join(NAME).exists()
    }

    /// Takes it away, when `instance.json` says what became of it.
    pub fn clear(directory: &Path) -> Result<(), Failure> {
        let path = directory.join(NAME);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Failure::cannot(format!("{}: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }
}
