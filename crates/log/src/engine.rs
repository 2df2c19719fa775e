//! The engine: from submissions to sequenced, proved and published entries.

mod handle;
mod submission;

pub use handle::{AddError, Added, Log, Published};
pub use submission::{Body, Kind, Submission};
