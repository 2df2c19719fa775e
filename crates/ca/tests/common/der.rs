//! DER by hand: certificate requests, and keys that no library makes.

use sealwax_crypto::{KeyKind, Message, Scheme, SigningKey};
use sealwax_pki::{CertificateDraft, Name};

/// An element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    match length {
        [0, short] if short < 0x80 => [&[tag, short], content].concat(),
        [0, byte] => [&[tag, 0x81, byte], content].concat(),
        [high, low] => [&[tag, 0x82, high, low], content].concat(),
    }
}

/// A certificate request of this key.
pub fn request(key: &SigningKey, scheme: Scheme) -> Vec<u8> {
    let content = [&[2, 1, 0, 0x30, 0], key.public_key().spki_der(), &[0xa0, 0]].concat();
    let info = element(0x30, &content);
    let signature = key.sign(scheme, Message::Bytes(&info)).unwrap();
    let algorithm = algorithm(&key.kind(), scheme);
    element(0x30, &[info, algorithm, element(3, &[&[0], signature.as_slice()].concat())].concat())
}

/// An AlgorithmIdentifier, cut out of a certificate that is signed so.
fn algorithm(kind: &KeyKind, scheme: Scheme) -> Vec<u8> {
    let name = Name::from_attributes(&[]);
    let draft = CertificateDraft {
        serial: &[1],
        issuer: &name,
        not_before: super::now(),
        not_after: super::now(),
        subject: &name,
        spki: &[],
        extensions: &[],
    };
    let tbs = draft.tbs_der(scheme, *kind).unwrap();
    // Behind two octets of header, five of version, three of serial number.
    let start = tbs.windows(3).position(|window| window == [2, 1, 1]).unwrap() + 3;
    tbs[start..start + 2 + usize::from(tbs[start + 1])].to_vec()
}
