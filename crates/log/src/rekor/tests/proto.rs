//! Protobuf on the wire, against bytes that were put together by hand from the field numbers of the definitions.

use super::*;
use prost::Message as _;

/// A field of bytes: tag, length, bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    out.extend_from_slice(bytes);
    out
}

/// A field of a small number.
fn varint(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

fn raw(verifier: &Verifier) -> (u8, &[u8]) {
    match verifier.key.as_ref().unwrap() {
        VerifierKey::PublicKey(raw) => (1, &raw.raw_bytes),
        VerifierKey::Certificate(raw) => (2, &raw.raw_bytes),
    }
}

fn verifier_bytes(verifier: &Verifier) -> Vec<u8> {
    let (number, der) = raw(verifier);
    [field(number, &field(1, der)), varint(3, 5)].concat()
}

fn by_hand(request: &CreateEntryRequest) -> Vec<u8> {
    match request.spec.as_ref().unwrap() {
        RequestSpec::HashedRekord(request) => {
            let signature = request.signature.as_ref().unwrap();
            let verifier = verifier_bytes(signature.verifier.as_ref().unwrap());
            let signature = [field(1, &signature.content), field(2, &verifier)].concat();
            field(1, &[field(1, &request.digest), field(2, &signature)].concat())
        }
        RequestSpec::Dsse(request) => {
            let envelope = request.envelope.as_ref().unwrap();
            let signature = &envelope.signatures[0];
            let signature = [field(1, &signature.sig), field(2, signature.keyid.as_bytes())].concat();
            let envelope = [
                field(1, &envelope.payload),
                field(2, envelope.payload_type.as_bytes()),
                field(3, &signature),
            ]
            .concat();
            field(2, &[field(1, &envelope), field(2, &verifier_bytes(&request.verifiers[0]))].concat())
        }
    }
}

#[test]
fn field_numbers() {
    let mut certificate = Signs::p256().hashed_rekord();
    let Some(RequestSpec::HashedRekord(request)) = &mut certificate.spec else { panic!() };
    request.signature.as_mut().unwrap().verifier.as_mut().unwrap().key =
        Some(VerifierKey::Certificate(RawBytes { raw_bytes: vec![0x30; 300].into() }));
    for request in [Signs::p256().hashed_rekord(), Signs::p256().dsse(), certificate] {
        let bytes = by_hand(&request);
        assert_eq!(request.encode_to_vec(), bytes);
        assert_eq!(CreateEntryRequest::decode(&bytes[..]), Ok(request));
    }
}

#[test]
fn json_and_protobuf_agree() {
    for request in [Signs::p256().hashed_rekord(), Signs::p256().dsse()] {
        let json = CreateEntryRequest::from_json(to_json(&request).to_string().as_bytes()).unwrap();
        assert_eq!(Ok(json), CreateEntryRequest::decode(&by_hand(&request)[..]));
    }
}

/// As protobuf has it: fields in any order, the last of two that exclude each other, unknown ones skipped.
#[test]
fn leniency_of_protobuf() {
    let request = Signs::p256().hashed_rekord();
    let unknown = field(15, b"from the future");
    let bytes = [unknown, field(2, b""), by_hand(&request)].concat();
    assert_eq!(CreateEntryRequest::decode(&bytes[..]), Ok(request));
}

#[test]
fn cut_short() {
    let bytes = by_hand(&Signs::p256().dsse());
    for length in 1..bytes.len() {
        assert!(CreateEntryRequest::decode(&bytes[..length]).is_err(), "{length}");
    }
}
