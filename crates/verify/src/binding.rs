//! Does a log entry speak of this signature, by this signer, over this content? (rule 6)
//!
//! A log entry that is valid for something else is the oldest forgery of this field: every part is compared.

use sealwax_crypto::{Digest, PublicKey, Scheme};
use sealwax_formats::body::BodySignature;
use sealwax_formats::{Content, EntryBody, KeyDetailsField, Verifier};

use crate::content::Signable;
use crate::report::{CheckId, Scope};

/// What an entry must contain.
pub(crate) struct Binding<'b> {
    pub(crate) content: &'b Content,
    pub(crate) signable: &'b Signable<'b>,
    pub(crate) signature: &'b [u8],
    pub(crate) signer: Bound<'b>,
    /// The scheme under which the signature verified; `None` if it did not.
    pub(crate) scheme: Option<Scheme>,
}

/// Whom an entry must name.
#[derive(Clone, Copy)]
pub(crate) enum Bound<'b> {
    /// The certificate, as DER. A bare key in its place would leave the identity out of the log.
    Certificate {
        der: &'b [u8],
        key: Option<&'b PublicKey>,
    },
    Key(&'b PublicKey),
}

/// An entry of any kind, reduced to what is compared.
struct Claim<'e> {
    /// The digest of the content, and what it is over.
    digest: Digest,
    over: Over,
    signature: &'e [u8],
    verifier: &'e Verifier,
    key_details: Option<&'e KeyDetailsField>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// What is signed: the artifact, or the PAE of the envelope.
    Signed,
    /// The payload of the envelope.
    Payload,
}

impl Binding<'_> {
    /// Compares every part; `Some` if all of them fit.
    pub(crate) fn check(&self, body: &EntryBody, scope: &mut Scope<'_>) -> Option<()> {
        let claim = match self.claim(body) {
            Ok(claim) => claim,
            Err(found) => {
                scope.fail(CheckId::LogContent, "an entry that binds one signature of such content", found);
                return None;
            }
        };
        let content = self.content(&claim, scope);
        let signature = scope.hold(
            CheckId::LogSignature,
            "this signature in the entry",
            claim.signature == self.signature,
            || "another signature".to_owned(),
        );
        let verifier = self.verifier(&claim, scope);
        content.and(signature).and(verifier)
    }

    fn claim<'e>(&self, body: &'e EntryBody) -> Result<Claim<'e>, String> {
        let (kind, version) = body.kind_version();
        let claim = match (self.content, body) {
            (Content::Message { .. }, EntryBody::HashedRekordV001 { data, signature, verifier }) => {
                Claim { digest: *data, over: Over::Signed, signature, verifier, key_details: None }
            }
            (_, EntryBody::HashedRekordV002 { data, signature, verifier, key_details }) => Claim {
                digest: *data,
                over: Over::Signed,
                signature,
                verifier,
                key_details: Some(key_details),
            },
            (
                Content::Dsse(_),
                EntryBody::DsseV001 { payload_hash, signatures }
                | EntryBody::DsseV002 { payload_hash, signatures },
            ) => Claim::of_payload(payload_hash, signatures)?,
            (Content::Dsse(envelope), EntryBody::IntotoV002 { payload_hash, payload_type, signatures }) => {
                if *payload_type != envelope.payload_type {
                    return Err(format!("payload type {payload_type}"));
                }
                Claim::of_payload(payload_hash, signatures)?
            }
            (_, EntryBody::IntotoV001 { .. }) => {
                return Err("intoto 0.0.1, which contains no signature".to_owned());
            }
            _ => return Err(format!("{kind} {version}")),
        };
        Ok(claim)
    }

    fn content(&self, claim: &Claim<'_>, scope: &mut Scope<'_>) -> Option<()> {
        const EXPECTED: &str = "an entry for this content";
        let algorithm = claim.digest.algorithm();
        let digest = match (claim.over, self.content) {
            (Over::Payload, Content::Dsse(envelope)) => {
                Some(sealwax_crypto::digest(algorithm, &envelope.payload))
            }
            _ => self.signable.digest(algorithm),
        };
        match digest {
            Some(digest) if digest == claim.digest => {
                scope.pass(CheckId::LogContent, EXPECTED, claim.digest.to_string());
                Some(())
            }
            Some(digest) => {
                scope.fail(CheckId::LogContent, digest.to_string(), claim.digest.to_string());
                None
            }
            None => {
                let found = format!("no {} digest of the artifact was given", algorithm.name());
                scope.undecided(CheckId::LogContent, EXPECTED, found);
                None
            }
        }
    }

    fn verifier(&self, claim: &Claim<'_>, scope: &mut Scope<'_>) -> Option<()> {
        const EXPECTED: &str = "this signer in the entry";
        let found = match (self.signer, claim.verifier) {
            (Bound::Certificate { der, .. }, Verifier::Certificate(logged)) if *logged == der => None,
            (Bound::Key(key), Verifier::PublicKey(logged)) if logged == key => None,
            (Bound::Certificate { .. }, Verifier::Certificate(_)) => Some("another certificate"),
            (Bound::Certificate { .. }, _) => Some("a bare key, so that the identity is not in the log"),
            (Bound::Key(_), Verifier::Certificate(_)) => Some("a certificate"),
            (Bound::Key(_), _) => Some("another key"),
        };
        let details = claim.key_details.is_none_or(|details| self.fits(details));
        let found = found.or((!details).then_some("key details that do not fit the key"));
        scope.hold(CheckId::LogVerifier, EXPECTED, found.is_none(), || found.unwrap_or_default().to_owned())
    }

    /// v2 entries name the scheme; it must fit the key, and be the one under which the signature verified.
    fn fits(&self, details: &KeyDetailsField) -> bool {
        let KeyDetailsField::Known(details) = details else { return false };
        let key = match self.signer {
            Bound::Certificate { key, .. } => key,
            Bound::Key(key) => Some(key),
        };
        key.is_none_or(|key| details.kind_matches(key))
            && self.scheme.is_none_or(|scheme| details.scheme() == Some(scheme))
    }
}

impl<'e> Claim<'e> {
    fn of_payload(payload_hash: &Digest, signatures: &'e [BodySignature]) -> Result<Self, String> {
        let [only] = signatures else { return Err(format!("{} signatures", signatures.len())) };
        Ok(Self {
            digest: *payload_hash,
            over: Over::Payload,
            signature: &only.signature,
            verifier: &only.verifier,
            key_details: only.key_details.as_ref(),
        })
    }
}
