//! Entry bundles: entries one after another, each behind its length in two bytes.

use super::{EntryBundle, FULL_WIDTH};

/// The longest entry a bundle can hold: its length is a `uint16`.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// Why bytes are not a bundle, or entries cannot be made into one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntriesError {
    /// The bytes end within entry `position` (from 0).
    #[error("the bundle ends within entry {position}")]
    Cut {
        /// Which one, from 0.
        position: usize,
    },
    /// Another number of entries than the bundle is wide.
    #[error("the bundle has {found} entries, not {expected}")]
    WrongCount {
        /// The width of the bundle.
        expected: usize,
        /// How many there are; of those beyond a full bundle only the first is counted.
        found: usize,
    },
    /// Entry `position` (from 0) is longer than [`MAX_ENTRY_BYTES`].
    #[error("entry {position} has {bytes} bytes, at most {MAX_ENTRY_BYTES} fit")]
    EntryTooLong {
        /// Which one, from 0.
        position: usize,
        /// Its length.
        bytes: usize,
    },
}

/// The entries of a bundle, as many as it is wide.
///
/// # Errors
/// [`EntriesError::Cut`] or [`EntriesError::WrongCount`].
pub fn decode_entries(bundle: EntryBundle, bytes: &[u8]) -> Result<Vec<&[u8]>, EntriesError> {
    let mut entries = Vec::with_capacity(usize::from(bundle.width()));
    let mut rest = bytes;
    while !rest.is_empty() && entries.len() <= usize::from(FULL_WIDTH) {
        let cut = EntriesError::Cut { position: entries.len() };
        let Some((length, tail)) = rest.split_first_chunk() else { return Err(cut) };
        let Some((entry, tail)) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            return Err(cut);
        };
        entries.push(entry);
        rest = tail;
    }
    if entries.len() == usize::from(bundle.width()) {
        Ok(entries)
    } else {
        Err(EntriesError::WrongCount { expected: usize::from(bundle.width()), found: entries.len() })
    }
}

/// The bytes of a bundle of these entries.
///
/// # Errors
/// [`EntriesError::EntryTooLong`], or [`EntriesError::WrongCount`] if there are none or more than 256.
pub fn encode_entries(entries: &[&[u8]]) -> Result<Vec<u8>, EntriesError> {
    let full = usize::from(FULL_WIDTH);
    if entries.is_empty() || entries.len() > full {
        return Err(EntriesError::WrongCount { expected: full, found: entries.len() });
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| entry.len().saturating_add(2)).sum());
    for (position, entry) in entries.iter().enumerate() {
        let Ok(length) = u16::try_from(entry.len()) else {
            return Err(EntriesError::EntryTooLong { position, bytes: entry.len() });
        };
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}
