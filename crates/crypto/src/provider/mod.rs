//! The providers behind the door. Public for the differential tests only.
//!
//! A provider prepares keys whose encoding is already checked and verifies signatures whose request is already
//! checked; it decides nothing else.

#[cfg(not(any(feature = "aws-lc", feature = "rustcrypto", target_arch = "wasm32")))]
compile_error!("sealwax-crypto needs a provider: feature `aws-lc` or `rustcrypto`");

#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub(crate) mod aws_lc;
#[cfg(any(feature = "rustcrypto", target_arch = "wasm32"))]
pub(crate) mod rustcrypto;

#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub(crate) use aws_lc as active;
#[cfg(not(all(feature = "aws-lc", not(target_arch = "wasm32"))))]
pub(crate) use rustcrypto as active;

use crate::key::Admitted;
use crate::spki::Material;
use crate::{Digest, HashAlgorithm, Message, PublicKey, Representative, Scheme, VerifyError};

/// A key as a provider holds it.
pub(crate) trait Prepared: Sized {
    /// `None` if the provider finds that the numbers are no key.
    /// `material` is what `spki` contains; a provider may start from either.
    fn new(material: &Material<'_>, spki: &[u8]) -> Option<Self>;

    /// Verifies a scheme that signs a digest; scheme, kind and digest fit.
    fn verify_digest(&self, scheme: Scheme, digest: &Digest, signature: &[u8]) -> bool;

    /// Verifies the kind's scheme that signs whole messages.
    fn verify_whole(&self, message: &[u8], signature: &[u8]) -> bool;

    /// Verifies ML-DSA by what stands for the message.
    fn verify_representative(&self, message: &Representative, signature: &[u8]) -> bool;
}

/// A streaming digest as a provider makes it.
pub(crate) trait Context: Sized {
    fn new(algorithm: HashAlgorithm) -> Self;
    fn update(&mut self, bytes: &[u8]);
    /// Writes the digest to the front of `out`.
    fn finish(self, out: &mut [u8; 64]);
    /// All three at once.
    fn whole(algorithm: HashAlgorithm, bytes: &[u8], out: &mut [u8; 64]) {
        let mut context = Self::new(algorithm);
        context.update(bytes);
        context.finish(out);
    }
}

/// A provider, for tests that compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// AWS-LC.
    #[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
    AwsLc,
    /// RustCrypto.
    #[cfg(any(feature = "rustcrypto", target_arch = "wasm32"))]
    RustCrypto,
}

impl Provider {
    /// All providers of this build.
    pub const ALL: &[Self] = &[
        #[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
        Self::AwsLc,
        #[cfg(any(feature = "rustcrypto", target_arch = "wasm32"))]
        Self::RustCrypto,
    ];

    /// Whether the provider takes the numbers of an encoded key that this crate has parsed.
    pub fn accepts(self, spki: &[u8]) -> bool {
        let Ok(material) = crate::spki::parse(spki) else { return false };
        match self {
            #[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
            Self::AwsLc => aws_lc::Key::new(&material, spki).is_some(),
            #[cfg(any(feature = "rustcrypto", target_arch = "wasm32"))]
            Self::RustCrypto => rustcrypto::Key::new(&material, spki).is_some(),
        }
    }

    /// [`PublicKey::verify`] through this provider.
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn verify(
        self,
        key: &PublicKey,
        scheme: Scheme,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let message = Admitted::new(key, scheme, message)?;
        let material = key.material().ok_or(VerifyError::BadSignature)?;
        match self {
            #[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
            Self::AwsLc => {
                let key = aws_lc::Key::new(&material, key.spki_der()).ok_or(VerifyError::BadSignature)?;
                message.verify(&key, scheme, signature)
            }
            #[cfg(any(feature = "rustcrypto", target_arch = "wasm32"))]
            Self::RustCrypto => {
                let key = rustcrypto::Key::new(&material, key.spki_der()).ok_or(VerifyError::BadSignature)?;
                message.verify(&key, scheme, signature)
            }
        }
    }

    /// [`crate::digest`] through this provider.
    pub fn digest(self, algorithm: HashAlgorithm, bytes: &[u8]) -> Digest {
        match self {
            #[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
            Self::AwsLc => crate::hash::whole::<aws_lc::Hash>(algorithm, bytes),
            #[cfg(any(feature = "rustcrypto", target_arch = "wasm32"))]
            Self::RustCrypto => crate::hash::whole::<rustcrypto::Hash>(algorithm, bytes),
        }
    }
}

/// A digest of the length that goes with a curve, as the same number that ECDSA would make of the original (FIPS 186-5 §6.4.2
/// step 2, SEC 1 §4.1.4): a longer one loses its tail, a shorter one gets zeros in front. So any SHA-2 fits any curve,
/// although providers only know the matched pairs.
pub(crate) fn fit<const N: usize>(digest: &Digest) -> [u8; N] {
    let bytes = digest.as_bytes();
    let kept = bytes.get(..N).unwrap_or(bytes);
    let mut fitted = [0; N];
    for (to, from) in fitted.iter_mut().rev().zip(kept.iter().rev()) {
        *to = *from;
    }
    fitted
}
