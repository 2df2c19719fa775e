//! UTCTime and GeneralizedTime, to instants.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::asn1::{DerCause, DerError, GENERALIZED_TIME, Reader, Tlv, UTC_TIME};

/// A `Time` (RFC 5280 4.1.2.5): UTCTime or GeneralizedTime, seconds, `Z`.
///
/// GeneralizedTime before 2050 is accepted, since nothing hangs on it. 99991231235959Z, "no expiry", is after the last
/// instant that [`Timestamp`] has, which is taken instead.
pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Timestamp, DerError> {
    let element = reader.any()?;
    let malformed = element.error(DerCause::Time);
    match element.tag {
        UTC_TIME => {
            let (year, rest) = digits(element.value, 2).ok_or(malformed)?;
            // RFC 5280 4.1.2.5.1: 50 to 99 are of the last century.
            let century = if year >= 50 { 1900 } else { 2000 };
            instant(century + year, rest, Fraction::Refused).ok_or(malformed)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits(element.value, 4).ok_or(malformed)?;
            instant(year, rest, Fraction::Refused).ok_or(malformed)
        }
        found => Err(element.error(DerCause::UnexpectedTag { expected: GENERALIZED_TIME, found })),
    }
}

/// A GeneralizedTime that may have a fraction (RFC 3161 2.4.2, genTime).
pub(crate) fn gen_time(element: &Tlv<'_>) -> Result<Timestamp, DerError> {
    let malformed = element.error(DerCause::Time);
    let (year, rest) = digits(element.value, 4).ok_or(malformed)?;
    instant(year, rest, Fraction::Allowed).ok_or(malformed)
}

#[derive(Clone, Copy, PartialEq)]
enum Fraction {
    Allowed,
    Refused,
}

fn instant(year: i16, rest: &[u8], fraction: Fraction) -> Option<Timestamp> {
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest, 2)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest, 2)?;
    let (second, rest) = digits(rest, 2)?;
    let nanosecond = match rest {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] if fraction == Fraction::Allowed => nanoseconds(digits)?,
        _ => return None,
    };
    let narrow = |number: i16| i8::try_from(number).ok();
    let civil = DateTime::new(
        year,
        narrow(month)?,
        narrow(day)?,
        narrow(hour)?,
        narrow(minute)?,
        narrow(second)?,
        nanosecond,
    )
    .ok()?;
    match Offset::UTC.to_timestamp(civil) {
        Ok(instant) => Some(instant),
        Err(_) if year == 9999 => Some(Timestamp::MAX),
        Err(_) => None,
    }
}

fn digits(input: &[u8], count: usize) -> Option<(i16, &[u8])> {
    let (digits, rest) = input.split_at_checked(count)?;
    let number = digits.iter().try_fold(0i16, |number, &digit| {
        digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0'))
    })?;
    Some((number, rest))
}

/// One to nine digits of a fraction. Trailing zeros, which DER forbids, occur and say the same.
fn nanoseconds(digits: &[u8]) -> Option<i32> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    Some(padded.fold(0i32, |number, digit| number * 10 + i32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::write_header;

    fn encode(tag: u8, text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_header(&mut bytes, tag, text.len());
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    fn check(tag: u8, text: &str, expected: Option<&str>) {
        let bytes = encode(tag, text);
        let found = read(&mut Reader::new(&bytes)).ok().map(|instant| instant.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn certificate_times() {
        check(UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z"));
        check(UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00Z"));
        check(GENERALIZED_TIME, "20500101000000Z", Some("2050-01-01T00:00:00Z"));
        check(GENERALIZED_TIME, "99991231235959Z", Some("9999-12-30T22:00:00.999999999Z"));
        check(GENERALIZED_TIME, "20500101000000.5Z", None);
        check(UTC_TIME, "490229000000Z", None);
        check(UTC_TIME, "4912312359Z", None);
        check(UTC_TIME, "491231235960Z", None);
        check(UTC_TIME, "491231235959+0000", None);
        check(UTC_TIME, "4912312359 9Z", None);
    }

    #[test]
    fn gen_time_may_have_a_fraction() {
        let check = |text: &str, expected: Option<&str>| {
            let bytes = encode(GENERALIZED_TIME, text);
            let element = crate::asn1::only(&bytes, GENERALIZED_TIME).unwrap();
            let found = gen_time(&element).ok().map(|instant| instant.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("20250102030405Z", Some("2025-01-02T03:04:05Z"));
        check("20250102030405.5Z", Some("2025-01-02T03:04:05.5Z"));
        check("20250102030405.123456789Z", Some("2025-01-02T03:04:05.123456789Z"));
        check("20250102030405.Z", None);
        check("20250102030405.1234567891Z", None);
        check("20250102030405,5Z", None);
    }
}
