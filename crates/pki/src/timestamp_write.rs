//! RFC 3161 responses (2.4.2), the side of the authority: what is signed, and the TimeStampResp as bytes.
//!
//! What does not change from one token to the next is encoded once: a token costs its own few fields, two digests and the
//! signature.

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use sealwax_crypto::{HashAlgorithm, KeyError, KeyKind, Scheme, digest};

use crate::asn1::{
    GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, context, context_constructed, write_header,
};
use crate::certificate::Certificate;
use crate::end_entity::{EndEntity, EndEntityError};
use crate::oid;
use crate::timestamp_request::{TimestampRequest, write_imprint};
use crate::tst_info::Accuracy;
use crate::write::{element, hash_identifier, object_identifier, time_digits, total, unsigned, unsigned_as};

/// Octets of a token's serial number.
const SERIAL_BYTES: usize = 16;

/// PKIStatusInfo: granted (0).
const GRANTED: [u8; 5] = [SEQUENCE, 3, INTEGER, 1, 0];

/// Writes the tokens of one certificate.
#[derive(Clone, Debug)]
pub struct TimestampWriter {
    hash: HashAlgorithm,
    /// SignedData's version and digestAlgorithms.
    signed_data_head: Vec<u8>,
    /// SignedData's certificates, for who asks for them.
    certificates: Vec<u8>,
    /// SignerInfo's version, sid and digestAlgorithm.
    signer_head: Vec<u8>,
    /// SignerInfo's signatureAlgorithm.
    signature_algorithm: Vec<u8>,
    /// The signed attribute content-type, and the next one up to its digest.
    attributes_head: Vec<u8>,
    /// The signed attribute signing-certificate-v2.
    attributes_tail: Vec<u8>,
    /// TSTInfo's tsa.
    name: Vec<u8>,
}

/// What an authority says in one token.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// The policy under which it is stamped.
    pub policy: ObjectIdentifier,
    /// Random bytes, all but the first two bits of which are in the serial number: 126, so no two tokens have the same.
    pub random: [u8; SERIAL_BYTES],
    /// The time. Its fraction of a second is cut off: a deployed client reads none.
    pub gen_time: Timestamp,
    /// How far the real time may be from what is written.
    pub accuracy: Accuracy,
}

/// A token that lacks its signature.
#[derive(Clone, Debug)]
pub struct UnsignedTimestamp<'a> {
    writer: &'a TimestampWriter,
    with_certificates: bool,
    info: Vec<u8>,
    /// The signed attributes with the tag of a SET OF, which is what is signed (RFC 5652 5.4).
    attributes: Vec<u8>,
}

/// A certificate by which no tokens are signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampWriterError {
    /// It is not one of a time-stamping authority (RFC 3161 2.3).
    #[error("the signer's certificate: {0}")]
    EndEntity(#[from] EndEntityError),
    /// Its key cannot be used.
    #[error("the signer's key cannot be used: {0}")]
    Key(KeyError),
    /// Its key is neither P-256 nor P-384, which are all that deployed clients verify.
    #[error("{0} keys sign no time stamps; ECDSA P-256 and P-384 do")]
    KeyKind(KeyKind),
}

