//! `sealwax bundle`: a bundle in another form. The evidence is carried over as it is; nothing is verified here.

use std::io::Write;
use std::path::{Path, PathBuf};

use sealwax_formats::{Bundle, Material};

use crate::Failure;
use crate::args::{BundleCommand, Form};
use crate::judge::Status;
use crate::sources::read_one_bundle;
use crate::{output_file, terminal};

/// What a bundle's name may end in, longest first, so that its artifact's name remains.
const SUFFIXES: &[&str] = &[".sigstore.json", ".sigstore", ".bundle", ".intoto.jsonl", ".jsonl", ".json"];

pub(crate) fn run(command: BundleCommand, out: &mut impl Write) -> Result<Status, Failure> {
    let BundleCommand::Convert { file, to, output, overwrite } = command;
    let bundle = read_one_bundle(&file).map_err(Failure::cannot)?;
    let converted = match to {
        Form::V03 => bundle.to_v03(),
        Form::V01 => bundle.to_v01(),
        Form::Detached => {
            let prefix = output.unwrap_or_else(|| artifact_of(&file));
            write_detached(&bundle, &file, &prefix, overwrite)?;
            return Ok(done());
        }
    };
    // A large attestation is held once.
    drop(bundle);
    let converted = converted.map_err(|reason| no_such_form(&file, &reason))?;
    write_bundle(&converted, output.as_deref(), overwrite, out)?;
    Ok(done())
}

fn done() -> Status {
    terminal::notice("nothing was verified: what was converted is worth what `sealwax verify` says of it");
    Status::Verified
}

fn write_bundle(
    bundle: &Bundle,
    output: Option<&Path>,
    overwrite: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut text = bundle.write();
    text.push('\n');
    match output.filter(|path| *path != Path::new("-")) {
        Some(path) => output_file::write(path, text.as_bytes(), overwrite),
        None => out
            .write_all(text.as_bytes())
            .map_err(|error| Failure::cannot(format!("cannot write the result: {error}"))),
    }
}

fn no_such_form(file: &Path, reason: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("{} has no such form: {reason}", file.display()))
}

/// The files that a bundle is taken apart into, beside `prefix`: the signature, the certificate, the log entry, the timestamps.
///
/// # Errors
/// A sentence that says why it has no such form.
pub(crate) fn detached_files(bundle: &Bundle, prefix: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let detached = bundle.to_detached().map_err(|error| error.to_string())?;
    if !bundle.log_entries.is_empty() && detached.rekor_entry.is_none() {
        return Err(
            "its log entry has no signed entry timestamp (Rekor v2 gives none), and beside a detached signature \
             only such an entry can be kept; keep the bundle"
                .to_owned(),
        );
    }
    let mut files = vec![(beside(prefix, ".sig"), detached.signature.into_bytes())];
    files.extend(detached.certificate.map(|pem| (beside(prefix, ".pem"), pem.into_bytes())));
    files.extend(detached.rekor_entry.map(|entry| (beside(prefix, ".rekor.json"), entry.into_bytes())));
    for (number, timestamp) in (1..).zip(detached.timestamps) {
        files.push((beside(prefix, &timestamp_suffix(number)), timestamp));
    }
    Ok(files)
}

/// What the file of a timestamp ends in, by its number from 1.
pub(crate) fn timestamp_suffix(number: usize) -> String {
    if number == 1 { ".tsr".to_owned() } else { format!(".{number}.tsr") }
}

fn write_detached(bundle: &Bundle, file: &Path, prefix: &Path, overwrite: bool) -> Result<(), Failure> {
    let files = detached_files(bundle, prefix).map_err(|reason| no_such_form(file, &reason))?;
    let (entries, stamps) = (bundle.log_entries.len(), bundle.timestamps.len());
    output_file::check_free(files.iter().map(|(path, _)| path), overwrite)?;
    for (path, bytes) in &files {
        output_file::write(path, bytes, overwrite)?;
        terminal::notice(&format!("wrote {}", path.display()));
    }
    if entries > 1 {
        terminal::notice(&format!(
            "only the first of {entries} log entries that has a signed entry timestamp was kept"
        ));
    }
    if stamps > 0 && entries == 0 {
        terminal::notice(
            "it has timestamps and no log entry: verify it as a bundle, which holds them together",
        );
    }
    if matches!(bundle.material, Material::PublicKey { .. }) {
        terminal::notice("it is signed by a bare key: verify it with --key");
    }
    Ok(())
}

/// The name of a bundle without what says that it is one.
pub(crate) fn artifact_of(bundle: &Path) -> PathBuf {
    let name = bundle.file_name().unwrap_or_default().to_string_lossy();
    let artifact = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
    bundle.with_file_name(artifact.filter(|artifact| !artifact.is_empty()).unwrap_or(&name))
}

/// A file whose name begins with that of another.
pub(crate) fn beside(prefix: &Path, suffix: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_artifact_of_a_bundle() {
        for (bundle, artifact) in [
            ("d/app.tar.gz.sigstore.json", "d/app.tar.gz"),
            ("app.bundle", "app"),
            ("app.v1.intoto.jsonl", "app.v1"),
            ("odd", "odd"),
            (".json", ".json"),
        ] {
            assert_eq!(artifact_of(Path::new(bundle)), Path::new(artifact), "{bundle}");
        }
    }
}
