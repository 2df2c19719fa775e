//! BER to DER, as far as CMS needs it (RFC 5652 1, "encoded using BER"): indefinite and long-winded lengths, and OCTET
//! STRINGs in pieces, which real time-stamp tokens have. Input that is DER already is passed through.

use std::borrow::Cow;

use crate::asn1::{DerError, OCTET_STRING, Reader, only, write_header};

/// Nesting. The deepest place of a token, a name in an extension of an embedded certificate, is at 16.
const MAX_DEPTH: usize = 32;

/// Elements in one input. A token with four embedded certificates has 600.
const MAX_ELEMENTS: usize = 16_384;

const CONSTRUCTED: u8 = 0x20;
const CONSTRUCTED_OCTET_STRING: u8 = OCTET_STRING | CONSTRUCTED;

/// Bytes that are not BER that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause} at byte {offset}")]
pub struct BerError {
    /// Where in the input, in bytes.
    pub offset: usize,
    /// What is wrong there.
    #[source]
    pub cause: BerCause,
}

/// What can be wrong with BER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BerCause {
    /// A value ends before its length says so, or lacks its end-of-contents octets.
    #[error("truncated value")]
    Truncated,
    /// Something follows the outermost element.
    #[error("trailing data")]
    TrailingData,
    /// The multi-byte tag form, or end-of-contents where none belongs.
    #[error("unsupported tag")]
    Tag,
    /// A length that does not fit 32 bits, or an indefinite one on a primitive value.
    #[error("unsupported length")]
    Length,
    /// A string other than an OCTET STRING in pieces, or a piece that is not an OCTET STRING.
    #[error("unsupported string in pieces")]
    Constructed,
    /// Nested too deep.
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Too many elements.
    #[error("more than {MAX_ELEMENTS} elements")]
    TooMany,
}

/// The DER of what the BER says.
pub(crate) fn to_der(input: &[u8]) -> Result<Cow<'_, [u8]>, BerError> {
    if is_der(Reader::new(input), 0) == Ok(true) {
        return Ok(Cow::Borrowed(input));
    }
    let mut converter = Converter { length: input.len(), elements_left: MAX_ELEMENTS };
    let mut der = Vec::with_capacity(input.len());
    let rest = converter.element(input, 0, &mut der)?;
    if rest.is_empty() { Ok(Cow::Owned(der)) } else { Err(converter.error(rest, BerCause::TrailingData)) }
}

