//! Trust profiles: the built-in ones, refreshed copies of them, and the user's own.
//!
//! A profile is a directory below the data directory. `verify` reads only finished files of it; `trust update` is the
//! only command that writes there from the network.
//!
//! ```text
//! <data>/trust/<name>/profile.json         where it comes from, when it was last refreshed, which root version
//! <data>/trust/<name>/trusted_root.json    what verification stands on
//! <data>/trust/<name>/signing_config.json  the services, for signing
//! <data>/trust/<name>/signing_config_rekor_v2.json  those of `--rekor v2`, where a repository has them apart
//! <data>/trust/<name>/keys.json            managed keys, in npm's form
//! <data>/trust/<name>/root.json            the TUF root to start from
//! <data>/trust/<name>/tuf/                 the TUF client's own files
//! ```

mod choice;
mod private;
mod project;
mod store;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sealwax_net::cache::{CacheError, Directory, check_directory};
use serde::{Deserialize, Serialize};

pub use choice::{ChosenBy, VARIABLE, for_signing, working_directory};
pub use private::public_service;
pub use project::{Project, ProjectError, name_in};
pub use store::{Files, Removed, create, remove, replace, tuf_directory, tuf_root};

/// The profile that applies when nobody says otherwise.
pub const DEFAULT: &str = "public-good";

/// The pseudo-profile that asks for a signature by a key, and for nothing else.
pub const KEY_ONLY: &str = "key-only";

/// The instant at which the built-in copies are known to have been current: when the package that they are from was
/// published (see `trust/SOURCE.md`).
pub const BUILT_IN_AS_OF: &str = "2026-10-23T00:00:00Z";

/// The largest file of a profile; the largest published trusted root has 32 kB.
pub const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A profile that is compiled in.
#[derive(Debug)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// `trusted_root.json`.
    pub trusted_root: &'static str,
    /// `signing_config.v0.2.json`, where there is one.
    pub signing_config: Option<&'static str>,
    /// Managed keys in npm's form, where there are any.
    pub keys: Option<&'static str>,
    /// The TUF root to start from.
    pub tuf_root: &'static str,
    /// The version of that root.
    pub root_version: u64,
    /// Where the TUF repository is.
    pub tuf_url: &'static str,
}

/// All profiles that are compiled in.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        name: "public-good",
        trusted_root: include_str!("../trust/public-good/trusted_root.json"),
        signing_config: Some(include_str!("../trust/public-good/signing_config.json")),
        keys: Some(include_str!("../trust/public-good/npm_keys.json")),
        tuf_root: include_str!("../trust/public-good/root.json"),
        root_version: 16,
        tuf_url: "https://tuf-repo-cdn.sigstore.dev",
    },
    BuiltIn {
        name: "staging",
        trusted_root: include_str!("../trust/staging/trusted_root.json"),
        signing_config: Some(include_str!("../trust/staging/signing_config.json")),
        keys: None,
        tuf_root: include_str!("../trust/staging/root.json"),
        root_version: 15,
        tuf_url: "https://tuf-repo-cdn.sigstage.dev",
    },
    BuiltIn {
        name: "github",
        trusted_root: include_str!("../trust/github/trusted_root.json"),
        signing_config: None,
        keys: None,
        tuf_root: include_str!("../trust/github/root.json"),
        root_version: 9,
        tuf_url: "https://tuf-repo.github.com",
    },
];

/// What `profile.json` says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The TUF repository, if the profile has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuf_url: Option<String>,
    /// The version of the TUF root that vouches for the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_version: Option<u64>,
    /// When the files were last confirmed by the repository, or added.
    pub as_of: Timestamp,
    /// Whether its services are nobody else's to read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

