//! The certificate log of another process, where an authority without one of its own logs. Which one that is can change while both
//! run: who runs the log rotates it, tells so in its file, and an operator carries that here ([`super::others`]).

use std::sync::Arc;

use jiff::Timestamp;
use sealwax_ca::{CertificateLog, HttpLog};
use sealwax_crypto::PublicKey;
use sealwax_formats::{ClientTrustConfig, KeyMaterial, TransparencyLog};
use tokio::task::JoinHandle;

use crate::Failure;

/// The newest log of others whose time has come, and not its end.
pub fn newest(
    others: &[ClientTrustConfig],
    now: Timestamp,
) -> Result<Option<(String, CertificateLog)>, Failure> {
    let logs = others.iter().flat_map(|other| &other.trusted_root.certificate_logs);
    let keys = logs.filter_map(|log| Some((log, log.public_key.as_ref()?)));
    let in_use = keys.filter(|(_, key)| {
        let range = key.valid_for().copied().unwrap_or_default();
        range.start.is_none_or(|start| start <= now) && range.end.is_none_or(|end| end >= now)
    });
    // Of several that began at once the last one listed.
    let newest = in_use.max_by_key(|(_, key)| key.valid_for().and_then(|range| range.start));
    newest.map(|(log, key)| Ok((log.base_url.clone(), certificate_log(log, key)?))).transpose()
}

fn certificate_log(log: &TransparencyLog, key: &KeyMaterial) -> Result<CertificateLog, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::cannot(format!("the certificate log {}: {error}", log.base_url))
    };
    Ok(CertificateLog {
        name: log.base_url.clone(),
        key: PublicKey::from_spki_der(key.raw_bytes()).map_err(|error| cannot(&error))?,
        writes_leaf_index: false,
        log: Arc::new(HttpLog::new(&log.base_url).map_err(|error| cannot(&error))?),
    })
}

/// Which log is in use, and which one may follow it.
pub struct Elsewhere {
    pub in_use: CertificateLog,
    /// The next one, and whether it answers yet: the process that has it makes it when its time has come, a moment later or more.
    next: Option<(CertificateLog, JoinHandle<bool>)>,
}

impl Elsewhere {
    pub fn new(in_use: CertificateLog) -> Self {
        Self { in_use, next: None }
    }

    /// Whether another log has come into use. Asks it first, beside everything else: until it answers, the one before is used.
    pub async fn follow(&mut self, others: &[ClientTrustConfig], now: Timestamp) -> Result<bool, Failure> {
        if let Some((log, asked)) = self.next.take_if(|(_, asked)| asked.is_finished())
            && asked.await.unwrap_or(false)
        {
            self.in_use = log;
            return Ok(true);
        }
        if self.next.is_some() {
            return Ok(false);
        }
        let Some((url, log)) = newest(others, now)? else { return Ok(false) };
        if log.key.spki_sha256() != self.in_use.key.spki_sha256() || log.name != self.in_use.name {
            let answers = async move {
                match HttpLog::new(&url) {
                    Ok(there) => there.answers().await,
                    Err(_) => false,
                }
            };
            self.next = Some((log, tokio::spawn(answers)));
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::{KeyDetails, KeyKind, SigningKey};
    use sealwax_formats::{KeyDetailsField, SigningConfig, TimeRange, TrustedRoot, TrustedRootVersion};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn log(name: &str, start: i64, end: Option<i64>) -> TransparencyLog {
        let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        let range = TimeRange { start: Some(at(start)), end: end.map(at) };
        let details = KeyDetailsField::Known(KeyDetails::PkixEcdsaP256Sha256);
        let material = KeyMaterial::new(key.public_key().spki_der().to_vec(), details, Some(range));
        TransparencyLog::new(format!("https://{name}.example"), material, vec![0; 32])
    }

    fn others(logs: Vec<TransparencyLog>) -> Vec<ClientTrustConfig> {
        let trusted_root = TrustedRoot {
            version: TrustedRootVersion::V01,
            logs: Vec::new(),
            certificate_authorities: Vec::new(),
            certificate_logs: logs,
            timestamp_authorities: Vec::new(),
        };
        vec![ClientTrustConfig { trusted_root, signing_config: SigningConfig::nobody() }]
    }

    #[test]
    fn a_log_that_is_planned_is_not_used_before_its_time() {
        let others = others(vec![log("one", 100, None), log("two", 200, None)]);
        let named = |now| newest(&others, at(now)).unwrap().map(|(url, _)| url);
        assert_eq!(named(99), None);
        assert_eq!(named(199).as_deref(), Some("https://one.example"));
        assert_eq!(named(200).as_deref(), Some("https://two.example"));
    }

    #[test]
    fn a_log_that_has_ended_is_not_used() {
        let others = others(vec![log("one", 100, Some(300)), log("two", 200, Some(250))]);
        let named = |now| newest(&others, at(now)).unwrap().map(|(url, _)| url);
        assert_eq!(named(250).as_deref(), Some("https://two.example"));
        assert_eq!(named(251).as_deref(), Some("https://one.example"));
        assert_eq!(named(301), None);
    }
}
