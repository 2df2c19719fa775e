//! Writing tokens (RFC 7515 §5.1, in the compact form), for whoever has the key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealwax_crypto::Scheme;
use sealwax_json::Object;

use crate::Algorithm;

/// A token that lacks its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedToken {
    algorithm: Algorithm,
    text: String,
}

impl UnsignedToken {
    /// A token of these claims, to be signed with the key that the issuer publishes under this name.
    #[must_use]
    pub fn new(algorithm: Algorithm, key_id: &str, claims: &Object<'_>) -> Self {
        let header = Object::new().with("alg", algorithm.name()).with("kid", key_id).with("typ", "JWT");
        let part = |object: Object<'_>| URL_SAFE_NO_PAD.encode(sealwax_json::compact(&object.into()));
        Self { algorithm, text: format!("{}.{}", part(header), part(claims.clone())) }
    }

    /// How it has to be signed.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.algorithm.scheme()
    }

    /// What has to be signed.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The token, with a signature as `sealwax-crypto` makes it. `None` if that is none of the algorithm's.
    #[must_use]
    pub fn signed(self, signature: &[u8]) -> Option<String> {
        let signature = match self.algorithm.field_bytes() {
            Some(field) => fixed_length(signature, field)?,
            None => signature.to_vec(),
        };
        Some(format!("{}.{}", self.text, URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// RFC 7518 §3.4: the two numbers of an ECDSA signature, each as long as the field, instead of DER.
fn fixed_length(der: &[u8], field: usize) -> Option<Vec<u8>> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = match rest.strip_prefix(&[0x81]).unwrap_or(rest).split_first()? {
        (length, rest) if *tag == 0x30 => (usize::from(*length), rest),
        _ => return None,
    };
    let mut rest = Some(rest).filter(|rest| rest.len() == length)?;
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
    fn what_is_made_fixed_is_made_der_again() {
        for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
            let field = algorithm.field_bytes().unwrap();
            for (front, back) in [(0x80, 0x7f), (0, 0xff), (1, 2), (0xff, 0xff)] {
                let raw = [vec![front; field], vec![back; field]].concat();
                let der = algorithm.signature(&raw).unwrap();
                assert_eq!(fixed_length(&der, field).unwrap(), raw, "{algorithm} {front} {back}");
            }
        }
    }

    #[test]
    fn what_is_no_signature_makes_no_token() {
        let bad: [&[u8]; 8] = [
            &[],
            &[0x30],
            &[0x30, 6, 2, 1, 1, 2, 1],
            &[0x30, 3, 2, 1, 1],
            &[0x31, 6, 2, 1, 1, 2, 1, 1],
            &[0x30, 7, 2, 1, 1, 2, 1, 1],
            &[0x30, 7, 2, 1, 1, 2, 1, 1, 0],
            &[0x30, 6, 2, 9, 1, 2, 1, 1],
        ];
        for der in bad {
            assert_eq!(UnsignedToken::new(Algorithm::Es256, "k", &Object::new()).signed(der), None);
        }
        assert_eq!(fixed_length(&[0x30, 7, 2, 2, 1, 1, 2, 1, 1], 1), None);
    }
}
