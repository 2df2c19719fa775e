//! X.509 certificates (RFC 5280 4.1), the side of the issuer: what is signed, and the certificate as bytes.
//!
//! Nothing here decides what a certificate may say: that is the profile of who issues it.

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use sealwax_crypto::{KeyKind, Scheme};

use crate::asn1::{
    BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, UTF8_STRING, context,
    context_constructed, only, write_header,
};
use crate::certificate::Certificate;
use crate::certificate_parse::CertificateError;
use crate::name::Name;
use crate::oid;
use crate::write::{element, object_identifier, signature_algorithm, time, total, unsigned};

/// A certificate before it is signed.
#[derive(Clone, Debug)]
pub struct CertificateDraft<'a> {
    /// The serial number's magnitude, big endian: at most 20 octets with the sign (RFC 5280 4.1.2.2).
    pub serial: &'a [u8],
    /// Who issues it.
    pub issuer: &'a Name,
    /// The first instant of validity, in whole seconds.
    pub not_before: Timestamp,
    /// The last instant of validity, in whole seconds.
    pub not_after: Timestamp,
    /// Whom it is about.
    pub subject: &'a Name,
    /// The SubjectPublicKeyInfo of the subject's key.
    pub spki: &'a [u8],
    /// In the order in which they are written.
    pub extensions: &'a [NewExtension],
}

/// An extension to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExtension {
    /// What it is.
    pub oid: ObjectIdentifier,
    /// Whether a verifier that does not know it must refuse the certificate.
    pub critical: bool,
    /// Its value: the content of the OCTET STRING.
    pub value: Vec<u8>,
}

impl CertificateDraft<'_> {
    /// The TBSCertificate, for an issuer's key of this kind that signs by this scheme. `None` for schemes by which no certificate is
    /// signed: RSA-PSS and Ed25519ph.
    #[must_use]
    pub fn tbs_der(&self, scheme: Scheme, issuer_key: KeyKind) -> Option<Vec<u8>> {
        let version = element(context_constructed(0), &[&[INTEGER, 1, 2]]);
        let serial = unsigned(self.serial);
        let algorithm = signature_algorithm(scheme, issuer_key)?;
        let validity = element(SEQUENCE, &[&time(self.not_before), &time(self.not_after)]);
        let fields =
            [&*version, &serial, &algorithm, self.issuer.der(), &validity, self.subject.der(), self.spki];
        let list = self.extensions.iter().map(|extension| total(extension.content_length())).sum();
        let extensions = if list == 0 { 0 } else { total(total(list)) };
        let content = fields.iter().map(|field| field.len()).sum::<usize>() + extensions;

        let mut tbs = Vec::with_capacity(total(content));
        write_header(&mut tbs, SEQUENCE, content);
        fields.iter().for_each(|field| tbs.extend_from_slice(field));
        if list > 0 {
            write_header(&mut tbs, context_constructed(3), total(list));
            write_header(&mut tbs, SEQUENCE, list);
            self.extensions.iter().for_each(|extension| extension.push_der(&mut tbs));
        }
        Some(tbs)
    }
}

impl Certificate {
    /// Puts a TBSCertificate and its signature together, and reads what came of it. The algorithm is the one that the
    /// TBSCertificate names. The signature is not verified.
    ///
    /// # Errors
    /// [`CertificateError`]: it would not be read by anybody else either.
    pub fn assemble(tbs: &[u8], signature: &[u8]) -> Result<Self, CertificateError> {
        let algorithm = named_algorithm(tbs)?;
        let signature = element(BIT_STRING, &[&[0], signature]);
        Certificate::from_der(&element(SEQUENCE, &[tbs, algorithm, &signature]))
    }
}

/// The field `signature` (RFC 5280 4.1.2.3): the third one, behind version and serial number.
fn named_algorithm(tbs: &[u8]) -> Result<&[u8], CertificateError> {
    let mut fields = only(tbs, SEQUENCE)?.reader();
    fields.expect(context_constructed(0))?;
    fields.expect(INTEGER)?;
    Ok(fields.expect(SEQUENCE)?.raw)
}

impl NewExtension {
    /// basicConstraints, critical.
    #[must_use]
    pub fn basic_constraints(ca: bool, path_length: Option<u8>) -> Self {
        let ca: &[u8] = if ca { &[BOOLEAN, 1, 0xff] } else { &[] };
        let path_length = path_length.map(|length| unsigned(&[length])).unwrap_or_default();
        Self::new(oid::BASIC_CONSTRAINTS, true, element(SEQUENCE, &[ca, &path_length]))
    }

