//! `--also`: older forms of a bundle, beside it, for those who do not read bundles yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sealwax_client::{LogVersion, Services};
use sealwax_formats::Bundle;

use super::args::RunArgs;
use super::jobs::{Job, Jobs};
use crate::bundle::{artifact_of, beside, detached_files, timestamp_suffix};
use crate::{Failure, output_file};

/// A form that came before bundles, or was one of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
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

    /// What [`Self::files`] may write, if there are so many timestamps.
    fn names(self, output: &Path, timestamps: usize) -> Vec<PathBuf> {
        let prefix = artifact_of(output);
        let name = |suffix: &str| beside(&prefix, suffix);
        match self {
            Self::Detached => {
                let stamps = (1..=timestamps).map(|number| name(&timestamp_suffix(number)));
                [".sig", ".pem", ".rekor.json"].map(name).into_iter().chain(stamps).collect()
            }
            Self::V01 => vec![name(".sigstore")],
            Self::Cosign => vec![name(".bundle")],
        }
    }
}

/// All files of all forms of the bundle at `output`.
///
/// # Errors
/// The bundle has no such form.
pub fn files(
    forms: &BTreeSet<Also>,
    bundle: &Bundle,
    output: &Path,
) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let files: Vec<_> = forms.iter().map(|form| form.files(bundle, output)).collect::<Result<_, _>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// Whether they can be had and written, before anybody is asked: without a log, or by one that promises nothing, there are none.
///
/// # Errors
/// A sentence that says what is in the way.
pub fn check(
    forms: &BTreeSet<Also>,
    jobs: &Jobs,
    begun: &dyn Fn(&Job) -> bool,
    args: &RunArgs,
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
    if services.logs.needed == 0 {
        return Err(Failure::cannot(
            "--also: the older forms need a log's signed entry timestamp, and this is not logged",
        ));
    }
    if services.log_version == LogVersion::V2 {
        return Err(Failure::cannot(
            "--also: the older forms need a log's signed entry timestamp, and Rekor v2 gives none; \
             --rekor v1 picks a log that does, where the profile has one",
        ));
    }
    let timestamps = services.timestamp_authorities.needed;
    let names = |job: &Job| -> Vec<PathBuf> {
        let Some(output) = &job.output else { return Vec::new() };
        forms.iter().flat_map(|form| form.names(output, timestamps)).collect()
    };
    let all: Vec<PathBuf> = jobs.jobs.iter().flat_map(names).collect();
    check_places(jobs, &all)?;
    let inputs = jobs.inputs.iter().cloned().chain(args.inputs()).chain(args.resume.clone());
    output_file::check_apart(&all, inputs)?;
    let fresh: Vec<PathBuf> = jobs.jobs.iter().filter(|job| !begun(job)).flat_map(names).collect();
    output_file::check_free(&fresh, args.overwrite)?;
    output_file::check_writable(&all)
}

/// None of these files may take the place of another, or of a bundle, however it is spelled.
fn check_places(jobs: &Jobs, names: &[PathBuf]) -> Result<(), Failure> {
    let bundle = |path: &PathBuf| (output_file::real_place(path), ", where a bundle goes");
    let mut taken: BTreeMap<PathBuf, &str> = jobs.outputs().map(bundle).collect();
    for path in names {
        if let Some(what) = taken.insert(output_file::real_place(path), " twice") {
            return Err(Failure::usage(format!("--also would write to {}{what}", path.display())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_files() {
        let names = |form: Also, timestamps| form.names(Path::new("d/app.sigstore.json"), timestamps);
        let detached = ["d/app.sig", "d/app.pem", "d/app.rekor.json", "d/app.tsr", "d/app.2.tsr"];
        assert_eq!(names(Also::Detached, 2), detached.map(PathBuf::from));
        assert_eq!(names(Also::Cosign, 2), [PathBuf::from("d/app.bundle")]);
    }
}
