//! Keys in files: unencrypted PKCS#8 in PEM, readable by the owner alone.

use sealwax_crypto::{KeyKind, SignError, SigningKey, pem};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The longest key file that is read, in bytes. RSA with 4096 bits takes 3,272.
pub const MAX_KEY_FILE_BYTES: u64 = 64 << 10;

/// What the PEM block of a PKCS#8 key is called (RFC 7468 section 10).
const LABEL: &str = "PRIVATE KEY";

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
    /// Not PEM, or not one block.
    #[error("{} is not a private key in PEM: {cause}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: pem::PemError,
    },
    /// A PEM block of another kind.
    #[error(
        "{} holds {label:?}, and {LABEL:?} is read: unencrypted PKCS#8, as `openssl pkcs8 -topk8 -nocrypt` writes it",
        path.display()
    )]
    Label {
        /// The file.
        path: PathBuf,
        /// What the block is called.
        label: String,
    },
    /// The key is not one that signs here.
    #[error("{}: {cause}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: SignError,
    },
}

/// Reads a key.
///
/// # Errors
/// [`KeyFileError`].
pub fn read(path: &Path) -> Result<SigningKey, KeyFileError> {
    let failed = |cause| io_error(path, cause);
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_KEY_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    let block = pem::decode_one(&text).map_err(|cause| KeyFileError::Pem { path: path.to_owned(), cause })?;
    if block.label != LABEL {
        return Err(KeyFileError::Label { path: path.to_owned(), label: block.label });
    }
    SigningKey::from_pkcs8_der(&block.der).map_err(|cause| KeyFileError::Key { path: path.to_owned(), cause })
}

/// Makes a key and writes it to a new file, for the owner only. It is durable when this returns; the name is once its
/// directory is flushed.
///
/// # Errors
/// [`KeyFileError`], also if there is such a file.
pub fn create(path: &Path, kind: KeyKind) -> Result<SigningKey, KeyFileError> {
    let bad = |cause| KeyFileError::Key { path: path.to_owned(), cause };
    let key = SigningKey::generate(kind).map_err(bad)?;
    let text = pem::encode(LABEL, &key.to_pkcs8_der().map_err(bad)?);
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
        assert!(matches!(
            error("nothing"),
            KeyFileError::Pem { cause: pem::PemError::Count { found: 0 }, .. }
        ));
        let block = pem::encode("EC PRIVATE KEY", b"x");
        assert!(matches!(error(&block), KeyFileError::Label { label, .. } if label == "EC PRIVATE KEY"));
        let block = pem::encode(LABEL, b"x");
        assert!(matches!(error(&block), KeyFileError::Key { cause: SignError::Pkcs8, .. }));
        fs::remove_file(&path).unwrap();
        assert!(matches!(read(&path).unwrap_err(), KeyFileError::Io { .. }));
    }
}
