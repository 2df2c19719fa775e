use super::cells::{Counter, Histogram, Label, Labelled};
use std::fmt::Write;

/// Prometheus' text, as it grows. Writing to a `String` cannot fail, so the results of `write!` are dropped.
pub struct Text {
    text: String,
    prefix: &'static str,
    /// Of every sample, without braces.
    labels: String,
}

impl Text {
    /// `prefix`, `sealwax_log_` for one, is in front of every name.
    #[must_use]
    pub fn new(prefix: &'static str) -> Self {
        Self { text: String::new(), prefix, labels: String::new() }
    }

    /// With these labels at every sample, which tell what is counted from others of its kind.
    #[must_use]
    pub fn labelled_with(self, labels: &[(&str, &str)]) -> Self {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        Self { labels: labels.join(","), ..self }
    }

    /// The texts of several of a kind, which differ by their labels, as one: the samples of a family are together, behind its
    /// head.
    #[must_use]
    pub fn join(texts: impl IntoIterator<Item = Self>) -> String {
        let mut families: Vec<(String, String)> = Vec::new();
        for text in texts {
            let text = text.finish();
            let mut place = None;
            for line in text.split_inclusive('\n') {
                if line.starts_with("# HELP ") {
                    place = families.iter().position(|(head, _)| head.starts_with(line));
                    if place.is_none() {
                        families.push((line.to_owned(), String::new()));
                    }
                } else if line.starts_with("# TYPE ") {
                    if let (None, Some((head, _))) = (place, families.last_mut()) {
                        head.push_str(line);
                    }
                } else {
                    let last = families.len().saturating_sub(1);
                    if let Some((_, samples)) = families.get_mut(place.unwrap_or(last)) {
                        samples.push_str(line);
                    }
                }
            }
        }
        families.into_iter().map(|(head, samples)| head + &samples).collect()
    }

    /// What goes before the samples of a family. `kind`: `counter`, `gauge` or `histogram`.
    pub fn head(&mut self, name: &str, kind: &str, help: &str) {
        let (text, prefix) = (&mut self.text, self.prefix);
        let _ = write!(text, "# HELP {prefix}{name} {help}\n# TYPE {prefix}{name} {kind}\n");
    }

    /// One line; `labels` with their braces, or empty.
    pub(super) fn sample(&mut self, name: &str, labels: &str, value: u64) {
        self.line(name, labels, &value);
    }

    /// One line of a family that has a head, of a number that may be below zero.
    pub fn signed(&mut self, name: &str, labels: &[(&str, &str)], value: i64) {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        self.line(name, &format!("{{{}}}", labels.join(",")), &value);
    }

    /// `labels` with their braces, or empty.
    fn line(&mut self, name: &str, labels: &str, value: &dyn std::fmt::Display) {
        let own = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix('}')).unwrap_or_default();
        let labels = match (self.labels.as_str(), own) {
            ("", "") => String::new(),
            ("", one) | (one, "") => format!("{{{one}}}"),
            (first, second) => format!("{{{first},{second}}}"),
        };
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
        self.line(name, "", &format_args!("{whole}.{rest:03}"));
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
        self.line(&format!("{name}_sum"), "", &format_args!("{whole}.{rest:06}"));
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

/// The value of a label, as it stands between quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Microseconds as seconds, as short as can be: `0.00005`, `1`, `2.5`.
fn seconds(microseconds: u64) -> String {
    let written = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000);
    written.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_of_a_kind_are_told_by_their_labels() {
        let text = |name: &str, value| {
            let mut text = Text::new("x_").labelled_with(&[("log", name)]);
            text.gauge("size", "Entries.", value);
            text.head("left", "gauge", "Seconds.");
            text.signed("left", &[("what", "a\"b")], -1);
            text.milliseconds("age", "Age.", 1_500);
            text
        };
        let one = "x_left{log=\"/1\",what=\"a\\\"b\"} -1\n";
        let joined = Text::join([text("/1", 1), text("/2", 2)]);
        assert!(joined.starts_with(
            "# HELP x_size Entries.\n# TYPE x_size gauge\nx_size{log=\"/1\"} 1\nx_size{log=\"/2\"} 2\n# HELP x_left Seconds.\n"
        ), "{joined}");
        assert!(joined.contains(one), "{joined}");
        assert!(joined.ends_with("x_age{log=\"/1\"} 1.500\nx_age{log=\"/2\"} 1.500\n"), "{joined}");
        assert_eq!(Text::join([]), "");
    }

    #[test]
    fn seconds_are_short() {
        let written = [50, 250, 1_000, 1_000_000, 2_500_000, 10_000_000].map(seconds);
        assert_eq!(written, ["0.00005", "0.00025", "0.001", "1", "2.5", "10"]);
    }
}
