//! Trust material, prepared for many verifications: keys read, chains parsed, names made.
//!
//! Everything here comes from one trusted root (rule 1). What cannot be used is kept with the reason, and fails only
//! where it would have been used.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sealwax_crypto::{PublicKey, Scheme};
use sealwax_formats::{CertificateAuthority, NpmKeys, TransparencyLog, TrustedRoot, Window};
use sealwax_pki::{self as pki, Certificate, Sct, SignatureMemo};
use sealwax_tlog::LogKey;

/// Signature results over the certificates of one trusted root that are remembered. The public root has a dozen.
const MEMO_CAPACITY: usize = 256;

/// What verification stands on: a trusted root, and perhaps managed keys.
#[derive(Debug)]
pub struct Trust {
    pub(crate) logs: Vec<Log>,
    pub(crate) certificate_logs: Vec<CertificateLog>,
    pub(crate) authorities: Vec<Authority>,
    pub(crate) timestamp_authorities: Vec<Authority>,
    /// Authorities that cannot be used, with the reason, for the report.
    pub(crate) unusable: Vec<String>,
    pub(crate) keys: NpmKeys,
    pub(crate) as_of: Option<Timestamp>,
    pub(crate) memo: SignatureMemo,
}

impl Trust {
    /// All of a trusted root.
    pub fn new(root: &TrustedRoot) -> Self {
        let mut unusable = Vec::new();
        let mut authorities = |list: &[CertificateAuthority]| -> Vec<Authority> {
            list.iter()
                .filter_map(|authority| {
                    Authority::new(authority).map_err(|reason| unusable.push(reason)).ok()
                })
                .collect()
        };
        Self {
            authorities: authorities(&root.certificate_authorities),
            timestamp_authorities: authorities(&root.timestamp_authorities),
            logs: root.logs.iter().map(Log::new).collect(),
            certificate_logs: root.certificate_logs.iter().map(CertificateLog::new).collect(),
            unusable,
            keys: NpmKeys::default(),
            as_of: None,
            memo: SignatureMemo::with_capacity(MEMO_CAPACITY),
        }
    }

    /// No root at all: a signature by a given key, and nothing else, can be verified (rule 12).
    pub fn key_only() -> Self {
        Self {
            logs: Vec::new(),
            certificate_logs: Vec::new(),
            authorities: Vec::new(),
            timestamp_authorities: Vec::new(),
            unusable: Vec::new(),
            keys: NpmKeys::default(),
            as_of: None,
            memo: SignatureMemo::with_capacity(1),
        }
    }

    /// With managed keys beside the root, which bundles name by their hints.
    #[must_use]
    pub fn with_keys(mut self, keys: NpmKeys) -> Self {
        self.keys = keys;
        self
    }

    /// With the instant at which the material was last known to be current.
    #[must_use]
    pub fn with_as_of(mut self, as_of: Timestamp) -> Self {
        self.as_of = Some(as_of);
        self
    }

    /// Whether there are signature logs, so that entries are demanded (rule 1).
    pub fn lists_logs(&self) -> bool {
        !self.logs.is_empty()
    }

    /// The ids of the signature logs, as entries name them.
    pub fn log_ids(&self) -> impl Iterator<Item = &[u8]> {
        self.logs.iter().flat_map(|log| log.ids.iter().map(Vec::as_slice))
    }

    /// The instant at which the material was last known to be current.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }
}

/// A signature log.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) url: String,
    ids: BTreeSet<Vec<u8>>,
    pub(crate) key: Result<UsableLogKey, String>,
}

#[derive(Debug)]
pub(crate) struct UsableLogKey {
    pub(crate) public_key: PublicKey,
    pub(crate) scheme: Scheme,
    pub(crate) window: Window,
    /// The key as the signer of v1 checkpoints.
    pub(crate) v1: Result<LogKey, String>,
    /// The key as the signer of v2 checkpoints, under the host name of the URL.
    pub(crate) v2: Result<LogKey, String>,
}