impl Description {
    /// Reads `profile.json`.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// What [`Description::parse`] reads.
    pub fn write(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// Where the files of a profile come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Compiled in.
    BuiltIn,
    /// The data directory.
    Directory(PathBuf),
    /// `--trusted-root F`.
    File(PathBuf),
    /// Nothing but the key that was given.
    KeyOnly,
}

/// A profile, read.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Where it was read.
    pub origin: Origin,
    /// Its TUF repository.
    pub tuf_url: Option<String>,
    /// The version of the TUF root that vouches for it.
    pub root_version: Option<u64>,
    /// When it was last confirmed.
    pub as_of: Option<Timestamp>,
    /// `trusted_root.json`.
    pub trusted_root: Option<Vec<u8>>,
    /// `signing_config.json`.
    pub signing_config: Option<Vec<u8>>,
    /// `signing_config_rekor_v2.json`: what a repository has for those who want the newer logs before they are everybody's.
    pub signing_config_rekor_v2: Option<Vec<u8>>,
    /// `keys.json`.
    pub keys: Option<Vec<u8>>,
    /// Whether its services are nobody else's to read, so that signing makes nothing public.
    pub private: bool,
}

/// Why a profile cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// There is none of that name.
    #[error("there is no trust profile {name:?}; there are {known}; `sealwax trust add` makes one")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The name cannot be that of a profile.
    #[error(
        "{0:?} cannot be the name of a trust profile: 1 to 64 letters, digits, dots, dashes and underscores, and no leading dot"
    )]
    Name(String),
    /// The name belongs to a built-in profile.
    #[error("{0} is built in; choose another name")]
    BuiltIn(String),
    /// There is one already.
    #[error("there is a trust profile {0} already; `sealwax trust remove {0}` removes it")]
    Exists(String),
    /// The environment names no place for data.
    #[error("no data directory: set SEALWAX_HOME, XDG_DATA_HOME or HOME")]
    NoDirectory,
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file or directory of it is not ours alone to write, or cannot be used.
    #[error(transparent)]
    Unsafe(#[from] CacheError),
    /// A built-in profile cannot be removed.
    #[error("{0} is built in and cannot be removed; no refreshed copy of it is there")]
    NothingToRemove(String),
    /// `profile.json` cannot be understood.
    #[error("{path} is not a profile description: {reason}")]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Where profiles are kept: `$SEALWAX_HOME`, else `$XDG_DATA_HOME/sealwax`, else `~/.local/share/sealwax`.
///
/// # Errors
/// [`ProfileError::NoDirectory`] if none of them is set.
pub fn data_directory() -> Result<PathBuf, ProfileError> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("SEALWAX_HOME")
        .or_else(|| variable("XDG_DATA_HOME").map(|path| path.join("sealwax")))
        .or_else(|| variable("HOME").map(|path| path.join(".local/share/sealwax")))
        .ok_or(ProfileError::NoDirectory)
}

/// The directory of the profile `name`.
///
/// # Errors
/// [`ProfileError::Name`] if the name could leave the data directory; [`ProfileError::NoDirectory`].
pub fn directory(name: &str) -> Result<PathBuf, ProfileError> {
    check_name(name)?;
    Ok(data_directory()?.join("trust").join(name))
}

fn check_name(name: &str) -> Result<(), ProfileError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let good = (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('.');
    if good { Ok(()) } else { Err(ProfileError::Name(name.to_owned())) }
}

/// The built-in profile `name`.
pub fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|profile| profile.name == name)
}

/// The profile `name`: of built-in and refreshed copies, the one with the higher root version.
///
/// # Errors
/// There is none, or its files cannot be read or are open to others.
pub fn load(name: &str) -> Result<Profile, ProfileError> {
    let own = match directory(name) {
        Ok(directory) => read_directory(name, &directory)?,
        Err(ProfileError::NoDirectory) => None,
        Err(error) => return Err(error),
    };
    match (built_in(name), own) {
        (Some(built_in), Some(own)) if own.root_version >= Some(built_in.root_version) => Ok(own),
        (Some(built_in), _) => Ok(Profile::from(built_in)),
        (None, Some(own)) => Ok(own),
        (None, None) => Err(ProfileError::Unknown {
            name: name.to_owned(),
            known: names().unwrap_or_default().join(", "),
        }),
    }
}

