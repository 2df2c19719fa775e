//! A CA, what it issues, and requests.

use sealwax_crypto::KeyKind;
use sealwax_formats::base64;
use sealwax_log::ct::{ChainError, Issuers, NotAfterWindow, Roots, Submitted, VerifiedChain, request};
use sealwax_pki::{Certificate, Sct};
use sealwax_testkit::{
    authority::{Authority, AuthorityOptions},
    certificate::{CertificateDraft, key_usage, oids},
    der,
    signer::Signer,
};

pub(crate) const START: &str = "2026-01-01T00:00:00Z";
pub(crate) const END: &str = "2026-01-01T00:10:00Z";

/// The value of a poison.
pub(crate) const NULL: [u8; 2] = [5, 0];

/// A root and an intermediate, quick to sign with.
pub(crate) fn authority() -> Authority {
    AuthorityOptions::default().keys(&[KeyKind::EcdsaP256; 2]).build()
}

pub(crate) fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

/// The accepted roots: that of this authority.
pub(crate) fn roots(authority: &Authority) -> Roots {
    Roots::new(&[certificate(&authority.chain[0].der)]).unwrap()
}

/// A leaf as Fulcio issues it, for a fresh key.
pub(crate) fn leaf(authority: &Authority) -> CertificateDraft {
    let signer = Signer::generate(KeyKind::EcdsaP256);
    let mut draft = authority.leaf(signer.spki(), START.parse().unwrap(), END.parse().unwrap());
    draft.set_key_usage(&[key_usage::DIGITAL_SIGNATURE]);
    draft.set_extended_key_usage(false, &[oids::CODE_SIGNING]);
    draft.set_fulcio(8, "https://issuer.example");
    draft
}

/// The same with the poison, behind the extensions or where an SCT list will be.
pub(crate) fn precertificate(authority: &Authority) -> CertificateDraft {
    let mut draft = leaf(authority);
    draft.add_extension(oids::PRECERTIFICATE_POISON, true, NULL.to_vec());
    draft
}

/// The leaf and what is above it, root included.
pub(crate) fn chain(leaf: &CertificateDraft, authority: &Authority) -> Vec<Vec<u8>> {
    [vec![leaf.sign()], authority.certificates_above_leaf()].concat()
}

/// The certificate that this precertificate announces, with this SCT.
pub(crate) fn final_certificate(precertificate: &CertificateDraft, sct: &Sct) -> Vec<u8> {
    let bytes = sct.to_bytes().unwrap();
    let vector = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let list = der::octet_string(vector(&vector(&bytes)));
    let mut draft = precertificate.clone();
    let poison = draft.extension_mut(oids::PRECERTIFICATE_POISON).unwrap();
    (poison.oid, poison.critical, poison.value) = (oids::SCT_LIST.into(), false, list);
    draft.sign()
}

pub(crate) fn body(chain: &[Vec<u8>]) -> Vec<u8> {
    let texts: Vec<String> = chain.iter().map(|der| format!("\"{}\"", base64::encode(der))).collect();
    format!("{{\"chain\":[{}]}}", texts.join(",")).into_bytes()
}

/// Judges a chain on its way through a request, with nothing remembered, and twice with what that taught.
pub(crate) fn verify(
    chain: &[Vec<u8>],
    submitted: Submitted,
    roots: &Roots,
) -> Result<VerifiedChain, ChainError> {
    let chain = request::parse(&body(chain)).unwrap();
    let issuers = Issuers::default();
    let window = NotAfterWindow::default();
    let first = VerifiedChain::verify(&chain, submitted, roots, &window, &issuers);
    assert_eq!(VerifiedChain::verify(&chain, submitted, roots, &window, &issuers), first);
    first
}
