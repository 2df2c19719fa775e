//! The last look before a signature: what would be signed is read back as a stranger would read it, and compared with what it is to
//! say. Only [`Linted`] can be signed, and only this module makes one.

use std::marker::PhantomData;

use sealwax_pki::{
    Certificate, CertificateError, EndEntity, EndEntityError, FulcioError, KeyUsage, ObjectIdentifier,
    PrecertificateError, SctError, SignatureAlgorithm, oids, precert_log_entry, precertificate_tbs,
};

use crate::authority::Authority;
use crate::profile::{Profile, VALIDITY};

/// A certificate that may be signed, once: it bears a signature that nobody made. `T` says what it is the permission for.
#[derive(Debug)]
pub(crate) struct Linted<T> {
    draft: Certificate,
    kind: PhantomData<T>,
}

/// The permission to sign a precertificate.
#[derive(Debug)]
pub(crate) enum OfPrecertificate {}

/// The permission to sign a certificate.
#[derive(Debug)]
pub(crate) enum OfCertificate {}

impl<T> Linted<T> {
    pub(crate) fn into_draft(self) -> Certificate {
        self.draft
    }
}

/// Something that must not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LintError {
    /// It cannot be read back.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// It is not a leaf for code signing.
    #[error(transparent)]
    EndEntity(#[from] EndEntityError),
    /// Its extensions of Fulcio's arc are malformed.
    #[error(transparent)]
    Fulcio(#[from] FulcioError),
    /// The poison is malformed, or the log's entry cannot be made of it.
    #[error(transparent)]
    Precertificate(#[from] PrecertificateError),
    /// The list of SCTs is malformed.
    #[error(transparent)]
    Sct(#[from] SctError),
    /// A field is not what it is to be.
    #[error("the certificate's {0} is not what it should be")]
    Field(&'static str),
    /// An extension that does not belong into a leaf of ours.
    #[error("an extension {0} that no leaf has")]
    Extension(ObjectIdentifier),
    /// The authority, or one above it, ends before the certificate would.
    #[error("the certificate would be valid when its authority is not")]
    OutlivesAuthority,
    /// Precertificate and certificate differ in more than the poison and the SCTs.
    #[error("the certificate is not what its precertificate says")]
    NotAsLogged,
}

/// Lets a precertificate be signed.
pub(crate) fn precertificate(
    tbs: &[u8],
    profile: &Profile,
    authority: &Authority,
) -> Result<Linted<OfPrecertificate>, LintError> {
    let draft = read_back(tbs)?;
    check_profile(&draft, profile, authority, &oids::PRECERTIFICATE_POISON)?;
    if !draft.is_precertificate()? {
        return Err(LintError::Field("poison"));
    }
    Ok(Linted { draft, kind: PhantomData })
}

/// A certificate that is written, and not linted yet: SCTs are verified against it first.
pub(crate) struct Draft {
    pub(crate) certificate: Certificate,
}

impl Draft {
    pub(crate) fn new(tbs: &[u8]) -> Result<Self, LintError> {
        Ok(Draft { certificate: read_back(tbs)? })
    }

    /// Lets it be signed: it is as the profile says, and as the precertificate said, byte for byte, but for poison and SCTs.
    pub(crate) fn lint(
        self,
        precertificate: &Certificate,
        profile: &Profile,
        authority: &Authority,
        scts: usize,
    ) -> Result<Linted<OfCertificate>, LintError> {
        check_profile(&self.certificate, profile, authority, &oids::SCT_LIST)?;
        if self.certificate.embedded_scts()?.len() != scts || scts == 0 {
            return Err(LintError::Field("list of SCTs"));
        }
        let issuer = authority.issuer().ok_or(LintError::Field("issuer"))?;
        // What the log signs of a precertificate: type, key of the issuer, length, and the TBSCertificate without the poison.
        let logged = precert_log_entry(&[precertificate.clone(), issuer.clone()])?;
        if logged.get(2 + 32 + 3..) != Some(precertificate_tbs(&self.certificate)?.as_slice()) {
            return Err(LintError::NotAsLogged);
        }
        Ok(Linted { draft: self.certificate, kind: PhantomData })
    }
}

/// The certificate as strangers will read it, under a signature that nobody made.
fn read_back(tbs: &[u8]) -> Result<Certificate, LintError> {
    Ok(Certificate::assemble(tbs, &[0])?)
}

/// `last` is the extension that a precertificate or a certificate has besides.
fn check_profile(
    draft: &Certificate,
    profile: &Profile,
    authority: &Authority,
    last: &ObjectIdentifier,
) -> Result<(), LintError> {
    let issuer = authority.issuer().ok_or(LintError::Field("issuer"))?;
    let ensure = |holds: bool, field: &'static str| if holds { Ok(()) } else { Err(LintError::Field(field)) };

    // A poisoned one is no leaf that anybody may use, which is its purpose; all else about it is as in the certificate.
    match EndEntity::code_signing(draft) {
        Err(EndEntityError::UnknownCriticalExtension(oid))
            if oid == oids::PRECERTIFICATE_POISON && oid == *last => {}
        other => drop(other?),
    }
    let serial: &[u8] = trim_zeros(&profile.serial);
    ensure(draft.serial() == serial && serial.len() > 8, "serial number")?;
    ensure(draft.issuer() == issuer.subject(), "issuer")?;
    ensure(draft.subject().is_empty(), "subject")?;
    ensure(draft.public_key_spki() == profile.public_key.spki_der(), "key")?;
    ensure(draft.not_before() == profile.not_before, "start of validity")?;
    ensure(draft.not_before().duration_until(draft.not_after()) == VALIDITY, "validity")?;
    if !authority.covers(draft.not_before(), draft.not_after()) {
        return Err(LintError::OutlivesAuthority);
    }
    let algorithm = draft.signature_algorithm();
    let signed_so =
        matches!(algorithm, SignatureAlgorithm::Known { scheme, .. } if scheme == authority.scheme());
    ensure(signed_so, "signature algorithm")?;
    ensure(draft.key_usage() == Some(KeyUsage::DIGITAL_SIGNATURE), "key usage")?;
    ensure(is_critical(draft, &oids::KEY_USAGE), "key usage")?;
    let purposes = draft.extended_key_usage().map(|usage| usage.purposes.as_slice());
    ensure(purposes == Some(&[oids::CODE_SIGNING]), "extended key usage")?;
    ensure(
        draft.subject_alternative_names() == std::slice::from_ref(&profile.subject),
        "subject alternative name",
    )?;
    ensure(is_critical(draft, &oids::SUBJECT_ALTERNATIVE_NAME), "subject alternative name")?;
    ensure(draft.subject_key_identifier().is_some_and(|id| id.len() == 20), "subject key identifier")?;
    ensure(draft.authority_key_identifier() == issuer.subject_key_identifier(), "authority key identifier")?;
    check_fulcio(draft, profile)?;
    check_no_others(draft, last)
}

/// Fulcio's extensions are those of the identity, no more and no less.
fn check_fulcio(draft: &Certificate, profile: &Profile) -> Result<(), LintError> {
    let fulcio = draft.fulcio()?;
    let mut found: Vec<(u8, &str)> = fulcio.iter().map(|(number, _, text)| (number, text)).collect();
    found.sort_unstable();
    let expected = profile.extensions.iter().map(|(number, text)| (*number, text.as_str()));
    if expected.eq(found) { Ok(()) } else { Err(LintError::Field("identity")) }
}

fn check_no_others(draft: &Certificate, last: &ObjectIdentifier) -> Result<(), LintError> {
    let standard = [
        oids::KEY_USAGE,
        oids::EXTENDED_KEY_USAGE,
        oids::SUBJECT_KEY_IDENTIFIER,
        oids::AUTHORITY_KEY_IDENTIFIER,
        oids::SUBJECT_ALTERNATIVE_NAME,
    ];
    let mut last_seen = false;
    for extension in draft.extensions() {
        let of_fulcio =
            extension.oid.as_bytes().starts_with(oids::FULCIO_ARC.as_bytes()) && !extension.critical;
        last_seen |= extension.oid == *last;
        if !of_fulcio && extension.oid != *last && !standard.contains(&extension.oid) {
            return Err(LintError::Extension(extension.oid));
        }
    }
    if last_seen { Ok(()) } else { Err(LintError::Field("last extension")) }
}

fn is_critical(draft: &Certificate, oid: &ObjectIdentifier) -> bool {
    draft.extension(oid).is_some_and(|extension| extension.critical)
}

fn trim_zeros(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|octet| *octet != 0).unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}
#[cfg(test)]
mod tests;
