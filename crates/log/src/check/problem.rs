use sealwax_crypto::hex;
use sealwax_tlog::{
    Hash,
    tile::{EntryBundle, Tile},
};
use std::fmt;

/// Something that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// An object is not there.
    Missing {
        /// Its name.
        name: String,
    },
    /// An object cannot be read.
    Unreadable {
        /// Its name.
        name: String,
        /// Why.
        cause: String,
    },
    /// A tile has another length than its width makes it.
    Length {
        /// Its name.
        name: String,
        /// Bytes it should have.
        expected: usize,
        /// Bytes it has.
        found: usize,
    },
    /// A hash in a tile is not that of what it stands for.
    Hash {
        /// The tile.
        name: String,
        /// The first byte that is wrong.
        offset: usize,
    },
    /// An entry is not what its leaf hash says, or not an entry.
    Entry {
        /// The bundle.
        name: String,
        /// Where in it the entry begins.
        offset: usize,
        /// Its index in the log.
        index: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A bundle goes on after its last entry.
    Trailing {
        /// Its name.
        name: String,
        /// The first byte too many.
        offset: usize,
    },
    /// An older, narrower tile or bundle is not the beginning of the wider one.
    Prefix {
        /// Its name.
        name: String,
        /// The first byte that differs.
        offset: usize,
    },
    /// An issuer is not the certificate that its name says.
    Issuer {
        /// Its name.
        name: String,
    },
    /// All together do not make the root.
    Root {
        /// The size of the tree.
        size: u64,
        /// The root that is signed.
        expected: Hash,
        /// The root of what is there, if it has one.
        found: Option<Hash>,
    },
}

impl Problem {
    /// The object, and the first byte of it that is wrong, where that is known.
    #[must_use]
    pub fn place(&self) -> (Option<&str>, Option<usize>) {
        match self {
            Self::Missing { name } | Self::Unreadable { name, .. } | Self::Issuer { name } => {
                (Some(name), None)
            }
            Self::Length { name, expected, found } => (Some(name), Some(*expected.min(found))),
            Self::Hash { name, offset }
            | Self::Entry { name, offset, .. }
            | Self::Trailing { name, offset }
            | Self::Prefix { name, offset } => (Some(name), Some(*offset)),
            Self::Root { .. } => (None, None),
        }
    }

    /// What the first of several is chosen by: the first leaf that it is about, and how high above it.
    pub(super) fn place_in_log(&self) -> (u64, u8, usize) {
        let (name, offset) = self.place();
        let offset = offset.unwrap_or(0);
        let name = name.map(|name| name.replacen("tile/data/", "tile/entries/", 1)).unwrap_or_default();
        let leaves = |level: u8| 256_u64.saturating_pow(u32::from(level));
        match (self, name.parse::<EntryBundle>(), name.parse::<Tile>()) {
            (Self::Entry { index, .. }, ..) => (*index, 0, offset),
            (_, Ok(bundle), _) => (bundle.index().saturating_mul(256), 0, offset),
            (_, _, Ok(tile)) => {
                let hash = tile.index().saturating_mul(256).saturating_add(offset as u64 / 32);
                (hash.saturating_mul(leaves(tile.level())), tile.level(), offset)
            }
            // Issuers, and the root.
            _ => (u64::MAX, u8::MAX, offset),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => write!(f, "{name}: is missing"),
            Self::Unreadable { name, cause } => write!(f, "{name}: cannot be read: {cause}"),
            Self::Length { name, expected, found } => {
                write!(f, "{name}: has {found} bytes instead of {expected}")
            }
            Self::Hash { name, offset } => {
                write!(f, "{name}: byte {offset}: not the hash of what lies below it")
            }
            Self::Entry { name, offset, index, why } => {
                write!(f, "{name}: byte {offset}: entry {index}: {why}")
            }
            Self::Trailing { name, offset } => {
                write!(f, "{name}: byte {offset}: goes on after its last entry")
            }
            Self::Prefix { name, offset } => {
                write!(f, "{name}: byte {offset}: differs from the wider file of the same place")
            }
            Self::Issuer { name } => write!(f, "{name}: is another certificate than its name says"),
            Self::Root { size, expected, found: Some(found) } => {
                let (expected, found) = (hex(expected), hex(found));
                write!(f, "the {size} entries make the root {found}, and the log says {expected}")
            }
            Self::Root { size, expected, found: None } => {
                write!(f, "the root of the tree of size {size}, {}, cannot be computed", hex(expected))
            }
        }
    }
}
