//! Files with private keys, and names of keys in services and behind plug-ins. No password is tried: that takes long on purpose.

use sealwax_crypto::pem;
use sealwax_signer::file::{StoredKey, plain};
use sealwax_signer::kms::KmsReference;
use sealwax_signer::plugin::PluginReference;

/// What an input becomes the inside of, so that the fuzzer does not have to find base64.
const LABELS: [&str; 5] = [
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
];

pub(crate) fn run(input: &[u8]) {
    for label in LABELS {
        check(&pem::encode(label, input));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    check(text);
    if let Ok(reference) = KmsReference::parse(text) {
        assert_eq!(KmsReference::parse(&reference.to_string()), Ok(reference));
    }
    if let Ok(reference) = PluginReference::parse(text) {
        assert_eq!(PluginReference::parse(&reference.to_string()), Ok(reference));
    }
}

/// A key that was read is written and read as the same.
fn check(text: &str) {
    if let Ok(StoredKey::Plain(key)) = StoredKey::parse(text) {
        let written = plain(&key).expect("a key that was read is written");
        match StoredKey::parse(&written) {
            Ok(StoredKey::Plain(again)) => assert_eq!(again.public_key(), key.public_key()),
            other => panic!("{other:?}"),
        }
    }
}

/// A file of each form, and the insides of those that are encrypted.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let files = [
        include_str!("../../../crates/signer/tests/data/cosign/legacy.key"),
        include_str!("../../../crates/signer/tests/data/openssl/pbes2-pbkdf2-sha512-aes192.pem"),
        include_str!("../../../crates/signer/tests/data/openssl/pbes2-scrypt-aes256.pem"),
        include_str!("../../../crates/signer/tests/data/openssl/pkcs8-ed25519.pem"),
        include_str!("../../../crates/signer/tests/data/openssl/sec1-p256.pem"),
        include_str!("../../../crates/signer/tests/data/openssl/pkcs1-rsa3072.pem"),
    ];
    let insides = files.iter().filter_map(|text| pem::decode_one(text).ok()).map(|block| block.der);
    let whole = files.iter().map(|text| text.as_bytes().to_vec());
    let names = [
        "my-kms://release/1",
        "awskms://localhost:4566/arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
        "azurekms://v.vault.azure.net/k/0af3",
        "hashivault://k",
    ];
    whole.chain(insides).chain(names.map(|name| name.as_bytes().to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_keys() {
        for seed in seeds().iter().take(6) {
            StoredKey::parse(std::str::from_utf8(seed).unwrap()).unwrap();
        }
    }
}
