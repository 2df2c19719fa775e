//! `trust export`: the files of a profile, for other programs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::say;
use crate::judge::Status;
use crate::profile::{self, Files};
use crate::{Failure, output_file};

pub(super) fn run(
    name: &str,
    directory: &Path,
    overwrite: bool,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let profile = profile::load(name)?;
    let root = profile::tuf_root(&profile)?;
    let files = Files {
        trusted_root: profile.trusted_root,
        signing_config: profile.signing_config,
        signing_config_rekor_v2: profile.signing_config_rekor_v2,
        keys: profile.keys,
        root,
    };
    let written = write_all(&files, directory, overwrite)?;
    say(out, &format!("wrote {} of {name} to {}", written.join(", "), directory.display()))
}

/// Writes the files that are there into a directory that need not be; none if one of them is in the way.
pub(super) fn write_all(
    files: &Files,
    directory: &Path,
    overwrite: bool,
) -> Result<Vec<&'static str>, Failure> {
    let paths: Vec<PathBuf> = files.named().map(|(name, _)| directory.join(name)).collect();
    output_file::check_free(&paths, overwrite)?;
    fs::create_dir_all(directory)
        .map_err(|error| Failure::cannot(format!("cannot make {}: {error}", directory.display())))?;
    for ((_, bytes), path) in files.named().zip(&paths) {
        output_file::write(path, bytes, overwrite)?;
    }
    Ok(files.named().map(|(name, _)| name).collect())
}
