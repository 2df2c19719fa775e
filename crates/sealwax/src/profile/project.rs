//! `sealwax.toml`: which of the user's trust profiles a project is signed with.
//!
//! The file comes with the project, so whoever hands out a repository has written it. It chooses among the profiles that the user has
//! added, and adds nothing: it has no key for a URL, a root or an identity. It is read for signing alone: whom to believe is never
//! said by what is to be verified.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::{DEFAULT, ProfileError, built_in};
use crate::sources::read_limited;

/// Its name, in the working directory or the nearest directory above.
pub const NAME: &str = "sealwax.toml";

/// The largest one: one key, and a page of comments.
const MAX_BYTES: u64 = 16 << 10;

/// The one key.
const KEY: &str = "trust";

/// What a project's file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The file.
    pub file: PathBuf,
    /// The profile that it names, which the user has added.
    pub profile: String,
}

/// Why a project's file cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// It cannot be read, or looked for.
    #[error("cannot read {file}: {source}; --trust NAME signs without it")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Not TOML.
    #[error("{file}:{line}: {reason}")]
    Syntax {
        /// The file.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A key that there is none of. A URL, a root or an identity is the user's to choose.
    #[error(
        "{file}:{line}: there is no key {key}: {NAME} may name a trust profile ({KEY} = \"NAME\") and nothing else"
    )]
    Key {
        /// The file.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// The one key is not there, or not a string.
    #[error("{file} names no trust profile: {KEY} = \"NAME\" is expected")]
    NoName {
        /// The file.
        file: PathBuf,
    },
    /// A profile that the user has not added. The name is another's text, so it is no part of the command that is advised.
    #[error(
        "{file} names the trust profile {name:?}, which is none that you have added: if you trust it, `sealwax trust add NAME` adds it; \
         --trust NAME signs by another"
    )]
    NotAdded {
        /// The file.
        file: PathBuf,
        /// The name.
        name: String,
    },
    /// The profiles cannot be listed.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl Project {
    /// Looks in this directory and those above it; the nearest file counts.
    ///
    /// # Errors
    /// [`ProjectError`]: one that cannot be followed is never passed over.
    pub fn find(directory: &Path) -> Result<Option<Self>, ProjectError> {
        let files = directory.ancestors().map(|above| above.join(NAME));
        for file in files {
            let read = |source| ProjectError::Read { file: file.clone(), source };
            // A link that leads nowhere is a file that cannot be read.
            let is_link = || file.symlink_metadata().is_ok();
            match fs::metadata(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !is_link() => {}
                Err(error) => return Err(read(error)),
                // A pipe would be waited for.
                Ok(metadata) if !metadata.is_file() => {
                    return Err(read(io::Error::new(
                        io::ErrorKind::InvalidInput,
                        "it is not a regular file",
                    )));
                }
                Ok(_) => {
                    let profile = name_in(&read_limited(&file, MAX_BYTES).map_err(read)?, &file)?;
                    return match is_added(&profile)? {
                        true => Ok(Some(Self { file, profile })),
                        false => Err(ProjectError::NotAdded { file, name: profile }),
                    };
                }
            }
        }
        Ok(None)
    }
}

/// The user's own profiles; and the default, which would apply anyway.
fn is_added(name: &str) -> Result<bool, ProfileError> {
    Ok(name == DEFAULT || built_in(name).is_none() && super::names()?.iter().any(|known| known == name))
}

/// The name in the file.
///
/// # Errors
/// It is not TOML, has another key, or no name.
pub fn name_in(bytes: &[u8], file: &Path) -> Result<String, ProjectError> {
    let syntax = |start: usize, reason: String| {
        let before = bytes.get(..start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        ProjectError::Syntax { file: file.to_owned(), line, reason }
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| syntax(error.valid_up_to(), "it is not UTF-8".to_owned()))?;
    let table = DeTable::parse(text).map_err(|error| {
        syntax(error.span().map_or(0, |span| span.start), error.message().replace('\n', ", "))
    })?;
    let others = table.get_ref().keys().filter(|key| key.get_ref() != KEY);
    if let Some(other) = others.min_by_key(|key| key.span().start) {
        let before = text.get(..other.span().start).unwrap_or_default();
        return Err(ProjectError::Key {
            file: file.to_owned(),
            line: 1 + before.matches('\n').count(),
            key: other.get_ref().to_string(),
        });
    }
    match table.get_ref().get(KEY).map(|value| value.get_ref()) {
        Some(DeValue::String(name)) => Ok(name.to_string()),
        _ => Err(ProjectError::NoName { file: file.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<String, ProjectError> {
        name_in(text.as_bytes(), Path::new("p"))
    }

    #[test]
    fn it_names_a_profile_and_nothing_else() {
        assert_eq!(name("# ours\ntrust = \"acme\"\n").unwrap(), "acme");
        for (text, wrong_key, wrong_line) in [
            ("trust = \"acme\"\ntuf = \"https://x.example\"", "tuf", 2),
            ("\n\ntrusted_root = \"root.json\"", "trusted_root", 3),
            ("[identity]\nissuer = \"x\"", "identity", 1),
        ] {
            match name(text) {
                Err(ProjectError::Key { key, line, .. }) => {
                    assert_eq!((&*key, line), (wrong_key, wrong_line));
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        for text in ["", "trust = 1", "trust = [\"a\"]", "trust.tuf = \"x\""] {
            assert!(matches!(name(text), Err(ProjectError::NoName { .. })), "{text}");
        }
        for text in ["trust = ", "trust = \"a\"\ntrust = \"b\"", "trust"] {
            assert!(matches!(name(text), Err(ProjectError::Syntax { .. })), "{text}");
        }
        assert!(matches!(name_in(b"\n\xff", Path::new("p")), Err(ProjectError::Syntax { line: 2, .. })));
    }
}
