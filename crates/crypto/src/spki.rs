//! `SubjectPublicKeyInfo`, strictly: the one place where an encoded key becomes numbers.

use der::asn1::{AnyRef, BitStringRef, Null, ObjectIdentifier, UintRef};
use der::{Decode as _, Encode as _, Sequence};

use crate::{KeyError, KeyKind, ed25519};

/// Longest encoding of a key: ML-DSA-87 takes 2,614 bytes, RSA 4096 takes 554.
pub(crate) const MAX_BYTES: usize = 4096;

/// RFC 8017 appendix A.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480 §2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// RFC 5480 §2.1.1.1.
const CURVES: [(ObjectIdentifier, KeyKind); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), KeyKind::EcdsaP256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), KeyKind::EcdsaP384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), KeyKind::EcdsaP521),
];
/// RFC 8410 §3 and RFC 9881 §2: raw bytes, no parameters.
const RAW: [(ObjectIdentifier, KeyKind); 4] = [
    (ObjectIdentifier::new_unwrap("1.3.101.112"), KeyKind::Ed25519),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"), KeyKind::MlDsa44),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"), KeyKind::MlDsa65),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"), KeyKind::MlDsa87),
];

/// What stands before the point in a key of the two curves that every signer has, and how long the point is.
const COMMON: [(&[u8], usize, KeyKind); 2] = [
    (b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\0", 65, KeyKind::EcdsaP256),
    (b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\0\x22\x03\x62\0", 97, KeyKind::EcdsaP384),
];

/// The numbers of a key whose encoding and ranges are in order. Whether a point is on its curve only the
/// provider can tell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Material<'a> {
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa { modulus: &'a [u8], exponent: &'a [u8] },
    /// An uncompressed point, which AWS-LC takes from the whole encoding.
    Ec { kind: KeyKind, point: &'a [u8] },
    /// A canonical point of large order.
    Ed25519 { point: &'a [u8; 32] },
    /// A public key of FIPS 204.
    MlDsa { kind: KeyKind, key: &'a [u8] },
}

impl Material<'_> {
    pub(crate) fn kind(&self) -> KeyKind {
        match *self {
            // 4096 bits at most: `rsa` has seen to it.
            Self::Rsa { modulus, .. } => {
                KeyKind::Rsa { bits: u16::try_from(modulus.len() * 8).unwrap_or(u16::MAX) }
            }
            Self::Ec { kind, .. } | Self::MlDsa { kind, .. } => kind,
            Self::Ed25519 { .. } => KeyKind::Ed25519,
        }
    }
}

/// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
pub(crate) fn parse(spki: &[u8]) -> Result<Material<'_>, KeyError> {
    match common(spki) {
        Some((kind, point)) => ec(kind, point),
        None => parse_any(spki),
    }
}

/// The point of a key whose encoding is the one that [`COMMON`] knows, byte for byte.
fn common(spki: &[u8]) -> Option<(KeyKind, &[u8])> {
    COMMON.into_iter().find_map(|(front, length, kind)| {
        spki.strip_prefix(front).filter(|point| point.len() == length).map(|point| (kind, point))
    })
}

fn parse_any(spki: &[u8]) -> Result<Material<'_>, KeyError> {
    limit(spki)?;
    let info = Spki::from_der(spki).map_err(|_| KeyError::Malformed)?;
    canonical(&info, spki)?;
    let key = info.key.as_bytes().ok_or(KeyError::Malformed)?;
    let oid = info.algorithm.oid;
    if oid == RSA_ENCRYPTION {
        // RFC 3279 §2.3.1: "The parameters field MUST have ASN.1 type NULL".
        if info.algorithm.parameters != Some(AnyRef::NULL) {
            return Err(KeyError::Parameters);
        }
        return rsa(key);
    }
    if oid == EC_PUBLIC_KEY {
        // RFC 5480 §2.1.1: namedCurve only.
        let curve: ObjectIdentifier = info
            .algorithm
            .parameters
            .and_then(|parameters| parameters.decode_as().ok())
            .ok_or(KeyError::Parameters)?;
        let (_, kind) = CURVES
            .into_iter()
            .find(|(oid, _)| *oid == curve)
            .ok_or_else(|| KeyError::UnsupportedCurve { oid: curve.to_string() })?;
        return ec(kind, key);
    }
    let (_, kind) = RAW
        .into_iter()
        .find(|(raw, _)| *raw == oid)
        .ok_or_else(|| KeyError::UnsupportedAlgorithm { oid: oid.to_string() })?;
    if info.algorithm.parameters.is_some() {
        return Err(KeyError::Parameters);
    }
    raw(kind, key)
}

/// Reads an `RSAPublicKey` (RFC 8017 appendix A.1.1).
pub(crate) fn rsa(pkcs1: &[u8]) -> Result<Material<'_>, KeyError> {
    limit(pkcs1)?;
    let key = RsaPublicKey::from_der(pkcs1).map_err(|_| KeyError::Malformed)?;
    canonical(&key, pkcs1)?;
    let (modulus, exponent) = (key.modulus.as_bytes(), key.exponent.as_bytes());
    let bits = bit_len(modulus);
    if !matches!(bits, 2048 | 3072 | 4096) {
        return Err(KeyError::RsaModulusSize { bits });
    }
    if !odd(modulus) {
        return Err(KeyError::RsaModulusEven);
    }
    if !odd(exponent) || bit_len(exponent) < 2 || bit_len(exponent) > 32 {
        return Err(KeyError::RsaExponent);
    }
    Ok(Material::Rsa { modulus, exponent })
}

