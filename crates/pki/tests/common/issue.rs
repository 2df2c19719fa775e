//! A small CA and time-stamping authority that write whatever a test asks for, wrong things included.

#![allow(dead_code, unreachable_pub)] // each test binary uses a part of this
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests are tests

use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey, digest};
use sealwax_pki::{Certificate, CertificateError, ObjectIdentifier, oids};

pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// One element.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut bytes = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    bytes.extend_from_slice(content);
    bytes
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(SEQUENCE, &parts.concat())
}

pub fn oid(oid: &str) -> Vec<u8> {
    der(0x06, ObjectIdentifier::new_unwrap(oid).as_bytes())
}

pub fn name(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return sequence(&[]);
    }
    let attribute = sequence(&[&oid("2.5.4.3"), &der(0x0c, common_name.as_bytes())]);
    sequence(&[&der(SET, &attribute)])
}

/// `ecdsa-with-SHA256`.
pub fn ecdsa_sha256() -> Vec<u8> {
    sequence(&[&oid("1.2.840.10045.4.3.2")])
}

pub fn key() -> SigningKey {
    SigningKey::generate(KeyKind::EcdsaP256).unwrap()
}

pub fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    key.sign(Scheme::Ecdsa(HashAlgorithm::Sha256), Message::Bytes(message)).unwrap()
}

/// What a certificate says; tests change single fields.
#[derive(Clone)]
pub struct Template {
    pub serial: u8,
    pub subject: String,
    pub issuer: String,
    pub not_before: String,
    pub not_after: String,
    pub extensions: Vec<Vec<u8>>,
}

impl Template {
    fn new(subject: &str, issuer: &str, extensions: &[Vec<u8>]) -> Self {
        Template {
            serial: 1,
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            not_before: "20200101000000Z".to_owned(),
            not_after: "20300101000000Z".to_owned(),
            extensions: extensions.to_vec(),
        }
    }

    pub fn ca(subject: &str, issuer: &str) -> Self {
        Template::new(subject, issuer, &[basic_constraints(true, None), key_usage(0x06, 1)])
    }

    pub fn code_signing(issuer: &str) -> Self {
        let extensions = [
            key_usage(0x80, 7),
            extended_key_usage(false, &[oids::CODE_SIGNING]),
            uri_name("https://example.com/a"),
        ];
        Template::new("", issuer, &extensions)
    }

    pub fn time_stamping(issuer: &str) -> Self {
        Template::new("TSA", issuer, &[key_usage(0x80, 7), extended_key_usage(true, &[oids::TIME_STAMPING])])
    }

    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Without the extensions of this type.
    pub fn without(mut self, oid: ObjectIdentifier) -> Self {
        self.extensions.retain(|extension| !extension[2..].starts_with(&der(0x06, oid.as_bytes())));
        self
    }

    /// With this extension in the place of the others of its type.
    pub fn replacing(self, oid: ObjectIdentifier, extension: Vec<u8>) -> Self {
        self.without(oid).with(extension)
    }

    pub fn valid(mut self, not_before: &str, not_after: &str) -> Self {
        self.not_before = not_before.to_owned();
        self.not_after = not_after.to_owned();
        self
    }

    pub fn tbs(&self, spki: &[u8], algorithm: &[u8]) -> Vec<u8> {
        sequence(&[
            &der(0xa0, &der(0x02, &[2])),
            &der(0x02, &[self.serial]),
            algorithm,
            &name(&self.issuer),
            &sequence(&[&der(0x18, self.not_before.as_bytes()), &der(0x18, self.not_after.as_bytes())]),
            &name(&self.subject),
            spki,
            &der(0xa3, &der(SEQUENCE, &self.extensions.concat())),
        ])
    }

    pub fn try_issue(
        &self,
        key: &SigningKey,
        issuer_key: &SigningKey,
    ) -> Result<Certificate, CertificateError> {
        let tbs = self.tbs(key.public_key().spki_der(), &ecdsa_sha256());
        Certificate::from_der(&assemble(&tbs, &ecdsa_sha256(), &sign(issuer_key, &tbs)))
    }

    pub fn issue(&self, key: &SigningKey, issuer_key: &SigningKey) -> Certificate {
        self.try_issue(key, issuer_key).unwrap()
    }
}

pub fn assemble(tbs: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    sequence(&[tbs, algorithm, &der(0x03, &[&[0], signature].concat())])
}

pub fn extension(oid: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[0x01, 0x01, 0xff] } else { &[] };
    sequence(&[&der(0x06, oid.as_bytes()), critical, &der(0x04, value)])
}

pub fn basic_constraints(ca: bool, path_length: Option<u8>) -> Vec<u8> {
    let ca: &[u8] = if ca { &[0x01, 0x01, 0xff] } else { &[] };
    let path_length = path_length.map_or_else(Vec::new, |length| der(0x02, &[length]));
    extension(oids::BASIC_CONSTRAINTS, true, &sequence(&[ca, &path_length]))
}

/// The bits in their octet, and how many at its end are unused.
pub fn key_usage(bits: u8, unused: u8) -> Vec<u8> {
    extension(oids::KEY_USAGE, true, &der(0x03, &[unused, bits]))
}

pub fn extended_key_usage(critical: bool, purposes: &[ObjectIdentifier]) -> Vec<u8> {
    let purposes: Vec<u8> = purposes.iter().flat_map(|purpose| der(0x06, purpose.as_bytes())).collect();
    extension(oids::EXTENDED_KEY_USAGE, critical, &der(SEQUENCE, &purposes))
}

