//! Keys in files: read whatever they are, written whole and for the owner alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealwax_crypto::{PublicKey, SigningKey};
use sealwax_signer::Signer;
use sealwax_signer::file::{self as stored, Password, StoredKey};

use super::{cannot, name};
use crate::password::PasswordArgs;
use crate::{Failure, output_file};

/// What every PEM block of a private key is called, whatever stands before it.
const PRIVATE: &[u8] = b"PRIVATE KEY-----";

/// What keeps a private key from who can read its file.
pub(super) enum Protection {
    Plain,
    Password(Password),
}

/// What was found in a file.
pub(super) enum Imported {
    Private {
        key: SigningKey,
        /// The one that opened it, if it took one.
        password: Option<Password>,
    },
    Public(PublicKey),
}

/// Reads a key of either half. A password is asked for only if it is needed.
pub(super) fn read(path: &Path, password: &PasswordArgs) -> Result<Imported, Failure> {
    let bytes = stored::read_bytes(path).map_err(cannot)?;
    if let Some(key) = public_in(path, &bytes)? {
        return Ok(Imported::Public(key));
    }
    Ok(match stored::parse_stored(path, &bytes).map_err(cannot)? {
        StoredKey::Plain(key) => Imported::Private { key, password: None },
        StoredKey::Encrypted(encrypted) => {
            let password = password.opening(&name(path))?;
            let key = encrypted.open(&password);
            let key = key.map_err(|error| Failure::cannot(format!("{}: {error}", name(path))))?;
            Imported::Private { key, password: Some(password) }
        }
    })
}

/// Reads a private key, to sign with.
pub(super) fn open(path: &Path, password: &PasswordArgs) -> Result<Arc<dyn Signer>, Failure> {
    match read(path, password)? {
        Imported::Private { key, .. } => Ok(Arc::new(key)),
        Imported::Public(_) => {
            Err(Failure::cannot(format!("{} holds a public key, which signs nothing", name(path))))
        }
    }
}

/// The public key that stands in the file of this name; `None` if it is no file, or holds a private key.
pub(super) fn public(word: &str) -> Result<Option<PublicKey>, Failure> {
    let path = Path::new(word);
    if path.is_file() { public_in(path, &stored::read_bytes(path).map_err(cannot)?) } else { Ok(None) }
}

/// The public half may be in a file by its name: beside `release.key`, `release.pub`.
pub(super) fn public_path(private: &Path) -> Result<PathBuf, Failure> {
    let public = private.with_extension("pub");
    if public == private || private.file_name().is_none() {
        return Err(Failure::usage(format!(
            "{} is what the public half would be called: name the private key otherwise",
            name(private)
        )));
    }
    Ok(public)
}

/// Refuses to go on, before anybody is asked for a password, if a file is there already.
pub(super) fn check_free(private: &Path, overwrite: bool) -> Result<(), Failure> {
    output_file::check_free([&private.to_owned(), &public_path(private)?], overwrite)
}

/// Writes both halves, the private one first: a public half without it would promise something. Returns where the public one is.
pub(super) fn write_pair(
    path: &Path,
    key: &SigningKey,
    protection: &Protection,
    overwrite: bool,
) -> Result<PathBuf, Failure> {
    let public = public_path(path)?;
    write_private(path, key, protection, overwrite)?;
    output_file::write(&public, key.public_key().to_pem().as_bytes(), overwrite)?;
    Ok(public)
}

/// Writes the private half. It was read again, as whoever signs will read it, before it takes the place of anything.
pub(super) fn write_private(
    path: &Path,
    key: &SigningKey,
    protection: &Protection,
    overwrite: bool,
) -> Result<(), Failure> {
    let text = match protection {
        Protection::Plain => stored::plain(key),
        Protection::Password(password) => stored::encrypted(key, password).map(Into::into),
    };
    let text = text.map_err(cannot)?;
    let again = match (StoredKey::parse(&text), protection) {
        (Ok(StoredKey::Plain(again)), Protection::Plain) => Some(again),
        (Ok(StoredKey::Encrypted(again)), Protection::Password(password)) => again.open(password).ok(),
        _ => None,
    };
    match again {
        Some(again) if again.public_key() == key.public_key() => {
            output_file::write_private(path, text.as_bytes(), overwrite)
        }
        _ => Err(Failure::cannot("the key cannot be read again as it was written: nothing was changed")),
    }
}

/// `None` if a private key stands there.
fn public_in(path: &Path, bytes: &[u8]) -> Result<Option<PublicKey>, Failure> {
    if bytes.windows(PRIVATE.len()).any(|window| window == PRIVATE) {
        return Ok(None);
    }
    match PublicKey::from_file_bytes(bytes) {
        Ok(key) => Ok(Some(key)),
        Err(error) => {
            Err(Failure::cannot(format!("{}: it is no key that is read here: {error}", name(path))))
        }
    }
}
