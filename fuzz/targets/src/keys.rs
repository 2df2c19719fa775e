//! Public keys in every encoding: both providers take the same ones, and a key survives being written.

use sealwax_crypto::provider::Provider;
use sealwax_crypto::{KeyDetails, Message, PublicKey, VerifyError, pem};

pub(crate) fn run(input: &[u8]) {
    if let Ok(key) = PublicKey::from_spki_der(input) {
        assert_eq!(key.spki_der(), input, "an encoding that we do not write");
        check(&key);
    }
    if let Ok(key) = PublicKey::from_pkcs1_der(input) {
        check(&key);
    }
    for number in 0..64 {
        let key = KeyDetails::from_number(number).map(|details| details.read_key(input));
        if let Some(Ok(key)) = key {
            check(&key);
        }
    }
    if let Ok(text) = std::str::from_utf8(input) {
        if let Ok(key) = PublicKey::from_pem(text) {
            check(&key);
        }
        for key in [PublicKey::from_jwk(text), PublicKey::from_ssh(text), PublicKey::from_minisign(text)] {
            key.iter().for_each(check);
        }
        for block in pem::decode_all(text).unwrap_or_default() {
            let written = pem::encode(&block.label, &block.der);
            assert_eq!(pem::decode_one(&written).map(|again| again.der), Ok(block.der));
        }
    }
}

fn check(key: &PublicKey) {
    assert_eq!(PublicKey::from_spki_der(key.spki_der()).as_ref(), Ok(key));
    assert_eq!(PublicKey::from_pem(&key.to_pem()).as_ref(), Ok(key));
    for provider in Provider::ALL {
        assert!(provider.accepts(key.spki_der()), "{provider:?} refuses a key that the other one took");
    }
    for scheme in key.artifact_schemes() {
        let verdict = key.verify(*scheme, Message::Bytes(b"message"), key.spki_der());
        assert_eq!(verdict, Err(VerifyError::BadSignature));
    }
}

/// What the harvest has none of: two JWKs (RFC 8037 A.2 and RFC 7515 A.3), and the key of RFC 8032 §7.1, test 1, as SSH and minisign have it.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let ed25519 = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let p256 = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea comment";
    let minisign = "untrusted comment: x\nRWQ4ODg4ODg4ONdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n";
    vec![ed25519.into(), p256.into(), ssh.into(), minisign.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_keys() {
        for seed in seeds() {
            assert!(PublicKey::from_file_bytes(&seed).is_ok());
        }
    }
}
