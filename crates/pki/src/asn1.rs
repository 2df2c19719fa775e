//! A cursor over DER (X.690 clause 10) that never allocates and keeps offsets into the whole document.
//!
//! Own, and not the `der` crate's reader, because certificates are kept as ranges of the original bytes (what was signed
//! is what was sent), and because every error must name its place. Tags are single bytes: nothing in X.509, CMS
//! or RFC 3161 uses the high-tag form.

mod error;

use der::oid::ObjectIdentifier;

pub use error::{DerCause, DerError};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// A context-specific primitive tag, `[number] IMPLICIT` of a primitive type.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// A context-specific constructed tag, `[number] EXPLICIT` or `[number] IMPLICIT` of a constructed type.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

/// One element: tag, content, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    /// Header and content.
    pub(crate) raw: &'a [u8],
    /// Content octets.
    pub(crate) value: &'a [u8],
    /// Offset of `raw` in the document.
    pub(crate) offset: usize,
}

impl<'a> Tlv<'a> {
    /// Offset of the content octets in the document.
    pub(crate) fn value_offset(&self) -> usize {
        self.offset + (self.raw.len() - self.value.len())
    }

    /// The range of the whole element in the document.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.raw.len()
    }

    /// The range of the content octets in the document.
    pub(crate) fn value_range(&self) -> std::ops::Range<usize> {
        self.value_offset()..self.offset + self.raw.len()
    }

    /// A cursor over the content.
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader { rest: self.value, offset: self.value_offset() }
    }

    pub(crate) fn error(&self, cause: DerCause) -> DerError {
        cause.at(self.offset)
    }

    fn expect(self, tag: u8) -> Result<Self, DerError> {
        if self.tag == tag {
            Ok(self)
        } else {
            Err(self.error(DerCause::UnexpectedTag { expected: tag, found: self.tag }))
        }
    }

    /// Content as an OBJECT IDENTIFIER.
    pub(crate) fn object_identifier(&self) -> Result<ObjectIdentifier, DerError> {
        self.expect(OID)?;
        ObjectIdentifier::from_bytes(self.value).map_err(|_| self.error(DerCause::ObjectIdentifier))
    }

    /// Content octets of an INTEGER, two's complement in its shortest form.
    pub(crate) fn integer(&self) -> Result<&'a [u8], DerError> {
        self.expect(INTEGER)?;
        match self.value {
            [] => Err(self.error(DerCause::IntegerNotMinimal)),
            [0x00, second, ..] if *second < 0x80 => Err(self.error(DerCause::IntegerNotMinimal)),
            [0xff, second, ..] if *second >= 0x80 => Err(self.error(DerCause::IntegerNotMinimal)),
            value => Ok(value),
        }
    }

    /// Content as the magnitude of a non-negative INTEGER, without a leading zero; zero is one zero octet.
    pub(crate) fn unsigned(&self) -> Result<&'a [u8], DerError> {
        match self.integer()? {
            [0, rest @ ..] if !rest.is_empty() => Ok(rest),
            [first, ..] if *first >= 0x80 => Err(self.error(DerCause::IntegerOutOfRange)),
            value => Ok(value),
        }
    }

    /// Content as a small non-negative INTEGER.
    pub(crate) fn unsigned_u64(&self) -> Result<u64, DerError> {
        let magnitude = self.unsigned()?;
        if magnitude.len() > 8 {
            return Err(self.error(DerCause::IntegerOutOfRange));
        }
        Ok(magnitude.iter().fold(0, |number, &byte| (number << 8) | u64::from(byte)))
    }

    /// Content as a BOOLEAN.
    pub(crate) fn boolean(&self) -> Result<bool, DerError> {
        self.expect(BOOLEAN)?;
        match self.value {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(self.error(DerCause::Boolean)),
        }
    }

    /// Content as a BIT STRING that is a whole number of octets.
    pub(crate) fn octet_aligned_bits(&self) -> Result<&'a [u8], DerError> {
        self.expect(BIT_STRING)?;
        match self.value {
            [0, bits @ ..] => Ok(bits),
            _ => Err(self.error(DerCause::BitString)),
        }
    }

    /// Content as a BIT STRING of named bits (X.690 11.2.2), the first sixteen of them, bit 0 in the highest place.
    pub(crate) fn named_bits(&self) -> Result<u16, DerError> {
        self.expect(BIT_STRING)?;
        let malformed = self.error(DerCause::BitString);
        let (&unused, bits) = self.value.split_first().ok_or(malformed)?;
        let Some(&last) = bits.last() else {
            return if unused == 0 { Ok(0) } else { Err(malformed) };
        };
        if unused > 7 || last.trailing_zeros() < u32::from(unused) {
            return Err(malformed);
        }
        let byte = |index: usize| bits.get(index).copied().unwrap_or(0);
        Ok(u16::from_be_bytes([byte(0), byte(1)]))
    }
}

