//! The paths of tiles and entry bundles below the log's URL, without a leading slash.

use core::fmt;
use core::str::FromStr;

use super::{FULL_WIDTH, Tile, TileError};
use crate::text::decimal;

/// The longest path that is read: level 63, the largest index, width 255 make 45 bytes.
const MAX_BYTES: usize = 64;

/// Which bundle of entries: `width` entries (1 to 256) from leaf `256 * index` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryBundle {
    index: u64,
    width: u16,
}

/// Why something is not the path of a tile or of an entry bundle: it is not written as the specification
/// writes it, to the letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TilePathError {
    /// It does not begin with `tile/` and a level, or `tile/entries/`.
    #[error("the path is not below tile/<level>/ or tile/entries/")]
    BadPrefix,
    /// The level is not a number from 0 to 63.
    #[error("the tile level is not a number from 0 to 63")]
    BadLevel,
    /// The index is not written as `x001/x234/067`.
    #[error("the tile index is not written in groups of three digits")]
    BadIndex,
    /// The width is not a number from 1 to 255.
    #[error("the width of a partial tile is not a number from 1 to 255")]
    BadWidth,
}

impl EntryBundle {
    /// A bundle.
    ///
    /// # Errors
    /// [`TileError::BadWidth`].
    pub fn new(index: u64, width: u16) -> Result<Self, TileError> {
        // The widths of bundles are those of tiles of level 0.
        Tile::new(0, index, width).map(|_| Self { index, width })
    }

    /// Position among the bundles.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Entries in the bundle, 1 to 256.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }
}

/// The path, such as `tile/0/x001/234.p/5`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level())?;
        write_place(f, self.index(), self.width())
    }
}

/// The path, such as `tile/entries/x001/234.p/5`.
impl fmt::Display for EntryBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_place(f, self.index, self.width)
    }
}

impl FromStr for Tile {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        let rest = path.strip_prefix("tile/").ok_or(TilePathError::BadPrefix)?;
        let (level, place) = rest.split_once('/').ok_or(TilePathError::BadPrefix)?;
        let level =
            decimal(level).and_then(|level| u8::try_from(level).ok()).ok_or(TilePathError::BadLevel)?;
        let (index, width) = read_place(place)?;
        Self::new(level, index, width).map_err(|_| TilePathError::BadLevel)
    }
}

impl FromStr for EntryBundle {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        let place = path.strip_prefix("tile/entries/").ok_or(TilePathError::BadPrefix)?;
        let (index, width) = read_place(place)?;
        Self::new(index, width).map_err(|_| TilePathError::BadWidth)
    }
}

fn write_place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let digits = index.to_string();
    let padding = (3 - digits.len() % 3) % 3;
    let groups = digits.len().div_ceil(3);
    for group in 0..groups {
        let last = group + 1 == groups;
        f.write_str(if last { "" } else { "x" })?;
        let start = group * 3;
        for position in start..start + 3 {
            let digit = position.checked_sub(padding).and_then(|at| digits.get(at..=at));
            f.write_str(digit.unwrap_or("0"))?;
        }
        f.write_str(if last { "" } else { "/" })?;
    }
    if width == FULL_WIDTH { Ok(()) } else { write!(f, ".p/{width}") }
}

/// Index and width. A full tile has no suffix.
fn read_place(place: &str) -> Result<(u64, u16), TilePathError> {
    if place.len() > MAX_BYTES {
        return Err(TilePathError::BadIndex);
    }
    let (groups, width) = match place.split_once(".p/") {
        None => (place, FULL_WIDTH),
        Some((groups, width)) => {
            let width = decimal(width).and_then(|width| u16::try_from(width).ok());
            (groups, width.filter(|width| (1..FULL_WIDTH).contains(width)).ok_or(TilePathError::BadWidth)?)
        }
    };
    let (front, last) = groups.rsplit_once('/').map_or((None, groups), |(front, last)| (Some(front), last));
    let mut digits = String::new();
    for group in front.into_iter().flat_map(|front| front.split('/')) {
        digits.push_str(three_digits(group.strip_prefix('x').ok_or(TilePathError::BadIndex)?)?);
    }
    // One index, one path: no group of zeros in front.
    if digits.starts_with("000") {
        return Err(TilePathError::BadIndex);
    }
    digits.push_str(three_digits(last)?);
    Ok((digits.parse().map_err(|_| TilePathError::BadIndex)?, width))
}

fn three_digits(group: &str) -> Result<&str, TilePathError> {
    let digits = group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    if digits { Ok(group) } else { Err(TilePathError::BadIndex) }
}
