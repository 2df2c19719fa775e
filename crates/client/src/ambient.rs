//! Identity tokens that the place we run in gives to what runs there: CI systems, clouds, mounted files.
//!
//! Nothing is probed: each system says by a variable, or a file, that it is there. One that is there and gives nothing is an error that
//! names what is missing, and no reason to try something else: a signature by another identity than the expected one is worse than none.

mod file;
mod http;
mod spiffe;

use std::path::Path;

use sealwax_net::http::{Client, HttpError};

use crate::{Fault, Patience, ServiceError};

pub use http::token_in;
pub use spiffe::svid_in;

/// Where a token may be mounted; the path that cosign has made the convention.
pub const TOKEN_FILE: &str = "/var/run/sigstore/cosign/oidc-token";

/// The longest token that is read from a file, in bytes.
const MAX_TOKEN_BYTES: u64 = 64 << 10;

/// What is known of the place.
pub struct Surroundings<'a> {
    /// Its variables.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Where a token may be mounted.
    pub token_file: &'a Path,
    /// Whether it is a machine of Google's, by what its firmware says.
    pub is_google: bool,
}

/// A system that gives tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum System {
    /// A job of GitHub Actions.
    GitHub,
    /// A job of GitLab CI.
    GitLab,
    /// A job of Buildkite.
    Buildkite,
    /// A machine of Google Cloud with a service account.
    Google,
    /// A file.
    File,
    /// A process that a SPIFFE agent knows.
    Spiffe,
}

/// A token, and where it is from.
pub struct Found {
    /// The token. Nothing in it was looked at.
    pub token: String,
    /// Who gave it.
    pub system: System,
}

/// Why a place that gives tokens gave none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AmbientError {
    /// The job may not have one.
    #[error("this is {system}, and the job may not have an identity token: {advice}")]
    Permission {
        /// Where we are.
        system: System,
        /// What would give it the permission.
        advice: &'static str,
    },
    /// Whoever gives them does not.
    #[error("this is {system}, and no identity token can be had: {source}")]
    Service {
        /// Where we are.
        system: System,
        /// What happened.
        #[source]
        source: Box<ServiceError>,
    },
    /// A file, or an address, that cannot be used.
    #[error("this is {system}, and its {what} cannot be used: {reason}")]
    Unusable {
        /// Where we are.
        system: System,
        /// What it is.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// HTTP cannot be set up.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// The token of the place we run in, for this audience; none if it is no such place.
///
/// # Errors
/// [`AmbientError`]: it is one, and gives none.
pub async fn ambient(
    surroundings: &Surroundings<'_>,
    audience: &str,
    patience: Patience,
) -> Result<Option<Found>, AmbientError> {
    let variable = |name: &str| (surroundings.variable)(name).filter(|value| !value.is_empty());
    let Some(system) = here(&variable, surroundings) else { return Ok(None) };
    let token = match system {
        System::GitHub => {
            let asked = http::github(&variable, audience)?;
            asked.token(&client()?, patience).await?
        }
        System::Buildkite => {
            let asked = http::buildkite(&variable, audience)?;
            asked.token(&client()?, patience).await?
        }
        System::Google => {
            let asked = http::google(&variable, audience)?;
            // A proxy would read the token, which travels in the clear.
            asked.token(&client()?.unproxied(), patience).await?
        }
        System::GitLab => {
            let advice = "declare it in the job: `id_tokens: {SIGSTORE_ID_TOKEN: {aud: sigstore}}`";
            return Err(AmbientError::Permission { system, advice });
        }
        System::File => file::read(surroundings.token_file)?,
        System::Spiffe => {
            let address = variable(spiffe::VARIABLE).unwrap_or_default();
            spiffe::token(&address, audience, patience).await?
        }
    };
    Ok(Some(Found { token, system }))
}

fn here(variable: &dyn Fn(&str) -> Option<String>, surroundings: &Surroundings<'_>) -> Option<System> {
    let is_true = |name| variable(name).is_some_and(|value| value == "true");
    if is_true("GITHUB_ACTIONS") {
        Some(System::GitHub)
    } else if is_true("GITLAB_CI") {
        Some(System::GitLab)
    } else if is_true("BUILDKITE") {
        Some(System::Buildkite)
    } else if surroundings.token_file.exists() {
        Some(System::File)
    } else if variable(spiffe::VARIABLE).is_some() {
        Some(System::Spiffe)
    } else if surroundings.is_google
        || variable("K_SERVICE").is_some()
        || variable("GCE_METADATA_HOST").is_some()
    {
        Some(System::Google)
    } else {
        None
    }
}

/// Tokens of jobs go to those who gave them, and nowhere else.
fn client() -> Result<Client, HttpError> {
    Client::without_redirects(&crate::session::TIMEOUTS)
}

impl std::fmt::Display for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            System::GitHub => "GitHub Actions",
            System::GitLab => "GitLab CI",
            System::Buildkite => "Buildkite",
            System::Google => "Google Cloud",
            System::File => "a place with a token mounted",
            System::Spiffe => "a workload of SPIFFE",
        })
    }
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("system", &self.system).finish_non_exhaustive()
    }
}

/// The one fault of a place that was asked.
fn fault(url: &impl ToString, reason: impl Into<String>) -> Fault {
    Fault::Malformed { url: url.to_string(), reason: reason.into() }
}

#[cfg(test)]
mod tests;