    /// keyUsage, critical. `bits` as RFC 5280 4.2.1.3 numbers them, 0 to 7.
    #[must_use]
    pub fn key_usage(bits: &[u8]) -> Self {
        let octet =
            bits.iter().fold(0u8, |octet, bit| octet | 0x80u8.checked_shr(u32::from(*bit)).unwrap_or(0));
        let unused = octet.trailing_zeros().min(7).to_le_bytes();
        let [unused, ..] = unused;
        Self::new(oid::KEY_USAGE, true, element(BIT_STRING, &[&[unused, octet]]))
    }

    /// extKeyUsage.
    #[must_use]
    pub fn extended_key_usage(critical: bool, purposes: &[ObjectIdentifier]) -> Self {
        let purposes: Vec<Vec<u8>> = purposes.iter().map(|purpose| object_identifier(*purpose)).collect();
        Self::new(oid::EXTENDED_KEY_USAGE, critical, element(SEQUENCE, &slices(&purposes)))
    }

    /// subjectKeyIdentifier.
    #[must_use]
    pub fn subject_key_identifier(identifier: &[u8]) -> Self {
        Self::new(oid::SUBJECT_KEY_IDENTIFIER, false, element(OCTET_STRING, &[identifier]))
    }

    /// authorityKeyIdentifier, by the key identifier alone.
    #[must_use]
    pub fn authority_key_identifier(identifier: &[u8]) -> Self {
        let value = element(SEQUENCE, &[&element(context(0), &[identifier])]);
        Self::new(oid::AUTHORITY_KEY_IDENTIFIER, false, value)
    }

    /// Any extension.
    #[must_use]
    pub fn new(oid: ObjectIdentifier, critical: bool, value: Vec<u8>) -> Self {
        Self { oid, critical, value }
    }

    /// Octets of what is in the SEQUENCE (RFC 5280 4.1).
    fn content_length(&self) -> usize {
        total(self.oid.as_bytes().len()) + self.critical_der().len() + total(self.value.len())
    }

    fn critical_der(&self) -> &'static [u8] {
        if self.critical { &[BOOLEAN, 1, 0xff] } else { &[] }
    }

    fn push_der(&self, output: &mut Vec<u8>) {
        write_header(output, SEQUENCE, self.content_length());
        write_header(output, OID, self.oid.as_bytes().len());
        output.extend_from_slice(self.oid.as_bytes());
        output.extend_from_slice(self.critical_der());
        write_header(output, OCTET_STRING, self.value.len());
        output.extend_from_slice(&self.value);
    }
}

impl Name {
    /// A name of one attribute per relative name, as UTF8Strings, most general first; the empty name for none.
    #[must_use]
    pub fn from_attributes(attributes: &[(ObjectIdentifier, &str)]) -> Self {
        let relative_names: Vec<Vec<u8>> = attributes
            .iter()
            .map(|(kind, text)| {
                let value = element(UTF8_STRING, &[text.as_bytes()]);
                element(SET, &[&element(SEQUENCE, &[&object_identifier(*kind), &value])])
            })
            .collect();
        Self::from_written(element(SEQUENCE, &slices(&relative_names)))
    }
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate_parse::MAX_CERTIFICATE_BYTES;
    use sealwax_crypto::{Message, SigningKey};