/// A cursor over a sequence of elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Reader { rest: input, offset: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn error(&self, cause: DerCause) -> DerError {
        cause.at(self.offset)
    }

    pub(crate) fn peek_tag(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, of any type.
    pub(crate) fn any(&mut self) -> Result<Tlv<'a>, DerError> {
        let truncated = self.error(DerCause::Truncated);
        let (&tag, after_tag) = self.rest.split_first().ok_or(truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(self.error(DerCause::HighTag));
        }
        let (length, after_length) = self.length(after_tag)?;
        let value = after_length.get(..length).ok_or(truncated)?;
        let total = self.rest.len() - after_length.len() + length;
        let (raw, rest) = self.rest.split_at_checked(total).ok_or(truncated)?;
        let element = Tlv { tag, raw, value, offset: self.offset };
        self.rest = rest;
        self.offset += total;
        Ok(element)
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Tlv<'a>, DerError> {
        match self.peek_tag() {
            Some(found) if found != tag => Err(self.error(DerCause::UnexpectedTag { expected: tag, found })),
            _ => self.any(),
        }
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Tlv<'a>>, DerError> {
        if self.peek_tag() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// A SEQUENCE, as a cursor over its elements.
    pub(crate) fn sequence(&mut self) -> Result<Reader<'a>, DerError> {
        Ok(self.expect(SEQUENCE)?.reader())
    }

    /// Ends a structure: nothing may follow.
    pub(crate) fn finish(&self) -> Result<(), DerError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.error(DerCause::TrailingData)) }
    }

    /// Definite length in its shortest form (X.690 10.1), at most 32 bits.
    fn length(&self, input: &'a [u8]) -> Result<(usize, &'a [u8]), DerError> {
        let truncated = self.error(DerCause::Truncated);
        let (&first, rest) = input.split_first().ok_or(truncated)?;
        if first < 0x80 {
            return Ok((usize::from(first), rest));
        }
        if first == 0x80 {
            return Err(self.error(DerCause::IndefiniteLength));
        }
        let count = usize::from(first & 0x7f);
        if count > 4 {
            return Err(self.error(DerCause::LengthTooLarge));
        }
        let (octets, rest) = rest.split_at_checked(count).ok_or(truncated)?;
        let length = octets.iter().fold(0u32, |length, &octet| (length << 8) | u32::from(octet));
        if octets.first() == Some(&0) || length < 0x80 {
            return Err(self.error(DerCause::LengthNotMinimal));
        }
        let length = usize::try_from(length).map_err(|_| self.error(DerCause::LengthTooLarge))?;
        Ok((length, rest))
    }
}

/// Reads one element of this tag that fills the whole input.
pub(crate) fn only(input: &[u8], tag: u8) -> Result<Tlv<'_>, DerError> {
    let mut reader = Reader::new(input);
    let element = reader.expect(tag)?;
    reader.finish()?;
    Ok(element)
}

