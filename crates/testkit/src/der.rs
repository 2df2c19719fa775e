//! A DER writer, small enough to be checked by eye: the oracle of the parsers must not share code with them.

use jiff::Timestamp;

/// One element: tag, length, content.
pub fn element(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut out = vec![tag];
    match content.len() {
        length @ 0..=0x7f => out.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let significant = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap()..];
            out.push(0x80 | significant.len() as u8);
            out.extend_from_slice(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

fn concatenated<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    parts.into_iter().flat_map(|part| part.as_ref().to_vec()).collect()
}

/// `SEQUENCE` of the given elements.
pub fn sequence<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    element(0x30, concatenated(parts))
}

/// `SET OF`, sorted as DER wants it.
pub fn set<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = parts.into_iter().map(|part| part.as_ref().to_vec()).collect();
    parts.sort();
    element(0x31, concatenated(parts))
}

/// `[number]`, constructed: an explicit tag, or an implicit one over the content of a constructed type.
pub fn context<P: AsRef<[u8]>>(number: u8, parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    element(0xa0 | number, concatenated(parts))
}

/// `[number]`, primitive: an implicit tag over a string type.
pub fn context_primitive(number: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    element(0x80 | number, content)
}

/// `INTEGER` from an unsigned big-endian number of any length.
pub fn unsigned(big_endian: &[u8]) -> Vec<u8> {
    let start = big_endian.iter().position(|byte| *byte != 0).unwrap_or(big_endian.len());
    let mut content = big_endian[start..].to_vec();
    if content.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.insert(0, 0);
    }
    element(0x02, content)
}

/// `INTEGER` from a small number.
pub fn integer(number: u64) -> Vec<u8> {
    unsigned(&number.to_be_bytes())
}

/// `BOOLEAN`.
pub fn boolean(value: bool) -> Vec<u8> {
    element(0x01, [if value { 0xff } else { 0 }])
}

/// `NULL`.
pub fn null() -> Vec<u8> {
    element(0x05, [])
}

/// `OCTET STRING`.
pub fn octet_string(content: impl AsRef<[u8]>) -> Vec<u8> {
    element(0x04, content)
}

/// `BIT STRING` of whole bytes.
pub fn bit_string(content: impl AsRef<[u8]>) -> Vec<u8> {
    element(0x03, [&[0], content.as_ref()].concat())
}

/// `BIT STRING` of named bits (X.690 §11.2.2: trailing zero bits are cut).
pub fn named_bits(bits: &[u8]) -> Vec<u8> {
    let Some(last) = bits.iter().max() else { return element(0x03, [0]) };
    let mut content = vec![0u8; usize::from(last / 8) + 2];
    content[0] = 7 - last % 8;
    for bit in bits {
        content[usize::from(bit / 8) + 1] |= 0x80 >> (bit % 8);
    }
    element(0x03, content)
}

/// `UTF8String`.
pub fn utf8_string(text: &str) -> Vec<u8> {
    element(0x0c, text)
}

/// `OBJECT IDENTIFIER` from dotted decimal.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().expect("an arc of an OID")).collect();
    let mut content = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let groups = (0..10).rev().map(|group| (arc >> (7 * group)) as u8 & 0x7f);
        let significant: Vec<u8> = groups.skip_while(|group| *group == 0).collect();
        let (last, leading) = significant.split_last().unwrap_or((&0, &[]));
        content.extend(leading.iter().map(|group| group | 0x80));
        content.push(*last);
    }
    element(0x06, content)
}

/// `GeneralizedTime`, UTC, with a fraction only if there is one (X.690 §11.7).
pub fn generalized_time(time: Timestamp) -> Vec<u8> {
    element(0x18, time.strftime("%Y%m%d%H%M%S%.fZ").to_string())
}

/// `UTCTime`.
pub fn utc_time(time: Timestamp) -> Vec<u8> {
    element(0x17, time.strftime("%y%m%d%H%M%SZ").to_string())
}

/// `Time` as RFC 5280 §4.1.2.5 wants it: `UTCTime` until 2049.
pub fn time(time: Timestamp) -> Vec<u8> {
    let year: i32 = time.strftime("%Y").to_string().parse().expect("a year");
    if (1950..2050).contains(&year) { utc_time(time) } else { generalized_time(time) }
}

/// PEM with lines of 64 characters (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = crate::base64(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(octet_string([0; 0x7f])[..2], [4, 0x7f]);
        assert_eq!(octet_string([0; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(octet_string([0; 0x100])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn integers() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(unsigned(&[0, 0, 0xff]), [2, 2, 0, 0xff]);
    }

    #[test]
    fn object_identifiers() {
        assert_eq!(oid("1.3.6.1.4.1.57264.1.8"), [6, 10, 0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 8]);
        assert_eq!(oid("2.5.29.15"), [6, 3, 0x55, 0x1d, 0x0f]);
        assert_eq!(oid("1.2.840.0"), [6, 4, 0x2a, 0x86, 0x48, 0]);
    }

    #[test]
    fn bits() {
        assert_eq!(named_bits(&[0]), [3, 2, 7, 0x80]);
        assert_eq!(named_bits(&[5, 6]), [3, 2, 1, 0x06]);
        assert_eq!(named_bits(&[8]), [3, 3, 7, 0, 0x80]);
    }

    #[test]
    fn fractions() {
        let time = generalized_time("2026-03-01T12:00:00.5Z".parse().unwrap());
        assert_eq!(time, [&[0x18, 17][..], b"20260301120000.5Z"].concat());
    }

    #[test]
    fn times() {
        assert_eq!(
            time("2049-12-31T23:59:59Z".parse().unwrap()),
            [&[0x17, 13][..], b"491231235959Z"].concat()
        );
        assert_eq!(
            time("2050-01-01T00:00:00Z".parse().unwrap()),
            [&[0x18, 15][..], b"20500101000000Z"].concat()
        );
    }
}
