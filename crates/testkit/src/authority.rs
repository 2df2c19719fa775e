//! Certificate authorities: a chain of one to three levels that issues leaves.

use std::sync::Arc;

use jiff::Timestamp;
use sealwax_crypto::KeyKind;
use serde_json::{Value, json};

use crate::{
    Window, base64,
    certificate::{CertificateDraft, key_usage, name, oids, serial},
    signer::Signer,
};

/// A change to the certificate of a level before it is signed. Level 0 is the root.
pub type ChangeLevel = Arc<dyn Fn(usize, &mut CertificateDraft) + Send + Sync>;

/// How a certificate authority is made.
#[derive(Clone)]
pub struct AuthorityOptions {
    /// Organisation in the subjects.
    pub organization: String,
    /// Common name of the root; further levels append `-intermediate` and their number.
    pub common_name: String,
    /// One key per level, the root first.
    pub keys: Vec<KeyKind>,
    /// The level that issues leaves; the lowest if absent.
    pub issuing_level: Option<usize>,
    /// Validity of every certificate of the chain.
    pub validity: Window,
    /// `validFor` in the trusted root.
    pub valid_for: Window,
    /// What the chain is for: [`oids::CODE_SIGNING`] or [`oids::TIME_STAMPING`].
    pub purpose: &'static str,
    /// URI in the trusted root.
    pub uri: String,
    /// Whether the trusted root lists the authority.
    pub listed: bool,
    pub(crate) changes: Vec<ChangeLevel>,
}

impl Default for AuthorityOptions {
    /// Root and intermediate, P-384.
    fn default() -> Self {
        Self {
            organization: "sealwax.test".into(),
            common_name: "sealwax-test".into(),
            keys: vec![KeyKind::EcdsaP384, KeyKind::EcdsaP384],
            issuing_level: None,
            validity: Window::always(),
            valid_for: Window::from_start(),
            purpose: oids::CODE_SIGNING,
            uri: "https://fulcio.sealwax.test".into(),
            listed: true,
            changes: Vec::new(),
        }
    }
}

impl AuthorityOptions {
    /// One key per level, the root first: one to three levels.
    #[must_use]
    pub fn keys(mut self, keys: &[KeyKind]) -> Self {
        self.keys = keys.to_vec();
        self
    }

    /// Leaves come from this level (0 is the root).
    #[must_use]
    pub fn issued_by_level(mut self, level: usize) -> Self {
        self.issuing_level = Some(level);
        self
    }

    /// Organisation and common name.
    #[must_use]
    pub fn named(mut self, organization: &str, common_name: &str) -> Self {
        (self.organization, self.common_name) = (organization.into(), common_name.into());
        self
    }

    /// Validity of every certificate of the chain.
    #[must_use]
    pub fn validity(mut self, validity: Window) -> Self {
        self.validity = validity;
        self
    }

    /// `validFor` in the trusted root.
    #[must_use]
    pub fn valid_for(mut self, valid_for: Window) -> Self {
        self.valid_for = valid_for;
        self
    }

    /// Leaves the authority out of the trusted root.
    #[must_use]
    pub fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    /// Changes certificates of the chain before they are signed; level 0 is the root.
    #[must_use]
    pub fn on_certificate(
        mut self,
        change: impl Fn(usize, &mut CertificateDraft) + Send + Sync + 'static,
    ) -> Self {
        self.changes.push(Arc::new(change));
        self
    }

    /// Makes the keys and the chain.
    pub fn build(&self) -> Authority {
        let mut chain: Vec<CaCertificate> = Vec::new();
        for (level, kind) in self.keys.iter().enumerate() {
            let signer = Signer::generate(*kind);
            let common_name = match level {
                0 => self.common_name.clone(),
                1 => format!("{}-intermediate", self.common_name),
                _ => format!("{}-intermediate-{level}", self.common_name),
            };
            let subject = name(&self.organization, &common_name);
            let issuer = chain.last();
            let mut draft = CertificateDraft {
                serial: serial(signer.spki()),
                issuer: issuer.map_or_else(|| subject.clone(), |issuer| issuer.subject.clone()),
                subject,
                not_before: self.validity.start.expect("certificates start"),
                not_after: self.validity.end.expect("certificates end"),
                spki: signer.spki().to_vec(),
                extensions: Vec::new(),
                signer: issuer.map_or_else(|| signer.clone(), |issuer| issuer.signer.clone()),
            };
            draft.set_key_usage(&[key_usage::CERTIFICATE_SIGN, key_usage::CRL_SIGN]);
            if level > 0 {
                draft.set_extended_key_usage(false, &[self.purpose]);
            }
            let below = self.keys.len() - 1 - level;
            draft.set_basic_constraints(true, (level > 0).then_some(below as u64));
            draft.set_key_identifiers(issuer.map_or(signer.spki(), |issuer| issuer.signer.spki()));
            for change in &self.changes {
                change(level, &mut draft);
            }
            chain.push(CaCertificate { der: draft.sign(), subject: draft.subject, signer });
        }
        Authority { options: self.clone(), chain }
    }
}

/// A CA certificate with its key.
#[derive(Clone, Debug)]
pub struct CaCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its subject, DER.
    pub subject: Vec<u8>,
    /// Its key.
    pub signer: Signer,
}

/// A certificate authority.
#[derive(Clone)]
pub struct Authority {
    /// How it was made; `valid_for`, `uri` and `listed` are read when the trusted root is written.
    pub options: AuthorityOptions,
    /// The root first.
    pub chain: Vec<CaCertificate>,
}

impl Authority {
    /// The certificate that issues leaves.
    pub fn issuing(&self) -> &CaCertificate {
        let level = self.options.issuing_level.unwrap_or(self.chain.len() - 1);
        &self.chain[level]
    }

    /// Certificates from the lowest to the root, DER: the order of a trusted root.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.chain.iter().rev().map(|certificate| certificate.der.clone()).collect()
    }

    /// Certificates from the issuing one to the root, DER: what follows the leaf in a full chain.
    pub fn certificates_above_leaf(&self) -> Vec<Vec<u8>> {
        let level = self.options.issuing_level.unwrap_or(self.chain.len() - 1);
        self.chain[..=level].iter().rev().map(|certificate| certificate.der.clone()).collect()
    }

    /// A draft of an end-entity certificate for this key, without extensions except the key identifiers.
    pub fn leaf(&self, spki: &[u8], not_before: Timestamp, not_after: Timestamp) -> CertificateDraft {
        let issuing = self.issuing();
        let mut draft = CertificateDraft {
            serial: serial(spki),
            issuer: issuing.subject.clone(),
            subject: name("", ""),
            not_before,
            not_after,
            spki: spki.to_vec(),
            extensions: Vec::new(),
            signer: issuing.signer.clone(),
        };
        draft.set_key_identifiers(issuing.signer.spki());
        draft
    }

    /// The entry of a trusted root, with these certificates below the chain.
    pub(crate) fn trusted_root_entry(&self, below: Option<&[u8]>) -> Value {
        let certificates: Vec<Value> = below
            .map(<[u8]>::to_vec)
            .into_iter()
            .chain(self.certificates())
            .map(|certificate| json!({"rawBytes": base64(&certificate)}))
            .collect();
        json!({
            "subject": {"organization": self.options.organization, "commonName": self.options.common_name},
            "uri": self.options.uri,
            "certChain": {"certificates": certificates},
            "validFor": self.options.valid_for.to_json(),
        })
    }
}
