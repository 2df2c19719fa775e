//! The one door to the cryptography: algorithm registry, keys, digests, verify, sign.
//!
//! **Specifications.** FIPS 180-4 (SHA-2), FIPS 186-5 and SEC 1 (ECDSA, DER signatures), RFC 8017 (RSA),
//! RFC 8032 (Ed25519, Ed25519ph), FIPS 204 (pure ML-DSA, empty context), RFC 5280/5480/8410/9881
//! (`SubjectPublicKeyInfo`), RFC 7468 (PEM), RFC 7517/7518/8037 (JWK), RFC 4253/5656/8709 (keys of SSH), and the list `PublicKeyDetails` of
//! Sigstore's `sigstore_common.proto` ([`KeyDetails`]).
//!
//! **Two providers, one door.** AWS-LC natively, RustCrypto on wasm32. What is accepted never depends on the
//! provider: key encodings are parsed here, once, and every rule that libraries see differently (Ed25519's
//! edge cases, hash and curve of different sizes) is decided here, in front of the provider.
//!
//! **For files of private keys**, natively: RFC 7914 and RFC 8018 ([`password`]), NaCl's [`secretbox`], AES-[`cbc`]; for the services
//! of clouds, [`account_key`].
//!
//! **Not here:** certificates (`sealwax-pki`), key agreement. What is verified is public, so only [`mac`] compares
//! in constant time.
//!
//! **Tested** by the Wycheproof vectors through both providers with exact counts (`tests/wycheproof.rs`), by the
//! vectors of the RFCs, and by signing with one provider, damaging, and comparing the verdicts of both.

#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub mod account_key;
pub mod base64;
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub mod cbc;
mod ed25519;
mod error;
mod hash;
mod jwk;
mod key;
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub mod mac;
mod minisign;
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub mod password;
pub mod pem;
#[doc(hidden)]
pub mod provider;
mod registry;
mod representative;
mod scheme;
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub mod sealed;
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub mod secretbox;
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
mod sign;
mod spki;
mod ssh;

pub use error::{KeyError, SignError, VerifyError};
pub use hash::{Digest, DigestError, HashAlgorithm, Hasher, digest, hex, sha256};
pub use jwk::JwkError;
pub use key::PublicKey;
pub use minisign::MinisignError;
pub use registry::{KeyDetails, KeyEncoding};
pub use representative::{Representative, RepresentativeHasher};
pub use scheme::{KeyKind, Message, Scheme};
#[cfg(all(feature = "aws-lc", not(target_arch = "wasm32")))]
pub use sign::{SigningKey, random};
pub use ssh::SshError;