/// Whether all elements, down to the primitive ones, have DER's lengths and no string is in pieces. One pass without a copy.
fn is_der(mut reader: Reader<'_>, depth: usize) -> Result<bool, DerError> {
    while !reader.is_empty() {
        let element = reader.any()?;
        if element.tag & CONSTRUCTED == 0 {
            continue;
        }
        if depth == MAX_DEPTH || is_string_in_pieces(element.tag) || !is_der(element.reader(), depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Universal, constructed, and none of EXTERNAL, EMBEDDED PDV, SEQUENCE and SET.
fn is_string_in_pieces(tag: u8) -> bool {
    tag & 0xe0 == CONSTRUCTED && !matches!(tag & 0x1f, 0x08 | 0x0b | 0x10 | 0x11)
}

struct Converter {
    length: usize,
    elements_left: usize,
}

enum Length {
    Definite(usize),
    Indefinite,
}

impl Converter {
    /// Appends the DER of the first element of `input` and returns what follows it.
    fn element<'a>(
        &mut self,
        input: &'a [u8],
        depth: usize,
        output: &mut Vec<u8>,
    ) -> Result<&'a [u8], BerError> {
        if depth > MAX_DEPTH {
            return Err(self.error(input, BerCause::TooDeep));
        }
        self.elements_left =
            self.elements_left.checked_sub(1).ok_or_else(|| self.error(input, BerCause::TooMany))?;
        let (&tag, after_tag) = input.split_first().ok_or_else(|| self.error(input, BerCause::Truncated))?;
        if tag & 0x1f == 0x1f || tag == 0 {
            return Err(self.error(input, BerCause::Tag));
        }
        let (length, content) = self.read_length(after_tag)?;
        if tag & CONSTRUCTED == 0 {
            let Length::Definite(length) = length else { return Err(self.error(input, BerCause::Length)) };
            let (value, rest) =
                content.split_at_checked(length).ok_or_else(|| self.error(input, BerCause::Truncated))?;
            write_header(output, tag, value.len());
            output.extend_from_slice(value);
            return Ok(rest);
        }
        if is_string_in_pieces(tag) && tag != CONSTRUCTED_OCTET_STRING {
            return Err(self.error(input, BerCause::Constructed));
        }
        let mut value = Vec::new();
        let rest = match length {
            Length::Definite(length) => {
                let (mut children, rest) =
                    content.split_at_checked(length).ok_or_else(|| self.error(input, BerCause::Truncated))?;
                while !children.is_empty() {
                    children = self.child(tag, children, depth, &mut value)?;
                }
                rest
            }
            Length::Indefinite => {
                let mut rest = content;
                loop {
                    if let [0, 0, after @ ..] = rest {
                        break after;
                    }
                    rest = self.child(tag, rest, depth, &mut value)?;
                }
            }
        };
        let tag = if tag == CONSTRUCTED_OCTET_STRING { OCTET_STRING } else { tag };
        write_header(output, tag, value.len());
        output.extend_from_slice(&value);
        Ok(rest)
    }

    /// Appends one element to the content of its parent; of a piece of a string, the content alone.
    fn child<'a>(
        &mut self,
        parent: u8,
        input: &'a [u8],
        depth: usize,
        value: &mut Vec<u8>,
    ) -> Result<&'a [u8], BerError> {
        if parent != CONSTRUCTED_OCTET_STRING {
            return self.element(input, depth + 1, value);
        }
        let mut piece = Vec::new();
        let rest = self.element(input, depth + 1, &mut piece)?;
        let piece = only(&piece, OCTET_STRING).map_err(|_| self.error(input, BerCause::Constructed))?;
        value.extend_from_slice(piece.value);
        Ok(rest)
    }

    fn read_length<'a>(&self, input: &'a [u8]) -> Result<(Length, &'a [u8]), BerError> {
        let truncated = || self.error(input, BerCause::Truncated);
        let (&first, rest) = input.split_first().ok_or_else(truncated)?;
        if first == 0x80 {
            return Ok((Length::Indefinite, rest));
        }
        if first < 0x80 {
            return Ok((Length::Definite(usize::from(first)), rest));
        }
        let count = usize::from(first & 0x7f);
        if count > 4 {
            return Err(self.error(input, BerCause::Length));
        }
        let (octets, rest) = rest.split_at_checked(count).ok_or_else(truncated)?;
        let length = octets.iter().fold(0u32, |length, &octet| (length << 8) | u32::from(octet));
        let length = usize::try_from(length).map_err(|_| self.error(input, BerCause::Length))?;
        Ok((Length::Definite(length), rest))
    }

    fn error(&self, at: &[u8], cause: BerCause) -> BerError {
        BerError { offset: self.length.saturating_sub(at.len()), cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ber: &[u8], expected: Result<&[u8], BerCause>) {
        let found = to_der(ber).map(Cow::into_owned).map_err(|error| error.cause);
        assert_eq!(found.as_deref(), expected.as_ref().map(|der| *der), "{ber:02x?}");
    }

    #[test]
    fn der_is_passed_through() {
        let der = [0x30, 0x06, 0x04, 0x01, 0xaa, 0x31, 0x01, 0x05];
        assert!(matches!(to_der(&[0x30, 0x05, 0x04, 0x01, 0xaa, 0x05, 0x00]), Ok(Cow::Borrowed(_))));
        check(&der, Err(BerCause::Truncated));
    }

    #[test]
    fn lengths_become_minimal() {
        check(&[0x30, 0x81, 0x03, 0x04, 0x01, 0xaa], Ok(&[0x30, 0x03, 0x04, 0x01, 0xaa]));
        check(&[0x30, 0x80, 0x04, 0x01, 0xaa, 0x00, 0x00], Ok(&[0x30, 0x03, 0x04, 0x01, 0xaa]));
        check(&[0x30, 0x80, 0x04, 0x01, 0xaa], Err(BerCause::Truncated));
        check(&[0x04, 0x80, 0x00, 0x00], Err(BerCause::Length));
        check(&[0x30, 0x85, 0, 0, 0, 0, 0], Err(BerCause::Length));
        check(&[0x30, 0x80, 0x00, 0x00, 0x00], Err(BerCause::TrailingData));
        check(&[0x30, 0x02, 0x00, 0x00], Ok(&[0x30, 0x02, 0x00, 0x00])); // harmless: no reader takes tag 0
        check(&[0x30, 0x81, 0x02, 0x00, 0x00], Err(BerCause::Tag));
    }

    #[test]
    fn strings_are_put_together() {
        check(&[0x24, 0x06, 0x04, 0x01, 0xaa, 0x04, 0x01, 0xbb], Ok(&[0x04, 0x02, 0xaa, 0xbb]));
        check(&[0x24, 0x80, 0x24, 0x03, 0x04, 0x01, 0xaa, 0x00, 0x00], Ok(&[0x04, 0x01, 0xaa]));
        check(&[0x24, 0x80, 0x00, 0x00], Ok(&[0x04, 0x00]));
        check(&[0x24, 0x03, 0x02, 0x01, 0xaa], Err(BerCause::Constructed));
        check(&[0x2c, 0x03, 0x0c, 0x01, 0x61], Err(BerCause::Constructed));
    }

    #[test]
    fn nesting_and_number_are_limited() {
        check(&[0x30, 0x80].repeat(40), Err(BerCause::TooDeep));
        check(&[0x24, 0x80].repeat(100_000), Err(BerCause::TooDeep));
        let mut many = vec![0x30, 0x80];
        many.extend([0x05, 0x00].repeat(MAX_ELEMENTS));
        check(&many, Err(BerCause::TooMany));
    }
}
