//! Distinguished names (RFC 5280 4.1.2.4): kept as the bytes that were signed, put into words on demand.

use std::fmt::{self, Write as _};

use der::oid::ObjectIdentifier;

use crate::asn1::{
    BMP_STRING, DerCause, DerError, IA5_STRING, PRINTABLE_STRING, Reader, SEQUENCE, SET, TELETEX_STRING, Tlv,
    UNIVERSAL_STRING, UTF8_STRING,
};
use crate::oid;

/// Attributes in one name. The largest seen in a certificate has eight; the limit bounds the work of comparing names.
const MAX_ATTRIBUTES: usize = 64;

/// A distinguished name.
///
/// Two names are equal if their encodings are: every CA of this field copies its subject into what it issues.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<[u8]>);

impl Name {
    /// Reads a `Name`, which must be well-formed all through.
    pub(crate) fn read(element: &Tlv<'_>) -> Result<Self, DerError> {
        let mut relative_names = element.reader();
        let mut count = 0usize;
        while !relative_names.is_empty() {
            let relative_name = relative_names.expect(SET)?;
            let mut attributes = relative_name.reader();
            if attributes.is_empty() {
                return Err(relative_name.error(DerCause::Empty));
            }
            while !attributes.is_empty() {
                count += 1;
                if count > MAX_ATTRIBUTES {
                    return Err(relative_name.error(DerCause::TooMany { limit: MAX_ATTRIBUTES }));
                }
                read_attribute(&mut attributes)?;
            }
        }
        Ok(Name(element.raw.into()))
    }

    /// A name that was written here.
    pub(crate) fn from_written(der: Vec<u8>) -> Self {
        Name(der.into())
    }

    /// The DER encoding.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// True for the name without attributes, which Fulcio's leaves have.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.relative_names().next().is_none()
    }

    /// The first common name, if there is one in a character set that we know.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        self.values_of(oid::COMMON_NAME).next()
    }

    /// The text of every attribute of this type.
    pub(crate) fn values_of(&self, kind: ObjectIdentifier) -> impl Iterator<Item = String> {
        self.relative_names()
            .flat_map(attributes)
            .filter(move |(found, _)| *found == kind)
            .filter_map(|(_, value)| text(&value))
    }

    /// The encodings of the relative names, most general first.
    pub(crate) fn relative_names(&self) -> impl Iterator<Item = Tlv<'_>> {
        let mut reader = Reader::new(&self.0).sequence().unwrap_or_else(|_| Reader::new(&[]));
        std::iter::from_fn(move || if reader.is_empty() { None } else { reader.any().ok() })
    }
}

/// RFC 4514, most specific first; control and direction characters are escaped, so the text is safe on a terminal.
impl fmt::Display for Name {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relative_names: Vec<_> = self.relative_names().collect();
        for (position, relative_name) in relative_names.into_iter().rev().enumerate() {
            if position > 0 {
                output.write_char(',')?;
            }
            for (position, (kind, value)) in attributes(relative_name).enumerate() {
                if position > 0 {
                    output.write_char('+')?;
                }
                write_attribute(output, kind, &value)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(output, "Name({self})")
    }
}

fn read_attribute<'a>(reader: &mut Reader<'a>) -> Result<(ObjectIdentifier, Tlv<'a>), DerError> {
    let mut attribute = reader.expect(SEQUENCE)?.reader();
    let kind = attribute.any()?.object_identifier()?;
    let value = attribute.any()?;
    attribute.finish()?;
    Ok((kind, value))
}

fn attributes(relative_name: Tlv<'_>) -> impl Iterator<Item = (ObjectIdentifier, Tlv<'_>)> {
    let mut reader = relative_name.reader();
    std::iter::from_fn(move || if reader.is_empty() { None } else { read_attribute(&mut reader).ok() })
}

/// The text of a DirectoryString or IA5String.
pub(crate) fn text(value: &Tlv<'_>) -> Option<String> {
    let bytes = value.value;
    match value.tag {
        UTF8_STRING => std::str::from_utf8(bytes).ok().map(str::to_owned),
        PRINTABLE_STRING | IA5_STRING => {
            bytes.is_ascii().then(|| bytes.iter().map(|&byte| char::from(byte)).collect())
        }
        // Every issuer that used T.61 in certificates meant Latin-1.
        TELETEX_STRING => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
        BMP_STRING => {
            let (units, rest) = bytes.as_chunks::<2>();
            if !rest.is_empty() {
                return None;
            }
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16(&units).ok()
        }
        UNIVERSAL_STRING => {
            let (units, rest) = bytes.as_chunks::<4>();
            if !rest.is_empty() {
                return None;
            }
            units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit))).collect()
        }
        _ => None,
    }
}

