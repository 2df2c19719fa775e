//! A whole instance, and what it tells its clients.

use std::sync::Arc;

use sealwax_crypto::KeyKind;
use serde_json::{Value, json};

use crate::{
    Window,
    authority::{Authority, AuthorityOptions},
    base64,
    certificate_log::CertificateLog,
    checkpoint::Witness,
    signature_log::SignatureLog,
    signer::Signer,
    timestamp_authority::{TimestampAuthority, TimestampAuthorityOptions},
};

/// Authorities, logs and keys. Cheap to clone; parts of several instances may be mixed, so that a bundle of one
/// has a single part from another.
#[derive(Clone, Default)]
pub struct Instance {
    /// Certificate authorities.
    pub authorities: Vec<Arc<Authority>>,
    /// Certificate transparency logs.
    pub certificate_logs: Vec<Arc<CertificateLog>>,
    /// Signature logs.
    pub logs: Vec<Arc<SignatureLog>>,
    /// Timestamp authorities.
    pub timestamp_authorities: Vec<Arc<TimestampAuthority>>,
    /// Keys without certificates.
    pub managed_keys: Vec<Arc<ManagedKey>>,
    /// Witnesses, for the policy.
    pub witnesses: Vec<Arc<Witness>>,
}

/// A signing key that is known by a hint.
#[derive(Clone, Debug)]
pub struct ManagedKey {
    /// The key.
    pub signer: Signer,
    /// How bundles name it.
    pub hint: String,
    /// When it may be used.
    pub valid_for: Window,
}

impl ManagedKey {
    /// A fresh key whose hint is base64 of the SHA-256 of its SPKI.
    pub fn new(kind: KeyKind) -> Self {
        let signer = Signer::generate(kind);
        let hint = base64(signer.spki_sha256());
        Self { signer, hint, valid_for: Window::from_start() }
    }

    /// A fresh key with a hint of its own.
    pub fn with_hint(kind: KeyKind, hint: &str) -> Self {
        Self { hint: hint.into(), ..Self::new(kind) }
    }
}

impl Instance {
    /// Nothing yet.
    pub fn builder() -> InstanceBuilder {
        InstanceBuilder::default()
    }

    /// The usual: root and intermediate, one certificate log, a Rekor v1 and a Rekor v2 log, one timestamp authority,
    /// one managed key.
    pub fn usual() -> Self {
        Self::builder()
            .authority(&AuthorityOptions::default())
            .certificate_log(CertificateLog::new(KeyKind::EcdsaP256))
            .log(SignatureLog::v1("rekor.sealwax.test"))
            .log(SignatureLog::v2("log2026.rekor.sealwax.test"))
            .timestamp_authority(&TimestampAuthorityOptions::default())
            .managed_key(ManagedKey::new(KeyKind::EcdsaP256))
            .build()
    }

    /// Like GitHub's own: two intermediates, no logs of any kind, tokens without certificates.
    pub fn without_logs() -> Self {
        let levels = [KeyKind::EcdsaP384, KeyKind::EcdsaP384, KeyKind::EcdsaP384];
        Self::builder()
            .authority(&AuthorityOptions::default().keys(&levels))
            .timestamp_authority(&TimestampAuthorityOptions::default().keys(&levels))
            .managed_key(ManagedKey::new(KeyKind::EcdsaP256))
            .build()
    }

    /// The trusted root in the older form that every client reads.
    pub fn trusted_root(&self) -> Value {
        let mut root = json!({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"});
        let mut list = |member: &str, entries: Vec<Value>| {
            if !entries.is_empty() {
                root[member] = entries.into();
            }
        };
        let logs = self.logs.iter().filter(|log| log.listed);
        list("tlogs", logs.map(|log| log.trusted_root_entry()).collect());
        let authorities = self.authorities.iter().filter(|authority| authority.options.listed);
        list(
            "certificateAuthorities",
            authorities.map(|authority| authority.trusted_root_entry(None)).collect(),
        );
        let certificate_logs = self.certificate_logs.iter().filter(|log| log.listed);
        list("ctlogs", certificate_logs.map(|log| log.trusted_root_entry()).collect());
        let timestamp_authorities =
            self.timestamp_authorities.iter().filter(|authority| authority.authority.options.listed);
        list(
            "timestampAuthorities",
            timestamp_authorities.map(|authority| authority.trusted_root_entry()).collect(),
        );
        root
    }

    /// [`Self::trusted_root`] as JSON.
    pub fn trusted_root_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(&self.trusted_root()).expect("JSON")
    }

    /// A C2SP witness policy: every v2 log, every witness, and `quorum` of them.
    pub fn witness_policy(&self, quorum: usize) -> String {
        let mut lines: Vec<String> = self
            .logs
            .iter()
            .filter(|log| !log.is_v1())
            .map(|log| format!("log {} {}", log.verifier_key(), log.base_url))
            .collect();
        let names: Vec<String> = (1..=self.witnesses.len()).map(|number| format!("w{number}")).collect();
        for (name, witness) in names.iter().zip(&self.witnesses) {
            lines.push(format!("witness {name} {}", witness.verifier_key()));
        }
        if quorum == 0 {
            lines.push("quorum none".into());
        } else {
            lines.push(format!("group everyone {quorum} {}", names.join(" ")));
            lines.push("quorum everyone".into());
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The managed keys in the form of the npm registry's `keys.json`.
    pub fn npm_keys(&self) -> Value {
        let keys: Vec<Value> = self
            .managed_keys
            .iter()
            .map(|key| {
                json!({
                    "keyId": key.hint,
                    "keyUsage": "npm:attestations",
                    "publicKey": {
                        "rawBytes": base64(key.signer.spki()),
                        "keyDetails": key.signer.key_details(),
                        "validFor": key.valid_for.to_json(),
                    },
                })
            })
            .collect();
        json!({"keys": keys})
    }
}

/// Puts an instance together, part by part; the order is the order in the trusted root.
#[derive(Clone, Default)]
pub struct InstanceBuilder {
    instance: Instance,
}

impl InstanceBuilder {
    /// Adds a certificate authority.
    #[must_use]
    pub fn authority(mut self, options: &AuthorityOptions) -> Self {
        self.instance.authorities.push(Arc::new(options.build()));
        self
    }

    /// Adds a certificate log.
    #[must_use]
    pub fn certificate_log(mut self, log: CertificateLog) -> Self {
        self.instance.certificate_logs.push(Arc::new(log));
        self
    }

    /// Adds a signature log, and its witnesses.
    #[must_use]
    pub fn log(mut self, log: SignatureLog) -> Self {
        self.instance.witnesses.extend(log.witnesses.iter().cloned());
        self.instance.logs.push(Arc::new(log));
        self
    }

    /// Adds a timestamp authority.
    #[must_use]
    pub fn timestamp_authority(mut self, options: &TimestampAuthorityOptions) -> Self {
        self.instance.timestamp_authorities.push(Arc::new(options.build()));
        self
    }

    /// Adds a managed key.
    #[must_use]
    pub fn managed_key(mut self, key: ManagedKey) -> Self {
        self.instance.managed_keys.push(Arc::new(key));
        self
    }

    /// The instance.
    pub fn build(self) -> Instance {
        self.instance
    }
}
