//! Writing profiles. A directory appears whole or not at all, is nobody else's to read, and its description is written
//! last, so that it never claims more than is there.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use sealwax_net::cache::Directory;

use super::{
    BUILT_IN, Description, KEY_ONLY, MAX_FILE, Origin, Profile, ProfileError, built_in, check_above,
    check_name, data_directory, directory,
};

/// What a profile consists of.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// `trusted_root.json`.
    pub trusted_root: Option<Vec<u8>>,
    /// `signing_config.json`.
    pub signing_config: Option<Vec<u8>>,
    /// `signing_config_rekor_v2.json`.
    pub signing_config_rekor_v2: Option<Vec<u8>>,
    /// `keys.json`.
    pub keys: Option<Vec<u8>>,
    /// `root.json`, of TUF.
    pub root: Option<Vec<u8>>,
}

impl Files {
    /// The files that are there, by their names.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        [
            ("trusted_root.json", &self.trusted_root),
            ("signing_config.json", &self.signing_config),
            ("signing_config_rekor_v2.json", &self.signing_config_rekor_v2),
            ("keys.json", &self.keys),
            ("root.json", &self.root),
        ]
        .into_iter()
        .filter_map(|(name, bytes)| Some((name, bytes.as_deref()?)))
    }
}

/// Makes a profile of the user's own.
///
/// # Errors
/// The name is bad, built in or taken; the system says no.
pub fn create(name: &str, description: &Description, files: &Files) -> Result<PathBuf, ProfileError> {
    check_name(name)?;
    if name == KEY_ONLY || BUILT_IN.iter().any(|profile| profile.name == name) {
        return Err(ProfileError::BuiltIn(name.to_owned()));
    }
    let target = directory(name)?;
    if target.symlink_metadata().is_ok() {
        return Err(ProfileError::Exists(name.to_owned()));
    }
    let trust = private_directory(&data_directory()?.join("trust"))?;
    check_above(&target)?;
    // A leading dot is never the name of a profile.
    let temporary = trust.join(format!(".new-{name}-{}", std::process::id()));
    let made = fill(&temporary, description, files).and_then(|()| {
        fs::rename(&temporary, &target).map_err(|source| match source.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
                ProfileError::Exists(name.to_owned())
            }
            _ => ProfileError::Write { path: target.clone(), source },
        })
    });
    if made.is_err() {
        // Nothing more can be done about what stays behind; it is never read.
        let _ = fs::remove_dir_all(&temporary);
    }
    made?;
    flush(&trust)?;
    Ok(target)
}

fn fill(directory: &Path, description: &Description, files: &Files) -> Result<(), ProfileError> {
    private_directory(directory)?;
    let opened = Directory::open(directory)?;
    for (name, bytes) in files.named() {
        opened.write(name, bytes)?;
    }
    opened.write("profile.json", &description.write())?;
    Ok(())
}

/// Replaces the files of a profile by those that its repository has now: each at once, the description last. A file that the
/// repository no longer has is removed.
///
/// # Errors
/// The system says no, or others may write the directory.
pub fn replace(name: &str, description: &Description, files: &Files) -> Result<(), ProfileError> {
    let path = private_directory(&directory(name)?)?;
    check_above(&path)?;
    let opened = Directory::open(&path)?;
    for (name, bytes) in files.named() {
        opened.write(name, bytes)?;
    }
    for (name, file) in [
        ("signing_config.json", &files.signing_config),
        ("signing_config_rekor_v2.json", &files.signing_config_rekor_v2),
        ("keys.json", &files.keys),
    ] {
        if file.is_none() {
            opened.remove(name)?;
        }
    }
    opened.write("profile.json", &description.write())?;
    Ok(())
}

/// Removes a profile of the user's own, or the refreshed copy of a built-in one; says which.
///
/// # Errors
/// There is none; the system says no.
pub fn remove(name: &str) -> Result<Removed, ProfileError> {
    let path = directory(name)?;
    let is_built_in = built_in(name).is_some() || name == KEY_ONLY;
    if path.symlink_metadata().is_err() {
        return Err(match is_built_in {
            true => ProfileError::NothingToRemove(name.to_owned()),
            false => ProfileError::Unknown {
                name: name.to_owned(),
                known: super::names().unwrap_or_default().join(", "),
            },
        });
    }
    let error = |source| ProfileError::Write { path: path.clone(), source };
    // Gone at once for every reader, however long it takes.
    let aside = path.with_file_name(format!(".old-{name}-{}", std::process::id()));
    fs::rename(&path, &aside).map_err(error)?;
    fs::remove_dir_all(&aside).map_err(error)?;
    Ok(if is_built_in { Removed::Copy } else { Removed::Profile })
}

/// What was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A profile.
    Profile,
    /// The refreshed copy of a built-in profile, which applies again as it was built in.
    Copy,
}

/// The TUF root that the profile starts from, if it has one.
///
/// # Errors
/// The file cannot be read or is open to others.
pub fn tuf_root(profile: &Profile) -> Result<Option<Vec<u8>>, ProfileError> {
    match &profile.origin {
        Origin::BuiltIn => Ok(built_in(&profile.name).map(|profile| profile.tuf_root.as_bytes().to_vec())),
        Origin::Directory(path) => Ok(Directory::open(path)?.read("root.json", MAX_FILE)?),
        Origin::File(_) | Origin::KeyOnly => Ok(None),
    }
}

/// The directory of the TUF client's own files for a profile, made if need be.
///
/// # Errors
/// The name is bad; the system says no.
pub fn tuf_directory(name: &str) -> Result<PathBuf, ProfileError> {
    Ok(private_directory(&directory(name)?)?.join("tuf"))
}

/// Makes a directory, and those above it that are missing, for us alone.
fn private_directory(path: &Path) -> Result<PathBuf, ProfileError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Ok(()) => Ok(path.to_owned()),
        Err(source) => Err(ProfileError::Write { path: path.to_owned(), source }),
    }
}

/// Makes a rename last.
fn flush(directory: &Path) -> Result<(), ProfileError> {
    if cfg!(unix) {
        File::open(directory)
            .and_then(|opened| opened.sync_all())
            .map_err(|source| ProfileError::Write { path: directory.to_owned(), source })?;
    }
    Ok(())
}
