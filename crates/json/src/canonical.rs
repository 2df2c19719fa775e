use crate::number::push_ecmascript;
use crate::text::push_quoted;
use crate::{Number, Object, Value};

/// The JSON Canonicalization Scheme, RFC 8785: no white space, names sorted by UTF-16 code units, numbers as
/// ECMAScript writes the nearest double (so an integer beyond 2^53 is rounded: §3.2.2.3).
pub fn jcs(value: &Value<'_>) -> Vec<u8> {
    let mut out = String::with_capacity(likely_length(value));
    push_jcs(&mut out, value);
    out.into_bytes()
}

/// Enough room for most values, so that long text is not copied again and again.
fn likely_length(value: &Value<'_>) -> usize {
    match value {
        Value::String(text) => text.len() + 3,
        Value::Array(elements) => elements.iter().map(likely_length).sum::<usize>() + 2,
        Value::Object(object) => {
            object.iter().map(|(name, member)| name.len() + 4 + likely_length(member)).sum::<usize>() + 2
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 20,
    }
}

fn push_jcs(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(n) => push_ecmascript(out, n.as_f64()),
        Value::String(text) => push_quoted(out, text),
        Value::Array(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_jcs(out, element);
            }
            out.push(']');
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (name, member)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_quoted(out, name);
                out.push(':');
                push_jcs(out, member);
            }
            out.push('}');
        }
    }
}

/// Why a value has no OLPC form.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OlpcError {
    /// Canonical JSON has integers only.
    #[error("canonical JSON has no fractions: {0}")]
    Float(f64),
}

/// OLPC canonical JSON, over which TUF metadata is signed: no white space, names sorted by code point, only the
/// quote and the backslash escaped (control characters stand raw), integers only.
///
/// # Errors
/// [`OlpcError::Float`].
pub fn olpc(value: &Value<'_>) -> Result<Vec<u8>, OlpcError> {
    let mut out = Vec::new();
    push_olpc(&mut out, value)?;
    Ok(out)
}

fn push_olpc(out: &mut Vec<u8>, value: &Value<'_>) -> Result<(), OlpcError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(Number::Unsigned(n)) => out.extend_from_slice(n.to_string().as_bytes()),
        Value::Number(Number::Negative(n)) => out.extend_from_slice(n.to_string().as_bytes()),
        Value::Number(Number::Float(n)) => return Err(OlpcError::Float(*n)),
        Value::String(text) => push_olpc_string(out, text),
        Value::Array(elements) => {
            out.push(b'[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                push_olpc(out, element)?;
            }
            out.push(b']');
        }
        Value::Object(object) => push_olpc_object(out, object)?,
    }
    Ok(())
}

fn push_olpc_object(out: &mut Vec<u8>, object: &Object<'_>) -> Result<(), OlpcError> {
    // UTF-8 sorts as its code points do.
    let mut members: Vec<_> = object.iter().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    out.push(b'{');
    for (i, (name, member)) in members.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_olpc_string(out, name);
        out.push(b':');
        push_olpc(out, member)?;
    }
    out.push(b'}');
    Ok(())
}

fn push_olpc_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, parse};

    fn value(text: &str) -> Value<'_> {
        parse(text.as_bytes(), &Limits::of_bytes(1 << 20)).unwrap()
    }

    /// RFC 8785 §3.2.3: sorting by UTF-16 puts U+1F600 (surrogates) before U+FB33.
    #[test]
    fn jcs_sorts_by_utf_16() {
        let input = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(jcs(&value(input)), expected.as_bytes());
    }

    /// RFC 8785 §3.2.2.
    #[test]
    fn jcs_scalars() {
        let input = r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#;
        let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(jcs(&value(input)), expected.as_bytes());
    }

    #[test]
    fn olpc_escapes_two_characters_and_sorts_by_code_point() {
        let input = r#"{"\ufb33":1,"\ud83d\ude00":-2,"a":"x\"y\\z\n","b":[true,null,[],{}]}"#;
        let expected = "{\"a\":\"x\\\"y\\\\z\n\",\"b\":[true,null,[],{}],\"\u{fb33}\":1,\"😀\":-2}";
        assert_eq!(olpc(&value(input)).unwrap(), expected.as_bytes());
        assert_eq!(olpc(&value("[1.5]")), Err(OlpcError::Float(1.5)));
    }
}
