//! The secrets of an instance: files that are sealed, each under its own name, and never changed.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use sealwax_crypto::{KeyKind, SigningKey, random, sealed};
use sealwax_signer::file::write_private;

use super::instance;
use super::secret::Secret;
use crate::Failure;
use crate::sources::read_limited;

/// The folder, in the directory of an instance.
pub const FOLDER: &str = "secrets";

/// The longest sealed file that is read, bytes. An RSA key of 4096 bits takes 2,400.
const MAX_BYTES: u64 = 1 << 20;

/// What has not got its name yet. Of a start that was killed; nothing refers to it.
const UNFINISHED: &str = ".new";

/// The folder of sealed files, and what opens them.
pub struct Vault {
    folder: PathBuf,
    secret: Secret,
}

impl Vault {
    /// The vault in `folder`, which is made, for the owner alone, if it is not there.
    pub fn open(folder: PathBuf, secret: Secret) -> Result<Self, Failure> {
        private_directory(&folder).map_err(|error| cannot("make", &folder, &error))?;
        Ok(Self { folder, secret })
    }

    /// What opens it, for what is sealed elsewhere.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What was sealed under this name.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.folder.join(name);
        let bytes = match read_limited(&path, MAX_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| cannot("read", &path, &error))?,
        };
        let opened = sealed::open(self.secret.bytes(), name, &bytes);
        opened.map(Some).map_err(|error| cannot("open", &path, &error))
    }

    /// Seals something under a name that is free. Durable, and whole or not there, whenever the process is killed.
    pub fn create(&self, name: &str, plaintext: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(name);
        let salt = random().map_err(|error| cannot("make", &path, &error))?;
        let bytes = sealed::seal(self.secret.bytes(), name, &salt, plaintext);
        let bytes = bytes.map_err(|error| cannot("seal", &path, &error))?;
        create_private(&path, &bytes).map_err(|error| cannot("write", &path, &error))
    }

    /// The key of this name, which is made if it is not there.
    pub fn key(&self, name: &str, kind: KeyKind) -> Result<SigningKey, Failure> {
        let bad = |error| cannot("use", &self.folder.join(name), &error);
        if let Some(pkcs8) = self.read(name)? {
            let key = SigningKey::from_pkcs8_der(&pkcs8).map_err(bad)?;
            return Ok(key);
        }
        let key = SigningKey::generate(kind).map_err(bad)?;
        self.create(name, &key.to_pkcs8_der().map_err(bad)?)?;
        Ok(key)
    }
}

/// The key in a file of an instance's vault, `DIR/secrets/NAME`, for whoever has what opens it. None if the file is somewhere else.
pub fn key_in(path: &Path) -> Result<Option<SigningKey>, Failure> {
    let folder = path.parent().filter(|folder| folder.ends_with(FOLDER));
    let place = folder.and_then(|folder| Some((folder, folder.parent()?)));
    let (Some((folder, directory)), Some(name)) = (place, path.file_name().and_then(|name| name.to_str()))
    else {
        return Ok(None);
    };
    if !directory.join(instance::NAME).exists() {
        return Ok(None);
    }
    let vault = Vault { folder: folder.to_owned(), secret: Secret::find(directory, None, false)? };
    let bad = |error: &dyn std::fmt::Display| cannot("use", path, error);
    let pkcs8 = vault.read(name)?.ok_or_else(|| bad(&"there is no such key"))?;
    SigningKey::from_pkcs8_der(&pkcs8).map(Some).map_err(|error| bad(&error))
}

/// Writes a new file that only its owner may read: durable, and whole or not there, whenever the process is killed.
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write_private(Path::new(&unfinished), bytes)?;
    // A link, unlike a rename, never replaces: a key that exists is somebody's identity.
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    linked?;
    // The folder of a bare name is the one that we are in.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Makes a directory for its owner alone, if it is not there.
pub fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn cannot(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("cannot {what} {}: {error}", path.display()))
}
