//! The one door to the cryptography: algorithm registry, keys, digests, sign, verify.
