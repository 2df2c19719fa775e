//! A token that somebody keeps fresh in a file: Kubernetes' projected tokens, SPIFFE helpers.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{AmbientError, MAX_TOKEN_BYTES, System};

pub(super) fn read(path: &Path) -> Result<String, AmbientError> {
    let unusable =
        |reason: String| AmbientError::Unusable { system: System::File, what: "token file", reason };
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unusable(format!("{}: {error}", path.display())))?;
    let read = file.take(MAX_TOKEN_BYTES).read_to_string(&mut text);
    read.map_err(|error| unusable(format!("{}: {error}", path.display())))?;
    Ok(text)
}
