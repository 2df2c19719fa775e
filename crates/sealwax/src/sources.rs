//! Where bundles and keys are read, in any of the usual forms, each with its limit.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sealwax_formats::Bundle;
use sealwax_formats::readers::{self, DetachedParts, Found, ReadError, Reading};
use sealwax_verify::PublicKey;

use crate::judge::{Job, Stop};
use crate::neighbours;

/// The largest key or certificate file.
const MAX_SMALL_FILE: u64 = 1024 * 1024;

/// Where the bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleSource {
    /// Beside the artifact.
    Neighbours,
    /// A file.
    File(PathBuf),
    /// In the list itself.
    Inline(Vec<u8>),
    /// In several files.
    Detached {
        /// The signature.
        signature: PathBuf,
        /// The certificate.
        certificate: Option<PathBuf>,
        /// The log entry.
        log_entry: Option<PathBuf>,
        /// The timestamps.
        timestamps: Vec<PathBuf>,
    },
}

/// A bundle that was found somewhere.
#[derive(Debug)]
pub struct Sourced {
    /// The file, and the place in it.
    pub source: String,
    /// The bundle, or why it cannot be read.
    pub bundle: Result<Bundle, String>,
}

impl Sourced {
    fn new(file: &str, found: Found) -> Self {
        let source =
            if found.place.is_empty() { file.to_owned() } else { format!("{file} ({})", found.place) };
        Self { source, bundle: found.bundle.map_err(|error| error.to_string()) }
    }
}

/// The bundles that there are for a job. One that cannot be read does not hide the others.
pub fn find(job: &Job) -> Result<Vec<Sourced>, Stop> {
    match &job.bundle {
        BundleSource::File(path) => read_bundles(path),
        BundleSource::Inline(bytes) => Ok(sort_out("the list", readers::read(bytes))),
        BundleSource::Detached { signature, certificate, log_entry, timestamps } => {
            let signature_bytes = read_small(signature)?;
            let certificate = certificate.as_deref().map(read_small).transpose()?;
            let log_entry = log_entry.as_deref().map(read_small).transpose()?;
            let timestamps = timestamps.iter().map(|path| read_small(path)).collect::<Result<Vec<_>, _>>()?;
            let timestamps: Vec<&[u8]> = timestamps.iter().map(Vec::as_slice).collect();
            let bundle = readers::detached(&DetachedParts {
                signature: &signature_bytes,
                certificate: certificate.as_deref(),
                rekor_entry: log_entry.as_deref(),
                timestamps: &timestamps,
            });
            Ok(vec![Sourced::new(&signature.display().to_string(), Found { place: String::new(), bundle })])
        }
        BundleSource::Neighbours => {
            let Some(path) = job.artifact.path() else {
                return Err(Stop::cannot_tell(
                    "a digest or a stream has no bundle beside it: give --bundle FILE",
                ));
            };
            let mut found = Vec::new();
            // Anyone who can add a file beside the artifact could add many large ones.
            let mut left = readers::MAX_BYTES as u64;
            for neighbour in neighbours::bundles_of(path) {
                let name = neighbour.display().to_string();
                match read_limited(&neighbour, left) {
                    Ok(bytes) => {
                        left = left.saturating_sub(bytes.len() as u64);
                        found.append(&mut sort_out(&name, readers::read(&bytes)));
                    }
                    Err(error) => found.push(Sourced { source: name, bundle: Err(error.to_string()) }),
                }
            }
            if !found.is_empty() {
                return Ok(found);
            }
            if !path.exists() {
                return Err(Stop::cannot_tell(format!("there is no file {}", path.display())));
            }
            Err(Stop::cannot_tell(format!(
                "no bundle beside {}: looked for {} and others; give --bundle FILE",
                path.display(),
                neighbours::names_for(path)
            )))
        }
    }
}

fn sort_out(file: &str, reading: Result<Reading, ReadError>) -> Vec<Sourced> {
    match reading {
        Ok(reading) => reading.bundles.into_iter().map(|found| Sourced::new(file, found)).collect(),
        Err(error) => vec![Sourced { source: file.to_owned(), bundle: Err(error.to_string()) }],
    }
}

/// Reads all bundles of a file in any of the usual forms.
///
/// The raw text is dropped before anything is verified: of a large attestation only the decoded payload is held.
fn read_bundles(path: &Path) -> Result<Vec<Sourced>, Stop> {
    let bytes = read_file(path, readers::MAX_BYTES as u64)?;
    Ok(sort_out(&path.display().to_string(), readers::read(&bytes)))
}

/// The bundle in a file that has only one.
///
/// # Errors
/// A sentence for people.
pub fn read_one_bundle(path: &Path) -> Result<Bundle, String> {
    let bytes = read_file(path, readers::MAX_BYTES as u64).map_err(|stop| stop.reason)?;
    let unreadable = |error: ReadError| format!("{} cannot be read: {error}", path.display());
    let mut bundles = readers::read(&bytes).map_err(unreadable)?.bundles;
    match (bundles.pop(), bundles.len()) {
        (Some(found), 0) => found.bundle.map_err(unreadable),
        (_, others) => Err(format!("{} has {} bundles, not one", path.display(), others + 1)),
    }
}

fn read_small(path: &Path) -> Result<Vec<u8>, Stop> {
    read_file(path, MAX_SMALL_FILE)
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Stop> {
    read_limited(path, limit)
        .map_err(|error| Stop::cannot_tell(format!("cannot read {}: {error}", path.display())))
}

/// Reads a whole file, and refuses one that is larger than it may be before reading it.
///
/// # Errors
/// What the system says, or [`io::ErrorKind::FileTooLarge`].
pub fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes"));
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// The public key in a file: PEM, JWK, SSH, minisign or DER.
///
/// # Errors
/// A sentence for people.
pub fn read_key(path: &Path) -> Result<PublicKey, Stop> {
    let bytes = read_small(path)?;
    let key = PublicKey::from_file_bytes(&bytes);
    key.map_err(|error| {
        Stop::cannot_tell(format!(
            "{} is not a public key (PEM, JWK, SSH, minisign or DER): {error}",
            path.display()
        ))
    })
}
