//! `cargo xtask interop`: our services before other people's programs.

pub(crate) mod ca;
pub(crate) mod idp;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod peers;
pub(crate) mod pkcs11;
pub(crate) mod serve;
mod takeover;
pub(crate) mod tsa;
pub(crate) mod tuf_editor;

use std::fs;
use std::path::PathBuf;

use crate::Failure;
use crate::process::{cargo, executable, target};

/// Where the jobs keep what they install and make.
fn directory() -> Result<PathBuf, Failure> {
    let directory = target().join("interop");
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// Builds an executable of ours.
fn built(what: &[&str], name: &str) -> Result<PathBuf, Failure> {
    let mut build = cargo();
    build.args(["build", "-q"]).args(what);
    executable(build, name)
}
