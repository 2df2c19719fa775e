//! Timestamp tokens (RFC 3161 over CMS, RFC 5652).

use jiff::Timestamp;
use sealwax_crypto::HashAlgorithm;

use crate::{der, sha1::sha1, signer::hash_algorithm, timestamp_authority::SigningCertificate};

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
/// id-ct-TSTInfo.
pub const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";

/// The message digest among the signed attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageDigest {
    /// The digest of the TSTInfo.
    Correct,
    /// Other bytes.
    Other(Vec<u8>),
    /// No such attribute.
    Absent,
}

/// The attribute that names the signing certificate (RFC 5035).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SigningCertificateAttribute {
    /// ESSCertID: SHA-1 of the signing certificate.
    V1,
    /// ESSCertID: SHA-1 of another certificate.
    V1Of(Vec<u8>),
    /// ESSCertIDv2 with SHA-256 of the signing certificate.
    V2,
    /// ESSCertIDv2 with another hash algorithm over the signing certificate.
    V2With(HashAlgorithm),
    /// ESSCertIDv2 with SHA-256 of another certificate.
    V2Of(Vec<u8>),
    /// No such attribute.
    Absent,
}

/// How the OCTET STRING around the TSTInfo is written. All but the first are BER, which CMS allows there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncoding {
    /// DER.
    Primitive,
    /// Constructed of one piece, of definite length.
    OnePiece,
    /// Constructed of two pieces, of definite length.
    TwoPieces,
    /// Constructed of two pieces, of indefinite length.
    IndefiniteLength,
}

/// A TimeStampResp before it is signed.
#[derive(Clone, Debug)]
pub struct TimestampDraft {
    /// Which of the bundle's timestamps this is.
    pub position: usize,
    /// PKIStatus: 0 granted, 1 granted with modifications, 2 rejection.
    pub status: u64,
    /// The bytes that are stamped.
    pub message: Vec<u8>,
    /// Hash of the imprint.
    pub imprint_algorithm: HashAlgorithm,
    /// An imprint other than the hash of `message`.
    pub imprint: Option<Vec<u8>>,
    /// The policy's identifier.
    pub policy: String,
    /// Serial number of the token, big-endian.
    pub serial: Vec<u8>,
    /// The time.
    pub gen_time: Timestamp,
    /// A nonce, big-endian.
    pub nonce: Option<Vec<u8>>,
    /// eContentType.
    pub content_type: String,
    /// The content type among the signed attributes.
    pub content_type_attribute: Option<String>,
    /// The message digest among the signed attributes.
    pub message_digest: MessageDigest,
    /// ESSCertID.
    pub signing_certificate: SigningCertificateAttribute,
    /// Digest algorithm of the SignerInfo: that of the signature as a rule, since OpenSSL takes it for both.
    pub digest_algorithm: HashAlgorithm,
    /// Who signs.
    pub certificate: SigningCertificate,
    /// A signer identifier (issuer DER, serial) other than the certificate's.
    pub issuer_and_serial: Option<(Vec<u8>, Vec<u8>)>,
    /// Embedded certificates; none leaves the field out.
    pub embedded: Vec<Vec<u8>>,
    /// Attributes that are signed besides, each a SEQUENCE in DER.
    pub further_attributes: Vec<Vec<u8>>,
    /// Leaves the signed attributes out: the signature covers the content itself.
    pub without_attributes: bool,
    /// How often the SignerInfo is written.
    pub signer_infos: usize,
    /// Another signature.
    pub signature: Option<Vec<u8>>,
    /// How the OCTET STRING around the content is written.
    pub content_encoding: ContentEncoding,
}

impl TimestampDraft {
    /// Signs by another authority; the embedded certificate, if any, changes too.
    pub fn sign_as(&mut self, certificate: &SigningCertificate) {
        self.certificate = certificate.clone();
        self.digest_algorithm = certificate.signer.hash();
        if !self.embedded.is_empty() {
            self.embedded = vec![certificate.der.clone()];
        }
    }

    fn tst_info(&self) -> Vec<u8> {
        let digest = sealwax_crypto::digest(self.imprint_algorithm, &self.message);
        let imprint = self.imprint.clone().unwrap_or_else(|| digest.as_bytes().to_vec());
        let mut parts = vec![
            der::integer(1),
            der::oid(&self.policy),
            der::sequence([hash_algorithm(self.imprint_algorithm), der::octet_string(imprint)]),
            der::unsigned(&self.serial),
            der::generalized_time(self.gen_time),
            der::sequence([der::integer(1)]),
        ];
        parts.extend(self.nonce.as_deref().map(der::unsigned));
        der::sequence(parts)
    }