/// Header octets of an element with this tag and content length.
pub(crate) fn write_header(output: &mut Vec<u8>, tag: u8, length: usize) {
    output.push(tag);
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        output.push(short);
        return;
    }
    let octets = length.to_be_bytes();
    let significant = octets.iter().position(|&octet| octet != 0).unwrap_or(0);
    let significant = octets.get(significant..).unwrap_or_default();
    let count = u8::try_from(significant.len()).unwrap_or(0); // at most eight
    output.push(0x80 | count);
    output.extend_from_slice(significant);
}

/// How many octets [`write_header`] writes.
pub(crate) fn header_length(length: usize) -> usize {
    let octets = (usize::BITS - length.leading_zeros()).div_ceil(8) as usize;
    if length < 0x80 { 2 } else { 2 + octets }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(input: &[u8]) -> Result<usize, DerCause> {
        let mut reader = Reader::new(input);
        let element = reader.any().map_err(|error| error.cause)?;
        reader.finish().map_err(|error| error.cause)?;
        Ok(element.value.len())
    }

    #[test]
    fn lengths_are_definite_and_minimal() {
        assert_eq!(any(&[0x04, 0x00]), Ok(0));
        assert_eq!(any(&[0x04, 0x01, 0xaa]), Ok(1));
        assert_eq!(any(&[0x04, 0x81, 0x01, 0xaa]), Err(DerCause::LengthNotMinimal));
        assert_eq!(any(&[0x04, 0x82, 0x00, 0x80]), Err(DerCause::LengthNotMinimal));
        assert_eq!(any(&[0x24, 0x80, 0x00, 0x00]), Err(DerCause::IndefiniteLength));
        assert_eq!(any(&[0x04, 0x85, 1, 0, 0, 0, 0]), Err(DerCause::LengthTooLarge));
        assert_eq!(any(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff]), Err(DerCause::Truncated));
        assert_eq!(any(&[0x04, 0x02, 0xaa]), Err(DerCause::Truncated));
        assert_eq!(any(&[0x04, 0x00, 0x00]), Err(DerCause::TrailingData));
        assert_eq!(any(&[0x1f, 0x81, 0x00, 0x00]), Err(DerCause::HighTag));
        assert_eq!(any(&[]), Err(DerCause::Truncated));
    }

    #[test]
    fn headers_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let mut bytes = Vec::new();
            write_header(&mut bytes, OCTET_STRING, length);
            assert_eq!(bytes.len(), header_length(length));
            bytes.resize(bytes.len() + length, 0);
            assert_eq!(any(&bytes), Ok(length));
        }
    }

    #[test]
    fn integers_are_minimal_and_not_negative() {
        let unsigned =
            |input: &[u8]| only(input, INTEGER).unwrap().unsigned().map(<[u8]>::to_vec).map_err(|e| e.cause);
        assert_eq!(unsigned(&[2, 1, 0]), Ok(vec![0]));
        assert_eq!(unsigned(&[2, 2, 0, 0x80]), Ok(vec![0x80]));
        assert_eq!(unsigned(&[2, 2, 0, 0x7f]), Err(DerCause::IntegerNotMinimal));
        assert_eq!(unsigned(&[2, 0]), Err(DerCause::IntegerNotMinimal));
        assert_eq!(unsigned(&[2, 1, 0x80]), Err(DerCause::IntegerOutOfRange));
    }

    #[test]
    fn named_bits_carry_no_stray_bits() {
        let bits = |input: &[u8]| only(input, BIT_STRING).unwrap().named_bits().map_err(|e| e.cause);
        assert_eq!(bits(&[3, 2, 7, 0x80]), Ok(0x8000));
        assert_eq!(bits(&[3, 2, 1, 0x06]), Ok(0x0600));
        assert_eq!(bits(&[3, 1, 0]), Ok(0));
        assert_eq!(bits(&[3, 2, 7, 0xc0]), Err(DerCause::BitString));
        assert_eq!(bits(&[3, 1, 1]), Err(DerCause::BitString));
        assert_eq!(bits(&[3, 2, 8, 0]), Err(DerCause::BitString));
    }
}
