//! `[limits]`.

use std::time::Duration;

use super::{Keys, Section};
use crate::Failure;
use crate::log::serve::rate_of;

/// What is spent on clients; see [`sealwax_server::Limits`].
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    pub connections: usize,
    pub connections_per_address: u32,
    /// Of one address.
    pub submissions_per_second: Option<f64>,
    pub submissions_at_once: usize,
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let limits = sealwax_server::Limits::default();
        Self {
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
            submissions_per_second: None,
            submissions_at_once: limits.in_flight,
            stop_time: limits.stop_time,
        }
    }
}

impl Section for Limits {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key(
            "connections",
            "Connections in all; fewer where the process may not open as many files. Further clients wait.",
            &mut self.connections,
        );
        keys.key(
            "connections_per_address",
            "Connections of one IPv4 address, or of one IPv6 /64.",
            &mut self.connections_per_address,
        );
        keys.key(
            "submissions_per_second",
            "Submissions of one address per second, ten seconds' worth of them at once. Unset: no limit.",
            &mut self.submissions_per_second,
        );
        keys.key(
            "submissions_at_once",
            "Submissions that are being answered, of all; further ones get 503 and when to come again.",
            &mut self.submissions_at_once,
        );
        keys.key(
            "stop_time",
            "How long what was accepted may take to finish after SIGTERM.",
            &mut self.stop_time,
        );
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), Failure> {
        for (key, is_zero) in [
            ("connections", self.connections == 0),
            ("connections_per_address", self.connections_per_address == 0),
            ("submissions_at_once", self.submissions_at_once == 0),
        ] {
            if is_zero {
                return Err(Failure::usage(format!("[limits] {key}: 0, and nobody would be answered")));
            }
        }
        Ok(())
    }

    /// As the server takes them.
    pub fn of_server(&self) -> sealwax_server::Limits {
        sealwax_server::Limits {
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            submissions_per_address: self.submissions_per_second.map(rate_of),
            in_flight: self.submissions_at_once,
            stop_time: self.stop_time,
            ..sealwax_server::Limits::default()
        }
    }
}
