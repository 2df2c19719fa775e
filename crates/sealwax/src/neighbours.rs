//! The usual places in which a bundle lies beside its artifact.

use std::path::{Path, PathBuf};

/// What is appended to the artifact's name, in the order in which the field has used it.
const SUFFIXES: &[&str] = &[
    ".sigstore.json",
    ".sigstore",
    ".bundle",
    ".cosign.bundle",
    ".intoto.jsonl",
    ".intoto.sigstore",
    ".attestation.jsonl",
    ".attestations.json",
    ".publish.attestation",
    ".provenance",
];

/// How many files `ARTIFACT.<type>.sigstore.json` are looked at.
const MAX_TYPED: usize = 64;

/// The files beside `artifact` that look like its bundles: the fixed names first, then `ARTIFACT.<type>.sigstore.json`.
pub fn bundles_of(artifact: &Path) -> Vec<PathBuf> {
    let Some(name) = artifact.file_name() else { return Vec::new() };
    let beside = |suffix: &str| {
        let mut neighbour = name.to_owned();
        neighbour.push(suffix);
        artifact.with_file_name(neighbour)
    };
    let mut found: Vec<PathBuf> =
        SUFFIXES.iter().map(|suffix| beside(suffix)).filter(|path| path.is_file()).collect();
    found.extend(typed(artifact, &name.to_string_lossy()));
    found
}

fn typed(artifact: &Path, name: &str) -> Vec<PathBuf> {
    let directory = match artifact.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let prefix = format!("{name}.");
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let neighbour = entry.file_name();
            let neighbour = neighbour.to_string_lossy();
            neighbour
                .strip_prefix(&prefix)
                .and_then(|rest| rest.strip_suffix(".sigstore.json"))
                .is_some_and(|kind| !kind.is_empty() && !kind.contains('.'))
        })
        .map(|entry| artifact.with_file_name(entry.file_name()))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.truncate(MAX_TYPED);
    found
}

/// The names that [`bundles_of`] looks for, for messages.
pub fn names_for(artifact: &Path) -> String {
    let name = artifact.file_name().unwrap_or_default().to_string_lossy();
    SUFFIXES.iter().take(5).map(|suffix| format!("{name}{suffix}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_names_come_first_and_types_after() {
        let directory = std::env::temp_dir().join(format!("sealwax-neighbours-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        for name in [
            "a",
            "a.bundle",
            "a.sigstore.json",
            "a.sbom.sigstore.json",
            "ab.sigstore.json",
            "a.x.y.sigstore.json",
        ] {
            std::fs::write(directory.join(name), "").unwrap();
        }
        let names: Vec<_> = bundles_of(&directory.join("a"))
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(names, ["a.sigstore.json", "a.bundle", "a.sbom.sigstore.json"]);
    }
}
