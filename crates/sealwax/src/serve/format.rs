//! Brings the directory of an older program up to the format of this one. What is done is done again after a kill, until
//! `instance.json` says that it is done; from then on an older program refuses the directory.

use std::path::Path;

use super::accounts;
use super::instance::Instance;
use super::secret::Secret;
use crate::Failure;

/// For whoever has the lock of the directory. Blocks.
pub fn bring_up(directory: &Path, secret: &Secret, instance: Instance) -> Result<Instance, Failure> {
    if !instance.is_older() {
        return Ok(instance);
    }
    // Format 1 sealed nothing of the identity provider.
    accounts::state(directory, secret)?
        .seal_what_is_open()
        .map_err(|error| Failure::cannot(format!("the identity provider: {error}")))?;
    let instance = instance.brought_up();
    instance.write(directory)?;
    Ok(instance)
}
