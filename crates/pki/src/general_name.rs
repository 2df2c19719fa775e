//! GeneralName (RFC 5280 4.2.1.6).

use std::fmt;

use der::oid::ObjectIdentifier;

use crate::asn1::{
    DerCause, DerError, Reader, SEQUENCE, Tlv, UTF8_STRING, context, context_constructed, only,
};
use crate::name::{Escaped, Name, text};
use crate::oid;

/// Names in one SAN. Web certificates have a hundred; ours have one.
const MAX_GENERAL_NAMES: usize = 128;

/// One alternative name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GeneralName {
    /// rfc822Name.
    Email(String),
    /// dNSName.
    Dns(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// iPAddress: 4 or 16 octets (with a mask, in constraints, 8 or 32).
    IpAddress(Vec<u8>),
    /// directoryName.
    Directory(Name),
    /// otherName.
    OtherName {
        /// What kind of name it is.
        type_id: ObjectIdentifier,
        /// The DER encoding of the value inside its explicit tag.
        value: Vec<u8>,
    },
    /// x400Address, ediPartyName or registeredID, unread.
    Other {
        /// The tag number of the choice: 3, 5 or 8.
        tag_number: u8,
        /// The whole element.
        der: Vec<u8>,
    },
}

impl GeneralName {
    /// The text that an identity is compared with: an e-mail address, a URI, a DNS name, or the user name in Fulcio's
    /// otherName. `None` for every other kind.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        match self {
            GeneralName::Email(text) | GeneralName::Uri(text) | GeneralName::Dns(text) => Some(text),
            GeneralName::OtherName { type_id, value } if *type_id == oid::FULCIO_USERNAME => {
                let element = only(value, UTF8_STRING).ok()?;
                std::str::from_utf8(element.value).ok()
            }
            _ => None,
        }
    }

    /// What kind of name it is, in the words of RFC 5280.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            GeneralName::Email(_) => "rfc822Name",
            GeneralName::Dns(_) => "dNSName",
            GeneralName::Uri(_) => "uniformResourceIdentifier",
            GeneralName::IpAddress(_) => "iPAddress",
            GeneralName::Directory(_) => "directoryName",
            GeneralName::OtherName { .. } => "otherName",
            GeneralName::Other { tag_number: 3, .. } => "x400Address",
            GeneralName::Other { tag_number: 5, .. } => "ediPartyName",
            GeneralName::Other { .. } => "registeredID",
        }
    }

    /// Reads one name.
    pub(crate) fn read(element: &Tlv<'_>) -> Result<Self, DerError> {
        const OTHER_NAME: u8 = context_constructed(0);
        const EMAIL: u8 = context(1);
        const DNS: u8 = context(2);
        const X400_ADDRESS: u8 = context_constructed(3);
        const DIRECTORY: u8 = context_constructed(4);
        const EDI_PARTY_NAME: u8 = context_constructed(5);
        const URI: u8 = context(6);
        const IP_ADDRESS: u8 = context(7);
        const REGISTERED_ID: u8 = context(8);
        match element.tag {
            OTHER_NAME => {
                let mut reader = element.reader();
                let type_id = reader.any()?.object_identifier()?;
                let explicit = reader.expect(context_constructed(0))?;
                reader.finish()?;
                let mut inner = explicit.reader();
                let value = inner.any()?;
                inner.finish()?;
                Ok(GeneralName::OtherName { type_id, value: value.raw.to_vec() })
            }
            EMAIL => Ok(GeneralName::Email(ia5(element)?)),
            DNS => Ok(GeneralName::Dns(ia5(element)?)),
            URI => Ok(GeneralName::Uri(ia5(element)?)),
            IP_ADDRESS => Ok(GeneralName::IpAddress(element.value.to_vec())),
            DIRECTORY => {
                let mut inner = element.reader();
                let name = Name::read(&inner.expect(SEQUENCE)?)?;
                inner.finish()?;
                Ok(GeneralName::Directory(name))
            }
            X400_ADDRESS | EDI_PARTY_NAME | REGISTERED_ID => {
                Ok(GeneralName::Other { tag_number: element.tag & 0x1f, der: element.raw.to_vec() })
            }
            found => Err(element.error(DerCause::UnexpectedTag { expected: URI, found })),
        }
    }

    /// Reads the elements of `GeneralNames`, of which there is at least one.
    pub(crate) fn read_all(mut names: Reader<'_>) -> Result<Vec<Self>, DerError> {
        if names.is_empty() {
            return Err(names.error(DerCause::Empty));
        }
        let mut list = Vec::with_capacity(1);
        while !names.is_empty() {
            if list.len() == MAX_GENERAL_NAMES {
                return Err(names.error(DerCause::TooMany { limit: MAX_GENERAL_NAMES }));
            }
            list.push(GeneralName::read(&names.any()?)?);
        }
        Ok(list)
    }
}

/// The text of the name, control and direction characters escaped; kinds without text as their kind and hexadecimal.
impl fmt::Display for GeneralName {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.identity() {
            return write!(output, "{}", Escaped(text));
        }
        match self {
            GeneralName::Directory(name) => write!(output, "{name}"),
            GeneralName::OtherName { type_id, value } => match only_text(value) {
                Some(text) => write!(output, "otherName {type_id} {}", Escaped(&text)),
                None => write!(output, "otherName {type_id} {}", Hex(value)),
            },
            GeneralName::IpAddress(bytes) | GeneralName::Other { der: bytes, .. } => {
                write!(output, "{} {}", self.kind(), Hex(bytes))
            }
            _ => Ok(()),
        }
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(output, "{byte:02x}"))
    }
}

fn only_text(value: &[u8]) -> Option<String> {
    let mut reader = Reader::new(value);
    let element = reader.any().ok()?;
    reader.finish().ok()?;
    text(&element)
}

fn ia5(element: &Tlv<'_>) -> Result<String, DerError> {
    match std::str::from_utf8(element.value) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(element.error(DerCause::String)),
    }
}
