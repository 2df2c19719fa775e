//! A range of time.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A range of time, inclusive at both ends; an absent end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub start: Option<Timestamp>,
    /// The last instant.
    pub end: Option<Timestamp>,
}

impl Window {
    /// From 2025 to 2035: validity of certificates that are not about time.
    pub fn always() -> Self {
        Self { start: Some(FIRST), end: Some(LAST) }
    }

    /// From 2025 on: the window of a service that still runs.
    pub fn from_start() -> Self {
        Self { start: Some(FIRST), end: None }
    }

    /// From the one to the other.
    pub fn between(start: Timestamp, end: Timestamp) -> Self {
        Self { start: Some(start), end: Some(end) }
    }

    /// From 2025 to then.
    pub fn until(end: Timestamp) -> Self {
        Self { start: Some(FIRST), end: Some(end) }
    }

    /// From then on.
    pub fn since(start: Timestamp) -> Self {
        Self { start: Some(start), end: None }
    }

    /// `TimeRange` in protobuf JSON.
    pub fn to_json(&self) -> Value {
        let mut json = json!({});
        if let Some(start) = self.start {
            json["start"] = start.to_string().into();
        }
        if let Some(end) = self.end {
            json["end"] = end.to_string().into();
        }
        json
    }
}

/// 2025-01-01T00:00:00Z
const FIRST: Timestamp = Timestamp::constant(1_735_689_600, 0);
/// 2035-01-01T00:00:00Z
const LAST: Timestamp = Timestamp::constant(2_051_222_400, 0);
