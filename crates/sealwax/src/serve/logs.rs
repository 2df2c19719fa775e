//! The logs of an instance at work. Of each kind the last one takes entries; the others are read, and frozen.

use std::sync::Arc;

use sealwax_log::ct::{CtFace, NotAfterWindow, Roots};
use sealwax_log::http::{Face, LogSite};
use sealwax_log::metrics::Metrics;
use sealwax_server::Router;
use sealwax_server::journal::{Journal, Value};
use sealwax_server::metrics::HttpMetrics;
use sealwax_tlog::LogKey;

use super::ct::InProcess;
use super::first_entry::add_first_entry;
use super::shard::{Laid, Running};
use crate::Failure;

/// Of each log: what an instance of a company reads is little, and idle memory is a bar.
const CACHE_BYTES: usize = 16 << 20;

/// The logs of both kinds, oldest first.
pub struct Logs {
    pub certificates: Vec<CertificateLog>,
    pub signatures: Vec<OpenLog>,
    http: Arc<HttpMetrics>,
    journal: Journal,
}

/// A log that is open.
pub struct OpenLog {
    pub name: String,
    pub running: Running,
    site: Arc<LogSite>,
}

/// A certificate log that is open.
pub struct CertificateLog {
    pub log: OpenLog,
    face: Arc<CtFace>,
}

impl Logs {
    /// None yet. `http`: where the listener counts.
    pub fn new(http: Arc<HttpMetrics>, journal: Journal) -> Self {
        Self { certificates: Vec::new(), signatures: Vec::new(), http, journal }
    }

    /// Opens a signature log, which takes entries from now on: the first one is its own.
    pub async fn open_signature_log(&mut self, laid: Laid) -> Result<(), Failure> {
        let log = self.open(laid, signature_face).await?;
        if let Err(error) = add_first_entry(log.running.log()).await {
            let failure =
                Failure::cannot(format!("the first entry of the signature log {}: {error}", log.name));
            // It is opened again when this is tried again, and one process has a log.
            let _ = log.running.stop().await;
            return Err(failure);
        }
        self.signatures.push(log);
        Ok(())
    }

    /// Opens a certificate log, which takes what chains to these roots, in PEM.
    pub async fn open_certificate_log(&mut self, laid: Laid, roots: &str) -> Result<(), Failure> {
        let face = CtFace::new(laid.keys.signer.clone(), parse(roots)?, NotAfterWindow::default());
        let face = Arc::new(face.map_err(|error| cannot(&error))?);
        let log = self.open(laid, |_| Ok(Face::Certificate(face.clone()))).await?;
        self.certificates.push(CertificateLog { log, face });
        Ok(())
    }

    async fn open(
        &self,
        laid: Laid,
        face: impl FnOnce(&Running) -> Result<Face, Failure>,
    ) -> Result<OpenLog, Failure> {
        let metrics = Arc::new(Metrics { http: self.http.clone(), ..Metrics::default() });
        let name = laid.name().to_owned();
        let running = Running::start(laid, metrics, self.journal.clone()).await?;
        let face = face(&running)?;
        let site = LogSite::new(running.log().clone(), face, "", CACHE_BYTES, self.journal.clone());
        Ok(OpenLog { name, running, site: Arc::new(site) })
    }

    /// The certificate logs below their names.
    pub fn mount_certificates(&self, router: Router, path: &str) -> Router {
        self.certificates.iter().fold(router, |router, CertificateLog { log, .. }| {
            router.with(&format!("{path}/{}", log.name), log.site.clone())
        })
    }

    /// The signature logs below their names; the one that takes entries at the root as well.
    pub fn mount_signatures(&self, router: Router) -> Router {
        let router = self
            .signatures
            .iter()
            .fold(router, |router, log| router.with(&format!("/shard/{}", log.name), log.site.clone()));
        match self.signatures.last() {
            Some(log) => router.with("", log.site.clone()),
            None => router,
        }
    }

    /// What each of them counts, with the path that it is read at.
    pub fn metrics(&self) -> Vec<(String, Arc<Metrics>)> {
        let of = |path: &str, log: &OpenLog| {
            (format!("{path}{}", log.name), Arc::clone(log.running.log().metrics()))
        };
        let certificates = self.certificates.iter().map(|log| of("/ct/", &log.log));
        certificates.chain(self.signatures.iter().map(|log| of("/shard/", log))).collect()
    }

    /// The certificate logs take what chains to these roots from now on.
    pub fn accept(&self, roots: &str) -> Result<(), Failure> {
        for log in &self.certificates {
            log.face.roots().replace(parse(roots)?);
        }
        Ok(())
    }

    /// Freezes all that others have followed. From then on they answer as frozen logs do.
    pub fn freeze_ended(&self) {
        let certificates = self.certificates.iter().map(|log| ("/ct/", &log.log));
        let certificates = certificates.rev().skip(1);
        let signatures = self.signatures.iter().map(|log| ("/shard/", log)).rev().skip(1);
        for (path, log) in certificates.chain(signatures) {
            if log.running.log().published().is_none_or(|published| !published.frozen) {
                let name = format!("{path}{}", log.name);
                self.journal
                    .info("freezing the log that another one has followed", &[("log", Value::Text(&name))]);
                log.running.log().freeze();
            }
        }
    }

    /// Finishes what waits, settles, and closes.
    pub async fn stop(self) -> Result<(), Failure> {
        for log in self.signatures {
            log.running.stop().await?;
        }
        for log in self.certificates {
            log.log.running.stop().await?;
        }
        Ok(())
    }
}

impl CertificateLog {
    /// As the authorities see it.
    pub fn in_process(&self) -> Arc<InProcess> {
        Arc::new(InProcess { log: self.log.running.log().clone(), face: self.face.clone() })
    }
}

fn signature_face(log: &Running) -> Result<Face, Failure> {
    let key = log.keys.signing.verifier_keys().next().cloned();
    let key = key.and_then(|key| LogKey::from_verifier_key(key).ok());
    let key = key.ok_or_else(|| Failure::cannot("the key of the log is not one that logs have"))?;
    Ok(Face::Signature { key_id: *key.id() })
}

fn parse(roots: &str) -> Result<Roots, Failure> {
    Roots::from_pem(roots).map_err(|error| cannot(&error))
}

fn cannot(error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("the certificate log: {error}"))
}