impl TimestampWriter {
    /// Tokens signed by the key of `certificate`, for whom asks with that and `further` certificates inside.
    ///
    /// # Errors
    /// [`TimestampWriterError`]: no verifier would take such a token.
    pub fn new(certificate: &Certificate, further: &[Certificate]) -> Result<Self, TimestampWriterError> {
        EndEntity::time_stamping(certificate)?;
        let key = certificate.public_key().map_err(|error| TimestampWriterError::Key(error.clone()))?;
        let (hash, signature) = match key.kind() {
            KeyKind::EcdsaP256 => (HashAlgorithm::Sha256, oid::ECDSA_WITH_SHA_256),
            KeyKind::EcdsaP384 => (HashAlgorithm::Sha384, oid::ECDSA_WITH_SHA_384),
            kind => return Err(TimestampWriterError::KeyKind(kind)),
        };
        let issuer = certificate.issuer().der();
        let serial = unsigned(certificate.serial());
        // RFC 5754 2 and 3.2: both without parameters.
        let digest_algorithm = element(SEQUENCE, &[&object_identifier(hash_identifier(hash))]);
        let mut embedded = vec![certificate.der()];
        embedded.extend(further.iter().map(Certificate::der));
        embedded.sort_unstable(); // X.690 11.6
        Ok(Self {
            hash,
            signed_data_head: [&[INTEGER, 1, 3], &*element(SET, &[&digest_algorithm])].concat(),
            certificates: element(context_constructed(0), &embedded),
            signer_head: [&[INTEGER, 1, 1], &*element(SEQUENCE, &[issuer, &serial]), &digest_algorithm]
                .concat(),
            signature_algorithm: element(SEQUENCE, &[&object_identifier(signature)]),
            attributes_head: attributes_head(hash),
            attributes_tail: signing_certificate(certificate, &serial),
            name: element(context_constructed(0), &[&directory_name(certificate.subject().der())]),
        })
    }

    /// How [`UnsignedTimestamp::signed_attributes`] are to be signed: ECDSA with the hash that matches the curve.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        Scheme::Ecdsa(self.hash)
    }

    /// A token for this request. That the policy is one of the authority's, and that there are no extensions, is the
    /// caller's to check.
    #[must_use]
    pub fn unsigned(&self, request: &TimestampRequest, stamp: &Stamp) -> UnsignedTimestamp<'_> {
        let info = self.info(request, stamp);
        let message_digest = digest(self.hash, &info);
        let message_digest = message_digest.as_bytes();
        let length = self.attributes_head.len() + message_digest.len() + self.attributes_tail.len();
        let mut attributes = Vec::with_capacity(total(length));
        write_header(&mut attributes, SET, length);
        attributes.extend_from_slice(&self.attributes_head);
        attributes.extend_from_slice(message_digest);
        attributes.extend_from_slice(&self.attributes_tail);
        UnsignedTimestamp { writer: self, with_certificates: request.certificates, info, attributes }
    }

    /// TSTInfo. Without `ordering`: two tokens of one second cannot be ordered by their time.
    fn info(&self, request: &TimestampRequest, stamp: &Stamp) -> Vec<u8> {
        let mut body = Vec::with_capacity(256 + self.name.len());
        body.extend_from_slice(&[INTEGER, 1, 1]);
        write_identifier(&mut body, stamp.policy);
        write_imprint(&mut body, &request.imprint, request.null_parameters);
        write_serial(&mut body, stamp.random);
        write_header(&mut body, GENERALIZED_TIME, 15);
        body.extend_from_slice(&time_digits(stamp.gen_time));
        write_accuracy(&mut body, stamp.accuracy);
        if let Some(nonce) = &request.nonce {
            nonce.write(&mut body);
        }
        body.extend_from_slice(&self.name);
        let mut info = Vec::with_capacity(total(body.len()));
        write_header(&mut info, SEQUENCE, body.len());
        info.extend_from_slice(&body);
        info
    }
}

impl UnsignedTimestamp<'_> {
    /// What is to be signed, by [`TimestampWriter::scheme`].
    #[must_use]
    pub fn signed_attributes(&self) -> &[u8] {
        &self.attributes
    }

    /// The TimeStampResp with this signature: status granted, and the token.
    #[must_use]
    pub fn into_response(self, signature: &[u8]) -> Vec<u8> {
        let writer = self.writer;
        let content_type = object_identifier(oid::TST_INFO);
        let signed_data_type = object_identifier(oid::SIGNED_DATA);
        let certificates: &[u8] = if self.with_certificates { &writer.certificates } else { &[] };

        let signer_info = writer.signer_head.len()
            + self.attributes.len()
            + writer.signature_algorithm.len()
            + total(signature.len());
        let content = content_type.len() + total(total(self.info.len()));
        let signed_data =
            writer.signed_data_head.len() + total(content) + certificates.len() + total(total(signer_info));
        let token = signed_data_type.len() + total(total(signed_data));
        let response = GRANTED.len() + total(token);

        let mut output = Vec::with_capacity(total(response));
        write_header(&mut output, SEQUENCE, response);
        output.extend_from_slice(&GRANTED);
        write_header(&mut output, SEQUENCE, token);
        output.extend_from_slice(&signed_data_type);
        write_header(&mut output, context_constructed(0), total(signed_data));
        write_header(&mut output, SEQUENCE, signed_data);
        output.extend_from_slice(&writer.signed_data_head);
        write_header(&mut output, SEQUENCE, content);
        output.extend_from_slice(&content_type);
        write_header(&mut output, context_constructed(0), total(self.info.len()));
        write_header(&mut output, OCTET_STRING, self.info.len());
        output.extend_from_slice(&self.info);
        output.extend_from_slice(certificates);
        write_header(&mut output, SET, total(signer_info));
        write_header(&mut output, SEQUENCE, signer_info);
        output.extend_from_slice(&writer.signer_head);
        output.push(context_constructed(0));
        output.extend_from_slice(self.attributes.get(1..).unwrap_or_default());
        output.extend_from_slice(&writer.signature_algorithm);
        write_header(&mut output, OCTET_STRING, signature.len());
        output.extend_from_slice(signature);
        output
    }
}

