//! What this crate reads itself, from bytes on.

pub use crate::attest::checksums::parse as checksums;
pub use crate::attest::predicate::PredicateType;
pub use crate::profile::{Description as Profile, name_in as project};
