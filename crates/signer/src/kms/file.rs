//! Small files of secrets and certificates that the environment names.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{KmsError, Service};

/// The longest that is read, bytes: Google's credentials have 2,400, a bundle of a company's certificates some more.
const MAX_BYTES: u64 = 256 << 10;

pub(super) fn read_text(service: Service, file: &Path) -> Result<String, KmsError> {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text));
    let failed = |reason| KmsError::File { service, file: file.to_owned(), reason };
    match read {
        Ok(_) if text.len() as u64 <= MAX_BYTES => Ok(text),
        Ok(_) => Err(failed(format!("it has more than {MAX_BYTES} bytes"))),
        Err(error) => Err(failed(error.to_string())),
    }
}
