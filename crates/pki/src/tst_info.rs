//! TSTInfo (RFC 3161 2.4.2): what a time-stamping authority says.

use der::oid::ObjectIdentifier;
use jiff::Timestamp;
use sealwax_crypto::Digest;

use crate::algorithm;
use crate::asn1::{
    BOOLEAN, DerCause, DerError, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, context,
    context_constructed, only,
};
use crate::time;
use crate::timestamp::TokenError;

/// Extensions of one TSTInfo. Nobody writes any.
const MAX_EXTENSIONS: usize = 16;

/// What was stamped: a digest, SHA-256, SHA-384 or SHA-512.
pub type Imprint = Digest;

/// How far the real time may be from what is stamped, either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy {
    /// Whole seconds.
    pub seconds: u64,
    /// Milliseconds, 0 to 999.
    pub milliseconds: u16,
    /// Microseconds, 0 to 999.
    pub microseconds: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TstInfo {
    pub(crate) policy: ObjectIdentifier,
    pub(crate) imprint: Imprint,
    pub(crate) serial: Vec<u8>,
    pub(crate) gen_time: Timestamp,
    pub(crate) accuracy: Option<Accuracy>,
    pub(crate) ordering: bool,
    pub(crate) nonce: Option<Vec<u8>>,
}

impl TstInfo {
    /// Reads the content of a token. The name of the authority (`tsa`) is a hint and not used: who signed is said by
    /// the signing-certificate attribute.
    pub(crate) fn read(der: &[u8]) -> Result<Self, TokenError> {
        let mut reader = only(der, SEQUENCE)?.reader();
        let version = reader.expect(INTEGER)?.unsigned_u64()?;
        if version != 1 {
            return Err(TokenError::Version(version));
        }
        let policy = reader.expect(OID)?.object_identifier()?;
        let imprint = read_imprint(reader.sequence()?)?;
        let serial = reader.expect(INTEGER)?.integer()?.to_vec(); // negative ones occur
        let gen_time = time::gen_time(&reader.expect(GENERALIZED_TIME)?)?;
        let accuracy =
            reader.optional(SEQUENCE)?.map(|accuracy| read_accuracy(accuracy.reader())).transpose()?;
        let ordering =
            reader.optional(BOOLEAN)?.map(|ordering| ordering.boolean()).transpose()?.unwrap_or(false);
        let nonce = reader.optional(INTEGER)?.map(|nonce| nonce.integer().map(<[u8]>::to_vec)).transpose()?;
        reader.optional(context_constructed(0))?; // tsa
        if let Some(extensions) = reader.optional(context_constructed(1))? {
            refuse_critical(extensions.reader())?;
        }
        reader.finish()?;
        Ok(TstInfo { policy, imprint, serial, gen_time, accuracy, ordering, nonce })
    }
}

/// MessageImprint.
fn read_imprint(mut reader: Reader<'_>) -> Result<Imprint, TokenError> {
    let identifier = algorithm::next(&mut reader)?;
    let digest = reader.expect(OCTET_STRING)?.value;
    reader.finish()?;
    let algorithm = identifier.hash().ok_or(TokenError::ImprintAlgorithm(identifier.algorithm))?;
    Digest::new(algorithm, digest).map_err(|_| TokenError::ImprintLength { algorithm, found: digest.len() })
}

/// Accuracy: each part may be absent.
fn read_accuracy(mut reader: Reader<'_>) -> Result<Accuracy, DerError> {
    let seconds = reader.optional(INTEGER)?.map(|seconds| seconds.unsigned_u64()).transpose()?.unwrap_or(0);
    let milliseconds = read_thousandths(&mut reader, context(0))?;
    let microseconds = read_thousandths(&mut reader, context(1))?;
    reader.finish()?;
    Ok(Accuracy { seconds, milliseconds, microseconds })
}

/// `[n] IMPLICIT INTEGER (1..999)`; zero, which should be absent, is taken.
fn read_thousandths(reader: &mut Reader<'_>, tag: u8) -> Result<u16, DerError> {
    let Some(element) = reader.optional(tag)? else { return Ok(0) };
    let number = match element.value {
        [low] if *low < 0x80 => u16::from(*low),
        [high, low] if *high < 0x80 => u16::from_be_bytes([*high, *low]),
        _ => return Err(element.error(DerCause::IntegerOutOfRange)),
    };
    if number <= 999 { Ok(number) } else { Err(element.error(DerCause::IntegerOutOfRange)) }
}

/// No extension of TSTInfo is known, so none may be critical.
fn refuse_critical(mut extensions: Reader<'_>) -> Result<(), TokenError> {
    let mut count = 0;
    while !extensions.is_empty() {
        count += 1;
        if count > MAX_EXTENSIONS {
            return Err(extensions.error(DerCause::TooMany { limit: MAX_EXTENSIONS }).into());
        }
        let mut extension = extensions.sequence()?;
        let kind = extension.any()?.object_identifier()?;
        let critical = extension.optional(BOOLEAN)?.map(|critical| critical.boolean()).transpose()?;
        extension.expect(OCTET_STRING)?;
        extension.finish()?;
        if critical == Some(true) {
            return Err(TokenError::UnknownCriticalExtension(kind));
        }
    }
    Ok(())
}
