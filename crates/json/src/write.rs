use crate::number::push_ecmascript;
use crate::text::push_quoted;
use crate::{Number, Value};

/// Writes a value on one line, members in their order, with the fewest escapes.
pub fn compact(value: &Value<'_>) -> String {
    let mut out = String::with_capacity(room(value));
    push_compact(&mut out, value);
    out
}

/// What the text takes, without escapes beyond one in sixteen: PEM has one in 65.
fn room(value: &Value<'_>) -> usize {
    const MARKS: usize = 4; // quotes, and what parts it from the next
    let text = |text: &str| text.len() + text.len() / 16 + MARKS;
    match value {
        Value::String(string) => text(string),
        Value::Array(elements) => MARKS + elements.iter().map(room).sum::<usize>(),
        Value::Object(object) => {
            MARKS + object.iter().map(|(name, member)| text(name) + room(member)).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// Writes a value over many lines, indented by two spaces, without a final newline.
pub fn pretty(value: &Value<'_>) -> String {
    let mut out = String::new();
    push_pretty(&mut out, value, 0);
    out
}

fn push_compact(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Array(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_compact(out, element);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (i, (name, member)) in object.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_quoted(out, name);
                out.push(':');
                push_compact(out, member);
            }
            out.push('}');
        }
        scalar => push_scalar(out, scalar),
    }
}

fn push_pretty(out: &mut String, value: &Value<'_>, level: usize) {
    let line = |out: &mut String, level: usize| {
        out.push('\n');
        (0..level).for_each(|_| out.push_str("  "));
    };
    match value {
        Value::Array(elements) if !elements.is_empty() => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, level + 1);
                push_pretty(out, element, level + 1);
            }
            line(out, level);
            out.push(']');
        }
        Value::Object(object) if !object.is_empty() => {
            out.push('{');
            for (i, (name, member)) in object.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(out, level + 1);
                push_quoted(out, name);
                out.push_str(": ");
                push_pretty(out, member, level + 1);
            }
            line(out, level);
            out.push('}');
        }
        empty_or_scalar => push_compact(out, empty_or_scalar),
    }
}

fn push_scalar(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(Number::Unsigned(n)) => out.push_str(&n.to_string()),
        Value::Number(Number::Negative(n)) => out.push_str(&n.to_string()),
        Value::Number(Number::Float(n)) => push_float(out, *n),
        Value::String(text) => push_quoted(out, text),
        Value::Null | Value::Array(_) | Value::Object(_) => out.push_str("null"),
    }
}

/// As ECMAScript, but so that a float is read back as a float: `1.0`, not `1`.
fn push_float(out: &mut String, n: f64) {
    let start = out.len();
    push_ecmascript(out, n);
    if n == 0.0 && n.is_sign_negative() {
        out.insert(start, '-');
    }
    let text = out.get(start..).unwrap_or_default();
    if n.is_finite() && !text.contains(['.', 'e']) {
        out.push_str(".0");
    }
}
