//! Timestamp authorities: a chain, and a certificate that signs tokens.

use std::sync::Arc;

use jiff::Timestamp;
use sealwax_crypto::{HashAlgorithm, KeyKind, Scheme};
use serde_json::Value;

use crate::{
    Window,
    authority::{Authority, AuthorityOptions},
    certificate::{CertificateDraft, key_usage, name, oids},
    hooks::{Changes, apply},
    signer::Signer,
    timestamp::{ContentEncoding, MessageDigest, SigningCertificateAttribute, TST_INFO, TimestampDraft},
};

/// How a timestamp authority is made.
#[derive(Clone)]
pub struct TimestampAuthorityOptions {
    /// The chain above the signing certificate: root alone, or root and intermediates.
    pub authority: AuthorityOptions,
    /// Key of the signing certificate.
    pub key: KeyKind,
    /// Scheme of the signing key, if not the usual one.
    pub scheme: Option<Scheme>,
    /// Validity of the signing certificate.
    pub validity: Window,
    /// Whether the trusted root's chain begins with the signing certificate.
    pub leaf_in_trusted_root: bool,
    changes: Changes<CertificateDraft>,
}

impl Default for TimestampAuthorityOptions {
    /// Root and leaf, P-384, both in the trusted root.
    fn default() -> Self {
        let authority = AuthorityOptions {
            purpose: oids::TIME_STAMPING,
            uri: "https://timestamp.sealwax.test/api/v1/timestamp".into(),
            ..AuthorityOptions::default().named("sealwax.test", "sealwax-tsa").keys(&[KeyKind::EcdsaP384])
        };
        Self {
            authority,
            key: KeyKind::EcdsaP384,
            scheme: None,
            validity: Window::always(),
            leaf_in_trusted_root: true,
            changes: Vec::new(),
        }
    }
}

impl TimestampAuthorityOptions {
    /// Keys from the root down to the signing certificate: two or three.
    #[must_use]
    pub fn keys(mut self, keys: &[KeyKind]) -> Self {
        let (leaf, chain) = keys.split_last().expect("a key");
        self.key = *leaf;
        self.authority = self.authority.keys(chain);
        self
    }

    /// Scheme of the signing key: P-384 with SHA-256 is what the public authority does.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Changes the chain's options.
    #[must_use]
    pub fn with_authority(mut self, change: impl FnOnce(AuthorityOptions) -> AuthorityOptions) -> Self {
        self.authority = change(self.authority);
        self
    }

    /// Validity of the signing certificate.
    #[must_use]
    pub fn validity(mut self, validity: Window) -> Self {
        self.validity = validity;
        self
    }

    /// The trusted root lists the CA certificates only.
    #[must_use]
    pub fn leaf_not_in_trusted_root(mut self) -> Self {
        self.leaf_in_trusted_root = false;
        self
    }

    /// Changes the signing certificate before it is signed.
    #[must_use]
    pub fn on_certificate(mut self, change: impl Fn(&mut CertificateDraft) + Send + Sync + 'static) -> Self {
        self.changes.push(Arc::new(change));
        self
    }

    /// Makes the keys and certificates.
    pub fn build(&self) -> TimestampAuthority {
        let authority = self.authority.build();
        let mut signer = Signer::generate(self.key);
        if let Some(scheme) = self.scheme {
            signer = signer.with_scheme(scheme);
        }
        let (start, end) = (self.validity.start.expect("a start"), self.validity.end.expect("an end"));
        let mut draft = authority.leaf(signer.spki(), start, end);
        draft.subject = name(&self.authority.organization, &format!("{}-signer", self.authority.common_name));
        draft.set_key_usage(&[key_usage::DIGITAL_SIGNATURE]);
        draft.set_extended_key_usage(true, &[oids::TIME_STAMPING]);
        apply(&self.changes, &mut draft);
        let certificate = SigningCertificate {
            der: draft.sign(),
            issuer: draft.issuer.clone(),
            serial: draft.serial.clone(),
            signer,
        };
        TimestampAuthority { authority, certificate, leaf_in_trusted_root: self.leaf_in_trusted_root }
    }
}

/// The certificate that signs tokens, with what CMS needs of it.
#[derive(Clone, Debug)]
pub struct SigningCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its issuer, DER.
    pub issuer: Vec<u8>,
    /// Its serial number, big-endian.
    pub serial: Vec<u8>,
    /// Its key.
    pub signer: Signer,
}

/// A timestamp authority.
#[derive(Clone)]
pub struct TimestampAuthority {
    /// The chain above the signing certificate.
    pub authority: Authority,
    /// Who signs.
    pub certificate: SigningCertificate,
    /// Whether the trusted root's chain begins with the signing certificate.
    pub leaf_in_trusted_root: bool,
}

impl TimestampAuthority {
    /// A draft of a granted response over `message` at that time: SHA-256 imprint, signing certificate embedded.
    pub fn draft(&self, position: usize, message: &[u8], time: Timestamp) -> TimestampDraft {
        TimestampDraft {
            position,
            status: 0,
            message: message.to_vec(),
            imprint_algorithm: HashAlgorithm::Sha256,
            imprint: None,
            policy: "1.3.6.1.4.1.57264.2".into(),
            serial: sealwax_crypto::sha256(message)[..16].to_vec(),
            gen_time: time,
            nonce: None,
            content_type: TST_INFO.into(),
            content_type_attribute: Some(TST_INFO.into()),
            message_digest: MessageDigest::Correct,
            signing_certificate: SigningCertificateAttribute::V2,
            digest_algorithm: self.certificate.signer.hash(),
            certificate: self.certificate.clone(),
            issuer_and_serial: None,
            embedded: vec![self.certificate.der.clone()],
            further_attributes: Vec::new(),
            without_attributes: false,
            signer_infos: 1,
            signature: None,
            content_encoding: ContentEncoding::Primitive,
        }
    }

    /// The root of the chain.
    pub fn root(&self) -> &[u8] {
        &self.authority.chain[0].der
    }

    /// A CA of the chain as if it were the signer.
    pub fn certificate_authority_as_signer(&self) -> SigningCertificate {
        let issuing = self.authority.issuing();
        SigningCertificate {
            der: issuing.der.clone(),
            issuer: self.authority.chain[0].subject.clone(),
            serial: crate::certificate::serial(issuing.signer.spki()),
            signer: issuing.signer.clone(),
        }
    }

    pub(crate) fn trusted_root_entry(&self) -> Value {
        let leaf = self.leaf_in_trusted_root.then_some(self.certificate.der.as_slice());
        self.authority.trusted_root_entry(leaf)
    }
}
