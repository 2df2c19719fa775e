use crate::StoreError;
use std::{io, sync::Arc};

/// The longest name. Far above what the layouts of logs produce, far below `PATH_MAX`, and it fits the write-ahead
/// file's sixteen-bit length.
pub(crate) const NAME_MAX: usize = 512;

/// Refuses what could name something outside the store, or the same object twice.
pub(crate) fn check(name: &str) -> Result<(), StoreError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..");
    if name.len() <= NAME_MAX && name.bytes().all(is_allowed) && name.split('/').all(is_segment) {
        return Ok(());
    }
    Err(StoreError::Failed {
        what: format!("{name:?} is not a name of an object"),
        cause: Arc::new(io::ErrorKind::InvalidInput.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_paths_of_few_characters() {
        for good in ["a", "tile/0/x001/000.p/5", "staged/0123-abc_D", "a.b", "...", "a..b"] {
            check(good).unwrap();
        }
        for bad in ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a b", "a\\b", "ä", "a\0", "a:b"]
        {
            assert!(matches!(check(bad), Err(StoreError::Failed { .. })), "{bad:?}");
        }
        assert!(check(&"a".repeat(NAME_MAX)).is_ok());
        assert!(check(&"a".repeat(NAME_MAX + 1)).is_err());
    }
}
