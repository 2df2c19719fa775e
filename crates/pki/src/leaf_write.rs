//! Extensions of a Fulcio leaf and of its precertificate, written.

use sealwax_crypto::PublicKey;
use sha1::Digest as _;

use crate::asn1::{
    BIT_STRING, NULL, OCTET_STRING, SEQUENCE, UTF8_STRING, context, context_constructed, only,
};
use crate::certificate_write::NewExtension;
use crate::general_name::GeneralName;
use crate::oid;
use crate::sct::Sct;
use crate::write::{element, object_identifier};

impl NewExtension {
    /// subjectKeyIdentifier by RFC 5280 4.2.1.2, method 1: the SHA-1 of the bits of the key. It names a key, and secures nothing.
    #[must_use]
    pub fn subject_key_identifier_of(key: &PublicKey) -> Self {
        let identifier: [u8; 20] = sha1::Sha1::digest(key_bits(key).unwrap_or_default()).into();
        Self::subject_key_identifier(&identifier)
    }

    /// subjectAltName with one name; critical, as it must be where the subject is empty. `None` for text that is not ASCII in a name of
    /// type IA5String.
    #[must_use]
    pub fn subject_alternative_name(name: &GeneralName) -> Option<Self> {
        let ia5 = |number, text: &str| text.is_ascii().then(|| element(context(number), &[text.as_bytes()]));
        let name = match name {
            GeneralName::Email(address) => ia5(1, address)?,
            GeneralName::Dns(name) => ia5(2, name)?,
            GeneralName::Uri(uri) => ia5(6, uri)?,
            GeneralName::IpAddress(octets) => element(context(7), &[octets]),
            GeneralName::Directory(name) => element(context_constructed(4), &[name.der()]),
            GeneralName::OtherName { type_id, value } => {
                let value = element(context_constructed(0), &[value]);
                element(context_constructed(0), &[&object_identifier(*type_id), &value])
            }
            GeneralName::Other { der, .. } => der.clone(),
        };
        Some(Self::new(oid::SUBJECT_ALTERNATIVE_NAME, true, element(SEQUENCE, &[&name])))
    }

    /// Fulcio's extension 1.3.6.1.4.1.57264.1.`number`: up to 6 the text itself, later the DER of a UTF8String. `None` for numbers from
    /// 128 on, which Fulcio does not have.
    #[must_use]
    pub fn fulcio(number: u8, text: &str) -> Option<Self> {
        let oid = oid::FULCIO_ARC.push_arc(u32::from(number)).ok().filter(|_| number < 0x80)?;
        let value =
            if number < 7 { text.as_bytes().to_vec() } else { element(UTF8_STRING, &[text.as_bytes()]) };
        Some(Self::new(oid, false, value))
    }

    /// The poison of a precertificate (RFC 6962 3.1).
    #[must_use]
    pub fn poison() -> Self {
        Self::new(oid::PRECERTIFICATE_POISON, true, vec![NULL, 0])
    }

    /// The embedded list of SCTs (RFC 6962 3.3). `None` if it, or one of them, is longer than 65,535 bytes.
    #[must_use]
    pub fn sct_list(scts: &[Sct]) -> Option<Self> {
        let mut list = Vec::new();
        for sct in scts {
            let sct = sct.to_bytes()?;
            list.extend_from_slice(&u16::try_from(sct.len()).ok()?.to_be_bytes());
            list.extend_from_slice(&sct);
        }
        let length = u16::try_from(list.len()).ok()?.to_be_bytes();
        Some(Self::new(oid::SCT_LIST, false, element(OCTET_STRING, &[&length, &list])))
    }
}

impl GeneralName {
    /// The otherName with a user name, as Fulcio writes it.
    #[must_use]
    pub fn username(name: &str) -> Self {
        let value = element(UTF8_STRING, &[name.as_bytes()]);
        GeneralName::OtherName { type_id: oid::FULCIO_USERNAME, value }
    }
}

/// The bits of the SubjectPublicKeyInfo's BIT STRING.
fn key_bits(key: &PublicKey) -> Option<&[u8]> {
    let mut fields = only(key.spki_der(), SEQUENCE).ok()?.reader();
    fields.expect(SEQUENCE).ok()?;
    fields.expect(BIT_STRING).ok()?.octet_aligned_bits().ok()
}
