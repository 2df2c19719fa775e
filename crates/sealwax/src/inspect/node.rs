//! What is shown, built once: programs get it as JSON, people as indented text.

use sealwax_json::{Object, Value};

use crate::terminal::{BOLD, Escaped};

/// The longest text that is shown whole, in bytes. No honest name, URL or checkpoint comes near it.
const MAX_TEXT: usize = 8 * 1024;

/// Names and values, in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub struct Node(Object<'static>);

/// What can stand beside a name.
pub trait Shown {
    /// The value; `None` leaves the name out.
    fn value(self) -> Option<Value<'static>>;
}

impl Node {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value, unless it is absent.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Shown) -> Self {
        if let Some(value) = value.value() {
            self.0.insert(name, value);
        }
        self
    }

    /// Adds all of another node.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (name, value) in other.0.into_members() {
            self.0.insert(name, value);
        }
        self
    }

    /// Adds a value whose name comes from a table.
    pub fn insert(&mut self, name: String, value: impl Shown) {
        if let Some(value) = value.value() {
            self.0.insert(name, value);
        }
    }

    /// For programs.
    pub fn into_json(self) -> Value<'static> {
        Value::Object(self.0)
    }

    /// For people, with styles that the writer strips where they are not wanted.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        push_object(&mut out, &self.0, 0);
        out
    }
}

impl Shown for Value<'static> {
    fn value(self) -> Option<Value<'static>> {
        Some(self)
    }
}

impl Shown for Node {
    fn value(self) -> Option<Value<'static>> {
        (!self.0.is_empty()).then_some(Value::Object(self.0))
    }
}

impl Shown for &str {
    fn value(self) -> Option<Value<'static>> {
        let shown = match self.get(..self.floor_char_boundary(MAX_TEXT)) {
            Some(start) if start.len() < self.len() => format!("{start}… ({} bytes in all)", self.len()),
            _ => self.to_owned(),
        };
        Some(Value::from(shown))
    }
}

impl Shown for String {
    fn value(self) -> Option<Value<'static>> {
        self.as_str().value()
    }
}

impl Shown for bool {
    fn value(self) -> Option<Value<'static>> {
        Some(Value::Bool(self))
    }
}

impl Shown for u64 {
    fn value(self) -> Option<Value<'static>> {
        Some(Value::from(self))
    }
}

impl Shown for u32 {
    fn value(self) -> Option<Value<'static>> {
        Some(Value::from(self))
    }
}

impl Shown for usize {
    fn value(self) -> Option<Value<'static>> {
        u64::try_from(self).ok().map(Value::from)
    }
}

impl Shown for jiff::Timestamp {
    fn value(self) -> Option<Value<'static>> {
        Some(Value::from(self.to_string()))
    }
}

impl<T: Shown> Shown for Option<T> {
    fn value(self) -> Option<Value<'static>> {
        self.and_then(Shown::value)
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn value(self) -> Option<Value<'static>> {
        Some(self.into_iter().filter_map(Shown::value).collect())
    }
}

/// Text that is left out where it is empty, as protobuf leaves it out.
pub fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn push_object(out: &mut String, object: &Object<'_>, indent: usize) {
    let label = |name: &str| Escaped(&name.replace('_', " ")).to_string();
    let is_row = |value: &Value<'_>| match value {
        Value::Object(_) => false,
        Value::Array(elements) => !elements.iter().any(|element| matches!(element, Value::Object(_))),
        _ => true,
    };
    let rows = object.iter().filter(|(_, value)| is_row(value));
    let width = rows.map(|(name, _)| label(name).chars().count()).max().unwrap_or(0).min(40);
    for (name, value) in object.iter() {
        let name = label(name);
        match value {
            Value::Object(inner) => push_section(out, &name, inner, indent),
            Value::Array(elements) if !is_row(value) => {
                for (number, element) in (1..).zip(elements) {
                    let Value::Object(inner) = element else { continue };
                    let one = singular(&name);
                    let heading = if elements.len() == 1 { one } else { format!("{one} {number}") };
                    push_section(out, &heading, inner, indent);
                }
            }
            Value::Array(elements) if elements.is_empty() => push_row(out, &name, "none", indent, width),
            Value::Array(elements) => {
                let mut name = name.as_str();
                for element in elements {
                    push_row(out, std::mem::take(&mut name), &scalar(element), indent, width);
                }
            }
            value => push_row(out, &name, &scalar(value), indent, width),
        }
    }
}

/// One of several, by its name.
fn singular(names: &str) -> String {
    match (names.strip_suffix("ies"), names.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) => stem.to_owned(),
        (None, None) => names.to_owned(),
    }
}

fn push_section(out: &mut String, heading: &str, inner: &Object<'_>, indent: usize) {
    out.push_str(&format!("{:indent$}{BOLD}{heading}{BOLD:#}\n", ""));
    push_object(out, inner, indent + 2);
}

fn push_row(out: &mut String, name: &str, value: &str, indent: usize, width: usize) {
    out.push_str(&format!("{:indent$}{name:width$}  {value}\n", ""));
}

fn scalar(value: &Value<'_>) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => Escaped(text).to_string(),
        Value::Null => "-".to_owned(),
        other => sealwax_json::compact(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_for_people_and_programs() {
        let node = Node::new()
            .with("log_index", 7_u64)
            .with("absent", None::<&str>)
            .with("names", vec!["a\u{1b}", "b"])
            .with("proof", Node::new().with("size", 9_u64).with("whole", true))
            .with("entries", vec![Node::new().with("x", "1"), Node::new().with("x", "2")]);
        let text = anstream::adapter::strip_str(&node.to_text()).to_string();
        assert_eq!(
            text,
            "log index  7\nnames      a\\u{1b}\n           b\nproof\n  size   9\n  whole  yes\nentry 1\n  x  1\nentry 2\n  x  2\n"
        );
        assert_eq!(
            sealwax_json::compact(&node.into_json()),
            r#"{"log_index":7,"names":["a\u001b","b"],"proof":{"size":9,"whole":true},"entries":[{"x":"1"},{"x":"2"}]}"#
        );
    }

    #[test]
    fn endless_text_is_cut() {
        let node = Node::new().with("x", "é".repeat(MAX_TEXT));
        assert!(node.to_text().len() < MAX_TEXT + 64);
    }
}
