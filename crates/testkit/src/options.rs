//! How a bundle is made.

use jiff::Timestamp;

use crate::{entry::EntryKind, hooks::Hooks, leaf::LeafOptions};

/// Version of the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleVersion {
    /// 0.1
    V01,
    /// 0.2
    V02,
    /// 0.3 with the media type that is written today.
    V03,
    /// 0.3 with the older form of the media type.
    V03Parameter,
}

impl BundleVersion {
    /// `mediaType`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::V01 => "application/vnd.dev.sigstore.bundle+json;version=0.1",
            Self::V02 => "application/vnd.dev.sigstore.bundle+json;version=0.2",
            Self::V03 => "application/vnd.dev.sigstore.bundle.v0.3+json",
            Self::V03Parameter => "application/vnd.dev.sigstore.bundle+json;version=0.3",
        }
    }
}

/// Whose key signs.
#[derive(Clone, Debug)]
pub enum Material {
    /// An ephemeral key with a certificate of the authority with this index.
    Certificate {
        /// Index of the authority.
        authority: usize,
        /// What the certificate says.
        leaf: Box<LeafOptions>,
    },
    /// The managed key with this index.
    ManagedKey(usize),
}

/// Which log an entry goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogChoice {
    /// The instance's first Rekor v1 log.
    FirstV1,
    /// The instance's first Rekor v2 log.
    FirstV2,
    /// The log with this index.
    Index(usize),
}

/// What proves that an entry is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Inclusion proof with checkpoint, and signed entry timestamp.
    ProofAndSet,
    /// Signed entry timestamp.
    SetOnly,
    /// Inclusion proof with checkpoint.
    ProofOnly,
    /// Neither.
    Neither,
}

/// A log entry.
#[derive(Clone, Debug)]
pub struct EntryOptions {
    /// Which log.
    pub log: LogChoice,
    /// Kind of the body; what the log's clients usually send for the content if absent.
    pub kind: Option<EntryKind>,
    /// What proves it.
    pub evidence: Evidence,
    /// Index in the tree and size of the tree, if not the log's own.
    pub at: Option<(u64, u64)>,
}

impl EntryOptions {
    /// An entry of the usual kind.
    pub fn new(log: LogChoice, evidence: Evidence) -> Self {
        Self { log, kind: None, evidence, at: None }
    }
}

/// How a bundle is made. Whatever is not set here is changed by a hook.
#[derive(Clone)]
pub struct SignOptions {
    /// Version of the bundle.
    pub version: BundleVersion,
    /// Whose key signs.
    pub material: Material,
    /// Certificates behind the leaf in a 0.1 or 0.2 chain, DER.
    pub chain: Vec<Vec<u8>>,
    /// Log entries.
    pub entries: Vec<EntryOptions>,
    /// Timestamps, by index of the authority.
    pub timestamps: Vec<usize>,
    /// The time of signing: NotBefore and SCT; five seconds later integrated time and genTime.
    pub signed_at: Timestamp,
    /// Integrated time, if another.
    pub integrated_at: Option<Timestamp>,
    /// genTime, if another.
    pub stamped_at: Option<Timestamp>,
    /// `keyid` of the DSSE signature: a managed key's hint or nothing if absent.
    pub key_id: Option<String>,
    /// Whether a message has its `messageDigest`.
    pub message_digest: bool,
    pub(crate) hooks: Hooks,
}

impl SignOptions {
    /// Version 0.3, a certificate, one entry in Rekor v1 with proof and SET.
    pub fn rekor_v1() -> Self {
        let entry = EntryOptions::new(LogChoice::FirstV1, Evidence::ProofAndSet);
        Self { entries: vec![entry], ..Self::bare() }
    }

    /// Version 0.3, a certificate, one entry in Rekor v2 with proof, one timestamp.
    pub fn rekor_v2() -> Self {
        let entry = EntryOptions::new(LogChoice::FirstV2, Evidence::ProofOnly);
        Self { entries: vec![entry], timestamps: vec![0], ..Self::bare() }
    }

    /// Version 0.3, a certificate, no log, one timestamp.
    pub fn timestamp_only() -> Self {
        Self { timestamps: vec![0], ..Self::bare() }
    }

    /// Version 0.3, a certificate, and no evidence at all.
    pub fn bare() -> Self {
        Self {
            version: BundleVersion::V03,
            material: Material::Certificate { authority: 0, leaf: Box::default() },
            chain: Vec::new(),
            entries: Vec::new(),
            timestamps: Vec::new(),
            signed_at: crate::SIGNED_AT,
            integrated_at: None,
            stamped_at: None,
            key_id: None,
            message_digest: true,
            hooks: Hooks::default(),
        }
    }

    /// Another version.
    #[must_use]
    pub fn version(mut self, version: BundleVersion) -> Self {
        self.version = version;
        self
    }

    /// Changes what the certificate says.
    #[must_use]
    pub fn with_leaf(mut self, change: impl FnOnce(LeafOptions) -> LeafOptions) -> Self {
        if let Material::Certificate { leaf, .. } = &mut self.material {
            **leaf = change(std::mem::take(&mut **leaf));
        }
        self
    }

    /// The authority with this index issues the certificate.
    #[must_use]
    pub fn issued_by(mut self, index: usize) -> Self {
        if let Material::Certificate { authority, .. } = &mut self.material {
            *authority = index;
        }
        self
    }

    /// The managed key with this index signs.
    #[must_use]
    pub fn managed_key(mut self, index: usize) -> Self {
        self.material = Material::ManagedKey(index);
        self
    }

    /// These certificates follow the leaf in a 0.1 or 0.2 chain.
    #[must_use]
    pub fn chain(mut self, certificates: Vec<Vec<u8>>) -> Self {
        self.chain = certificates;
        self
    }

    /// Every entry has this evidence.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.entries.iter_mut().for_each(|entry| entry.evidence = evidence);
        self
    }

    /// Every entry has a body of this kind.
    #[must_use]
    pub fn entry_kind(mut self, kind: EntryKind) -> Self {
        self.entries.iter_mut().for_each(|entry| entry.kind = Some(kind));
        self
    }

    /// One more entry.
    #[must_use]
    pub fn entry(mut self, log: LogChoice, evidence: Evidence) -> Self {
        self.entries.push(EntryOptions::new(log, evidence));
        self
    }

    /// These entries and no others.
    #[must_use]
    pub fn entries(mut self, entries: Vec<EntryOptions>) -> Self {
        self.entries = entries;
        self
    }

    /// Timestamps of these authorities and no others.
    #[must_use]
    pub fn timestamps(mut self, authorities: &[usize]) -> Self {
        self.timestamps = authorities.to_vec();
        self
    }

    /// Signs at another time.
    #[must_use]
    pub fn signed_at(mut self, time: Timestamp) -> Self {
        self.signed_at = time;
        self
    }

    /// Integrates at another time.
    #[must_use]
    pub fn integrated_at(mut self, time: Timestamp) -> Self {
        self.integrated_at = Some(time);
        self
    }

    /// Stamps at another time.
    #[must_use]
    pub fn stamped_at(mut self, time: Timestamp) -> Self {
        self.stamped_at = Some(time);
        self
    }

    /// `keyid` of the DSSE signature.
    #[must_use]
    pub fn key_id(mut self, key_id: &str) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// Leaves `messageDigest` out.
    #[must_use]
    pub fn without_message_digest(mut self) -> Self {
        self.message_digest = false;
        self
    }
}
