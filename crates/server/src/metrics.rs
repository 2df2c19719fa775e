//! What services count, and how Prometheus reads it.
//!
//! Plain atomic counters in structs that are handed to whoever counts: no registry, no global, no lock. The text is made
//! when it is asked for ([`Text`], [`Page`]); the format is Prometheus' text exposition format 0.0.4.

mod cells;
mod http;
mod page;
mod text;

pub use cells::{Counter, Gauge, Histogram, Label, Labelled};
pub use http::{HttpMetrics, Refusal, STATUSES};
pub use page::Page;
pub use text::Text;
