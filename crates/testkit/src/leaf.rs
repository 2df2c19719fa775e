//! What a signing certificate says.

use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{KeyKind, Scheme};

use crate::{
    authority::Authority,
    certificate::{CertificateDraft, GeneralName, key_usage, oids},
    signer::Signer,
};

/// The identity that certificates carry unless told otherwise.
pub const IDENTITY: &str = "https://github.com/sealwax/demo/.github/workflows/release.yml@refs/tags/v1.0.0";
/// The issuer that certificates carry unless told otherwise.
pub const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// What the certificate of a release workflow says besides, by the number of Fulcio's extension: as much as those of the
/// public instance.
pub const RELEASE: [(u8, &str); 19] = [
    (2, "release"),
    (3, "c0d5d8a1dcd1eb36ccab8e3f8e8c9e7d9f2bb5ca"),
    (4, "Release"),
    (5, "sealwax/demo"),
    (6, "refs/tags/v1.0.0"),
    (9, IDENTITY),
    (10, "c0d5d8a1dcd1eb36ccab8e3f8e8c9e7d9f2bb5ca"),
    (11, "github-hosted"),
    (12, "https://github.com/sealwax/demo"),
    (13, "c0d5d8a1dcd1eb36ccab8e3f8e8c9e7d9f2bb5ca"),
    (14, "refs/tags/v1.0.0"),
    (15, "123456789"),
    (16, "https://github.com/sealwax"),
    (17, "987654321"),
    (18, IDENTITY),
    (19, "c0d5d8a1dcd1eb36ccab8e3f8e8c9e7d9f2bb5ca"),
    (20, "release"),
    (21, "https://github.com/sealwax/demo/actions/runs/12345678901/attempts/1"),
    (22, "public"),
];

/// A signing certificate, before Fulcio makes it.
#[derive(Clone, Debug)]
pub struct LeafOptions {
    /// Kind of the signing key.
    pub key: KeyKind,
    /// Scheme, if not the usual one of the key.
    pub scheme: Option<Scheme>,
    /// A key to use instead of a fresh one.
    pub signer: Option<Signer>,
    /// Subject alternative names; none leaves the extension out.
    pub names: Vec<GeneralName>,
    /// Issuer in `.1.1`.
    pub issuer_v1: Option<String>,
    /// Issuer in `.1.8`.
    pub issuer_v2: Option<String>,
    /// Further extensions of Fulcio by number.
    pub extensions: Vec<(u8, String)>,
    /// Start of validity; the time of signing if absent.
    pub not_before: Option<Timestamp>,
    /// Length of validity in seconds.
    pub lifetime_s: i64,
    /// The certificate logs that see it, by index; all SCTs are embedded.
    pub certificate_logs: Vec<usize>,
}

impl Default for LeafOptions {
    /// P-256, ten minutes, a GitHub workflow, both issuer extensions, one SCT.
    fn default() -> Self {
        Self {
            key: KeyKind::EcdsaP256,
            scheme: None,
            signer: None,
            names: vec![GeneralName::Uri(IDENTITY.into())],
            issuer_v1: Some(ISSUER.into()),
            issuer_v2: Some(ISSUER.into()),
            extensions: Vec::new(),
            not_before: None,
            lifetime_s: 600,
            certificate_logs: vec![0],
        }
    }
}

impl LeafOptions {
    /// Another kind of key.
    #[must_use]
    pub fn key(mut self, key: KeyKind) -> Self {
        self.key = key;
        self
    }

    /// Another scheme than the key's usual one.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// These names and no others.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = GeneralName>) -> Self {
        self.names = names.into_iter().collect();
        self
    }

    /// Both issuer extensions, each if given.
    #[must_use]
    pub fn issuers(mut self, v1: Option<&str>, v2: Option<&str>) -> Self {
        (self.issuer_v1, self.issuer_v2) = (v1.map(Into::into), v2.map(Into::into));
        self
    }

    /// Adds an extension of Fulcio.
    #[must_use]
    pub fn fulcio(mut self, number: u8, text: &str) -> Self {
        self.extensions.push((number, text.into()));
        self
    }

    /// Start and length of validity.
    #[must_use]
    pub fn valid(mut self, not_before: Timestamp, lifetime_s: i64) -> Self {
        (self.not_before, self.lifetime_s) = (Some(not_before), lifetime_s);
        self
    }

    /// SCTs of these certificate logs.
    #[must_use]
    pub fn certificate_logs(mut self, logs: &[usize]) -> Self {
        self.certificate_logs = logs.to_vec();
        self
    }

    /// The identity as a policy names it.
    pub fn identity(&self) -> Option<String> {
        self.names.first().map(GeneralName::text)
    }

    /// The issuer as a policy names it.
    pub fn issuer(&self) -> Option<String> {
        self.issuer_v2.clone().or_else(|| self.issuer_v1.clone())
    }

    pub(crate) fn signer(&self) -> Signer {
        let signer = self.signer.clone().unwrap_or_else(|| Signer::generate(self.key));
        self.scheme.map(|scheme| signer.with_scheme(scheme)).unwrap_or(signer)
    }

    /// The certificate without SCTs.
    pub(crate) fn draft(
        &self,
        authority: &Authority,
        signer: &Signer,
        signed_at: Timestamp,
    ) -> CertificateDraft {
        let not_before = self.not_before.unwrap_or(signed_at);
        let not_after = not_before + SignedDuration::from_secs(self.lifetime_s);
        let mut draft = authority.leaf(signer.spki(), not_before, not_after);
        draft.set_key_usage(&[key_usage::DIGITAL_SIGNATURE]);
        draft.set_extended_key_usage(false, &[oids::CODE_SIGNING]);
        if !self.names.is_empty() {
            draft.set_names(&self.names);
        }
        if let Some(issuer) = &self.issuer_v1 {
            draft.set_fulcio(1, issuer);
        }
        if let Some(issuer) = &self.issuer_v2 {
            draft.set_fulcio(8, issuer);
        }
        for (number, text) in &self.extensions {
            draft.set_fulcio(*number, text);
        }
        draft
    }
}
