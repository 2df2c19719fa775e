use crate::StoreError;
use std::{io, sync::Arc};

/// The longest name, bytes. Far above what the layouts of logs produce, far below `PATH_MAX`, and it fits the sixteen
/// bits that the write-ahead file has for it.
pub(crate) const NAME_MAX: usize = 512;

/// What a directory keeps beside the objects, as first segments.
const RESERVED: [&str; 4] = ["checkpoint", "lock", "tmp", "wal"];

/// Refuses what could name something outside the store, the same object twice, or the store's own files.
pub(crate) fn check(name: &str) -> Result<(), StoreError> {
    if is_good(name) {
        return Ok(());
    }
    Err(StoreError::Failed {
        what: format!("{name:?} is not a name of an object"),
        cause: Arc::new(io::ErrorKind::InvalidInput.into()),
    })
}

pub(crate) fn is_good(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..");
    name.len() <= NAME_MAX
        && name.bytes().all(is_allowed)
        && name.split('/').all(is_segment)
        && name.split('/').next().is_none_or(|first| !RESERVED.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_paths_of_few_characters() {
        for good in ["a", "tile/0/x001/000.p/5", "staged/0123-abc_D", "a.b", "...", "a..b", "a/lock", "locks"]
        {
            check(good).unwrap();
        }
        for bad in ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a b", "a\\b", "ä", "a\0", "a:b"]
        {
            assert!(matches!(check(bad), Err(StoreError::Failed { .. })), "{bad:?}");
        }
        assert!(check(&"a".repeat(NAME_MAX)).is_ok());
        assert!(check(&"a".repeat(NAME_MAX + 1)).is_err());
    }

    #[test]
    fn the_files_of_the_store_are_no_objects() {
        for bad in ["checkpoint", "lock", "wal", "wal/1", "tmp/1"] {
            assert!(matches!(check(bad), Err(StoreError::Failed { .. })), "{bad:?}");
        }
    }
}
