//! Artifacts: what a reference on the command line names, and its digests, read once and in constant memory.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sealwax_crypto::{Digest, Hasher, Representative, RepresentativeHasher};
use sealwax_verify::Wanted;

/// What is read at a time: large enough that hashing, not the system call, is the cost.
const CHUNK: usize = 256 * 1024;

/// The most that is held in memory of an artifact whose key signs the whole of it (pure Ed25519) and not a digest.
pub const MAX_WHOLE_ARTIFACT: u64 = 512 * 1024 * 1024;

/// What a word on the command line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `-`
    Stdin,
    /// A file.
    Path(PathBuf),
    /// `sha256:…`, `sha384:…`, `sha512:…`
    Digest(Digest),
}

impl Reference {
    /// Reads a word. What starts like a digest is one, or an error; `./sha256:…` is a file.
    pub fn parse(word: impl AsRef<OsStr>) -> Result<Self, String> {
        // A name that is not UTF-8 can only be a file's.
        let Some(word) = word.as_ref().to_str() else { return Ok(Self::Path(PathBuf::from(word.as_ref()))) };
        if word == "-" {
            return Ok(Self::Stdin);
        }
        let is_digest = ["sha256:", "sha384:", "sha512:"].iter().any(|prefix| word.starts_with(prefix));
        if !is_digest {
            return Ok(Self::Path(PathBuf::from(word)));
        }
        word.parse().map(Self::Digest).map_err(|error| {
            format!("{word} starts like a digest but is none: {error}; a file of that name is ./{word}")
        })
    }

    /// The file's path, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Stdin | Self::Digest(_) => None,
        }
    }
}

/// What is known of an artifact once it has been read.
#[derive(Debug, Default)]
pub struct Content {
    /// Its digests.
    pub digests: Vec<Digest>,
    /// The whole of it, if that was asked for.
    pub bytes: Option<Vec<u8>>,
    /// What stands for it with the keys that were asked about.
    pub representatives: Vec<Representative>,
}

/// Reads what `reference` names.
///
/// # Errors
/// The file cannot be read.
pub fn read(reference: &Reference, wanted: &Wanted) -> io::Result<Content> {
    let held = wanted.bytes.then_some(MAX_WHOLE_ARTIFACT);
    match reference {
        Reference::Digest(digest) => Ok(Content { digests: vec![*digest], ..Content::default() }),
        Reference::Stdin => digest_stream(&mut io::stdin().lock(), None, "standard input", wanted, held),
        Reference::Path(path) => {
            let mut file = File::open(path)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file"));
            }
            let length = metadata.is_file().then_some(metadata.len());
            digest_stream(&mut file, length, &path.display().to_string(), wanted, held)
        }
    }
}

fn digest_stream(
    input: &mut dyn Read,
    length: Option<u64>,
    name: &str,
    wanted: &Wanted,
    held: Option<u64>,
) -> io::Result<Content> {
    let mut hashers: Vec<Hasher> = wanted.digests.iter().map(|&algorithm| Hasher::new(algorithm)).collect();
    let mut standing: Vec<_> = wanted.representatives.iter().filter_map(RepresentativeHasher::new).collect();
    let mut bytes = held.map(|_| Vec::new());
    let mut progress = Progress::new(name, length);
    let small = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(CHUNK);
    let mut chunk = vec![0; CHUNK.min(small.max(4096))];
    let mut total: u64 = 0;
    loop {
        let count = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = chunk.get(..count).unwrap_or_default();
        hashers.iter_mut().for_each(|hasher| hasher.update(read));
        standing.iter_mut().for_each(|hasher| hasher.update(read));
        total = total.saturating_add(count as u64);
        // Some bundle among those found could need the whole artifact. If it really does, the verdict is left open.
        if held.is_some_and(|most| total > most) {
            bytes = None;
        }
        if let Some(bytes) = &mut bytes {
            bytes.extend_from_slice(read);
        }
        progress.advance(total);
    }
    progress.finish();
    let digests = hashers.into_iter().map(Hasher::finish).collect();
    let representatives = standing.into_iter().map(RepresentativeHasher::finish).collect();
    Ok(Content { digests, bytes, representatives })
}

/// A line on standard error for what takes longer than a second, on a terminal only.
struct Progress<'a> {
    name: &'a str,
    length: Option<u64>,
    started: Instant,
    shown: Option<Instant>,
}

impl<'a> Progress<'a> {
    fn new(name: &'a str, length: Option<u64>) -> Self {
        Self { name, length, started: Instant::now(), shown: None }
    }

    fn advance(&mut self, total: u64) {
        let due = self.shown.unwrap_or(self.started)
            + Duration::from_millis(if self.shown.is_some() { 200 } else { 1_000 });
        if Instant::now() < due || !io::stderr().is_terminal() {
            return;
        }
        self.shown = Some(Instant::now());
        let name = crate::terminal::Escaped(self.name).to_string();
        let mebibytes = total / (1024 * 1024);
        let line = match self.length.filter(|length| *length > 0) {
            Some(length) => {
                format!("\rreading {name}: {mebibytes} MiB, {} %", total.saturating_mul(100) / length)
            }
            None => format!("\rreading {name}: {mebibytes} MiB"),
        };
        let _ = io::stderr().write_all(line.as_bytes());
    }

    fn finish(&self) {
        if self.shown.is_some() {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sealwax_crypto::HashAlgorithm;

    use super::*;

    /// What is too large to be held is hashed all the same, so that a bundle that needs a digest only is not held up.
    #[test]
    fn more_than_may_be_held_is_hashed_only() {
        let digests = BTreeSet::from([HashAlgorithm::Sha256]);
        let wanted = Wanted { digests, ..Wanted::default() };
        for (held, kept) in [(None, false), (Some(5), false), (Some(6), true), (Some(u64::MAX), true)] {
            let content = digest_stream(&mut &b"sealed"[..], None, "six bytes", &wanted, held).unwrap();
            assert_eq!(content.digests, [sealwax_verify::digest(HashAlgorithm::Sha256, b"sealed")]);
            assert_eq!(content.bytes, kept.then(|| b"sealed".to_vec()), "{held:?}");
        }
    }

    #[test]
    fn references() {
        let hex = "ab".repeat(32);
        assert_eq!(Reference::parse("-"), Ok(Reference::Stdin));
        assert!(matches!(Reference::parse(format!("sha256:{hex}")), Ok(Reference::Digest(_))));
        assert_eq!(
            Reference::parse(format!("./sha256:{hex}")),
            Ok(Reference::Path(format!("./sha256:{hex}").into()))
        );
        assert!(Reference::parse("sha256:abc").is_err());
        assert!(Reference::parse(format!("sha512:{hex}")).is_err());
        assert_eq!(Reference::parse("sha1:x"), Ok(Reference::Path("sha1:x".into())));
    }
}
