//! What a leaf of ours looks like, to the byte that Fulcio would write.

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{PublicKey, SignError};
use sealwax_oidc::{Identity, Subject};
use sealwax_pki::{Certificate, CertificateDraft, GeneralName, Name, NewExtension, oids};
use sealwax_signer::{SERIAL_BYTES, serial_number};

use crate::authority::Authority;
use crate::lint::LintError;

/// How long a certificate is valid, from its first to its last second.
pub const VALIDITY: SignedDuration = SignedDuration::from_mins(10);

/// The bit of keyUsage (RFC 5280 4.2.1.3) that a leaf has.
const DIGITAL_SIGNATURE: &[u8] = &[0];

/// What a certificate is to say. Precertificate and certificate are written from one and the same.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) serial: [u8; SERIAL_BYTES],
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) public_key: PublicKey,
    pub(crate) subject: GeneralName,
    /// Fulcio's extensions, by the last arc of their identifiers.
    pub(crate) extensions: Vec<(u8, String)>,
}

impl Profile {
    /// The certificate of that identity and that key, from now on.
    pub(crate) fn new(identity: &Identity, public_key: PublicKey, now: Timestamp) -> Result<Self, SignError> {
        let not_before = whole_second(now);
        let subject = match identity.subject() {
            Subject::Email(address) => GeneralName::Email(address.clone()),
            Subject::Uri(uri) => GeneralName::Uri(uri.clone()),
            Subject::Username(name) => GeneralName::username(name),
        };
        let extensions =
            identity.extensions().iter().map(|(number, text)| (number, text.to_owned())).collect();
        // Past the end of the calendar there is nothing to add; lint refuses what comes of it.
        let not_after = not_before.checked_add(VALIDITY).unwrap_or(not_before);
        Ok(Profile { serial: serial_number()?, not_before, not_after, public_key, subject, extensions })
    }

    /// The TBSCertificate, with `last` (the poison, or the list of SCTs) behind all other extensions.
    pub(crate) fn tbs(&self, authority: &Authority, last: NewExtension) -> Result<Vec<u8>, LintError> {
        let issuer = authority.issuer().ok_or(LintError::Field("issuer"))?;
        let draft = CertificateDraft {
            serial: &self.serial,
            issuer: issuer.subject(),
            not_before: self.not_before,
            not_after: self.not_after,
            subject: &Name::from_attributes(&[]),
            spki: self.public_key.spki_der(),
            extensions: &self.extensions(issuer, last)?,
        };
        let tbs = draft.tbs_der(authority.scheme(), authority.key_kind());
        tbs.ok_or(LintError::Field("signature algorithm"))
    }

    /// In Fulcio's order.
    fn extensions(&self, issuer: &Certificate, last: NewExtension) -> Result<Vec<NewExtension>, LintError> {
        let mut extensions = Vec::with_capacity(6 + self.extensions.len());
        extensions.extend([
            NewExtension::key_usage(DIGITAL_SIGNATURE),
            NewExtension::extended_key_usage(false, &[oids::CODE_SIGNING]),
            NewExtension::subject_key_identifier_of(&self.public_key),
        ]);
        extensions.extend(issuer.subject_key_identifier().map(NewExtension::authority_key_identifier));
        let subject = NewExtension::subject_alternative_name(&self.subject);
        extensions.push(subject.ok_or(LintError::Field("subject alternative name"))?);
        for (number, text) in &self.extensions {
            let extension = NewExtension::fulcio(*number, text);
            extensions.push(extension.ok_or(LintError::Field("identity"))?);
        }
        extensions.push(last);
        Ok(extensions)
    }
}

fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
