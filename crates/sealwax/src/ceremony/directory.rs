//! A plan in a directory:
//!
//! - `plan.json`: what belongs to it;
//! - `base/`: the metadata of the repository that it was planned after, as it was published;
//! - `next/`: the files to be signed, in the form of TUF;
//! - `targets/`: the contents of new targets;
//! - `signatures/FILE/KEYID.json`: one signature each.
//!
//! Holders may have copies. Nothing but `signatures/` changes, so that copies are joined by copying that.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sealwax_tuf::editor::{
    EditError, Edition, MAX_OUTLINE_BYTES, MAX_SIGNATURE_BYTES, Outline, Plan, Repository, parse_signature,
    write_signature,
};

use super::repository::{open, open_from, read};
use crate::profile::MAX_FILE;
use crate::{Failure, output_file};

const OUTLINE: &str = "plan.json";
const BASE: &str = "base";
const NEXT: &str = "next";
const TARGETS: &str = "targets";
const SIGNATURES: &str = "signatures";

/// More signatures of one file are more than any repository has holders.
const MAX_SIGNATURES: usize = 1_000;

/// A plan, read from its directory.
pub(super) struct Planned {
    pub(super) directory: PathBuf,
    plan: Plan,
    /// The file, the keyid, the signature.
    signatures: Vec<(String, String, Vec<u8>)>,
}

/// Writes an edition that was planned after `base` into a new directory.
pub(super) fn write(directory: &Path, base: Option<&Repository>, edition: &Edition) -> Result<(), Failure> {
    make(directory)?;
    let plan = edition.to_plan();
    let outline = edition.outline();
    if let Some(base) = base {
        for (name, bytes) in base.files() {
            put(&directory.join(BASE).join(name), &bytes)?;
        }
    }
    let names = outline.roots.iter().chain(&outline.targets);
    for (name, bytes) in names.zip(plan.roots.iter().chain(&plan.targets)) {
        put(&directory.join(NEXT).join(name), bytes)?;
    }
    for (path, bytes) in &plan.contents {
        put(&directory.join(TARGETS).join(path), bytes)?;
    }
    // Last: a directory without it is no plan.
    put(&directory.join(OUTLINE), outline.write().as_bytes())
}

impl Planned {
    /// Reads a plan. Nothing in it is believed yet.
    pub(super) fn read(directory: &Path) -> Result<Self, Failure> {
        let odd = |name: &str, error: sealwax_tuf::MetadataError| {
            Failure::cannot(format!("{}: {error}", directory.join(name).display()))
        };
        let outline = read(&directory.join(OUTLINE), MAX_OUTLINE_BYTES as u64)?.ok_or_else(|| {
            Failure::cannot(format!("{} is no plan: it has no {OUTLINE}", directory.display()))
        })?;
        let outline = Outline::parse(&outline).map_err(|error| odd(OUTLINE, error))?;
        let must = |path: PathBuf| {
            read(&path, MAX_FILE)?.ok_or_else(|| Failure::cannot(format!("{} is missing", path.display())))
        };
        let next = |name: &String| must(directory.join(NEXT).join(name));
        let content = |path: &String| Ok((path.clone(), must(directory.join(TARGETS).join(path))?));
        let plan = Plan {
            after_targets: outline.after_targets,
            roots: outline.roots.iter().map(next).collect::<Result<_, Failure>>()?,
            targets: outline.targets.as_ref().map(next).transpose()?,
            contents: outline.contents.iter().map(content).collect::<Result<_, Failure>>()?,
            renewed: outline.renewed,
        };
        let mut signatures = Vec::new();
        for file in outline.roots.iter().chain(&outline.targets) {
            for path in names_in(&directory.join(SIGNATURES).join(file))? {
                let bytes = must_be_small(&path)?;
                let (keyid, signature) = parse_signature(&bytes)
                    .map_err(|error| Failure::cannot(format!("{}: {error}", path.display())))?;
                signatures.push((file.clone(), keyid, signature));
            }
        }
        Ok(Self { directory: directory.to_owned(), plan, signatures })
    }

    /// The repository that it was planned after, from a root on that is trusted, or else from its own first one.
    pub(super) fn base(&self, trusted_root: Option<&Path>) -> Result<Option<Repository>, Failure> {
        let base = self.directory.join(BASE);
        match trusted_root {
            None => open(&base),
            Some(path) => {
                let missing = || Failure::cannot(format!("{} is missing", path.display()));
                let root = read(path, MAX_FILE)?.ok_or_else(missing)?;
                open_from(&root, &base).map(Some)
            }
        }
    }

    /// The edition, before the repository as it is.
    pub(super) fn edition(&self, base: Option<&Repository>) -> Result<Edition, EditError> {
        let mut edition = Edition::resume(base, &self.plan)?;
        for (file, keyid, signature) in &self.signatures {
            match edition.add_signature(file, keyid, signature) {
                // The file is published already, and needs none.
                Err(EditError::NoSuchFile { .. }) => {}
                added => added?,
            }
        }
        Ok(edition)
    }

    /// Keeps a signature.
    pub(super) fn keep(&self, file: &str, keyid: &str, signature: &[u8]) -> Result<(), Failure> {
        // A keyid may be any text; a short digest of ours is always a name.
        let name = if keyid.bytes().all(|byte| byte.is_ascii_alphanumeric()) && keyid.len() <= 128 {
            keyid.to_owned()
        } else {
            sealwax_crypto::hex(&sealwax_crypto::sha256(keyid.as_bytes()))
        };
        let path = self.directory.join(SIGNATURES).join(file).join(format!("{name}.json"));
        put(&path, write_signature(keyid, signature).as_bytes())
    }
}

/// The JSON files in a directory that need not be, in the order of their names.
fn names_in(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |error: io::Error| Failure::cannot(format!("{}: {error}", directory.display()));
    let mut paths = match fs::read_dir(directory) {
        Ok(entries) => {
            entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().map_err(cannot)?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(cannot(error)),
    };
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    if paths.len() > MAX_SIGNATURES {
        return Err(Failure::cannot(format!("{} has more than {MAX_SIGNATURES} files", directory.display())));
    }
    paths.sort();
    Ok(paths)
}

fn must_be_small(path: &Path) -> Result<Vec<u8>, Failure> {
    let found = read(path, MAX_SIGNATURE_BYTES as u64)?;
    found.ok_or_else(|| Failure::cannot(format!("{} is missing", path.display())))
}

fn make(directory: &Path) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::cannot(format!("{}: {error}", directory.display()));
    fs::create_dir_all(directory).map_err(cannot)?;
    match fs::read_dir(directory).map_err(cannot)?.next() {
        None => Ok(()),
        Some(_) => Err(Failure::cannot(format!("{} is not empty", directory.display()))),
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)
            .map_err(|error| Failure::cannot(format!("{}: {error}", parent.display())))?;
    }
    output_file::write(path, bytes, true)
}
