//! Signatures of fixed keys over one message: both providers give the same verdict on any bytes. The first byte chooses
//! the key and the scheme, the rest is the signature.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use sealwax_crypto::provider::Provider;
use sealwax_crypto::{HashAlgorithm, Message, PublicKey, Scheme};

const MESSAGE: &[u8] = b"message";

/// One line per key and scheme: SPKI and a good signature of the message, in base64.
const FIXTURES: &str = include_str!("../data/signatures.txt");

pub(crate) fn run(input: &[u8]) {
    let Some((chosen, signature)) = input.split_first() else { return };
    let Some((key, good)) = fixtures().nth(usize::from(*chosen)) else { return };
    let key = PublicKey::from_spki_der(&STANDARD.decode(key).unwrap()).unwrap();
    let message = Message::Bytes(MESSAGE);
    for scheme in SCHEMES.iter().filter(|scheme| key.kind().fits(**scheme)) {
        let verdict = key.verify(*scheme, message, signature);
        for provider in Provider::ALL {
            assert_eq!(provider.verify(&key, *scheme, message, signature), verdict, "{provider:?} disagrees");
        }
        if verdict.is_ok() && is_deterministic(*scheme) {
            assert_eq!(STANDARD.decode(good).unwrap(), signature, "a second signature of the same message");
        }
    }
}

/// The fixtures themselves.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let seed =
        |(number, (_, good)): (u8, (&str, &str))| [vec![number], STANDARD.decode(good).unwrap()].concat();
    (0..).zip(fixtures()).map(seed).collect()
}

fn fixtures() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIXTURES.lines().filter_map(|line| line.split_once(' '))
}

/// Whether nobody without the private key finds another signature that verifies, given one.
fn is_deterministic(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::RsaPkcs1(_) | Scheme::Ed25519 | Scheme::Ed25519ph)
}

const SCHEMES: &[Scheme] = &[
    Scheme::RsaPkcs1(HashAlgorithm::Sha256),
    Scheme::RsaPss(HashAlgorithm::Sha256),
    Scheme::Ecdsa(HashAlgorithm::Sha256),
    Scheme::Ecdsa(HashAlgorithm::Sha384),
    Scheme::Ecdsa(HashAlgorithm::Sha512),
    Scheme::Ed25519,
    Scheme::Ed25519ph,
    Scheme::MlDsa,
];

#[cfg(test)]
mod tests {
    use sealwax_crypto::{KeyKind, SigningKey};

    use super::*;

    #[test]
    fn fixtures_verify() {
        let seeds = seeds();
        let verified = seeds.iter().filter(|seed| {
            let (key, _) = fixtures().nth(usize::from(seed[0])).unwrap();
            let key = PublicKey::from_spki_der(&STANDARD.decode(key).unwrap()).unwrap();
            let fitting = SCHEMES.iter().filter(|scheme| key.kind().fits(**scheme));
            fitting.filter(|scheme| key.verify(**scheme, Message::Bytes(MESSAGE), &seed[1..]).is_ok()).count()
                == 1
        });
        assert_eq!(verified.count(), 10);
    }

    /// `cargo test -p sealwax-fuzz-targets -- --ignored make_fixtures`
    #[test]
    #[ignore = "writes data/signatures.txt anew, with new keys"]
    fn make_fixtures() {
        let kinds = [
            KeyKind::Rsa { bits: 3072 },
            KeyKind::EcdsaP256,
            KeyKind::EcdsaP384,
            KeyKind::EcdsaP521,
            KeyKind::Ed25519,
            KeyKind::MlDsa44,
        ];
        let mut lines = String::new();
        for kind in kinds {
            let key = SigningKey::generate(kind).unwrap();
            let spki = STANDARD.encode(key.public_key().spki_der());
            for scheme in SCHEMES.iter().filter(|scheme| kind.fits(**scheme)) {
                // The hash of each curve's own size, and SHA-256, which all of them occur with.
                if let (KeyKind::EcdsaP256, Some(HashAlgorithm::Sha384 | HashAlgorithm::Sha512))
                | (KeyKind::EcdsaP384, Some(HashAlgorithm::Sha512))
                | (KeyKind::EcdsaP521, Some(HashAlgorithm::Sha384)) = (kind, scheme.prehash())
                {
                    continue;
                }
                let signature = key.sign(*scheme, Message::Bytes(MESSAGE)).unwrap();
                lines.push_str(&format!("{spki} {}\n", STANDARD.encode(signature)));
            }
        }
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/data/signatures.txt"), lines).unwrap();
    }
}
