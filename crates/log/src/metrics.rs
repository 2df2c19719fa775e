//! What the log counts.

use sealwax_server::metrics::{Counter, Gauge, Histogram, HttpMetrics, Label, Labelled, Text};
use std::sync::Arc;

/// Everything that is counted. One per served log, shared by its parts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// What became of the submissions.
    pub entries: Labelled<AddResult, 7>,
    /// From the submission to its published checkpoint, of those that were sequenced or found.
    pub add_seconds: Histogram,
    /// Rounds that sequenced something.
    pub rounds: Counter,
    /// Entries of such a round.
    pub round_entries: Histogram,
    /// How long such a round took.
    pub round_seconds: Histogram,
    /// Compare-and-swaps that another writer won.
    pub swaps_lost: Counter,
    /// Rounds of other replicas that were brought to an end.
    pub rolled_forward: Counter,
    /// Time of one durable swap: in a directory, one append and one flush of the write-ahead file.
    pub flush_seconds: Histogram,
    /// Times that the directory was brought to a complete static state.
    pub settles: Counter,
    /// How long such a settling took.
    pub settle_seconds: Histogram,
    /// Checkpoints that were signed anew because the log was idle.
    pub resigned: Counter,
    /// Checkpoint signatures, ours and the witnesses' aside: how long one takes.
    pub sign_seconds: Histogram,
    /// Operations of the store that failed.
    pub store_failures: Counter,
    /// Submissions that wait.
    pub queue: Gauge,
    /// How many may wait.
    pub queue_limit: Gauge,
    /// Size of the published tree.
    pub tree_size: Gauge,
    /// Size of the tree that a static copy of the directory has.
    pub settled_size: Gauge,
    /// When the published checkpoint was signed, milliseconds since 1970; 0 before the first.
    pub checkpoint_timestamp_ms: Gauge,
    /// 1 if the log takes no more entries.
    pub frozen: Gauge,
    /// The sockets.
    pub http: Arc<HttpMetrics>,
    /// Tiles and bundles found in memory.
    pub cache_hits: Counter,
    /// Full ones that were not.
    pub cache_misses: Counter,
}

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddResult {
    /// It has a new index.
    Added,
    /// It was there.
    Duplicate,
    /// The queue was full.
    Full,
    /// The log is frozen.
    Frozen,
    /// Not at the moment.
    NotNow,
    /// Longer than the log takes.
    TooLarge,
    /// The log has stopped.
    Stopped,
}

impl Label<7> for AddResult {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Added, "added"),
        (Self::Duplicate, "duplicate"),
        (Self::Full, "full"),
        (Self::Frozen, "frozen"),
        (Self::NotNow, "not_now"),
        (Self::TooLarge, "too_large"),
        (Self::Stopped, "stopped"),
    ];
    fn place(self) -> usize {
        self as usize
    }
}

impl Metrics {
    /// All of it as text. `now_ms`: milliseconds since 1970, for the age of the checkpoint.
    #[must_use]
    pub fn text(&self, now_ms: u64) -> String {
        let mut text = Text::new("sealwax_log_");
        self.write(&mut text, now_ms);
        self.http.write(&mut text);
        text.finish()
    }

    /// The log's own, without the sockets, which it may share with others.
    pub fn write(&self, t: &mut Text, now_ms: u64) {
        t.labelled("entries_total", "Submissions by what became of them.", "result", &self.entries);
        t.seconds("add_seconds", "From a submission to its published checkpoint.", &self.add_seconds);
        t.counter("rounds_total", "Rounds that sequenced something.", &self.rounds);
        t.counts("round_entries", "Entries of a round.", &self.round_entries);
        t.seconds("round_seconds", "Time of a round.", &self.round_seconds);
        t.counter("swaps_lost_total", "Compare-and-swaps that another writer won.", &self.swaps_lost);
        let help = "Rounds of other replicas that were brought to an end.";
        t.counter("rolled_forward_total", help, &self.rolled_forward);
        t.seconds("flush_seconds", "Time of a durable compare-and-swap.", &self.flush_seconds);
        t.counter("settles_total", "Times the directory became statically complete.", &self.settles);
        t.seconds("settle_seconds", "Time of that.", &self.settle_seconds);
        t.counter("resigned_total", "Checkpoints signed anew while idle.", &self.resigned);
        t.seconds("sign_seconds", "Time of a checkpoint's signature.", &self.sign_seconds);
        t.counter("store_failures_total", "Operations of the store that failed.", &self.store_failures);
        t.gauge("queue", "Submissions that wait.", self.queue.value());
        t.gauge("queue_limit", "Submissions that may wait.", self.queue_limit.value());
        t.gauge("tree_size", "Size of the published tree.", self.tree_size.value());
        t.gauge("settled_size", "Size of the tree in the static files.", self.settled_size.value());
        t.gauge("frozen", "1 if the log takes no more entries.", self.frozen.value());
        let signed_ms = self.checkpoint_timestamp_ms.value();
        if signed_ms > 0 {
            t.milliseconds(
                "checkpoint_age_seconds",
                "Age of the published checkpoint.",
                now_ms.saturating_sub(signed_ms),
            );
        }
        t.counter("http_cache_hits_total", "Full tiles and bundles found in memory.", &self.cache_hits);
        t.counter("http_cache_misses_total", "Full ones that were not.", &self.cache_misses);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn text_has_every_family_once_and_cumulative_buckets() {
        let metrics = Metrics::default();
        metrics.entries.add(AddResult::Duplicate, 3);
        metrics.add_seconds.time(Duration::from_micros(300));
        metrics.add_seconds.time(Duration::from_secs(100));
        metrics.round_entries.observe(7);
        metrics.checkpoint_timestamp_ms.set(1_000);
        let text = metrics.text(3_500);
        for line in [
            "sealwax_log_entries_total{result=\"duplicate\"} 3",
            "sealwax_log_entries_total{result=\"added\"} 0",
            "sealwax_log_add_seconds_bucket{le=\"0.00025\"} 0",
            "sealwax_log_add_seconds_bucket{le=\"0.0005\"} 1",
            "sealwax_log_add_seconds_bucket{le=\"+Inf\"} 2",
            "sealwax_log_add_seconds_count 2",
            "sealwax_log_add_seconds_sum 100.000300",
            "sealwax_log_round_entries_bucket{le=\"8\"} 1",
            "sealwax_log_round_entries_sum 7",
            "sealwax_log_checkpoint_age_seconds 2.500",
            "sealwax_log_http_cache_hits_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        let mut families: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let count = families.len();
        families.sort_unstable();
        families.dedup();
        assert_eq!(families.len(), count);
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn labels_are_in_their_places() {
        for (place, (result, _)) in AddResult::ALL.into_iter().enumerate() {
            assert_eq!(result.place(), place);
        }
    }
}
