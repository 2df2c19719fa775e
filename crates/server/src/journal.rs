//! What happened, one line per event, for people or for machines.
//!
//! The services report events; the binary decides where the lines go and in which of the two [`Format`]s. Nothing
//! is reported per request: that is what the metrics count.

use std::{fmt::Write, sync::Arc};

/// Where events go. Cheap to clone.
#[derive(Clone)]
pub struct Journal(Arc<dyn Fn(&Event<'_>) + Send + Sync>);

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `2026-01-02T03:04:05.678Z warning cannot accept connections error="too many open files"`
    Human,
    /// `{"time":"…","level":"warning","event":"cannot accept connections","error":"too many open files"}`
    Json,
}

/// How urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Info,
    /// Someone should look into it; the service goes on.
    Warning,
    /// The service, or a part of it, has stopped.
    Error,
}

/// Something that happened.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// How urgent it is.
    pub level: Level,
    /// What, in fixed words: the same event always has the same.
    pub name: &'static str,
    /// With which particulars.
    pub fields: &'a [(&'static str, Value<'a>)],
}

/// A particular.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// Words.
    Text(&'a str),
    /// A number.
    Number(u64),
    /// Anything that writes itself, such as an error.
    Shown(&'a dyn std::fmt::Display),
}

impl Journal {
    /// Hands each event to `sink`, which must not block for long.
    pub fn new(sink: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Drops everything.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| ())
    }

    /// Reports something that is as it should be.
    pub fn info(&self, name: &'static str, fields: &[(&'static str, Value<'_>)]) {
        self.report(Level::Info, name, fields);
    }

    /// Reports something that someone should look into.
    pub fn warning(&self, name: &'static str, fields: &[(&'static str, Value<'_>)]) {
        self.report(Level::Warning, name, fields);
    }

    /// Reports that something has stopped.
    pub fn error(&self, name: &'static str, fields: &[(&'static str, Value<'_>)]) {
        self.report(Level::Error, name, fields);
    }

    fn report(&self, level: Level, name: &'static str, fields: &[(&'static str, Value<'_>)]) {
        (self.0)(&Event { level, name, fields });
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self::silent()
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Journal")
    }
}

impl Event<'_> {
    /// The line, without its end. `time`: when it happened.
    #[must_use]
    pub fn line(&self, format: Format, time: jiff::Timestamp) -> String {
        match format {
            Format::Human => self.human(time),
            Format::Json => self.json(time),
        }
    }

    fn human(&self, time: jiff::Timestamp) -> String {
        let mut line = format!("{time:.3} {} {}", self.level.word(), self.name);
        for (name, value) in self.fields {
            let _ = match value {
                Value::Number(number) => write!(line, " {name}={number}"),
                // Escaped: what an error quotes may come from a client, and the line goes to a terminal.
                Value::Text(text) => write!(line, " {name}={}", quoted(text)),
                Value::Shown(shown) => write!(line, " {name}={}", quoted(&shown.to_string())),
            };
        }
        line
    }

    fn json(&self, time: jiff::Timestamp) -> String {
        let (level, name) = (self.level.word(), quoted(self.name));
        let mut line = format!("{{\"time\":\"{time:.3}\",\"level\":\"{level}\",\"event\":{name}");
        for (name, value) in self.fields {
            let _ = match value {
                Value::Number(number) => write!(line, ",\"{name}\":{number}"),
                Value::Text(text) => write!(line, ",\"{name}\":{}", quoted(text)),
                Value::Shown(shown) => write!(line, ",\"{name}\":{}", quoted(&shown.to_string())),
            };
        }
        line.push('}');
        line
    }
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A JSON string in ASCII: control characters, and whatever a terminal might act on, are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn lines() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let time: jiff::Timestamp = "2026-01-02T03:04:05.678912Z".parse().unwrap();
        let journal = Journal::new(move |event| {
            let mut lines = sink.lock().unwrap();
            lines.push(event.line(Format::Human, time));
            lines.push(event.line(Format::Json, time));
        });
        let error = std::io::Error::other("dis\u{1b}k \"full\" 💾");
        journal.warning("cannot write", &[("error", Value::Shown(&error)), ("bytes", Value::Number(7))]);
        assert_eq!(
            *lines.lock().unwrap(),
            [
                r#"2026-01-02T03:04:05.678Z warning cannot write error="dis\u001bk \"full\" \ud83d\udcbe" bytes=7"#,
                r#"{"time":"2026-01-02T03:04:05.678Z","level":"warning","event":"cannot write","error":"dis\u001bk \"full\" \ud83d\udcbe","bytes":7}"#,
            ]
        );
    }
}