    fn draft<'a>(name: &'a Name, spki: &'a [u8], extensions: &'a [NewExtension]) -> CertificateDraft<'a> {
        CertificateDraft {
            serial: &[0x80, 1],
            issuer: name,
            not_before: "2025-11-22T00:00:00Z".parse().unwrap(),
            not_after: "2055-11-22T00:00:00Z".parse().unwrap(),
            subject: name,
            spki,
            extensions,
        }
    }

    fn extensions() -> [NewExtension; 5] {
        [
            NewExtension::basic_constraints(true, Some(0)),
            NewExtension::key_usage(&[5, 6]),
            NewExtension::extended_key_usage(true, &[oid::TIME_STAMPING]),
            NewExtension::subject_key_identifier(&[1; 20]),
            NewExtension::authority_key_identifier(&[1; 20]),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let name = Name::from_attributes(&[(oid::ORGANIZATION, "sealwax.test"), (oid::COMMON_NAME, "root")]);
        assert_eq!(name.to_string(), "CN=root,O=sealwax.test");
        for (kind, scheme) in [
            (KeyKind::EcdsaP256, Scheme::Ecdsa(sealwax_crypto::HashAlgorithm::Sha256)),
            (KeyKind::EcdsaP384, Scheme::Ecdsa(sealwax_crypto::HashAlgorithm::Sha384)),
            (KeyKind::Rsa { bits: 3072 }, Scheme::RsaPkcs1(sealwax_crypto::HashAlgorithm::Sha256)),
            (KeyKind::Ed25519, Scheme::Ed25519),
            (KeyKind::MlDsa44, Scheme::MlDsa),
        ] {
            let key = SigningKey::generate(kind).unwrap();
            let spki = key.public_key().spki_der();
            let tbs = draft(&name, spki, &extensions()).tbs_der(scheme, kind).unwrap();
            let signature = key.sign(scheme, Message::Bytes(&tbs)).unwrap();
            let certificate = Certificate::assemble(&tbs, &signature).unwrap();
            assert_eq!(certificate.check_signature_by(key.public_key()), Ok(()), "{kind}");
            assert_eq!(certificate.tbs_der(), tbs);
            assert_eq!(certificate.serial(), [0x80, 1]);
            assert!(certificate.is_self_issued());
            assert_eq!(certificate.not_after(), "2055-11-22T00:00:00Z".parse().unwrap());
            assert_eq!(certificate.basic_constraints().unwrap().path_length, Some(0));
            assert!(certificate.is_ca());
            let usage = certificate.key_usage().unwrap();
            assert!(usage.certificate_signing() && !usage.digital_signature());
            assert_eq!(certificate.extended_key_usage().unwrap().purposes, [oid::TIME_STAMPING]);
            assert!(certificate.extended_key_usage().unwrap().critical);
            assert_eq!(certificate.subject_key_identifier(), Some(&[1; 20][..]));
            assert_eq!(certificate.authority_key_identifier(), Some(&[1; 20][..]));
        }
        let key = KeyKind::Rsa { bits: 3072 };
        let pss = Scheme::RsaPss(sealwax_crypto::HashAlgorithm::Sha256);
        assert_eq!(draft(&name, &[], &[]).tbs_der(pss, key), None);
    }

    #[test]
    fn under_another_signature_it_is_as_if_it_had_been_read() {
        let (name, spki) = (Name::from_attributes(&[]), SigningKey::generate(KeyKind::EcdsaP256).unwrap());
        let scheme = Scheme::Ecdsa(sealwax_crypto::HashAlgorithm::Sha256);
        let check = |extensions: &[NewExtension], from: usize, to: usize, is_shared: bool| {
            let tbs = draft(&name, spki.public_key().spki_der(), extensions);
            let tbs = tbs.tbs_der(scheme, KeyKind::EcdsaP256).unwrap();
            let drafted = Certificate::assemble(&tbs, &vec![0x55; from]).unwrap();
            let before = (drafted.fingerprint(), drafted.spki_fingerprint());
            let shared = is_shared.then(|| drafted.clone());
            let (signed, read) = (
                drafted.signed(&vec![0xaa; to]).unwrap(),
                Certificate::assemble(&tbs, &vec![0xaa; to]).unwrap(),
            );
            assert_eq!((signed.der(), signed.tbs_der()), (read.der(), tbs.as_slice()));
            assert_eq!((signed.serial(), signed.public_key_spki()), (read.serial(), read.public_key_spki()));
            assert!(signed.extensions().eq(read.extensions()));
            assert_eq!((signed.fingerprint(), signed.spki_fingerprint()), (read.fingerprint(), before.1));
            assert_eq!(
                signed.check_signature_by(spki.public_key()),
                read.check_signature_by(spki.public_key())
            );
            assert_eq!(signed.fingerprint() == before.0, from == to && from == 0);
            drop(shared);
        };
        // Headers of every length that a certificate and its signature have, to and from each other.
        let long =
            vec![NewExtension::new(oid::SUBJECT_KEY_IDENTIFIER, false, element(OCTET_STRING, &[&[1; 300]]))];
        for extensions in [&[][..], &extensions()[..1], &extensions(), &long] {
            for (from, to) in [(0, 0), (1, 71), (71, 1), (1, 500), (500, 1), (1, 70_000 / 2)] {
                check(extensions, from, to, false);
                check(extensions, from, to, true);
            }
        }
        let tbs = draft(&name, &[0x30, 0], &[]).tbs_der(scheme, KeyKind::EcdsaP256).unwrap();
        let drafted = Certificate::assemble(&tbs, &[0]).unwrap();
        let size = MAX_CERTIFICATE_BYTES + 1;
        let room = size - (drafted.der().len() - 1) - 4;
        assert_eq!(drafted.signed(&vec![0; room]), Err(CertificateError::TooLarge { size }));
    }
}
