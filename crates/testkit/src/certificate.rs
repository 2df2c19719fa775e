//! X.509 certificates as drafts: everything may be changed until they are signed.

use jiff::Timestamp;

use crate::{der, signer::Signer};

/// Object identifiers by name.
pub mod oids {
    #![allow(missing_docs, reason = "the names say it")]
    pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
    pub const KEY_USAGE: &str = "2.5.29.15";
    pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
    pub const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
    pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
    pub const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
    pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
    pub const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
    pub const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
    pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
    pub const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";
    pub const SCT_LIST: &str = "1.3.6.1.4.1.11129.2.4.2";
    pub const PRECERTIFICATE_POISON: &str = "1.3.6.1.4.1.11129.2.4.3";
    pub const FULCIO: &str = "1.3.6.1.4.1.57264.1";
    pub const FULCIO_USERNAME: &str = "1.3.6.1.4.1.57264.1.7";
    /// An extension that no verifier knows.
    pub const UNKNOWN: &str = "1.3.6.1.4.1.55555.1";
}

/// Bits of the key usage extension (RFC 5280 §4.2.1.3).
pub mod key_usage {
    #![allow(missing_docs, reason = "the names say it")]
    pub const DIGITAL_SIGNATURE: u8 = 0;
    pub const KEY_ENCIPHERMENT: u8 = 2;
    pub const CERTIFICATE_SIGN: u8 = 5;
    pub const CRL_SIGN: u8 = 6;
}

/// One extension, its value in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Dotted decimal.
    pub oid: String,
    /// Whether an ignorant verifier must refuse the certificate.
    pub critical: bool,
    /// Content of the OCTET STRING.
    pub value: Vec<u8>,
}

/// A certificate before it is signed.
#[derive(Clone, Debug)]
pub struct CertificateDraft {
    /// Big-endian, positive.
    pub serial: Vec<u8>,
    /// Name of the issuer, DER.
    pub issuer: Vec<u8>,
    /// Name of the subject, DER.
    pub subject: Vec<u8>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity, inclusive.
    pub not_after: Timestamp,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// In the order in which they are written.
    pub extensions: Vec<Extension>,
    /// The issuer's key.
    pub signer: Signer,
}

impl CertificateDraft {
    /// The TBSCertificate as it will be signed.
    pub fn tbs(&self) -> Vec<u8> {
        let extensions = der::sequence(self.extensions.iter().map(|extension| {
            let mut parts = vec![der::oid(&extension.oid)];
            if extension.critical {
                parts.push(der::boolean(true));
            }
            parts.push(der::octet_string(&extension.value));
            der::sequence(parts)
        }));
        let mut parts = vec![
            der::context(0, [der::integer(2)]),
            der::unsigned(&self.serial),
            self.signer.signature_algorithm(),
            self.issuer.clone(),
            der::sequence([der::time(self.not_before), der::time(self.not_after)]),
            self.subject.clone(),
            self.spki.clone(),
        ];
        if !self.extensions.is_empty() {
            parts.push(der::context(3, [extensions]));
        }
        der::sequence(parts)
    }

