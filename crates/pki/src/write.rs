//! DER, written: the few forms that certificates and tokens are made of.

use der::oid::ObjectIdentifier;
use jiff::{Timestamp, tz::Offset};
use sealwax_crypto::{HashAlgorithm, KeyKind, Scheme};

use crate::asn1::{GENERALIZED_TIME, INTEGER, NULL, OID, SEQUENCE, UTC_TIME, header_length, write_header};
use crate::oid;

/// One element around these parts.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut output = Vec::with_capacity(total(length));
    write_header(&mut output, tag, length);
    parts.iter().for_each(|part| output.extend_from_slice(part));
    output
}

/// Octets of an element with this content length.
pub(crate) fn total(content: usize) -> usize {
    header_length(content) + content
}

pub(crate) fn object_identifier(identifier: ObjectIdentifier) -> Vec<u8> {
    element(OID, &[identifier.as_bytes()])
}

/// A non-negative INTEGER from its magnitude, big endian; zeros in front are left out.
pub(crate) fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    unsigned_as(INTEGER, magnitude)
}

/// The same under an implicit tag.
pub(crate) fn unsigned_as(tag: u8, magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|octet| **octet == 0).count();
    let magnitude = magnitude.get(zeros..).unwrap_or_default();
    // A zero in front keeps it from being read as a negative number, and is the whole of zero.
    let sign: &[u8] = if magnitude.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    element(tag, &[sign, magnitude])
}

/// A `Time` (RFC 5280 4.1.2.5): UTCTime through 2049, then GeneralizedTime; its fraction of a second is cut off.
pub(crate) fn time(time: Timestamp) -> Vec<u8> {
    let digits = time_digits(time);
    match Offset::UTC.to_datetime(time).year() {
        1950..2050 => element(UTC_TIME, &[digits.get(2..).unwrap_or_default()]),
        _ => element(GENERALIZED_TIME, &[&digits]),
    }
}

/// `YYYYMMDDHHMMSSZ`.
pub(crate) fn time_digits(time: Timestamp) -> [u8; 15] {
    let civil = Offset::UTC.to_datetime(time);
    let two = |number: i8| [b'0' + number.unsigned_abs() / 10, b'0' + number.unsigned_abs() % 10];
    // No clock here is before the year 0, and both parts are below 100.
    let year = [civil.year() / 100, civil.year() % 100].map(|part| two(i8::try_from(part).unwrap_or(0)));
    let [[y1, y2], [y3, y4]] = year;
    let [[mo1, mo2], [d1, d2], [h1, h2], [mi1, mi2], [s1, s2]] =
        [civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()].map(two);
    [y1, y2, y3, y4, mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2, b'Z']
}

pub(crate) fn hash_identifier(algorithm: HashAlgorithm) -> ObjectIdentifier {
    match algorithm {
        HashAlgorithm::Sha256 => oid::SHA_256,
        HashAlgorithm::Sha384 => oid::SHA_384,
        HashAlgorithm::Sha512 => oid::SHA_512,
    }
}

/// The AlgorithmIdentifier of a signature (RFC 4055 5, RFC 5758 3.2, RFC 8410 3, RFC 9881 2). `None` for what no
/// certificate is signed by here: RSA-PSS and Ed25519ph.
pub(crate) fn signature_algorithm(scheme: Scheme, key: KeyKind) -> Option<Vec<u8>> {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    let (identifier, parameters): (_, &[u8]) = match (scheme, key) {
        (Scheme::RsaPkcs1(Sha256), _) => (oid::SHA_256_WITH_RSA, &[NULL, 0]),
        (Scheme::RsaPkcs1(Sha384), _) => (oid::SHA_384_WITH_RSA, &[NULL, 0]),
        (Scheme::RsaPkcs1(Sha512), _) => (oid::SHA_512_WITH_RSA, &[NULL, 0]),
        (Scheme::Ecdsa(Sha256), _) => (oid::ECDSA_WITH_SHA_256, &[]),
        (Scheme::Ecdsa(Sha384), _) => (oid::ECDSA_WITH_SHA_384, &[]),
        (Scheme::Ecdsa(Sha512), _) => (oid::ECDSA_WITH_SHA_512, &[]),
        (Scheme::Ed25519, _) => (oid::ED25519, &[]),
        (Scheme::MlDsa, KeyKind::MlDsa44) => (oid::ML_DSA_44, &[]),
        (Scheme::MlDsa, KeyKind::MlDsa65) => (oid::ML_DSA_65, &[]),
        (Scheme::MlDsa, KeyKind::MlDsa87) => (oid::ML_DSA_87, &[]),
        _ => return None,
    };
    Some(element(SEQUENCE, &[&object_identifier(identifier), parameters]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[1, 0]), [2, 2, 1, 0]);
    }

    #[test]
    fn times() {
        let check = |text: &str, tag: u8, digits: &str| {
            assert_eq!(time(text.parse().unwrap()), element(tag, &[digits.as_bytes()]), "{text}");
        };
        check("1950-01-01T00:00:00Z", UTC_TIME, "500101000000Z");
        check("2025-11-22T09:51:07.9Z", UTC_TIME, "251122095107Z");
        check("2049-12-31T23:59:59Z", UTC_TIME, "491231235959Z");
        check("2050-01-01T00:00:00Z", GENERALIZED_TIME, "20500101000000Z");
        check("1949-12-31T23:59:59Z", GENERALIZED_TIME, "19491231235959Z");
    }
}