impl From<&BuiltIn> for Profile {
    fn from(built_in: &BuiltIn) -> Self {
        Self {
            name: built_in.name.to_owned(),
            origin: Origin::BuiltIn,
            tuf_url: Some(built_in.tuf_url.to_owned()),
            root_version: Some(built_in.root_version),
            as_of: BUILT_IN_AS_OF.parse().ok(),
            trusted_root: Some(built_in.trusted_root.as_bytes().to_vec()),
            signing_config: built_in.signing_config.map(|text| text.as_bytes().to_vec()),
            signing_config_rekor_v2: None,
            keys: built_in.keys.map(|text| text.as_bytes().to_vec()),
            private: false,
        }
    }
}

/// The profile that is a file of its own.
///
/// # Errors
/// The file cannot be read.
pub fn from_file(path: &Path) -> Result<Profile, ProfileError> {
    let trusted_root = read_limited(path)?.ok_or_else(|| ProfileError::Read {
        path: path.to_owned(),
        source: io::Error::from(io::ErrorKind::NotFound),
    })?;
    Ok(Profile {
        name: path.display().to_string(),
        origin: Origin::File(path.to_owned()),
        tuf_url: None,
        root_version: None,
        // A file's modification time says when it was copied, not how old its content is.
        as_of: None,
        trusted_root: Some(trusted_root),
        signing_config: None,
        signing_config_rekor_v2: None,
        keys: None,
        private: false,
    })
}

/// The names of all profiles: the built-in ones first.
///
/// # Errors
/// The data directory cannot be listed.
pub fn names() -> Result<Vec<String>, ProfileError> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|profile| profile.name.to_owned()).collect();
    let Ok(data) = data_directory() else { return Ok(names) };
    let trust = data.join("trust");
    let entries = match fs::read_dir(&trust) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        Err(source) => return Err(ProfileError::Read { path: trust, source }),
    };
    let mut own: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("profile.json").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| check_name(name).is_ok() && built_in(name).is_none())
        .collect();
    own.sort();
    names.append(&mut own);
    Ok(names)
}

fn read_directory(name: &str, directory: &Path) -> Result<Option<Profile>, ProfileError> {
    let path = directory.join("profile.json");
    if !path.is_file() {
        return Ok(None);
    }
    check_above(directory)?;
    let opened = Directory::open(directory)?;
    let read = |file: &str| opened.read(file, MAX_FILE);
    let text = read("profile.json")?.unwrap_or_default();
    let description = Description::parse(&text)
        .map_err(|error| ProfileError::Description { path, reason: error.to_string() })?;
    Ok(Some(Profile {
        name: name.to_owned(),
        origin: Origin::Directory(directory.to_owned()),
        tuf_url: description.tuf_url,
        root_version: description.root_version,
        as_of: Some(description.as_of),
        trusted_root: read("trusted_root.json")?,
        signing_config: read("signing_config.json")?,
        signing_config_rekor_v2: read("signing_config_rekor_v2.json")?,
        keys: read("keys.json")?,
        private: description.private,
    }))
}

/// Whoever may write a directory above a profile can put another one in its place.
fn check_above(directory: &Path) -> Result<(), ProfileError> {
    directory.ancestors().skip(1).take(2).try_for_each(|above| Ok(check_directory(above)?))
}

fn read_limited(path: &Path) -> Result<Option<Vec<u8>>, ProfileError> {
    let error = |source| ProfileError::Read { path: path.to_owned(), source };
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > MAX_FILE => {
            Err(error(io::Error::new(io::ErrorKind::FileTooLarge, format!("over {MAX_FILE} bytes"))))
        }
        Ok(_) => crate::sources::read_limited(path, MAX_FILE).map(Some).map_err(error),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(error(source)),
    }
}
