//! A certificate of one's own for the key of `--key`.

use std::path::Path;

use jiff::Timestamp;
use sealwax_pki::{Authority, Certificate, EndEntity, Search, SignatureMemo};

use super::args::SignerArgs;
use crate::Failure;
use crate::sources::read_limited;

/// The largest file of certificates that is read, bytes: a chain of sixteen with ML-DSA keys takes some 150 KiB in PEM.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The certificate of `--certificate`, which stands under the chain of `--certificate-chain`, if there is one. Whether it is good for
/// signing, and for the key, is for the session.
///
/// # Errors
/// A sentence for people.
pub(super) fn read(args: &SignerArgs) -> Result<Option<Certificate>, Failure> {
    let Some(path) = &args.certificate else { return Ok(None) };
    let leaf = match <[Certificate; 1]>::try_from(certificates(path)?) {
        Ok([leaf]) => leaf,
        Err(found) => {
            let found = format!("{} certificates, not one", found.len());
            return Err(failure(
                path,
                &format!("it has {found}; those above it go into --certificate-chain"),
            ));
        }
    };
    if let Some(path) = &args.certificate_chain {
        stands_under(&leaf, &certificates(path)?).map_err(|reason| failure(path, &reason))?;
    }
    Ok(Some(leaf))
}

/// PEM, or one in DER.
fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let bytes = read_limited(path, MAX_FILE_BYTES).map_err(|error| failure(path, &error.to_string()))?;
    let found = match std::str::from_utf8(&bytes) {
        Ok(pem) => Certificate::list_from_pem(pem).map_err(|error| error.to_string()),
        Err(_) => Certificate::from_der(&bytes).map(|one| vec![one]).map_err(|error| error.to_string()),
    };
    found.map_err(|reason| failure(path, &reason))
}

/// RFC 5280 section 6.1, at this instant. Others will look for a path in their own trust; a chain that is not the certificate's is a
/// mistake that they should not be the first to find.
fn stands_under(leaf: &Certificate, chain: &[Certificate]) -> Result<(), String> {
    let authority = Authority::from_chain(chain).map_err(|error| error.to_string())?;
    let leaf = EndEntity::code_signing(leaf).map_err(|error| format!("the certificate: {error}"))?;
    let search = Search { memo: &SignatureMemo::with_capacity(0), further_intermediates: &[] };
    let paths = authority.paths(&leaf, search).map_err(|error| error.to_string())?;
    let now = Timestamp::now();
    let mut refused = "it has no path".to_owned();
    for path in paths {
        match path.check_at(now) {
            Ok(()) => return Ok(()),
            Err(error) => refused = error.to_string(),
        }
    }
    Err(refused)
}

fn failure(path: &Path, reason: &str) -> Failure {
    Failure::cannot(format!("{}: {reason}", path.display()))
}
