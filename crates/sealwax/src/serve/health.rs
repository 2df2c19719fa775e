//! `/healthz`, whether the process answers, and `/readyz`, whether every part of it does its work.

use sealwax_server::{Answer, Bytes, Head, Route, Site, StatusCode, reply};

/// The parts, each with its name and what says whether it is ready.
#[derive(Default)]
pub struct Health {
    parts: Vec<(String, Check)>,
}

type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

impl Health {
    /// With a part more. `ready` is asked at every request, and must not wait.
    pub fn with<E: std::fmt::Display>(
        mut self,
        name: &str,
        ready: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let check = move || ready().map_err(|error| error.to_string());
        self.parts.push((name.to_owned(), Box::new(check)));
        self
    }

    /// What is not ready, a line each.
    fn troubles(&self) -> String {
        let troubles = self.parts.iter().filter_map(|(name, ready)| Some((name, ready().err()?)));
        troubles.map(|(name, reason)| format!("{name}: {reason}\n")).collect()
    }
}

impl Site for Health {
    fn route(&self, head: Head<'_>) -> Option<Route> {
        matches!(head.path(), "/healthz" | "/readyz").then_some(Route::read("health"))
    }

    fn answer<'a>(&'a self, head: Head<'a>, _: Bytes) -> Answer<'a> {
        Box::pin(async move {
            let troubles = if head.path() == "/readyz" { self.troubles() } else { String::new() };
            match troubles.as_str() {
                "" if head.path() == "/readyz" => reply::plain(StatusCode::OK, "ready\n"),
                "" => reply::plain(StatusCode::OK, "ok\n"),
                _ => reply::plain(StatusCode::SERVICE_UNAVAILABLE, troubles),
            }
        })
    }
}
