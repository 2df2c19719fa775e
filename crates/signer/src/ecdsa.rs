//! ECDSA signatures of who writes two numbers, in DER as everybody else has them.

use der::{Encode, Sequence, asn1::UintRef};

/// RFC 3279 section 2.2.3.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// From two numbers of equal length (PKCS #11 v2.40, mechanisms, section 2.3.1; RFC 7518 section 3.4) to DER.
pub(crate) fn der_of_raw(raw: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(raw.len() / 2).filter(|(r, s)| r.len() == s.len() && !r.is_empty())?;
    EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::der_of_raw;

    #[test]
    fn two_numbers_in_der() {
        assert_eq!(der_of_raw(&[0, 1, 0, 0x80]).unwrap(), b"\x30\x07\x02\x01\x01\x02\x02\x00\x80");
        assert_eq!(der_of_raw(&[0, 0, 0x12, 0x34]).unwrap(), b"\x30\x07\x02\x01\x00\x02\x02\x12\x34");
        assert_eq!(der_of_raw(&[]), None);
        assert_eq!(der_of_raw(&[1, 2, 3]), None);
    }
}
