use super::cells::{Counter, Histogram, Label, Labelled};
use std::fmt::Write;

/// In front of every name.
const PREFIX: &str = "sealwax_log_";

/// Prometheus' text, as it grows. Writing to a `String` cannot fail, so the results of `write!` are dropped.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}\n");
    }

    /// One line; `labels` with their braces, or empty.
    pub(super) fn sample(&mut self, name: &str, labels: &str, value: u64) {
        let _ = writeln!(self.0, "{PREFIX}{name}{labels} {value}");
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, counter: &Counter) {
        self.head(name, "counter", help);
        self.sample(name, "", counter.value());
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        self.sample(name, "", value);
    }

    pub(super) fn milliseconds(&mut self, name: &str, help: &str, milliseconds: u64) {
        self.head(name, "gauge", help);
        let _ = writeln!(self.0, "{PREFIX}{name} {}.{:03}", milliseconds / 1_000, milliseconds % 1_000);
    }

    pub(super) fn labelled<L: Label<N>, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        counters: &Labelled<L, N>,
    ) {
        self.head(name, "counter", help);
        for (value, word) in L::ALL {
            self.sample(name, &format!("{{{label}=\"{word}\"}}"), counters.value(value));
        }
    }

    /// A histogram of times.
    pub(super) fn seconds(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.histogram(name, help, histogram.times(), seconds);
        let micros = histogram.sum();
        let _ = writeln!(self.0, "{PREFIX}{name}_sum {}.{:06}", micros / 1_000_000, micros % 1_000_000);
    }

    /// A histogram of counts.
    pub(super) fn counts(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.histogram(name, help, histogram.counts(), |bound| bound.to_string());
        self.sample(&format!("{name}_sum"), "", histogram.sum());
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        buckets: impl Iterator<Item = (Option<u64>, u64)>,
        bound: impl Fn(u64) -> String,
    ) {
        self.head(name, "histogram", help);
        let mut count = 0;
        for (limit, cumulative) in buckets {
            let limit = limit.map_or_else(|| "+Inf".to_owned(), &bound);
            self.sample(&format!("{name}_bucket"), &format!("{{le=\"{limit}\"}}"), cumulative);
            count = cumulative;
        }
        self.sample(&format!("{name}_count"), "", count);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Microseconds as seconds, as short as can be: `0.00005`, `1`, `2.5`.
fn seconds(microseconds: u64) -> String {
    let written = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000);
    written.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn seconds_are_short() {
        let written = [50, 250, 1_000, 1_000_000, 2_500_000, 10_000_000].map(super::seconds);
        assert_eq!(written, ["0.00005", "0.00025", "0.001", "1", "2.5", "10"]);
    }
}
