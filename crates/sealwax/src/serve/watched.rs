//! What an operator sees of an instance: its metrics, and whether something is late. The steward says what there is at the moment;
//! readers come at any time.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use sealwax_log::metrics::Metrics;
use sealwax_server::metrics::{HttpMetrics, Text};
use sealwax_tsa::TimestampAuthority;

use super::expiry::{Ending, Late, check_planned};
use super::rotation::Part;

/// What there is at the moment.
#[derive(Clone, Default)]
pub struct Moment {
    pub endings: Vec<Ending>,
    /// What is planned, and since when it is to be used.
    pub planned: Vec<(Part, Timestamp)>,
    /// The logs, with the path that each is read at.
    pub logs: Vec<(String, Arc<Metrics>)>,
}

/// What there is, shared between who says it and who reads it.
#[derive(Default)]
pub struct Watched {
    moment: RwLock<Arc<Moment>>,
    /// What the listener counts.
    pub http: Arc<HttpMetrics>,
    /// What the timestamp authority counts.
    pub stamps: Arc<sealwax_tsa::Metrics>,
}

impl Watched {
    /// From now on it is this.
    pub fn is_now(&self, moment: Moment) {
        *self.moment.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(moment);
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
        moment.endings.iter().try_for_each(|ending| ending.check(now))?;
        moment.planned.iter().try_for_each(|(part, since)| check_planned(*part, *since, now))
    }

    /// Everything that is counted, for Prometheus.
    pub fn text(&self, timestamps: Option<&TimestampAuthority>, now: Timestamp) -> String {
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
        for ending in &moment.endings {
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
        let mut stamps = Text::new("sealwax_tsa_");
        if let Some(timestamps) = timestamps {
            self.stamps.write(&mut stamps, timestamps);
        }
        [Text::join(logs), own.finish(), stamps.finish()].concat()
    }
}
