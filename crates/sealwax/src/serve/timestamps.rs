//! The timestamp authority of an instance.

use std::path::Path;
use std::sync::Arc;

use sealwax_crypto::KeyKind;
use sealwax_server::journal::Journal;
use sealwax_tsa::clock::{Clock, Reading, Sources};
use sealwax_tsa::{CertificateLog, Credentials, Embedded, LastStamp, Settings, TimestampAuthority};

use super::certificates::Certified;
use super::ct::Newest;
use crate::Failure;

/// The authority at work. It stamps no time that is behind the certificate log's.
pub fn authority(
    directory: &Path,
    certified: &Certified,
    sources: Option<Sources>,
    newest: Option<Arc<Newest>>,
    journal: &Journal,
) -> Result<Arc<TimestampAuthority>, Failure> {
    let last = LastStamp::open(&directory.join("tsa")).map_err(|error| cannot(&error))?;
    let clock = Clock::new(sources, Reading::take(), last.stored());
    let log = newest.map(|newest| newest as Arc<dyn CertificateLog>);
    let settings = Settings { log, journal: journal.clone(), ..Settings::default() };
    Ok(Arc::new(TimestampAuthority::new(credentials(certified)?, clock, last, settings)))
}

/// What tokens are signed with.
pub fn credentials(certified: &Certified) -> Result<Credentials, Failure> {
    let Certified { key, chain } = certified.clone();
    let kind = key.public_key().kind();
    if !matches!(kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521) {
        return Err(cannot(&format_args!(
            "sigstore-js verifies no timestamps of {kind} keys, but of ECDSA keys"
        )));
    }
    Credentials::new(key, chain, Embedded::Leaf).map_err(|error| cannot(&error))
}

fn cannot(error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("the timestamp authority: {error}"))
}
