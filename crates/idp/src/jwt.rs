//! Writing tokens: JWS in the compact form (RFC 7515 §5.1, RFC 7518 §3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealwax_crypto::{HashAlgorithm, Scheme};
use sealwax_json::Object;

/// What tokens are signed with here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// Its name in a header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Es256].into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(crate) const fn scheme(self) -> Scheme {
        match self {
            Self::Rs256 => Scheme::RsaPkcs1(HashAlgorithm::Sha256),
            Self::Es256 => Scheme::Ecdsa(HashAlgorithm::Sha256),
        }
    }
}

/// What is signed: the header and the claims.
pub(crate) fn signing_input(algorithm: Algorithm, key_id: &str, claims: &Object<'_>) -> String {
    let header = Object::new().with("alg", algorithm.name()).with("kid", key_id).with("typ", "JWT");
    let part = |object: Object<'_>| URL_SAFE_NO_PAD.encode(sealwax_json::compact(&object.into()));
    format!("{}.{}", part(header), part(claims.clone()))
}

/// The token: what was signed, and the signature as `sealwax-crypto` makes it. `None` if that is not one of the algorithm's.
pub(crate) fn signed(algorithm: Algorithm, input: String, signature: &[u8]) -> Option<String> {
    let signature = match algorithm {
        Algorithm::Rs256 => signature.to_vec(),
        Algorithm::Es256 => fixed_length(signature, 32)?,
    };
    Some(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// RFC 7518 §3.4: the two numbers of an ECDSA signature, each as long as the field, instead of DER.
fn fixed_length(der: &[u8], field: usize) -> Option<Vec<u8>> {
    let mut rest = der.strip_prefix(&[0x30, u8::try_from(der.len().checked_sub(2)?).ok()?])?;
    let mut signature = Vec::with_capacity(2 * field);
    for _ in 0..2 {
        let (header, after) = rest.split_at_checked(2)?;
        let (number, after) = after.split_at_checked(usize::from(*header.last()?))?;
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        signature.extend(std::iter::repeat_n(0, field.checked_sub(number.len())?));
        signature.extend(number);
        rest = after;
    }
    rest.is_empty().then_some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_length() {
        let short = [0x30, 7, 2, 1, 0x7f, 2, 2, 0, 0x80];
        let mut expected = vec![0; 64];
        expected[31] = 0x7f;
        expected[63] = 0x80;
        assert_eq!(fixed_length(&short, 32).unwrap(), expected);
        for bad in
            [&[0x30][..], &[0x30, 6, 2, 1, 1, 2, 1], &[0x30, 3, 2, 1, 1], &[0x31, 6, 2, 1, 1, 2, 1, 1], &[]]
        {
            assert_eq!(fixed_length(bad, 32), None);
        }
        assert_eq!(fixed_length(&[0x30, 7, 2, 2, 1, 1, 2, 1, 1], 1), None);
        assert_eq!(fixed_length(&[0x30, 7, 2, 1, 1, 2, 1, 1, 0], 32), None);
    }
}
