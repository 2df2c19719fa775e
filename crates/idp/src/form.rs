//! `application/x-www-form-urlencoded`, strictly: queries and bodies.

use std::fmt::Write as _;

/// The longest query or body that is read, bytes. cosign's longest request has 700, a state or nonce may be some hundred more.
pub const MAX_FORM_BYTES: usize = 8 << 10;

/// Fields of one form. Clients send a dozen.
pub const MAX_FIELDS: usize = 64;

/// A form: each name once (RFC 6749 §3.1: "parameters MUST NOT be included more than once").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

/// Why a text is no form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// More than [`MAX_FORM_BYTES`].
    #[error("the request has {found} bytes of parameters, at most {MAX_FORM_BYTES} are read")]
    TooLong {
        /// How many.
        found: usize,
    },
    /// More than [`MAX_FIELDS`].
    #[error("the request has more than {MAX_FIELDS} parameters")]
    TooMany,
    /// A percent sign without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("a parameter of the request is not encoded as a form has it")]
    Encoding,
    /// A name that occurs twice.
    #[error("the request has the parameter {name:?} twice")]
    Repeated {
        /// The name.
        name: String,
    },
}

impl Form {
    /// Reads a query or a body.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn parse(text: &[u8]) -> Result<Self, FormError> {
        if text.len() > MAX_FORM_BYTES {
            return Err(FormError::TooLong { found: text.len() });
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for field in text.split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
            if fields.len() == MAX_FIELDS {
                return Err(FormError::TooMany);
            }
            let at = field.iter().position(|byte| *byte == b'=').unwrap_or(field.len());
            let (name, value) = field.split_at(at);
            let name = decode(name)?;
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(FormError::Repeated { name });
            }
            fields.push((name, decode(value.get(1..).unwrap_or_default())?));
        }
        Ok(Self(fields))
    }

    /// The value of a field, unless it is empty: "Parameters sent without a value MUST be treated as if they were omitted"
    /// (RFC 6749 §3.1).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Sets a field that is not there yet.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes it.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            encode_into(&mut text, name);
            text.push('=');
            encode_into(&mut text, value);
        }
        text
    }
}

/// Decodes one name or value, in which a plus is a space.
///
/// # Errors
/// [`FormError::Encoding`].
pub(crate) fn decode(text: &[u8]) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, after) = rest.split_at_checked(2).ok_or(FormError::Encoding)?;
                rest = after;
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                match digits {
                    [high, low] => digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low),
                    _ => None,
                }
                .ok_or(FormError::Encoding)?
            }
            byte => *byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| FormError::Encoding)
}

fn encode_into(text: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Form, FormError> {
        Form::parse(text.as_bytes())
    }

    #[test]
    fn fields_are_decoded() {
        let form = parse("a=1&b=x+y%20z%2B&%C3%A9=%26&empty=&bare&&").unwrap();
        assert_eq!(form.get("a"), Some("1"));
        assert_eq!(form.get("b"), Some("x y z+"));
        assert_eq!(form.get("é"), Some("&"));
        for absent in ["empty", "bare", "c", ""] {
            assert_eq!(form.get(absent), None);
        }
        assert_eq!(parse("").unwrap(), Form::default());
        assert_eq!(parse("a=b=c").unwrap().get("a"), Some("b=c"));
    }

    #[test]
    fn what_is_written_is_read() {
        let form = Form::default().with("a b", "1&2=3+4").with("é", "\u{0}\n%");
        assert_eq!(form.encode(), "a%20b=1%262%3D3%2B4&%C3%A9=%00%0A%25");
        assert_eq!(parse(&form.encode()).unwrap(), form);
    }

    #[test]
    fn refused() {
        for text in ["a=%", "a=%2", "a=%zz", "a=%+1", "%ff=1", "a=%C3"] {
            assert_eq!(parse(text), Err(FormError::Encoding), "{text}");
        }
        assert_eq!(parse("a=1&a=1"), Err(FormError::Repeated { name: "a".to_owned() }));
        assert_eq!(parse("a=1&%61=2"), Err(FormError::Repeated { name: "a".to_owned() }));
        let many: String = (0..=MAX_FIELDS).map(|number| format!("{number}=&")).collect();
        assert_eq!(parse(&many), Err(FormError::TooMany));
        let long = "a".repeat(MAX_FORM_BYTES + 1);
        assert_eq!(parse(&long), Err(FormError::TooLong { found: MAX_FORM_BYTES + 1 }));
        assert!(parse(&long[1..]).is_ok());
    }
}
