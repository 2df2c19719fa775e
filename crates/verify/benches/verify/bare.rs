//! The bare cryptography of a class: the same operations, on bytes of the same lengths, by AWS-LC directly.

use std::hint::black_box;

use aws_lc_rs::digest as hash;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, ParsedPublicKey, VerificationAlgorithm,
};
use sealwax_crypto::KeyKind;
use sealwax_testkit::{Made, Signer};
use serde_json::Value;

use crate::bundles::Class;

/// One signature to verify.
struct Verification {
    key: Key,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// A key of the trusted root, prepared once, or the signer's own, which is met for the first time.
enum Key {
    Prepared(ParsedPublicKey),
    Fresh(Vec<u8>),
}

/// Bytes to hash, and with what.
struct Hashing {
    algorithm: &'static hash::Algorithm,
    bytes: Vec<u8>,
    times: usize,
}

/// The operations of all bundles of a class.
pub(crate) struct Bare {
    bundles: Vec<(Vec<Verification>, Vec<Hashing>)>,
    names: Vec<&'static str>,
}

impl Bare {
    pub(crate) fn of(class: Class, made: &[Made]) -> Self {
        let authority = Signer::generate(KeyKind::EcdsaP384);
        let certificate_log = Signer::generate(KeyKind::EcdsaP256);
        let log = match class {
            Class::V1 => Signer::generate(KeyKind::EcdsaP256),
            Class::V2 => Signer::generate(KeyKind::Ed25519),
        };
        let stamps = Signer::generate(KeyKind::EcdsaP384);
        let mut names = Vec::new();
        let bundles = made
            .iter()
            .map(|made| {
                let entry = &made.bundle["verificationMaterial"]["tlogEntries"][0];
                let leaf = made.leaf.as_ref().unwrap().len();
                let body = length_of_base64(&entry["canonicalizedBody"]);
                let note = entry["inclusionProof"]["checkpoint"]["envelope"].as_str().unwrap().len();
                let text = note - note.min(150);
                let hashes = entry["inclusionProof"]["hashes"].as_array().unwrap().len();
                // A certificate is its signed part and some 120 bytes; an SCT of 121 bytes is cut out for the certificate log.
                let mut all = vec![
                    ("leaf by the authority, P-384", prepared(&authority, leaf - 120)),
                    ("SCT, P-256", prepared(&certificate_log, leaf - 190)),
                    ("artifact by the leaf's key, P-256", {
                        let key = Key::Fresh(made.signer.spki().to_vec());
                        verification(&made.signer, key, made.artifact.clone())
                    }),
                ];
                let mut hashings = vec![
                    Hashing { algorithm: &hash::SHA256, bytes: vec![1; body + 1], times: 1 },
                    Hashing { algorithm: &hash::SHA256, bytes: vec![1; 65], times: hashes },
                ];
                match class {
                    Class::V1 => {
                        all.push(("checkpoint, P-256", prepared(&log, text)));
                        all.push(("SET, P-256", prepared(&log, body * 4 / 3 + 150)));
                    }
                    Class::V2 => {
                        all.push(("checkpoint, Ed25519", prepared(&log, text)));
                        all.push(("timestamp, P-384", prepared(&stamps, 330)));
                        // Imprint, message digest, ESSCertIDv2.
                        for (algorithm, length) in
                            [(&hash::SHA256, 71), (&hash::SHA384, 130), (&hash::SHA256, 560)]
                        {
                            hashings.push(Hashing { algorithm, bytes: vec![1; length], times: 1 });
                        }
                    }
                }
                names = all.iter().map(|(name, _)| *name).collect();
                (all.into_iter().map(|(_, verification)| verification).collect(), hashings)
            })
            .collect();
        Self { bundles, names }
    }

    /// Everything once for every bundle.
    pub(crate) fn round(&self) {
        for (verifications, hashings) in &self.bundles {
            for verification in verifications {
                verification.check();
            }
            for hashing in hashings {
                for _ in 0..hashing.times {
                    black_box(hash::digest(hashing.algorithm, black_box(&hashing.bytes)));
                }
            }
        }
    }

    pub(crate) fn describe(&self) -> String {
        self.names.join("; ")
    }
}

impl Verification {
    fn check(&self) {
        match &self.key {
            Key::Prepared(key) => key.verify_sig(&self.message, &self.signature).unwrap(),
            Key::Fresh(spki) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki)
                .unwrap()
                .verify_sig(&self.message, &self.signature)
                .unwrap(),
        }
    }
}

fn prepared(signer: &Signer, length: usize) -> Verification {
    let algorithm: &'static dyn VerificationAlgorithm = match signer.kind() {
        KeyKind::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
        KeyKind::EcdsaP384 => &ECDSA_P384_SHA384_ASN1,
        KeyKind::Ed25519 => &ED25519,
        other => panic!("{other:?}"),
    };
    let key = Key::Prepared(ParsedPublicKey::new(algorithm, signer.spki()).unwrap());
    verification(signer, key, vec![b'm'; length])
}

fn verification(signer: &Signer, key: Key, message: Vec<u8>) -> Verification {
    let signature = signer.sign(&message);
    Verification { key, message, signature }
}

fn length_of_base64(text: &Value) -> usize {
    text.as_str().unwrap().len() * 3 / 4
}