    fn signed_attributes(&self, content: &[u8]) -> Vec<Vec<u8>> {
        let attribute = |oid, value| der::sequence([der::oid(oid), der::set([value])]);
        let mut attributes = Vec::new();
        if let Some(content_type) = &self.content_type_attribute {
            attributes.push(attribute(CONTENT_TYPE, der::oid(content_type)));
        }
        attributes.push(attribute(SIGNING_TIME, der::utc_time(self.gen_time)));
        match &self.message_digest {
            MessageDigest::Correct => {
                let digest = sealwax_crypto::digest(self.digest_algorithm, content);
                attributes.push(attribute(MESSAGE_DIGEST, der::octet_string(digest.as_bytes())));
            }
            MessageDigest::Other(digest) => {
                attributes.push(attribute(MESSAGE_DIGEST, der::octet_string(digest)));
            }
            MessageDigest::Absent => {}
        }
        let issuer_serial = || {
            let directory_name = der::context(4, [&self.certificate.issuer]);
            der::sequence([der::sequence([directory_name]), der::unsigned(&self.certificate.serial)])
        };
        let identifier = |parts| der::sequence([der::sequence([der::sequence::<Vec<u8>>(parts)])]);
        let sha256 = |bytes: &[u8]| der::octet_string(sealwax_crypto::sha256(bytes));
        match &self.signing_certificate {
            SigningCertificateAttribute::V1 => {
                let hash = der::octet_string(sha1(&self.certificate.der));
                attributes.push(attribute(SIGNING_CERTIFICATE, identifier(vec![hash, issuer_serial()])));
            }
            SigningCertificateAttribute::V1Of(certificate) => {
                let hash = der::octet_string(sha1(certificate));
                attributes.push(attribute(SIGNING_CERTIFICATE, identifier(vec![hash])));
            }
            SigningCertificateAttribute::V2 => {
                let value = identifier(vec![sha256(&self.certificate.der), issuer_serial()]);
                attributes.push(attribute(SIGNING_CERTIFICATE_V2, value));
            }
            SigningCertificateAttribute::V2With(hash) => {
                let digest = sealwax_crypto::digest(*hash, &self.certificate.der);
                let mut parts = vec![der::octet_string(digest.as_bytes()), issuer_serial()];
                if *hash != HashAlgorithm::Sha256 {
                    parts.insert(0, hash_algorithm(*hash));
                }
                attributes.push(attribute(SIGNING_CERTIFICATE_V2, identifier(parts)));
            }
            SigningCertificateAttribute::V2Of(certificate) => {
                attributes.push(attribute(SIGNING_CERTIFICATE_V2, identifier(vec![sha256(certificate)])));
            }
            SigningCertificateAttribute::Absent => {}
        }
        attributes.extend(self.further_attributes.iter().cloned());
        attributes
    }

    /// The signed TimeStampResp, DER unless the content is encoded otherwise. A rejection carries its token all the same.
    pub fn sign(&self) -> Vec<u8> {
        let content = self.tst_info();
        let attributes = self.signed_attributes(&content);
        let signed = if self.without_attributes { content.clone() } else { der::set(attributes.clone()) };
        let signature = self.signature.clone().unwrap_or_else(|| self.certificate.signer.sign(&signed));
        let (issuer, serial) = self
            .issuer_and_serial
            .clone()
            .unwrap_or_else(|| (self.certificate.issuer.clone(), self.certificate.serial.clone()));
        let mut sorted = attributes;
        sorted.sort();
        let mut signer_info = vec![
            der::integer(1),
            der::sequence([issuer, der::unsigned(&serial)]),
            hash_algorithm(self.digest_algorithm),
        ];
        if !self.without_attributes {
            signer_info.push(der::context(0, sorted));
        }
        signer_info.push(self.certificate.signer.signature_algorithm());
        signer_info.push(der::octet_string(signature));
        let signer_info = der::sequence(signer_info);
        let (first, second) = content.split_at(content.len() / 2);
        let pieces = [der::octet_string(first), der::octet_string(second)].concat();
        let octets = match self.content_encoding {
            ContentEncoding::Primitive => der::octet_string(&content),
            ContentEncoding::OnePiece => der::element(0x24, der::octet_string(&content)),
            ContentEncoding::TwoPieces => der::element(0x24, pieces),
            ContentEncoding::IndefiniteLength => [&[0x24, 0x80][..], &pieces, &[0, 0]].concat(),
        };
        let mut signed_data = vec![
            der::integer(3),
            der::set([hash_algorithm(self.digest_algorithm)]),
            der::sequence([der::oid(&self.content_type), der::context(0, [octets])]),
        ];
        if !self.embedded.is_empty() {
            signed_data.push(der::context(0, &self.embedded));
        }
        signed_data.push(der::set(std::iter::repeat_n(signer_info, self.signer_infos)));
        let token = der::sequence([der::oid(SIGNED_DATA), der::context(0, [der::sequence(signed_data)])]);
        der::sequence([der::sequence([der::integer(self.status)]), token])
    }
}
