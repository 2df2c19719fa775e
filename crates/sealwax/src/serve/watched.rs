//! What an operator sees of an instance: its metrics, and whether something is late. The steward says what there is at the moment;
//! readers come at any time.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;
use sealwax_ca::Service as CertificateAuthority;
use sealwax_log::metrics::Metrics;
use sealwax_server::metrics::{HttpMetrics, Text};
use sealwax_tsa::TimestampAuthority;
use tokio::sync::watch;

use super::expiry::{Ending, Late, check_planned};
use super::rotation::Part;
use crate::tls_files::Validity;

/// What there is at the moment.
#[derive(Clone, Default)]
pub struct Moment {
    pub endings: Vec<Ending>,
    /// What is planned, and since when it is to be used.
    pub planned: Vec<(Part, Timestamp)>,
    /// The logs, with the path that each is read at.
    pub logs: Vec<(String, Arc<Metrics>)>,
}

/// The authorities, if the instance has them.
pub struct Authorities {
    pub certificates: Option<Arc<CertificateAuthority>>,
    pub timestamps: Option<Arc<TimestampAuthority>>,
}

/// What there is, shared between who says it and who reads it.
#[derive(Default)]
pub struct Watched {
    moment: RwLock<Arc<Moment>>,
    /// Of the certificate for TLS, if there is one.
    tls: OnceLock<watch::Receiver<Option<Validity>>>,
    /// What the listener counts.
    pub http: Arc<HttpMetrics>,
    /// What the certificate authority counts.
    pub certificates: Arc<sealwax_ca::Metrics>,
    /// What the timestamp authority counts.
    pub stamps: Arc<sealwax_tsa::Metrics>,
}

impl Watched {
    /// From now on it is this.
    pub fn is_now(&self, moment: Moment) {
        *self.moment.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(moment);
    }

    /// Looks after the certificate for TLS too.
    pub fn follow_tls(&self, validity: watch::Receiver<Option<Validity>>) {
        let _ = self.tls.set(validity);
    }

    /// All that ends.
    fn endings(&self) -> Vec<Ending> {
        let tls = self.tls.get().and_then(|validity| *validity.borrow()).map(Ending::of_tls);
        self.moment().endings.iter().cloned().chain(tls).collect()
    }

    fn moment(&self) -> Arc<Moment> {
        Arc::clone(&self.moment.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first thing that is late.
    ///
    /// # Errors
    /// [`Late`].
    pub fn check(&self, now: Timestamp) -> Result<(), Late> {
        let moment = self.moment();
        self.endings().iter().try_for_each(|ending| ending.check(now))?;
        moment.planned.iter().try_for_each(|(part, since)| check_planned(*part, *since, now))
    }

    /// Everything that is counted, for Prometheus.
    pub fn text(&self, authorities: &Authorities, now: Timestamp) -> String {
        let moment = self.moment();
        let now_ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let logs = moment.logs.iter().map(|(path, log)| {
            let mut text = Text::new("sealwax_log_").labelled_with(&[("log", path)]);
            log.write(&mut text, now_ms);
            text
        });
        let mut own = Text::new("sealwax_");
        own.head(
            "expiry_seconds",
            "gauge",
            "Seconds until a certificate in use or a file of the repository ends.",
        );
        for ending in &self.endings() {
            own.signed(
                "expiry_seconds",
                &[("what", &ending.what)],
                ending.ends.duration_since(now).as_secs(),
            );
        }
        own.head(
            "planned_seconds",
            "gauge",
            "Seconds until a planned change; one that is overdue is below zero.",
        );
        for (part, from) in &moment.planned {
            own.signed("planned_seconds", &[("what", part.name())], from.duration_since(now).as_secs());
        }
        own.gauge(
            "late",
            "1 if something was not renewed or changed in time.",
            u64::from(self.check(now).is_err()),
        );
        self.http.write(&mut own);
        let mut certificates = Text::new("sealwax_ca_");
        if let Some(service) = &authorities.certificates {
            self.certificates.write(&mut certificates, service);
        }
        let mut stamps = Text::new("sealwax_tsa_");
        if let Some(timestamps) = &authorities.timestamps {
            self.stamps.write(&mut stamps, timestamps);
        }
        [Text::join(logs), own.finish(), certificates.finish(), stamps.finish()].concat()
    }
}
