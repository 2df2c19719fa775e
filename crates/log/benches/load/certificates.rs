//! Certificates as Fulcio issues them for a workflow.

use jiff::{SignedDuration, Timestamp};
use sealwax_testkit::certificate::{key_usage, oids};
use sealwax_testkit::leaf::{IDENTITY, ISSUER, RELEASE};
use sealwax_testkit::{Authority, GeneralName, certificate::CertificateDraft, der};

/// The SCT list of one ECDSA promise has so many bytes; no signature log looks into it.
const SCT_LIST_BYTES: usize = 124;

/// The signing certificate of this key, as a signature log gets it.
pub(crate) fn leaf(authority: &Authority, spki: &[u8]) -> Vec<u8> {
    let mut draft = draft(authority, spki);
    draft.add_extension(oids::SCT_LIST, false, der::octet_string(vec![0x5c; SCT_LIST_BYTES]));
    draft.sign()
}

/// The precertificate of this key, as a certificate log gets it.
pub(crate) fn precertificate(authority: &Authority, spki: &[u8]) -> Vec<u8> {
    let mut draft = draft(authority, spki);
    draft.add_extension(oids::PRECERTIFICATE_POISON, true, der::null());
    draft.sign()
}

fn draft(authority: &Authority, spki: &[u8]) -> CertificateDraft {
    let now = Timestamp::now();
    let mut draft = authority.leaf(spki, now, now + SignedDuration::from_mins(10));
    draft.set_key_usage(&[key_usage::DIGITAL_SIGNATURE]);
    draft.set_extended_key_usage(false, &[oids::CODE_SIGNING]);
    draft.set_names(&[GeneralName::Uri(IDENTITY.into())]);
    for (number, text) in [(1, ISSUER), (8, ISSUER)].into_iter().chain(RELEASE) {
        draft.set_fulcio(number, text);
    }
    draft
}
