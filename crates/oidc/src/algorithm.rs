//! The algorithms a token may be signed with (RFC 7518 §3.1, RFC 8037 §3.1).

use sealwax_crypto::{HashAlgorithm, KeyKind, Scheme};

/// An asymmetric algorithm of JWS. `none` and the HMACs are not among them: they cannot even be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// ECDSA over P-384 with SHA-384.
    Es384,
    /// ECDSA over P-521 with SHA-512.
    Es512,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// The name in a header, which is compared with its case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a key of this kind may have signed so. ECDSA binds the curve to the hash (RFC 7518 §3.4).
    #[must_use]
    pub fn fits(self, kind: KeyKind) -> bool {
        match self {
            Self::Es256 => kind == KeyKind::EcdsaP256,
            Self::Es384 => kind == KeyKind::EcdsaP384,
            Self::Es512 => kind == KeyKind::EcdsaP521,
            Self::EdDsa => kind == KeyKind::Ed25519,
            _ => matches!(kind, KeyKind::Rsa { .. }),
        }
    }

    pub(crate) fn scheme(self) -> Scheme {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        match self {
            Self::Rs256 => Scheme::RsaPkcs1(Sha256),
            Self::Rs384 => Scheme::RsaPkcs1(Sha384),
            Self::Rs512 => Scheme::RsaPkcs1(Sha512),
            Self::Ps256 => Scheme::RsaPss(Sha256),
            Self::Ps384 => Scheme::RsaPss(Sha384),
            Self::Ps512 => Scheme::RsaPss(Sha512),
            Self::Es256 => Scheme::Ecdsa(Sha256),
            Self::Es384 => Scheme::Ecdsa(Sha384),
            Self::Es512 => Scheme::Ecdsa(Sha512),
            Self::EdDsa => Scheme::Ed25519,
        }
    }

    /// How long each of the two numbers of an ECDSA signature is (RFC 7518 §3.4).
    pub(crate) fn field_bytes(self) -> Option<usize> {
        match self {
            Self::Es256 => Some(32),
            Self::Es384 => Some(48),
            Self::Es512 => Some(66),
            _ => None,
        }
    }

    /// The signature as `sealwax-crypto` takes it: JWS writes an ECDSA signature as two numbers of fixed length
    /// (RFC 7518 §3.4), everybody else as DER. `None` if it has another length.
    pub(crate) fn signature(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let Some(field) = self.field_bytes() else { return Some(bytes.to_vec()) };
        let (r, s) = bytes.split_at_checked(field).filter(|(_, s)| s.len() == field)?;
        let content = [integer(r), integer(s)].concat();
        Some([sequence_header(content.len())?, content].concat())
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, output: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        output.write_str(self.name())
    }
}

/// The DER of an INTEGER (X.690 8.3) of at most 67 octets.
fn integer(magnitude: &[u8]) -> Vec<u8> {
    let significant: &[u8] = match magnitude.iter().position(|octet| *octet != 0) {
        Some(start) => magnitude.get(start..).unwrap_or_default(),
        None => &[0],
    };
    let sign: &[u8] = if significant.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    let length = u8::try_from(sign.len() + significant.len()).unwrap_or(u8::MAX);
    [&[0x02, length], sign, significant].concat()
}

fn sequence_header(length: usize) -> Option<Vec<u8>> {
    let length = u8::try_from(length).ok()?;
    Some(if length < 0x80 { vec![0x30, length] } else { vec![0x30, 0x81, length] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_their_case() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        for name in
            ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "rs256", "ES256K", "Ed25519", "RS1"]
        {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_algorithm_is_bound_to_its_kind_of_key() {
        let kinds = [
            KeyKind::Rsa { bits: 2048 },
            KeyKind::EcdsaP256,
            KeyKind::EcdsaP384,
            KeyKind::EcdsaP521,
            KeyKind::Ed25519,
            KeyKind::MlDsa44,
        ];
        let fitting = |algorithm: Algorithm| kinds.into_iter().filter(move |kind| algorithm.fits(*kind));
        for algorithm in Algorithm::ALL {
            assert_eq!(fitting(algorithm).count(), 1, "{algorithm}");
            assert!(fitting(algorithm).all(|kind| kind.fits(algorithm.scheme())), "{algorithm}");
        }
    }

    #[test]
    fn ecdsa_signatures_become_der() {
        let mut raw = vec![0; 64];
        raw[31] = 0x7f;
        raw[63] = 0x80;
        assert_eq!(Algorithm::Es256.signature(&raw).unwrap(), [0x30, 7, 2, 1, 0x7f, 2, 2, 0, 0x80]);
        assert_eq!(Algorithm::Es256.signature(&[0; 64]).unwrap(), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        assert_eq!(Algorithm::Es512.signature(&[0x81; 132]).unwrap()[..5], [0x30, 0x81, 138, 2, 67]);
        for length in [0, 63, 65, 128] {
            assert_eq!(Algorithm::Es256.signature(&vec![1; length]), None);
        }
        assert_eq!(Algorithm::Rs256.signature(b"as it is").unwrap(), b"as it is");
    }
}
