//! The identity provider of an instance, on the directory `idp`.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_idp::issuer::IssuerUrl;
use sealwax_idp::provider::{Provider, Settings};
use sealwax_idp::state::State;
use sealwax_server::journal::Journal;
use sealwax_store::disk::Os;

use super::format;
use super::instance::Instance;
use super::permissions::check_user;
use super::secret::Secret;
use super::start;
use crate::Failure;

/// The provider's part of a directory.
const PART: &str = "idp";

/// Makes the directory, and the keys in it, if they are not there. Blocks. `knows_addresses`: whether requests come from the
/// clients' own addresses.
pub fn open(
    instance: &Path,
    secret: &Secret,
    issuer: &str,
    knows_addresses: bool,
    journal: &Journal,
) -> Result<Arc<Provider<Os>>, Failure> {
    let issuer = IssuerUrl::parse(issuer).map_err(|error| cannot(&error))?;
    let settings = Settings { knows_addresses, ..Settings::new(issuer) };
    let provider = Provider::open(state(instance, secret)?, settings, journal.clone(), Timestamp::now());
    provider.map(Arc::new).map_err(|error| cannot(&error))
}

/// The provider's files, of an instance that has the format of now.
pub fn state(instance: &Path, secret: &Secret) -> Result<State<Os>, Failure> {
    State::open(&instance.join(PART), *secret.bytes()).map_err(|error| cannot(&error))
}

/// The same for whoever is not the server, which may be running. `named`: the file with the secret, if it was named.
pub fn state_of(directory: &Path, named: Option<&Path>) -> Result<State<Os>, Failure> {
    if !directory.is_dir() {
        return Err(Failure::cannot(format!("{} is not a directory", directory.display())));
    }
    let secret = Secret::of(directory, named)?;
    if let Some(instance) = Instance::read(directory)?
        && instance.is_older()
    {
        check_user(directory)?;
        let _lock = start::lock(directory).map_err(|failure| {
            Failure::cannot(format!(
                "{}: by an older program, it seems; start it anew with this one",
                failure.message
            ))
        })?;
        format::bring_up(directory, &secret, instance)?;
    }
    state(directory, &secret)
}

fn cannot(error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("the identity provider: {error}"))
}
