//! `trust keys`: managed keys with the windows in which they sign, as a profile keeps them beside its trusted root.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use sealwax_crypto::KeyDetails;
use sealwax_formats::{KeyDetailsField, KeyMaterial, NpmKey, NpmKeys, TimeRange, base64};

use super::{new, say};
use crate::judge::Status;
use crate::profile::MAX_FILE;
use crate::sources::{read_key, read_limited};
use crate::terminal::shell_quoted;
use crate::trust::args::KeysArgs;
use crate::{Failure, output_file};

pub(super) fn run(args: &KeysArgs, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let start = args.start.as_deref().map_or(Ok(now), new::instant)?;
    let end = args.end.as_deref().map(new::instant).transpose()?;
    if end.is_some_and(|end| end < start) {
        return Err(Failure::usage("--end is before the start: the window would be empty"));
    }
    let window = TimeRange { start: Some(start), end };
    let mut keys = args.with.as_deref().map_or_else(|| Ok(NpmKeys::default()), read)?;
    for path in &args.keys {
        let key = entry(path, window)?;
        if keys.for_attestations(&key.key_id).is_some() {
            return Err(Failure::cannot(format!(
                "{} is listed already: its window is in the file",
                path.display()
            )));
        }
        keys.keys.push(key);
    }
    output_file::write(&args.output, (keys.write() + "\n").as_bytes(), args.overwrite)?;
    let file = shell_quoted(&args.output.to_string_lossy());
    say(
        out,
        &format!(
            "wrote {file}; `sealwax trust add NAME --config client_trust_config.json --keys {file}` keeps it in a profile"
        ),
    )
}

/// A key under the hint that its signatures give, which is what `sealwax sign --key` writes: SHA-256 of the key.
fn entry(path: &Path, window: TimeRange) -> Result<NpmKey, Failure> {
    let key = read_key(path).map_err(|stop| Failure::cannot(stop.reason))?;
    // As `sign` signs artifacts by it.
    let by_digest = key.artifact_schemes().iter().find(|scheme| scheme.prehash().is_some());
    let scheme = by_digest.or(key.default_schemes().first());
    let details = scheme.and_then(|scheme| KeyDetails::of(&key, *scheme)).ok_or_else(|| {
        Failure::cannot(format!("{}: the registry has no entry for {} keys", path.display(), key.kind()))
    })?;
    let details = KeyDetailsField::Known(details);
    Ok(NpmKey {
        key_id: base64::encode(&key.spki_sha256()),
        usage: NpmKeys::ATTESTATIONS.to_owned(),
        key: KeyMaterial::new(key.spki_der().to_vec(), details, Some(window)),
    })
}

fn read(path: &Path) -> Result<NpmKeys, Failure> {
    let cannot = |reason: String| Failure::cannot(format!("{}: {reason}", path.display()));
    let bytes = read_limited(path, MAX_FILE).map_err(|error| cannot(error.to_string()))?;
    NpmKeys::parse(&bytes).map_err(|error| cannot(error.to_string()))
}
