//! The master secret of an instance: what opens its sealed files. It is never in the instance's own directory.

pub(crate) mod wrapped;

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sealwax_crypto::random;
use sealwax_crypto::sealed::SECRET_BYTES;
use sealwax_formats::base64;

use super::config::Config;
use super::vault::create_private;
use crate::Failure;

/// The variable that may hold it, as base64.
const VARIABLE: &str = "SEALWAX_SECRET";

/// What the credential is called for systemd (`LoadCredential=`, `LoadCredentialEncrypted=`).
const CREDENTIAL: &str = "sealwax-secret";

/// The longest file that is read, bytes: 44 characters and some white space, or a wrapped secret with a long URI.
const MAX_BYTES: u64 = 8 << 10;

/// 32 random bytes. Nothing shows them.
#[derive(Clone)]
pub struct Secret {
    bytes: [u8; SECRET_BYTES],
    /// Where it came from, for the message at the start.
    pub source: Source,
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file that was named, or the one beside the directory.
    File(PathBuf),
    /// `SEALWAX_SECRET`.
    Environment,
    /// systemd's credentials directory.
    Credential(PathBuf),
}

impl Secret {
    /// Finds the secret of the instance in `directory`: the file that was named, else systemd's credential, else the
    /// environment, else the file beside the directory. If that is not there, and `may_make` says so, it is made.
    pub fn find(directory: &Path, named: Option<&Path>, may_make: bool) -> Result<Self, Failure> {
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
            .map(|directory| Path::new(&directory).join(CREDENTIAL))
            .filter(|path| path.exists());
        let (path, source): (PathBuf, fn(PathBuf) -> Source) =
            match (named, credential, std::env::var_os(VARIABLE)) {
                (Some(path), ..) => (path.to_owned(), Source::File),
                (None, Some(path), _) => (path, Source::Credential),
                (None, None, Some(text)) => return Self::of_environment(&text),
                (None, None, None) => (beside(directory)?, Source::File),
            };
        let source = source(path.clone());
        let bytes = match read(&source, &path) {
            Ok(text) => parse(&text, &path.display().to_string())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() && may_make => {
                make(&path)?
            }
            Err(error) => {
                return Err(Failure::cannot(format!(
                    "the secret that opens the keys of {} cannot be read: {}: {error}",
                    directory.display(),
                    path.display()
                )));
            }
        };
        Ok(Self { bytes, source })
    }

    /// The secret of an instance that is there, for whoever does not serve it: the file that was named, else what its configuration
    /// says, as [`Self::find`] does. One that is served with `--config` may have another configuration than this.
    pub fn of(directory: &Path, named: Option<&Path>) -> Result<Self, Failure> {
        let configured = match named {
            Some(_) => None,
            None => Config::of_file(directory, None)?.secret,
        };
        Self::find(directory, named.or(configured.as_deref()), false)
    }

    /// The bytes, for sealing and opening.
    pub fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.bytes
    }

    fn of_environment(text: &OsStr) -> Result<Self, Failure> {
        Ok(Self { bytes: parse(&text.to_string_lossy(), VARIABLE)?, source: Source::Environment })
    }
}

/// `D.secret`, beside D.
pub fn beside(directory: &Path) -> Result<PathBuf, Failure> {
    let real = std::path::absolute(directory).map_err(|error| Failure::cannot(error.to_string()))?;
    let Some(name) = real.file_name() else {
        return Err(Failure::usage(format!("{} has no place beside it: give --secret FILE", real.display())));
    };
    let mut beside = OsString::from(name);
    beside.push(".secret");
    Ok(real.with_file_name(beside))
}

/// A credential is systemd's to protect: it lets the service's user in by an access control list, which shows as a mode for a group.
fn read(source: &Source, path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if !matches!(source, Source::Credential(_)) {
        check_private(&file.metadata()?)?;
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(unix)]
fn check_private(metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let others = metadata.mode() & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "its mode is {:o}, and nobody else may read it: chmod 600",
        metadata.mode() & 0o777
    )))
}

#[cfg(not(unix))]
fn check_private(_: &Metadata) -> io::Result<()> {
    Ok(())
}

/// The secret in a file, for whoever wraps it.
pub fn read_secret(path: &Path) -> Result<[u8; SECRET_BYTES], Failure> {
    let whence = path.display().to_string();
    let text = read(&Source::File(path.to_owned()), path);
    parse(&text.map_err(|error| Failure::cannot(format!("{whence}: {error}")))?, &whence)
}

/// In base64, or wrapped: then the token is asked.
fn parse(text: &str, whence: &str) -> Result<[u8; SECRET_BYTES], Failure> {
    if text.trim_start().starts_with(wrapped::BEGINS) {
        return wrapped::unwrap(text).map_err(|error| Failure::cannot(format!("{whence}: {error}")));
    }
    let bytes = base64::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| {
        Failure::cannot(format!("{whence} is not a secret: base64 of {SECRET_BYTES} bytes was expected"))
    })
}

fn make(path: &Path) -> Result<[u8; SECRET_BYTES], Failure> {
    let cannot = |error: String| Failure::cannot(format!("cannot write {}: {error}", path.display()));
    let bytes = random::<SECRET_BYTES>().map_err(|error| cannot(error.to_string()))?;
    let text = format!("{}\n", base64::encode(&bytes));
    create_private(path, text.as_bytes()).map_err(|error| cannot(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_file_is_its_owners_and_a_credential_systemds() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("sealwax-secret-{}", std::process::id()));
        std::fs::write(&path, "text").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o440)).unwrap();
        let file = read(&Source::File(path.clone()), &path);
        let credential = read(&Source::Credential(path.clone()), &path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.unwrap_err().kind(), io::ErrorKind::Other);
        assert_eq!(credential.unwrap(), "text");
    }
}