/// The attribute content-type, then message-digest up to its digest. In a SET OF (X.690 11.6) the shorter of these
/// attributes comes first, since all begin with tag and length: 28 octets, 49 or 65, more.
fn attributes_head(hash: HashAlgorithm) -> Vec<u8> {
    let content_type = attribute(oid::CONTENT_TYPE, &object_identifier(oid::TST_INFO));
    let kind = object_identifier(oid::MESSAGE_DIGEST);
    let digest = hash.output_len();
    let mut head = content_type;
    write_header(&mut head, SEQUENCE, kind.len() + total(total(digest)));
    head.extend_from_slice(&kind);
    write_header(&mut head, SET, total(digest));
    write_header(&mut head, OCTET_STRING, digest);
    head
}

/// The attribute signing-certificate-v2 (RFC 5816 2.2.1, RFC 5035 3): one ESSCertIDv2, SHA-256 by default, with issuer and
/// serial number.
fn signing_certificate(certificate: &Certificate, serial: &[u8]) -> Vec<u8> {
    let names = element(SEQUENCE, &[&directory_name(certificate.issuer().der())]);
    let issuer_serial = element(SEQUENCE, &[&names, serial]);
    let hash = element(OCTET_STRING, &[&certificate.fingerprint()]);
    let identifier = element(SEQUENCE, &[&hash, &issuer_serial]);
    let value = element(SEQUENCE, &[&element(SEQUENCE, &[&identifier])]);
    attribute(oid::SIGNING_CERTIFICATE_V2, &value)
}

/// An Attribute with one value.
fn attribute(kind: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&object_identifier(kind), &element(SET, &[value])])
}

/// GeneralName: directoryName.
fn directory_name(name: &[u8]) -> Vec<u8> {
    element(context_constructed(4), &[name])
}

fn write_identifier(output: &mut Vec<u8>, identifier: ObjectIdentifier) {
    write_header(output, OID, identifier.as_bytes().len());
    output.extend_from_slice(identifier.as_bytes());
}

/// Positive, and always of the same length.
fn write_serial(output: &mut Vec<u8>, mut random: [u8; SERIAL_BYTES]) {
    random[0] = random[0] & 0x3f | 0x40;
    write_header(output, INTEGER, SERIAL_BYTES);
    output.extend_from_slice(&random);
}

/// Accuracy, left out if it is nothing; each part left out if it is zero.
fn write_accuracy(output: &mut Vec<u8>, accuracy: Accuracy) {
    let parts = [
        (INTEGER, accuracy.seconds),
        (context(0), u64::from(accuracy.milliseconds)),
        (context(1), u64::from(accuracy.microseconds)),
    ];
    let mut body = Vec::with_capacity(16);
    for (tag, number) in parts {
        if number > 0 {
            body.extend_from_slice(&unsigned_as(tag, &number.to_be_bytes()));
        }
    }
    if !body.is_empty() {
        write_header(output, SEQUENCE, body.len());
        output.extend_from_slice(&body);
    }
}
