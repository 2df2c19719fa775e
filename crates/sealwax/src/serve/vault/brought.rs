//! What an operator puts in the place of a sealed key: the key itself, in PEM, or one line that says in which token or service it is.

use std::path::Path;
use std::sync::Arc;

use sealwax_crypto::SigningKey;
use sealwax_signer::Signer;
use sealwax_signer::file::{self, KeyFileError, StoredKey};
use sealwax_signer::pkcs11::MAX_URI_BYTES;

use crate::Failure;
use crate::password::PasswordArgs;

/// What begins a private key. OpenSSL writes what it knows of one in front of that, others a byte order mark.
const PEM: &[u8] = b"-----BEGIN ";

/// What is to be done with a file that is no key: the start that follows makes one where none is.
const MEND: &str = "put the key there again, or remove the file if nothing was ever signed with its key";

/// What names a key in a token (RFC 7512), and what is in the name of one in a service or behind a plug-in.
const TOKEN: &str = "pkcs11:";
const SERVICE: &str = "://";

/// A key, and where it is.
pub enum Brought {
    /// In this file.
    Here(SigningKey),
    /// In a token, in a service, behind a plug-in.
    Elsewhere(Arc<dyn Signer>),
}

/// Whether it is a key that anybody can read who has the file.
pub fn is_open(bytes: &[u8]) -> bool {
    bytes.windows(PEM.len()).any(|there| there == PEM)
}

/// Reads what may be a key that was brought; `None` if it is sealed. Blocks, as the key's keeper may.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Option<Brought>, Failure> {
    let bad = |why: &dyn std::fmt::Display| Failure::cannot(format!("{}: {why}", path.display()));
    if is_open(bytes) {
        return match file::parse_stored(path, bytes) {
            Ok(StoredKey::Plain(key)) => Ok(Some(Brought::Here(key))),
            Ok(StoredKey::Encrypted(_)) => {
                Err(Failure::cannot(KeyFileError::Encrypted { path: path.to_owned() }.to_string()))
            }
            Err(error) => Err(Failure::cannot(format!("{error}: {MEND}"))),
        };
    }
    match bytes.trim_ascii_start().first() {
        None => return Err(bad(&format_args!("it is empty: {MEND}"))),
        // What is sealed begins with its version, which is neither a letter nor white space.
        Some(first) if !first.is_ascii_graphic() => return Ok(None),
        Some(_) => {}
    }
    let word = std::str::from_utf8(bytes).unwrap_or_default().trim();
    let is_name = word.starts_with(TOKEN) || word.contains(SERVICE);
    if !is_name || word.len() > MAX_URI_BYTES {
        return Err(bad(&format_args!(
            "it is neither sealed, nor a private key in PEM, nor the name of a key in a token or a service: {MEND}"
        )));
    }
    let opened = crate::key::open(word, &PasswordArgs::default());
    // It is in a file, and was no argument.
    let why = |failure: Failure| bad(&failure.message.strip_prefix("--key ").unwrap_or(&failure.message));
    opened.map(|signer| Some(Brought::Elsewhere(signer))).map_err(why)
}