fn write_attribute(output: &mut fmt::Formatter<'_>, kind: ObjectIdentifier, value: &Tlv<'_>) -> fmt::Result {
    match oid::ATTRIBUTE_NAMES.iter().find(|(known, _)| *known == kind) {
        Some((_, name)) => write!(output, "{name}=")?,
        None => write!(output, "{kind}=")?,
    }
    match text(value) {
        Some(text) => write_escaped(output, &text),
        None => {
            // RFC 4514 2.4: a value without a string form is its encoding in hexadecimal.
            output.write_char('#')?;
            value.raw.iter().try_for_each(|byte| write!(output, "{byte:02x}"))
        }
    }
}

/// RFC 4514 2.4.
fn write_escaped(output: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (position, character) in text.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => write!(output, "\\{character}")?,
            ' ' if position == 0 || position == last => output.write_str("\\ ")?,
            '#' if position == 0 => output.write_str("\\#")?,
            _ => write_safe(output, character)?,
        }
    }
    Ok(())
}

/// Text of which a terminal sees only what it shows: control and direction characters as `\XX` of their UTF-8.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| write_safe(output, character))
    }
}

fn write_safe(output: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    if !character.is_control() && !is_direction(character) {
        return output.write_char(character);
    }
    let mut bytes = [0; 4];
    character.encode_utf8(&mut bytes).bytes().try_for_each(|byte| write!(output, "\\{byte:02X}"))
}

/// Characters that reorder, hide or break text on a terminal: bidirectional controls, line separators, zero width.
fn is_direction(character: char) -> bool {
    matches!(character,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::{only, write_header};

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_header(&mut bytes, tag, content.len());
        bytes.extend_from_slice(content);
        bytes
    }

    fn name(attributes: &[(&str, u8, &[u8])]) -> Name {
        let relative_names: Vec<u8> = attributes
            .iter()
            .flat_map(|(kind, tag, value)| {
                let kind = ObjectIdentifier::new_unwrap(kind);
                let content = [element(0x06, kind.as_bytes()), element(*tag, value)].concat();
                element(SET, &element(SEQUENCE, &content))
            })
            .collect();
        let der = element(SEQUENCE, &relative_names);
        Name::read(&only(&der, SEQUENCE).unwrap()).unwrap()
    }

    #[test]
    fn most_specific_first() {
        let name = name(&[("2.5.4.10", UTF8_STRING, b"sigstore.dev"), ("2.5.4.3", UTF8_STRING, b"sigstore")]);
        assert_eq!(name.to_string(), "CN=sigstore,O=sigstore.dev");
        assert_eq!(name.common_name().as_deref(), Some("sigstore"));
    }

    #[test]
    fn what_could_mislead_is_escaped() {
        let name = name(&[
            ("2.5.4.3", UTF8_STRING, " a,b=c\u{1b}[31m\u{202e}\u{e9} ".as_bytes()),
            ("1.2.3", 0x04, b"\x01"),
            ("2.5.4.10", BMP_STRING, b"\x00A\x00B"),
        ]);
        assert_eq!(name.to_string(), "O=AB,1.2.3=#040101,CN=\\ a\\,b\\=c\\1B[31m\\E2\\80\\AE\u{e9}\\ ");
    }

    #[test]
    fn malformed_names_are_refused() {
        let read = |der: &[u8]| Name::read(&only(der, SEQUENCE).unwrap()).map_err(|error| error.cause);
        assert_eq!(read(&[0x30, 0x02, 0x31, 0x00]), Err(DerCause::Empty));
        assert!(read(&[0x30, 0x00]).unwrap().is_empty());
        let one = element(SET, &element(SEQUENCE, &[0x06, 0x01, 0x55, 0x0c, 0x00]));
        assert_eq!(
            read(&element(SEQUENCE, &one.repeat(65))),
            Err(DerCause::TooMany { limit: MAX_ATTRIBUTES })
        );
    }
}
