mod answer;
mod check;
mod json;
mod mutations;
mod proto;

use super::message::{
    CreateEntryRequest, DsseRequest, Envelope, EnvelopeSignature, HashedRekordRequest, RawBytes, RequestSpec,
    Signature, Verifier, VerifierKey,
};
use sealwax_crypto::{Digest, KeyDetails, KeyKind, Message, SigningKey, digest};
use sealwax_formats::dsse::pae_digest;
use serde_json::{Value, json};

const ARTIFACT: &[u8] = b"an artifact";
const PAYLOAD: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A key, and the name that the registry has for what it signs.
struct Signs {
    key: SigningKey,
    details: KeyDetails,
}

impl Signs {
    fn p256() -> Self {
        Self::with(KeyKind::EcdsaP256, KeyDetails::PkixEcdsaP256Sha256)
    }

    fn with(kind: KeyKind, details: KeyDetails) -> Self {
        Self { key: SigningKey::generate(kind).unwrap(), details }
    }

    fn artifact_digest(&self) -> Digest {
        digest(self.details.scheme().unwrap().prehash().unwrap(), ARTIFACT)
    }

    fn sign(&self, digest: &Digest) -> Vec<u8> {
        self.key.sign(self.details.scheme().unwrap(), Message::Digest(digest)).unwrap()
    }

    fn verifier(&self) -> Verifier {
        let raw_bytes = self.key.public_key().spki_der().to_vec().into();
        Verifier {
            key: Some(VerifierKey::PublicKey(RawBytes { raw_bytes })),
            key_details: self.details.number(),
        }
    }

    /// A request that is good.
    fn hashed_rekord(&self) -> CreateEntryRequest {
        let digest = self.artifact_digest();
        let signature = Signature { content: self.sign(&digest).into(), verifier: Some(self.verifier()) };
        let digest = digest.as_bytes().to_vec().into();
        spec(RequestSpec::HashedRekord(HashedRekordRequest { digest, signature: Some(signature) }))
    }

    /// Another one.
    fn dsse(&self) -> CreateEntryRequest {
        let hash = self.details.scheme().unwrap().prehash().unwrap();
        let sig = self.sign(&pae_digest(PAYLOAD_TYPE, PAYLOAD, hash)).into();
        let envelope = Envelope {
            payload: PAYLOAD.into(),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![EnvelopeSignature { sig, keyid: "a hint".to_owned() }],
        };
        spec(RequestSpec::Dsse(DsseRequest { envelope: Some(envelope), verifiers: vec![self.verifier()] }))
    }
}

fn spec(spec: RequestSpec) -> CreateEntryRequest {
    CreateEntryRequest { spec: Some(spec) }
}

/// A request as a client would write it.
fn to_json(request: &CreateEntryRequest) -> Value {
    match request.spec.as_ref().unwrap() {
        RequestSpec::HashedRekord(request) => {
            let signature = request.signature.as_ref().unwrap();
            json!({"hashedRekordRequestV002": {
                "digest": base64(&request.digest),
                "signature": {
                    "content": base64(&signature.content),
                    "verifier": verifier_json(signature.verifier.as_ref().unwrap()),
                },
            }})
        }
        RequestSpec::Dsse(request) => {
            let envelope = request.envelope.as_ref().unwrap();
            let signatures: Vec<Value> = envelope
                .signatures
                .iter()
                .map(|signature| json!({"sig": base64(&signature.sig), "keyid": signature.keyid}))
                .collect();
            let verifiers: Vec<Value> = request.verifiers.iter().map(verifier_json).collect();
            json!({"dsseRequestV002": {
                "envelope": {
                    "payload": base64(&envelope.payload),
                    "payloadType": envelope.payload_type,
                    "signatures": signatures,
                },
                "verifiers": verifiers,
            }})
        }
    }
}

fn verifier_json(verifier: &Verifier) -> Value {
    let (member, raw) = match verifier.key.as_ref().unwrap() {
        VerifierKey::PublicKey(raw) => ("publicKey", raw),
        VerifierKey::Certificate(raw) => ("x509Certificate", raw),
    };
    let details = KeyDetails::from_number(verifier.key_details).unwrap().name();
    json!({"keyDetails": details, member: {"rawBytes": base64(&raw.raw_bytes)}})
}

fn base64(bytes: &[u8]) -> String {
    sealwax_crypto::base64::encode(bytes)
}
