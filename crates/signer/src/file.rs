//! Keys in files, readable by the owner alone: plain, or under a password.

mod stored;

use sealwax_crypto::{KeyKind, SignError, SigningKey};
use secrecy::zeroize::Zeroizing;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

pub use stored::{BoxError, EncryptedKey, Password, Pbes2Error, StoredKey, StoredKeyError, encrypted, plain};

/// The longest key file that is read, in bytes. RSA with 4096 bits takes 3,272, and 6,300 encrypted.
pub const MAX_KEY_FILE_BYTES: u64 = 64 << 10;

/// Why a file gives no key.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The system refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: Arc<io::Error>,
    },
    /// What is in it is no key that signs here.
    #[error("{}: {cause}", path.display())]
    Stored {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: StoredKeyError,
    },
    /// It takes a password where nobody can be asked for one.
    #[error(
        "{}: the key is encrypted, and a plain one is needed here, as `sealwax key import --plain` writes it",
        path.display()
    )]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// A key could not be made.
    #[error("{}: {cause}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: SignError,
    },
}

/// Reads a key that takes no password.
///
/// # Errors
/// [`KeyFileError`]; [`KeyFileError::Encrypted`] if it takes one.
pub fn read(path: &Path) -> Result<SigningKey, KeyFileError> {
    match read_stored(path)? {
        StoredKey::Plain(key) => Ok(key),
        StoredKey::Encrypted(_) => Err(KeyFileError::Encrypted { path: path.to_owned() }),
    }
}

/// Reads a key, which may take a password.
///
/// # Errors
/// [`KeyFileError::Io`], [`KeyFileError::Stored`].
pub fn read_stored(path: &Path) -> Result<StoredKey, KeyFileError> {
    parse_stored(path, &read_bytes(path)?)
}

/// Reads what may be a private key, once: it may come out of a pipe. It is wiped from memory when it is dropped.
///
/// # Errors
/// [`KeyFileError::Io`], also if there are more than [`MAX_KEY_FILE_BYTES`].
pub fn read_bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |cause| io_error(path, cause);
    // A buffer that grew would leave copies behind.
    let room = usize::try_from(MAX_KEY_FILE_BYTES).map_or(0, |most| most + 64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_KEY_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_KEY_FILE_BYTES {
        let reason = format!("it has more than {MAX_KEY_FILE_BYTES} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, reason)));
    }
    Ok(bytes)
}

/// The key in what [`read_bytes`] has read of this file.
///
/// # Errors
/// [`KeyFileError::Stored`]; [`KeyFileError::Io`] if it is no text.
pub fn parse_stored(path: &Path, bytes: &[u8]) -> Result<StoredKey, KeyFileError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|cause| io_error(path, io::Error::new(io::ErrorKind::InvalidData, cause)))?;
    StoredKey::parse(text).map_err(|cause| KeyFileError::Stored { path: path.to_owned(), cause })
}

/// Makes a key and writes it to a new file, plain, for the owner only. It is durable when this returns; the name is once its
/// directory is flushed.
///
/// # Errors
/// [`KeyFileError`], also if there is such a file.
pub fn create(path: &Path, kind: KeyKind) -> Result<SigningKey, KeyFileError> {
    let bad = |cause| KeyFileError::Key { path: path.to_owned(), cause };
    let key = SigningKey::generate(kind).map_err(bad)?;
    let text = plain(&key).map_err(bad)?;
    write_private(path, text.as_bytes()).map_err(|cause| io_error(path, cause))?;
    Ok(key)
}

/// Writes a new file that only its owner may read, durably.
///
/// # Errors
/// The system's; [`io::ErrorKind::AlreadyExists`].
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn io_error(path: &Path, cause: io::Error) -> KeyFileError {
    KeyFileError::Io { path: path.to_owned(), cause: Arc::new(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::pem::{self, PemError};
    use std::fs;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("sealwax-key-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        path
    }

    #[test]
    fn what_is_created_is_read() {
        for kind in [KeyKind::Ed25519, KeyKind::EcdsaP256, KeyKind::MlDsa44, KeyKind::Rsa { bits: 3072 }] {
            let path = scratch("new");
            let created = create(&path, kind).unwrap();
            assert_eq!(read(&path).unwrap().public_key(), created.public_key());
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            }
            let error = create(&path, kind).unwrap_err();
            assert!(
                matches!(error, KeyFileError::Io { cause, .. } if cause.kind() == io::ErrorKind::AlreadyExists)
            );
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        let path = scratch("bad");
        let error = |text: &str| {
            fs::write(&path, text).unwrap();
            read(&path).unwrap_err()
        };
        let stored = |text: &str| match error(text) {
            KeyFileError::Stored { cause, .. } => cause,
            other => panic!("{other}"),
        };
        assert_eq!(stored("nothing"), StoredKeyError::Pem(PemError::Count { found: 0 }));
        let block = pem::encode("OPENSSH PRIVATE KEY", b"x");
        assert_eq!(stored(&block), StoredKeyError::Label { label: "OPENSSH PRIVATE KEY".into() });
        let block = pem::encode("PRIVATE KEY", b"x");
        assert_eq!(stored(&block), StoredKeyError::Key(SignError::Pkcs8));
        assert_eq!(stored("Proc-Type: 4,ENCRYPTED"), StoredKeyError::OldEncryption);
        let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
        let text = encrypted(&key, &b"password".to_vec().into()).unwrap();
        assert!(matches!(error(&text), KeyFileError::Encrypted { .. }));
        fs::write(&path, vec![b' '; 65 << 10]).unwrap();
        let too_large = read(&path).unwrap_err();
        assert!(
            matches!(too_large, KeyFileError::Io { cause, .. } if cause.kind() == io::ErrorKind::FileTooLarge)
        );
        fs::remove_file(&path).unwrap();
        assert!(matches!(read(&path).unwrap_err(), KeyFileError::Io { .. }));
    }
}