/// A point of a curve (SEC 1 §2.3.3), uncompressed.
pub(crate) fn ec(kind: KeyKind, point: &[u8]) -> Result<Material<'_>, KeyError> {
    let field = match kind {
        KeyKind::EcdsaP256 => 32,
        KeyKind::EcdsaP384 => 48,
        KeyKind::EcdsaP521 => 66,
        kind => return Err(KeyError::NoRawForm { kind }),
    };
    if point.first() != Some(&4) {
        return Err(KeyError::PointForm);
    }
    length(kind, 1 + 2 * field, point)?;
    Ok(Material::Ec { kind, point })
}

/// The raw bytes of an Ed25519 (RFC 8032 §5.1.5) or ML-DSA key (FIPS 204 table 2).
pub(crate) fn raw(kind: KeyKind, key: &[u8]) -> Result<Material<'_>, KeyError> {
    let expected = match kind {
        KeyKind::Ed25519 => 32,
        KeyKind::MlDsa44 => 1312,
        KeyKind::MlDsa65 => 1952,
        KeyKind::MlDsa87 => 2592,
        kind => return Err(KeyError::NoRawForm { kind }),
    };
    length(kind, expected, key)?;
    let Some((point, [])) = key.split_first_chunk() else { return Ok(Material::MlDsa { kind, key }) };
    if ed25519::is_weak(point) {
        return Err(KeyError::Ed25519Weak);
    }
    if !ed25519::is_point(point) {
        return Err(KeyError::Invalid { kind });
    }
    Ok(Material::Ed25519 { point })
}

/// The `SubjectPublicKeyInfo` of an `RSAPublicKey`.
pub(crate) fn encode_rsa(pkcs1: &[u8]) -> Result<Vec<u8>, KeyError> {
    encode(RSA_ENCRYPTION, Some(AnyRef::from(Null)), pkcs1)
}

/// The `SubjectPublicKeyInfo` of an uncompressed point.
pub(crate) fn encode_ec(kind: KeyKind, point: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (curve, _) = CURVES.iter().find(|(_, curve)| *curve == kind).ok_or(KeyError::NoRawForm { kind })?;
    encode(EC_PUBLIC_KEY, Some(AnyRef::from(curve)), point)
}

/// The `SubjectPublicKeyInfo` of a raw key.
pub(crate) fn encode_raw(kind: KeyKind, key: &[u8]) -> Result<Vec<u8>, KeyError> {
    let (oid, _) = RAW.into_iter().find(|(_, raw)| *raw == kind).ok_or(KeyError::NoRawForm { kind })?;
    encode(oid, None, key)
}

/// The `RSAPublicKey` of a modulus and an exponent, big-endian.
pub(crate) fn encode_pkcs1(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, KeyError> {
    let uint = |bytes| UintRef::new(bytes).map_err(|_| KeyError::Malformed);
    let key = RsaPublicKey { modulus: uint(modulus)?, exponent: uint(exponent)? };
    key.to_der().map_err(|_| KeyError::Malformed)
}

#[derive(Sequence)]
struct Spki<'a> {
    algorithm: AlgorithmIdentifier<'a>,
    key: BitStringRef<'a>,
}

#[derive(Sequence)]
struct AlgorithmIdentifier<'a> {
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

fn encode(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = BitStringRef::from_bytes(key).map_err(|_| KeyError::Malformed)?;
    let info = Spki { algorithm: AlgorithmIdentifier { oid, parameters }, key };
    info.to_der().map_err(|_| KeyError::Malformed)
}

/// Refuses what would be written differently. `der` refuses most of BER already; this does not depend on how much.
fn canonical(value: &impl der::Encode, input: &[u8]) -> Result<(), KeyError> {
    match value.to_der() {
        Ok(again) if again == input => Ok(()),
        _ => Err(KeyError::NotCanonical),
    }
}

fn limit(input: &[u8]) -> Result<(), KeyError> {
    if input.len() > MAX_BYTES {
        return Err(KeyError::TooLong { found: input.len(), limit: MAX_BYTES });
    }
    Ok(())
}

fn length(kind: KeyKind, expected: usize, key: &[u8]) -> Result<(), KeyError> {
    if key.len() != expected {
        return Err(KeyError::Length { kind, expected, found: key.len() });
    }
    Ok(())
}

fn odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

fn bit_len(number: &[u8]) -> usize {
    let Some((first, rest)) = number.split_first() else { return 0 };
    let top = (0..8).rev().find(|bit| first >> bit & 1 == 1).map_or(0, |bit| bit + 1);
    8 * rest.len() + top
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known by heart is what is written, and is read as everything else is.
    #[test]
    fn common_keys() {
        for (front, length, kind) in COMMON {
            for form in [4, 2, 0] {
                let point = [&[form], vec![7; length - 1].as_slice()].concat();
                let spki = encode_ec(kind, &point).unwrap();
                assert_eq!(spki, [front, &point].concat());
                assert_eq!(common(&spki), Some((kind, point.as_slice())));
                assert_eq!(format!("{:?}", parse(&spki)), format!("{:?}", parse_any(&spki)));
                for other in [&spki[1..], &spki[..spki.len() - 1], &[spki.as_slice(), &[0]].concat()] {
                    assert_eq!(common(other), None);
                }
            }
        }
    }
}
