//! The secrets of an instance: files that are sealed, each under its own name, and never changed. A key that an operator brings along
//! ([`brought`]) is put in the place of its file before it is used first.

mod brought;
mod keepers;

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealwax_crypto::{KeyKind, SigningKey, random, sealed};
use sealwax_signer::Signer;
use sealwax_signer::file::write_private;

use self::brought::Brought;
pub use self::brought::is_open;
use self::keepers::Keepers;
use super::instance;
use super::rotation::Part;
use super::secret::Secret;
use crate::sources::read_limited;
use crate::{Failure, output_file};

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
    keepers: Keepers,
}

impl Vault {
    /// The vault in `folder`, which is made, for the owner alone, if it is not there.
    pub fn open(folder: PathBuf, secret: Secret) -> Result<Self, Failure> {
        private_directory(&folder).map_err(|error| cannot("make", &folder, &error))?;
        Ok(Self { folder, secret, keepers: Keepers::default() })
    }

    /// Seals every key that was brought open, also those that are needed only later.
    pub fn seal_brought(&self) -> Result<(), Failure> {
        let failed = |error: io::Error| cannot("read", &self.folder, &error);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            // Nothing else that somebody may have put there, nor what has not got its name yet.
            let Some(name) = name.to_str().filter(|name| is_name(name)) else { continue };
            let path = self.folder.join(name);
            let bytes = read_regular(&path, MAX_BYTES).map_err(|error| cannot("read", &path, &error))?;
            if is_open(&bytes) {
                self.look(name)?;
            }
        }
        Ok(())
    }

    /// What opens it, for what is sealed elsewhere.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The key of this name, which is made if it is not there.
    pub fn key(&self, name: &str, kind: KeyKind) -> Result<SigningKey, Failure> {
        match self.here(name)? {
            Some(key) => Ok(key),
            None => self.make(name, kind),
        }
    }

    /// The same, which may also be somewhere else.
    pub fn signer(&self, name: &str, kind: KeyKind) -> Result<Arc<dyn Signer>, Failure> {
        match self.find(name)? {
            Some(signer) => Ok(signer),
            None => Ok(Arc::new(self.make(name, kind)?)),
        }
    }

    /// The same, if it is there.
    pub fn find(&self, name: &str) -> Result<Option<Arc<dyn Signer>>, Failure> {
        Ok(self.look(name)?.map(|found| match found {
            Brought::Here(key) => Arc::new(key) as Arc<dyn Signer>,
            Brought::Elsewhere(signer) => signer,
        }))
    }

    /// Whether the keys that are elsewhere let themselves be used.
    pub fn keepers(&self) -> &Keepers {
        &self.keepers
    }

    /// Whether there is one.
    pub fn has(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }

    fn here(&self, name: &str) -> Result<Option<SigningKey>, Failure> {
        match self.look(name)? {
            Some(Brought::Elsewhere(_)) => {
                let why = "it names a key in a token or a service, and what is needed here is the key itself";
                Err(cannot("use", &self.folder.join(name), &why))
            }
            Some(Brought::Here(key)) => Ok(Some(key)),
            None => Ok(None),
        }
    }

    /// What is under this name, sealed or brought. A key that was brought open is sealed from now on.
    fn look(&self, name: &str) -> Result<Option<Brought>, Failure> {
        let path = self.folder.join(name);
        let bytes = match read_regular(&path, MAX_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| cannot("read", &path, &error))?,
        };
        let bad = |error: &dyn std::fmt::Display| cannot("use", &path, error);
        if let Some(signer) = self.keepers.find(name, &bytes) {
            return Ok(Some(Brought::Elsewhere(signer)));
        }
        match brought::read(&path, &bytes)? {
            Some(Brought::Here(key)) => {
                if path.is_symlink() {
                    return Err(bad(
                        &"it is a link, and what it leads to would be sealed: put a copy of the key here",
                    ));
                }
                let sealed = self.seal(name, &key.to_pkcs8_der().map_err(|error| bad(&error))?)?;
                output_file::write_private(&path, &sealed, true)?;
                sync(&self.folder).map_err(|error| cannot("write", &path, &error))?;
                return Ok(Some(Brought::Here(key)));
            }
            Some(Brought::Elsewhere(signer)) => {
                return Ok(Some(Brought::Elsewhere(self.keepers.keep(name, bytes, signer))));
            }
            None => {}
        }
        let pkcs8 = sealed::open(self.secret.bytes(), name, &bytes);
        let pkcs8 = pkcs8.map_err(|error| cannot("open", &path, &error))?;
        let key = SigningKey::from_pkcs8_der(&pkcs8).map_err(|error| bad(&error))?;
        Ok(Some(Brought::Here(key)))
    }

    /// Under a name that is free. Durable, and whole or not there, whenever the process is killed.
    fn make(&self, name: &str, kind: KeyKind) -> Result<SigningKey, Failure> {
        let path = self.folder.join(name);
        let bad = |error| cannot("use", &path, &error);
        let key = SigningKey::generate(kind).map_err(bad)?;
        let sealed = self.seal(name, &key.to_pkcs8_der().map_err(bad)?)?;
        create_private(&path, &sealed).map_err(|error| cannot("write", &path, &error))?;
        Ok(key)
    }

    fn seal(&self, name: &str, plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
        let bad = |error: &dyn std::fmt::Display| cannot("seal", &self.folder.join(name), error);
        let salt = random().map_err(|error| bad(&error))?;
        sealed::seal(self.secret.bytes(), name, &salt, plaintext).map_err(|error| bad(&error))
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
    let secret = Secret::of(directory, None)?;
    let vault = Vault { folder: folder.to_owned(), secret, keepers: Keepers::default() };
    vault.here(name)?.map(Some).ok_or_else(|| cannot("use", path, &"there is no such key"))
}

/// Reads what an operator may have put there. Of a pipe the end would be waited for.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    read_limited(path, limit)
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
    sync(folder.unwrap_or(Path::new(".")))
}

/// Whether an instance may have a key of this name: `log-1`, `ca-root-2`.
pub fn is_name(name: &str) -> bool {
    let Some((what, number)) = name.rsplit_once('-') else { return false };
    let what = match what.strip_suffix("-root") {
        Some(what @ ("ca" | "tsa")) => what,
        _ => what,
    };
    let is_one = number.parse::<u32>().is_ok_and(|one| one > 0 && one.to_string() == number);
    is_one && (["tuf-root", "tuf-online"].contains(&what) || Part::ALL.iter().any(|part| part.name() == what))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
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
