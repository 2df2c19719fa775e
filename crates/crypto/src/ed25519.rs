//! Which Ed25519 signatures count.
//!
//! RFC 8032 leaves room, and libraries use all of it. The rules here are the strict reading, enforced in front of
//! the provider, so that no two providers can disagree:
//!
//! 1. S < L (RFC 8032 §5.1.7 step 1): no malleability.
//! 2. The key A and the point R are canonically encoded: y < 2^255 − 19, and no negative zero.
//! 3. Neither is of small order: with a small A one signature fits many messages, and no honest signer makes a small R.
//! 4. The equation is the one without the cofactor, \[S]B = R + \[k]A, by comparing the encoding of R.
//!
//! Rule 4 is what both providers do; rule 2 for points off the curve is theirs as well.

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};

use crate::Digest;

/// The order of the base point, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The field prime 2^255 − 19, little-endian.
const P: [u8; 32] = [
    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
];

/// The y coordinates of the eight points of small order: 0, 1, −1, and the two of the points of order eight.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = P;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// Whether an encoded point breaks rule 2 or 3. The points with x = 0, whose sign bit would be a negative zero,
/// are all of small order.
pub(crate) fn is_weak(point: &[u8; 32]) -> bool {
    let mut y = *point;
    y[31] &= 0x7f;
    !less(&y, &P) || SMALL_ORDER_Y.contains(&y)
}

/// Whether a signature keeps rules 1 to 3, as far as R and S alone can tell.
pub(crate) fn is_strict(signature: &[u8]) -> bool {
    let Some((r, rest)) = signature.split_first_chunk::<32>() else { return false };
    let Some((s, [])) = rest.split_first_chunk::<32>() else { return false };
    less(s, &L) && !is_weak(r)
}

/// Whether an encoded point is on the curve; AWS-LC looks only when it verifies.
pub(crate) fn is_point(point: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(point).is_ok()
}

/// Verifies Ed25519ph (RFC 8032 §5.1) with an empty context, given SHA-512 of the message. AWS-LC's Rust interface
/// lacks it, so this composition of ed25519-dalek serves every provider.
pub(crate) fn verify_ph(point: &[u8; 32], digest: &Digest, signature: &[u8]) -> bool {
    let Ok(key) = VerifyingKey::from_bytes(point) else { return false };
    let Ok(signature) = Signature::from_slice(signature) else { return false };
    key.verify_prehashed_strict(Sha512Output::of(digest), None, &signature).is_ok()
}

/// Signs Ed25519ph with an empty context, given SHA-512 of the message.
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub(crate) fn sign_ph(seed: &[u8; 32], digest: &Digest) -> Option<Vec<u8>> {
    let key = ed25519_dalek::SigningKey::from_bytes(seed);
    Some(key.sign_prehashed(Sha512Output::of(digest), None).ok()?.to_vec())
}

/// A digest that was made elsewhere, in the shape in which ed25519-dalek takes one.
#[derive(Default)]
struct Sha512Output(Output<Self>);

impl Sha512Output {
    /// The caller has seen to it that `digest` is SHA-512.
    fn of(digest: &Digest) -> Self {
        Self(Output::<Self>::try_from(digest.as_bytes()).unwrap_or_default())
    }
}

impl HashMarker for Sha512Output {}

impl OutputSizeUser for Sha512Output {
    type OutputSize = <sha2::Sha512 as OutputSizeUser>::OutputSize;
}

impl Update for Sha512Output {
    fn update(&mut self, _: &[u8]) {}
}

impl FixedOutput for Sha512Output {
    fn finalize_into(self, out: &mut Output<Self>) {
        *out = self.0;
    }
}

/// a < b, both little-endian.
fn less(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}
