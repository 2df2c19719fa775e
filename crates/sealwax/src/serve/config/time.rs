//! `[time]`.

use std::time::Duration;

use sealwax_tsa::clock::{MAX_SOURCES, Sources, SourcesError, TOLERANCE};
use sealwax_tsa::ntp::Watch;

use super::{Keys, Section};
use crate::Failure;

/// NTP's port.
const PORT: &str = "123";

/// Polls that may go unanswered before an agreement has grown too old.
const POLLS_HELD: u32 = 3;

/// Who may contradict the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    pub servers: Vec<String>,
    pub needed: Option<usize>,
    pub tolerance: Duration,
    pub every: Duration,
}

impl Default for Time {
    fn default() -> Self {
        Self { servers: Vec::new(), needed: None, tolerance: TOLERANCE, every: Watch::default().interval }
    }
}

impl Section for Time {
    fn keys(&mut self, keys: &mut impl Keys) {
        keys.key(
            "servers",
            "NTP servers, as [\"host\", \"host:port\"]; none by default: then the clock is as good as the machine's time \
             daemon. Take four, of different operators.",
            &mut self.servers,
        );
        keys.key(
            "needed",
            "How many of them must agree with the clock before anything is stamped. Unset: more than half.",
            &mut self.needed,
        );
        keys.key(
            "tolerance",
            "How far the clock may be from each that agrees; tokens say an accuracy of one second and this.",
            &mut self.tolerance,
        );
        keys.key(
            "every",
            "How often they are asked. An agreement lasts for three polls that are not answered.",
            &mut self.every,
        );
    }
}

impl Time {
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.every.is_zero() {
            return Err(Failure::usage("[time] every: 0, and the servers would be asked without a pause"));
        }
        Ok(())
    }

    /// The rule, if there are servers.
    pub fn sources(&self) -> Result<Option<Sources>, SourcesError> {
        let configured = self.servers.len();
        if configured == 0 {
            return Ok(None);
        }
        let needed = self.needed.unwrap_or(configured.min(MAX_SOURCES) / 2 + 1);
        Sources::new(needed, configured, self.tolerance, self.every.saturating_mul(POLLS_HELD)).map(Some)
    }

    /// How they are asked.
    pub fn watch(&self) -> Watch {
        let default = Watch::default();
        let servers = self.servers.iter().map(|server| with_port(server)).collect();
        let urgent_interval = default.urgent_interval.min(self.every);
        Watch { servers, interval: self.every, urgent_interval, ..default }
    }
}

/// A name with a port has one colon, or one behind a bracket.
fn with_port(server: &str) -> String {
    match server.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') || host.ends_with(']') => server.to_owned(),
        Some(_) if !server.starts_with('[') => format!("[{server}]:{PORT}"),
        _ => format!("{server}:{PORT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_port() {
        for (server, expected) in [
            ("ntp.example", "ntp.example:123"),
            ("ntp.example:1123", "ntp.example:1123"),
            ("192.0.2.1", "192.0.2.1:123"),
            ("2001:db8::1", "[2001:db8::1]:123"),
            ("[2001:db8::1]", "[2001:db8::1]:123"),
            ("[2001:db8::1]:1123", "[2001:db8::1]:1123"),
        ] {
            assert_eq!(with_port(server), expected);
        }
    }

    #[test]
    fn more_than_half_are_needed_unless_told_otherwise() {
        let time = |count: usize, needed| Time {
            servers: vec!["ntp.example".into(); count],
            needed,
            ..Time::default()
        };
        assert!(time(0, None).sources().unwrap().is_none());
        for (count, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
            assert_eq!(time(count, None).sources().unwrap().unwrap().needed(), needed);
        }
        assert_eq!(
            time(2, Some(3)).sources().unwrap_err(),
            SourcesError::Needed { needed: 3, configured: 2 }
        );
        assert_eq!(time(17, None).sources().unwrap_err(), SourcesError::Count(17));
    }
}
