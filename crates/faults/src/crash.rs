//! Every write fails: a scripted piece of work on a directory, broken at every operation in every way.

mod points;
mod script;

pub use points::{Effort, crash_points, failure_points};
pub use script::{Script, Work};

use crate::engine::{Broken, SIZES};
use sealwax_log::engine::Kind;

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Operations of the work.
    pub operations: u64,
    /// Disks after a crash that differ from each other.
    pub crashes: u64,
    /// Operations that failed, times the ways in which they did, times what was left of the disk in the end.
    pub failures: u64,
}

/// All works, one after the other, as much of them as takes a few minutes; `more` times as much on demand. Returns each with
/// what was tried.
///
/// # Errors
/// [`Break`], the first one met.
pub fn every_write_fails(more: u64, mut tell: impl FnMut(Work, &Tried)) -> Result<Tried, Break> {
    let mut total = Tried::default();
    for from in SIZES {
        for kind in [Kind::Signature, Kind::Certificate] {
            let work = Work { kind, from };
            let script = Script::new(work);
            // Opening a large log takes longer, and the upper levels of the tree differ little.
            let effort = match from {
                0..60_000 => Effort { drawn: 8 * more, one_in: 1 },
                _ => Effort { drawn: 1, one_in: (41 / more).max(1) },
            };
            let tried = crash_points(&script, effort)?.plus(&failure_points(&script, effort)?);
            tell(work, &tried);
            total = total.plus(&tried);
        }
    }
    Ok(total)
}

/// Where a directory broke.
#[derive(Debug, thiserror::Error)]
#[error("{work:?}, {point}: {broken}")]
pub struct Break {
    /// During which work.
    pub work: Work,
    /// Where, and how, in words.
    pub point: String,
    /// What broke.
    #[source]
    pub broken: Box<Broken>,
}

impl Tried {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            crashes: self.crashes + other.crashes,
            failures: self.failures + other.failures,
        }
    }
}
