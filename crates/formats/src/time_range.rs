use crate::field::{Message, Result};
use jiff::Timestamp;
use sealwax_json::Object;

/// `TimeRange` as it is written. The specification makes only the end optional; a range without a start is kept,
/// and whatever needs it is unusable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// The first instant of the range.
    pub start: Option<Timestamp>,
    /// The last instant of the range; absent, it has no end yet.
    pub end: Option<Timestamp>,
}

impl TimeRange {
    /// The window, if the range has a start.
    pub fn window(&self) -> Option<Window> {
        self.start.map(|start| Window { start, end: self.end })
    }

    pub(crate) fn read(message: Message<'_, '_>) -> Result<TimeRange> {
        Ok(TimeRange { start: message.instant("start")?, end: message.instant("end")? })
    }

    pub(crate) fn write(&self) -> Object<'static> {
        let mut object = Object::new();
        for (name, instant) in [("start", self.start), ("end", self.end)] {
            if let Some(instant) = instant {
                object.insert(name, instant.to_string());
            }
        }
        object
    }
}

/// When something was in use. Inclusive at both ends; an absent end is open (VERIFY rule 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub start: Timestamp,
    /// The last instant, if there is one.
    pub end: Option<Timestamp>,
}

impl Window {
    /// Whether `time` lies inside, the ends included.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && self.end.is_none_or(|end| time <= end)
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.end {
            Some(end) => write!(f, "{} to {end}", self.start),
            None => write!(f, "from {} on", self.start),
        }
    }
}