pub fn alternative_names(names: &[u8]) -> Vec<u8> {
    extension(oids::SUBJECT_ALTERNATIVE_NAME, true, &der(SEQUENCE, names))
}

pub fn uri_name(uri: &str) -> Vec<u8> {
    alternative_names(&der(0x86, uri.as_bytes()))
}

/// Name constraints with these permitted and excluded subtrees.
pub fn name_constraints(permitted: &[u8], excluded: &[u8]) -> Vec<u8> {
    let subtrees =
        |tag: u8, base: &[u8]| if base.is_empty() { Vec::new() } else { der(tag, &sequence(&[base])) };
    extension(
        oids::NAME_CONSTRAINTS,
        true,
        &sequence(&[&subtrees(0xa0, permitted), &subtrees(0xa1, excluded)]),
    )
}

/// What a time-stamp token says; tests change single fields.
#[derive(Clone)]
pub struct TokenTemplate {
    pub status: u8,
    pub imprint: Vec<u8>,
    pub gen_time: String,
    /// DER that follows genTime in TSTInfo.
    pub info_tail: Vec<u8>,
    pub content_type: &'static str,
    /// The signed attributes, by type; `None` is what belongs there.
    pub attributes: Vec<(ObjectIdentifier, Option<Vec<u8>>)>,
    pub certificates: Vec<Certificate>,
    /// How often the one SignerInfo is written.
    pub signers: usize,
    /// With which tag the signed attributes are signed.
    pub signed_tag: u8,
}

pub const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";

pub fn sha256_algorithm() -> Vec<u8> {
    sequence(&[&oid("2.16.840.1.101.3.4.2.1"), &[5, 0]])
}

pub fn imprint(hash: HashAlgorithm, message: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        HashAlgorithm::Sha256 => "2.16.840.1.101.3.4.2.1",
        HashAlgorithm::Sha384 => "2.16.840.1.101.3.4.2.2",
        HashAlgorithm::Sha512 => "2.16.840.1.101.3.4.2.3",
    };
    sequence(&[&sequence(&[&oid(algorithm)]), &der(0x04, digest(hash, message).as_bytes())])
}

impl TokenTemplate {
    pub fn new(message: &[u8]) -> Self {
        TokenTemplate {
            status: 0,
            imprint: imprint(HashAlgorithm::Sha256, message),
            gen_time: "20250101000000Z".to_owned(),
            info_tail: Vec::new(),
            content_type: TST_INFO,
            attributes: vec![
                (oids::CONTENT_TYPE, None),
                (oids::MESSAGE_DIGEST, None),
                (oids::SIGNING_CERTIFICATE_V2, None),
            ],
            certificates: Vec::new(),
            signers: 1,
            signed_tag: SET,
        }
    }

    pub fn info(&self) -> Vec<u8> {
        sequence(&[
            &der(0x02, &[1]),
            &oid("1.3.6.1.4.1.57264.2"),
            &self.imprint,
            &der(0x02, &[42]),
            &der(0x18, self.gen_time.as_bytes()),
            &self.info_tail,
        ])
    }

    pub fn attribute(mut self, kind: ObjectIdentifier, value: Option<Vec<u8>>) -> Self {
        self.attributes.retain(|(other, _)| *other != kind);
        self.attributes.extend(value.map(|value| (kind, Some(value))));
        self
    }

    /// A TimeStampResp, signed by the key as the certificate's.
    pub fn respond(&self, certificate: &Certificate, key: &SigningKey) -> Vec<u8> {
        let info = self.info();
        let attributes: Vec<u8> = self
            .attributes
            .iter()
            .flat_map(|(kind, value)| {
                let value = value.clone().unwrap_or_else(|| match *kind {
                    oids::CONTENT_TYPE => oid(self.content_type),
                    oids::MESSAGE_DIGEST => der(0x04, digest(HashAlgorithm::Sha256, &info).as_bytes()),
                    oids::SIGNING_CERTIFICATE_V2 => signing_certificate_v2(&certificate.fingerprint()),
                    other => panic!("{other}"),
                });
                sequence(&[&der(0x06, kind.as_bytes()), &der(SET, &value)])
            })
            .collect();
        let signer = sequence(&[
            &der(0x02, &[1]),
            &sequence(&[certificate.issuer().der(), &der(0x02, certificate.serial())]),
            &sha256_algorithm(),
            &der(0xa0, &attributes),
            &ecdsa_sha256(),
            &der(0x04, &sign(key, &der(self.signed_tag, &attributes))),
        ]);
        let certificates: Vec<u8> = self.certificates.iter().flat_map(|other| other.der().to_vec()).collect();
        let certificates = if certificates.is_empty() { Vec::new() } else { der(0xa0, &certificates) };
        let signed_data = sequence(&[
            &der(0x02, &[3]),
            &der(SET, &sha256_algorithm()),
            &sequence(&[&oid(self.content_type), &der(0xa0, &der(0x04, &info))]),
            &certificates,
            &der(SET, &signer.repeat(self.signers)),
        ]);
        let content_info = sequence(&[&oid("1.2.840.113549.1.7.2"), &der(0xa0, &signed_data)]);
        sequence(&[&sequence(&[&der(0x02, &[self.status])]), &content_info])
    }
}

pub fn signing_certificate_v2(hash: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[&sequence(&[&der(0x04, hash)])])])
}
