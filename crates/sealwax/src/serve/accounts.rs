//! The identity provider of an instance, on the directory `idp`.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_idp::issuer::IssuerUrl;
use sealwax_idp::provider::{Provider, Settings};
use sealwax_idp::state::State;
use sealwax_server::journal::Journal;
use sealwax_store::disk::Os;

use crate::Failure;

/// Makes the directory, and the keys in it, if they are not there. Blocks.
pub fn open(instance: &Path, issuer: &str, journal: &Journal) -> Result<Arc<Provider<Os>>, Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::cannot(format!("the identity provider: {error}"));
    let state = State::open(&instance.join("idp")).map_err(|error| cannot(&error))?;
    let settings = Settings::new(IssuerUrl::parse(issuer).map_err(|error| cannot(&error))?);
    let provider = Provider::open(state, settings, journal.clone(), Timestamp::now());
    provider.map(Arc::new).map_err(|error| cannot(&error))
}
