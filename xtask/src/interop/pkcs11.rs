//! `cargo xtask interop pkcs11`: keys in the tokens of SoftHSM, from one signature to a whole log.
//!
//! Each run makes its own token under the target directory; SoftHSM is told of it by `SOFTHSM2_CONF`, and nobody else's
//! tokens are touched. What SoftHSM lacks is installed from Debian's packages, which needs root.

mod failures;
mod instance;
mod log;
mod secret;
mod signatures;
mod softhsm;

use std::fs;

use self::softhsm::SoftHsm;
use crate::Outcome;
use crate::running::sealwax::absent;

const USAGE: &str = "usage: cargo xtask interop pkcs11";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(USAGE.into());
    }
    softhsm::install()?;
    let directory = absent(&super::directory()?, "pkcs11")?;
    fs::create_dir_all(&directory)?;
    let directory = directory.canonicalize()?;

    let signer = super::built(&["-p", "sealwax-signer", "--example", "pkcs11"], "pkcs11")?;
    let hsm = SoftHsm::make(&directory, signer)?;
    signatures::every_kind(&hsm)?;
    signatures::many_at_once(&hsm)?;
    signatures::public_halves_elsewhere(&hsm)?;
    failures::what_is_refused(&hsm)?;
    failures::a_token_that_goes(&hsm)?;
    secret::opens_an_instance(&hsm)?;
    instance::has_its_keys_in_a_token(&hsm)?;
    log::end_to_end(&hsm)
}
