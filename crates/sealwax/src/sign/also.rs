//! `--also`: older forms of a bundle, beside it, for those who do not read bundles yet.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sealwax_client::{LogVersion, Services};
use sealwax_formats::Bundle;

use super::jobs::{Job, Jobs, Work};
use crate::artifact::Reference;
use crate::bundle::{artifact_of, beside, detached_files};
use crate::{Failure, output_file};

/// A form that came before bundles, or was one of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Also {
    /// FILE.sig, FILE.pem, FILE.rekor.json and FILE.tsr
    Detached,
    /// FILE.sigstore: a bundle of version 0.1
    #[value(name = "v0.1")]
    V01,
    /// FILE.bundle: the bundle of cosign 1 and 2
    Cosign,
}

impl Also {
    /// The files beside the bundle at `output`.
    ///
    /// # Errors
    /// The bundle has no such form.
    fn files(self, bundle: &Bundle, output: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
        let prefix = artifact_of(output);
        match self {
            Self::Detached => detached_files(bundle, &prefix),
            Self::V01 => {
                let text = bundle.to_v01().map_err(|error| error.to_string())?.write();
                Ok(vec![(beside(&prefix, ".sigstore"), format!("{text}\n").into_bytes())])
            }
            Self::Cosign => {
                let detached = bundle.to_detached().map_err(|error| error.to_string())?;
                let text = detached.cosign_bundle.ok_or("it has no signed entry timestamp")?;
                Ok(vec![(beside(&prefix, ".bundle"), text.into_bytes())])
            }
        }
    }

    /// What [`Self::files`] may write.
    fn names(self, output: &Path) -> Vec<PathBuf> {
        let suffixes: &[&str] = match self {
            Self::Detached => &[".sig", ".pem", ".rekor.json", ".tsr"],
            Self::V01 => &[".sigstore"],
            Self::Cosign => &[".bundle"],
        };
        let prefix = artifact_of(output);
        suffixes.iter().map(|suffix| beside(&prefix, suffix)).collect()
    }
}

/// All files of all forms of the bundle at `output`.
///
/// # Errors
/// The bundle has no such form.
pub fn files(forms: &[Also], bundle: &Bundle, output: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let files: Vec<_> = forms.iter().map(|form| form.files(bundle, output)).collect::<Result<_, _>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// Whether they can be had and written, before anybody is asked: a log that promises nothing leads to none of them.
///
/// # Errors
/// A sentence that says what is in the way.
pub fn check(
    forms: &[Also],
    jobs: &Jobs,
    begun: &dyn Fn(&Job) -> bool,
    overwrite: bool,
    services: &Services,
) -> Result<(), Failure> {
    if forms.is_empty() {
        return Ok(());
    }
    if jobs.lines.is_some() {
        return Err(Failure::usage(
            "--also writes beside each bundle: it does not go with one --bundle for several",
        ));
    }
    if services.logs.needed > 0 && services.log_version == LogVersion::V2 {
        return Err(Failure::cannot(
            "--also: the older forms need a log's signed entry timestamp, and Rekor v2 gives none; \
             --rekor v1 picks a log that does, where the profile has one",
        ));
    }
    let names = |output: &PathBuf| forms.iter().flat_map(|form| form.names(output)).collect::<Vec<_>>();
    let fresh = jobs.jobs.iter().filter(|job| !begun(job)).filter_map(|job| job.output.as_ref());
    let fresh: Vec<PathBuf> = fresh.flat_map(names).collect();
    let is_signed = |path: &PathBuf| {
        jobs.jobs
            .iter()
            .any(|job| matches!(&job.work, Work::Artifact(Reference::Path(signed)) if signed == path))
    };
    if let Some(path) = fresh.iter().find(|path| is_signed(path)) {
        return Err(Failure::usage(format!(
            "--also would write to {}, which is to be signed",
            path.display()
        )));
    }
    output_file::check_free(&fresh, overwrite)
}