impl Log {
    fn new(log: &TransparencyLog) -> Self {
        Self {
            url: log.base_url.clone(),
            ids: log.log_id.iter().chain(&log.checkpoint_key_id).cloned().collect(),
            key: usable_log_key(log),
        }
    }

    pub(crate) fn has_id(&self, id: &[u8]) -> bool {
        self.ids.contains(id)
    }
}

fn usable_log_key(log: &TransparencyLog) -> Result<UsableLogKey, String> {
    let usable = log.usable().map_err(|reason| reason.to_string())?;
    let scheme = usable.key_details.scheme().ok_or_else(|| "its key has no scheme".to_owned())?;
    Ok(UsableLogKey {
        v1: LogKey::rekor_v1(usable.public_key.clone()).map_err(|error| error.to_string()),
        v2: LogKey::named(host_name(&log.base_url), usable.public_key.clone())
            .map_err(|error| error.to_string()),
        public_key: usable.public_key.clone(),
        scheme,
        window: usable.window,
    })
}

/// The host name of a URL, without scheme, user, port and path: the origin of a v2 log.
fn host_name(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, _)) => address,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    }
}

/// A certificate transparency log.
#[derive(Debug)]
pub(crate) struct CertificateLog {
    pub(crate) id: Vec<u8>,
    name: String,
    key: Result<(PublicKey, Window), String>,
}

impl CertificateLog {
    fn new(log: &TransparencyLog) -> Self {
        Self {
            id: log.log_id.clone().unwrap_or_default(),
            name: log.base_url.clone(),
            key: log
                .usable()
                .map(|usable| (usable.public_key.clone(), usable.window))
                .map_err(|reason| reason.to_string()),
        }
    }

    /// Verifies an SCT of this log, which must lie in the window of the log's key.
    pub(crate) fn verify(
        &self,
        sct: &Sct,
        leaf: &Certificate,
        issuer: &Certificate,
    ) -> Result<String, String> {
        let (key, window) =
            self.key.as_ref().map_err(|reason| format!("the log {} cannot be used: {reason}", self.name))?;
        let time = sct.timestamp().ok_or_else(|| format!("no instant: {} ms", sct.timestamp_ms))?;
        if !window.contains(time) {
            return Err(format!("the log {} is trusted {window}, not at {time}", self.name));
        }
        sct.verify(leaf, issuer, key).map_err(|error| error.to_string())?;
        Ok(self.name.clone())
    }
}

/// A certificate authority or a timestamp authority.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) name: String,
    pub(crate) chain: pki::Authority,
    pub(crate) window: Window,
}

impl Authority {
    fn new(authority: &CertificateAuthority) -> Result<Self, String> {
        let name = match authority.operator_or_uri() {
            "" => authority.subject.common_name.clone(),
            name => name.to_owned(),
        };
        let unusable = |reason: String| format!("{name} cannot be used: {reason}");
        let window = authority.usable().map_err(|reason| unusable(reason.to_string()))?;
        let certificates: Result<Vec<_>, _> =
            authority.cert_chain.iter().map(|der| Certificate::from_der(der)).collect();
        let certificates = certificates.map_err(|error| unusable(error.to_string()))?;
        let chain = pki::Authority::from_chain(&certificates).map_err(|error| unusable(error.to_string()))?;
        Ok(Self { name, chain, window })
    }
}

#[cfg(test)]
mod tests {
    use super::host_name;

    #[test]
    fn the_host_name_is_without_port_and_path() {
        assert_eq!(host_name("https://log2025-1.rekor.sigstore.dev"), "log2025-1.rekor.sigstore.dev");
        assert_eq!(host_name("http://localhost:3003/a/b"), "localhost");
        assert_eq!(host_name("https://user@host.example:1/?x"), "host.example");
        assert_eq!(host_name("https://[::1]:8080/"), "::1");
        assert_eq!(host_name("rekor.example"), "rekor.example");
    }
}
