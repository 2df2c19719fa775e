//! The file that says which second may have been stamped.

use jiff::Timestamp;
use sealwax_net::cache::{CacheError, Directory};
use std::path::{Path, PathBuf};

/// The file's name.
const NAME: &str = "last-stamp";

/// The longest file that is read. It has 21 bytes: an RFC 3339 time in whole seconds, and a line end.
const MAX_BYTES: u64 = 64;

/// The latest second that is on disk.
#[derive(Debug)]
pub struct LastStamp {
    directory: Directory,
    stored: Option<Timestamp>,
}

/// Why the second is not known, or not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LastStampError {
    /// The directory or the file cannot be used.
    #[error(transparent)]
    File(#[from] CacheError),
    /// The file says something else than a time. Nobody but us writes it; whoever knows the time that was stamped last
    /// may write that.
    #[error("{path} holds no time in whole seconds; the time that was stamped last belongs there", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl LastStamp {
    /// Reads the file in this directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`LastStampError`]: without it nobody knows what was stamped.
    pub fn open(directory: &Path) -> Result<Self, LastStampError> {
        let directory = Directory::create(directory)?;
        let stored = match directory.read(NAME, MAX_BYTES)? {
            Some(bytes) => {
                let damaged = || LastStampError::Damaged { path: directory.path().join(NAME) };
                Some(read(&bytes).ok_or_else(damaged)?)
            }
            None => None,
        };
        Ok(Self { directory, stored })
    }

    /// What is stored.
    #[must_use]
    pub fn stored(&self) -> Option<Timestamp> {
        self.stored
    }

    /// Stores a second, durably.
    ///
    /// # Errors
    /// [`LastStampError::File`].
    pub fn store(&mut self, second: Timestamp) -> Result<(), LastStampError> {
        self.directory.write(NAME, format!("{second}\n").as_bytes())?;
        self.stored = Some(second);
        Ok(())
    }
}

fn read(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let second: Timestamp = text.parse().ok()?;
    // What we would not write ourselves is not ours.
    (second.to_string() == text && second.subsec_nanosecond() == 0).then_some(second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("sealwax-tsa-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn what_is_stored_is_read() {
        let path = scratch("last-stamp");
        let mut last = LastStamp::open(&path).unwrap();
        assert_eq!(last.stored(), None);
        for second in [1_763_800_000, 1_763_800_002, 1_763_800_001] {
            let second = Timestamp::from_second(second).unwrap();
            last.store(second).unwrap();
            assert_eq!(last.stored(), Some(second));
            assert_eq!(LastStamp::open(&path).unwrap().stored(), Some(second));
        }
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_damaged_file_is_not_taken_for_none() {
        let path = scratch("last-stamp-damaged");
        LastStamp::open(&path).unwrap().store(Timestamp::from_second(1_763_800_000).unwrap()).unwrap();
        for text in [
            "",
            "\n",
            "2025-11-22T08:26:40Z",
            "2025-11-22T08:26:40.5Z\n",
            "2025-11-22T09:26:40+01:00\n",
            "\u{0}\n",
        ] {
            fs::write(path.join(NAME), text).unwrap();
            assert!(matches!(LastStamp::open(&path), Err(LastStampError::Damaged { .. })), "{text:?}");
        }
        fs::write(path.join(NAME), [b'2'; 65]).unwrap();
        assert!(matches!(LastStamp::open(&path), Err(LastStampError::File(CacheError::TooLong { .. }))));
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_directory_that_is_gone_is_an_error() {
        let path = scratch("last-stamp-gone");
        let mut last = LastStamp::open(&path).unwrap();
        fs::remove_dir_all(&path).unwrap();
        let second = Timestamp::from_second(1_763_800_000).unwrap();
        assert!(matches!(last.store(second), Err(LastStampError::File(CacheError::Io { .. }))));
        assert_eq!(last.stored(), None);
    }
}
