use super::cells::{Counter, Histogram, Label, Labelled};
use std::fmt::Write;

/// Prometheus' text, as it grows. Writing to a `String` cannot fail, so the results of `write!` are dropped.
pub struct Text {
    text: String,
    prefix: &'static str,
}

impl Text {
    /// `prefix`, `sealwax_log_` for one, is in front of every name.
    #[must_use]
    pub fn new(prefix: &'static str) -> Self {
        Self { text: String::new(), prefix }
    }

    /// What goes before the samples of a family. `kind`: `counter`, `gauge` or `histogram`.
    pub fn head(&mut self, name: &str, kind: &str, help: &str) {
        let (text, prefix) = (&mut self.text, self.prefix);
        let _ = write!(text, "# HELP {prefix}{name} {help}\n# TYPE {prefix}{name} {kind}\n");
    }

    /// One line; `labels` with their braces, or empty.
    pub(super) fn sample(&mut self, name: &str, labels: &str, value: u64) {
        let _ = writeln!(self.text, "{}{name}{labels} {value}", self.prefix);
    }

    /// A counter.
    pub fn counter(&mut self, name: &str, help: &str, counter: &Counter) {
        self.head(name, "counter", help);
        self.sample(name, "", counter.value());
    }

    /// A gauge.
    pub fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        self.sample(name, "", value);
    }

    /// A gauge of time, which is shown in seconds.
    pub fn milliseconds(&mut self, name: &str, help: &str, milliseconds: u64) {
        self.head(name, "gauge", help);
        let (whole, rest) = (milliseconds / 1_000, milliseconds % 1_000);
        let _ = writeln!(self.text, "{}{name} {whole}.{rest:03}", self.prefix);
    }

    /// A counter for each value of a label.
    pub fn labelled<L: Label<N>, const N: usize>(
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
    pub fn seconds(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.histogram(name, help, histogram.times(), seconds);
        let (whole, rest) = (histogram.sum() / 1_000_000, histogram.sum() % 1_000_000);
        let _ = writeln!(self.text, "{}{name}_sum {whole}.{rest:06}", self.prefix);
    }

    /// A histogram of counts.
    pub fn counts(&mut self, name: &str, help: &str, histogram: &Histogram) {
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

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
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
