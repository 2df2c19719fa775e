//! What a log looks like from outside.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealwax_log::Kind;
use sealwax_log::ct::roots::MAX_BUNDLE_BYTES;
use sealwax_log::ct::{CtFace, NotAfterWindow, Roots};
use sealwax_log::http::Face;
use sealwax_server::journal::{Journal, Value};
use sealwax_tlog::LogKey;
use tokio::signal::unix::SignalKind;

use super::super::args::ServeArgs;
use super::super::description::Description;
use super::super::keys::Keys;
use super::super::new::ROOTS;
use super::signals;
use crate::Failure;
use crate::sources::read_limited;

/// The face of a log, which reads its roots again on SIGHUP if it has any.
pub fn of(
    args: &ServeArgs,
    description: &Description,
    keys: &Keys,
    journal: &Journal,
) -> Result<Face, Failure> {
    match description.kind {
        Kind::Signature => signature(args, keys),
        Kind::Certificate => certificate(args, keys, journal),
    }
}

fn signature(args: &ServeArgs, keys: &Keys) -> Result<Face, Failure> {
    if args.roots.is_some() || args.not_after_start.is_some() || args.not_after_limit.is_some() {
        return Err(Failure::usage(
            "--roots and --not-after-… are for certificate logs; this is a signature log",
        ));
    }
    let key = keys.signing.verifier_keys().next().cloned();
    let key = key.and_then(|key| LogKey::from_verifier_key(key).ok());
    let key = key.ok_or_else(|| Failure::cannot("the key of the log is not one that logs have"))?;
    // Nothing to read again, and nothing to die of.
    drop(signals::on(SignalKind::hangup())?);
    Ok(Face::Signature { key_id: *key.id() })
}

fn certificate(args: &ServeArgs, keys: &Keys, journal: &Journal) -> Result<Face, Failure> {
    let path = args.roots.clone().unwrap_or_else(|| args.directory.join(ROOTS));
    let roots = read(&path)?;
    let window = NotAfterWindow { start: args.not_after_start, limit: args.not_after_limit };
    let face = CtFace::new(keys.signer.clone(), roots, window);
    let face = Arc::new(face.map_err(|error| Failure::cannot(error.to_string()))?);
    reload(path, face.clone(), journal.clone())?;
    Ok(Face::Certificate(face))
}

/// Reads roots in PEM.
pub fn read(path: &Path) -> Result<Roots, Failure> {
    let cannot = |reason: String| Failure::cannot(format!("{}: {reason}", path.display()));
    let limit = u64::try_from(MAX_BUNDLE_BYTES).unwrap_or(u64::MAX);
    let bytes = read_limited(path, limit).map_err(|error| {
        cannot(format!("{error}; a certificate log needs the roots that it accepts, in PEM: --roots FILE"))
    })?;
    let text = String::from_utf8(bytes).map_err(|_| cannot("not PEM".to_owned()))?;
    Roots::from_pem(&text).map_err(|error| cannot(error.to_string()))
}

/// On each SIGHUP from now on. Roots that cannot be read change nothing.
fn reload(path: PathBuf, face: Arc<CtFace>, journal: Journal) -> Result<(), Failure> {
    let mut hangup = signals::on(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match read(&path) {
                Ok(roots) => {
                    let count = u64::try_from(roots.count()).unwrap_or(u64::MAX);
                    face.roots().replace(roots);
                    journal.info("read the roots again", &[("roots", Value::Number(count))]);
                }
                Err(failure) => {
                    let reason = Value::Text(&failure.message);
                    journal.error("the roots stay as they were", &[("error", reason)]);
                }
            }
        }
    });
    Ok(())
}