    /// The signed certificate, DER.
    pub fn sign(&self) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = der::bit_string(self.signer.sign(&tbs));
        der::sequence([tbs, self.signer.signature_algorithm(), signature])
    }

    /// Adds an extension behind the others, also if there is one with that identifier already.
    pub fn add_extension(&mut self, oid: &str, critical: bool, value: Vec<u8>) {
        self.extensions.push(Extension { oid: oid.into(), critical, value });
    }

    /// Replaces an extension where it stands, or adds it.
    pub fn set_extension(&mut self, oid: &str, critical: bool, value: Vec<u8>) {
        match self.extension_mut(oid) {
            Some(extension) => (extension.critical, extension.value) = (critical, value),
            None => self.add_extension(oid, critical, value),
        }
    }

    /// The first extension with that identifier.
    pub fn extension_mut(&mut self, oid: &str) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.oid == oid)
    }

    /// Removes every extension with that identifier.
    pub fn remove_extension(&mut self, oid: &str) {
        self.extensions.retain(|extension| extension.oid != oid);
    }

    /// Writes an extension a second time, at the end.
    pub fn duplicate_extension(&mut self, oid: &str) {
        let extension = self.extension_mut(oid).expect("an extension to duplicate").clone();
        self.extensions.push(extension);
    }

    /// Sets the critical key usage; see [`key_usage`].
    pub fn set_key_usage(&mut self, bits: &[u8]) {
        self.set_extension(oids::KEY_USAGE, true, der::named_bits(bits));
    }

    /// Sets the extended key usage.
    pub fn set_extended_key_usage(&mut self, critical: bool, purposes: &[&str]) {
        let value = der::sequence(purposes.iter().map(|purpose| der::oid(purpose)));
        self.set_extension(oids::EXTENDED_KEY_USAGE, critical, value);
    }

    /// Sets the critical basic constraints.
    pub fn set_basic_constraints(&mut self, ca: bool, path_length: Option<u64>) {
        let mut parts = Vec::new();
        if ca {
            parts.push(der::boolean(true));
        }
        parts.extend(path_length.map(der::integer));
        self.set_extension(oids::BASIC_CONSTRAINTS, true, der::sequence(parts));
    }

    /// Sets the subject and authority key identifiers: the first 20 bytes of the SHA-256 of the keys.
    pub fn set_key_identifiers(&mut self, issuer_spki: &[u8]) {
        let identifier = |spki: &[u8]| sealwax_crypto::sha256(spki)[..20].to_vec();
        let subject = der::octet_string(identifier(&self.spki));
        let authority = der::sequence([der::context_primitive(0, identifier(issuer_spki))]);
        self.set_extension(oids::SUBJECT_KEY_IDENTIFIER, false, subject);
        self.set_extension(oids::AUTHORITY_KEY_IDENTIFIER, false, authority);
    }

    /// Sets the subject alternative names, critical.
    pub fn set_names(&mut self, names: &[GeneralName]) {
        let value = der::sequence(names.iter().map(GeneralName::to_der));
        self.set_extension(oids::SUBJECT_ALTERNATIVE_NAME, true, value);
    }

    /// Sets Fulcio's extension `1.3.6.1.4.1.57264.1.number`: raw bytes up to 6, a UTF8String from 8 on.
    pub fn set_fulcio(&mut self, number: u8, text: &str) {
        let value = if number <= 6 { text.as_bytes().to_vec() } else { der::utf8_string(text) };
        self.set_extension(&format!("{}.{number}", oids::FULCIO), false, value);
    }

    /// Removes Fulcio's extension `1.3.6.1.4.1.57264.1.number`.
    pub fn remove_fulcio(&mut self, number: u8) {
        self.remove_extension(&format!("{}.{number}", oids::FULCIO));
    }
}

/// A subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// dNSName.
    Dns(String),
    /// Fulcio's otherName for user names.
    Username(String),
    /// Any other otherName, its value in DER.
    OtherName(String, Vec<u8>),
    /// A whole GeneralName in DER.
    Raw(Vec<u8>),
}

impl GeneralName {
    /// The GeneralName in DER.
    pub fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Email(text) => der::context_primitive(1, text),
            Self::Dns(text) => der::context_primitive(2, text),
            Self::Uri(text) => der::context_primitive(6, text),
            Self::Username(text) => {
                Self::OtherName(oids::FULCIO_USERNAME.into(), der::utf8_string(text)).to_der()
            }
            Self::OtherName(oid, value) => der::context(0, [der::oid(oid), der::context(0, [value])]),
            Self::Raw(der) => der.clone(),
        }
    }

    /// The identity as a policy names it.
    pub fn text(&self) -> String {
        match self {
            Self::Email(text) | Self::Uri(text) | Self::Dns(text) | Self::Username(text) => text.clone(),
            Self::OtherName(..) | Self::Raw(_) => String::new(),
        }
    }
}

/// A Name with organisation and common name; the empty Name for two empty strings.
pub fn name(organization: &str, common_name: &str) -> Vec<u8> {
    let attribute = |oid, text| der::set([der::sequence([der::oid(oid), der::utf8_string(text)])]);
    let mut parts = Vec::new();
    if !organization.is_empty() {
        parts.push(attribute("2.5.4.10", organization));
    }
    if !common_name.is_empty() {
        parts.push(attribute("2.5.4.3", common_name));
    }
    der::sequence(parts)
}

/// A serial number that follows from the key: 19 bytes, positive.
pub fn serial(spki: &[u8]) -> Vec<u8> {
    let mut serial = sealwax_crypto::sha256(&[b"serial", spki].concat())[..19].to_vec();
    serial[0] = serial[0] & 0x7f | 0x40;
    serial
}
