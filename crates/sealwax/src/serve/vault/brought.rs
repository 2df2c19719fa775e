//! What an operator puts in the place of a sealed key: the key itself, in PEM, or one line that says in which token or service it is.

use std::path::Path;
use std::sync::Arc;

use sealwax_crypto::SigningKey;
use sealwax_signer::Signer;
use sealwax_signer::file::{self, KeyFileError, StoredKey};

use crate::Failure;
use crate::password::PasswordArgs;

/// What begins a private key.
const PEM: &[u8] = b"-----BEGIN ";

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
    bytes.trim_ascii_start().starts_with(PEM)
}

/// Reads what may be a key that was brought; `None` if it is sealed. Blocks, as the key's keeper may.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Option<Brought>, Failure> {
    // What is sealed begins with its version, which is neither a letter nor white space.
    if !bytes.trim_ascii_start().first().is_some_and(u8::is_ascii_graphic) {
        return Ok(None);
    }
    let bad = |why: &dyn std::fmt::Display| Failure::cannot(format!("{}: {why}", path.display()));
    if is_open(bytes) {
        return match file::parse_stored(path, bytes) {
            Ok(StoredKey::Plain(key)) => Ok(Some(Brought::Here(key))),
            Ok(StoredKey::Encrypted(_)) => Err(bad(&KeyFileError::Encrypted { path: path.to_owned() })),
            Err(error) => Err(bad(&error)),
        };
    }
    let word = std::str::from_utf8(bytes).unwrap_or_default().trim();
    if !word.starts_with(TOKEN) && !word.contains(SERVICE) {
        return Err(bad(
            &"it is neither sealed, nor a private key in PEM, nor the name of a key in a token or a service",
        ));
    }
    let opened = crate::key::open(word, &PasswordArgs::default());
    // It is in a file, and was no argument.
    let why = |failure: Failure| bad(&failure.message.strip_prefix("--key ").unwrap_or(&failure.message));
    opened.map(|signer| Some(Brought::Elsewhere(signer))).map_err(why)
}
