//! Certificate transparency: signed certificate timestamps (RFC 6962 §3).

use jiff::Timestamp;
use sealwax_crypto::{HashAlgorithm, KeyKind, Scheme};
use serde_json::Value;

use crate::{Window, der, signature_log, signer::Signer};

/// A certificate transparency log.
#[derive(Clone, Debug)]
pub struct CertificateLog {
    /// Its key.
    pub signer: Signer,
    /// `baseUrl` in the trusted root.
    pub base_url: String,
    /// `validFor` of the key.
    pub valid_for: Window,
    /// Whether the trusted root lists it.
    pub listed: bool,
}

impl CertificateLog {
    /// A log with a fresh ECDSA or RSA key; it signs with SHA-256, as RFC 6962 §2.1.4 wants.
    pub fn new(kind: KeyKind) -> Self {
        let signer = Signer::generate(kind);
        let scheme = match signer.scheme {
            Scheme::Ecdsa(_) => Scheme::Ecdsa(HashAlgorithm::Sha256),
            other => other,
        };
        Self {
            signer: signer.with_scheme(scheme),
            base_url: "https://ctfe.sealwax.test/2026".into(),
            valid_for: Window::from_start(),
            listed: true,
        }
    }

    /// The log with another key window.
    #[must_use]
    pub fn valid_for(mut self, valid_for: Window) -> Self {
        self.valid_for = valid_for;
        self
    }

    /// A draft for a leaf that this log saw at that time.
    pub(crate) fn draft(&self, position: usize, issuer_spki: &[u8], tbs: &[u8], time: Timestamp) -> SctDraft {
        SctDraft {
            position,
            version: 0,
            log_id: self.signer.spki_sha256(),
            timestamp_ms: u64::try_from(time.as_millisecond()).expect("a time after 1970"),
            extensions: Vec::new(),
            issuer_key_hash: sealwax_crypto::sha256(issuer_spki),
            tbs: tbs.to_vec(),
            hash_algorithm: 4,
            signature_algorithm: if matches!(self.signer.kind(), KeyKind::Rsa { .. }) { 1 } else { 3 },
            signer: self.signer.clone(),
        }
    }

    pub(crate) fn trusted_root_entry(&self) -> Value {
        signature_log::trusted_root_entry(
            &self.base_url,
            &self.signer,
            &self.signer.spki_sha256(),
            &self.valid_for,
        )
    }
}

/// A signed certificate timestamp before it is signed.
#[derive(Clone, Debug)]
pub struct SctDraft {
    /// Which of the leaf's SCTs this is.
    pub position: usize,
    /// 0 is v1.
    pub version: u8,
    /// SHA-256 of the log's key.
    pub log_id: [u8; 32],
    /// Milliseconds since 1970.
    pub timestamp_ms: u64,
    /// Content of the extensions vector.
    pub extensions: Vec<u8>,
    /// SHA-256 of the issuer's key, as signed.
    pub issuer_key_hash: [u8; 32],
    /// The precertificate's TBSCertificate, as signed.
    pub tbs: Vec<u8>,
    /// TLS number of the hash; 4 is SHA-256.
    pub hash_algorithm: u8,
    /// TLS number of the signature algorithm; 1 is RSA, 3 ECDSA.
    pub signature_algorithm: u8,
    /// The log's key.
    pub signer: Signer,
}

impl SctDraft {
    /// The extension `leaf_index` of static-ct-api: type 0, five bytes.
    pub fn set_leaf_index(&mut self, index: u64) {
        self.extensions = [&[0, 0, 5][..], &index.to_be_bytes()[3..]].concat();
    }

    fn sign(&self) -> Vec<u8> {
        let precertificate_entry = 1u16;
        let signed = [
            &[self.version, 0][..],
            &self.timestamp_ms.to_be_bytes(),
            &precertificate_entry.to_be_bytes(),
            &self.issuer_key_hash,
            &(self.tbs.len() as u32).to_be_bytes()[1..],
            &self.tbs,
            &vector(&self.extensions),
        ]
        .concat();
        let signature = self.signer.sign(&signed);
        [
            &[self.version][..],
            &self.log_id,
            &self.timestamp_ms.to_be_bytes(),
            &vector(&self.extensions),
            &[self.hash_algorithm, self.signature_algorithm],
            &vector(&signature),
        ]
        .concat()
    }
}

/// Value of the extension with these SCTs: an OCTET STRING around the TLS list.
pub(crate) fn sct_list(drafts: &[SctDraft]) -> Vec<u8> {
    let list: Vec<u8> = drafts.iter().flat_map(|draft| vector(&draft.sign())).collect();
    der::octet_string(vector(&list))
}

/// A TLS vector with a length of two bytes.
fn vector(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a TLS vector of at most 65,535 bytes");
    [&length.to_be_bytes(), content].concat()
}
