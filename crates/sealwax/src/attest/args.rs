//! The command line of `sealwax attest`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::sign::args::{EXIT_CODES, RunArgs};

pub const EXAMPLES: &str = "\
Examples:
  Say where a file comes from; the bundle is written beside it, as app.tar.gz.slsa-provenance.sigstore.json:
    sealwax attest app.tar.gz --type slsa-provenance --predicate provenance.json

  One software bill of materials for all files of a release:
    sealwax attest --subject-checksums SHA256SUMS --type spdx --predicate sbom.spdx.json --bundle release.sigstore.json

  A statement that another tool has made:
    sealwax attest --statement statement.json --bundle statement.sigstore.json

The log gets the digest of the statement only; the statement itself is in the bundle. `sealwax verify app.tar.gz --type URI …` demands it.";

/// What `--type` knows by name.
pub const TYPES: &str = "\
Short names for --type: slsa-provenance, spdx, spdx3, cyclonedx, openvex, test-result, vuln, link; anything else is a URI";

#[derive(Args, Clone, Debug, Default)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{TYPES}\n\n{EXIT_CODES}"))]
pub struct AttestArgs {
    /// What the statement is about: paths, or `sha256:…`
    #[arg(value_name = "ARTIFACT", conflicts_with = "statement")]
    pub artifacts: Vec<OsString>,

    /// What kind of statement: a short name such as spdx, or a URI
    #[arg(long = "type", value_name = "TYPE", requires = "predicate", conflicts_with = "statement")]
    pub predicate_type: Option<String>,

    /// What is said: a JSON file
    #[arg(long, value_name = "FILE", requires = "predicate_type")]
    pub predicate: Option<PathBuf>,

    /// More artifacts, by a list as sha256sum writes it
    #[arg(long, value_name = "FILE", conflicts_with = "statement")]
    pub subject_checksums: Option<PathBuf>,

    /// A whole in-toto statement instead, signed as it is
    #[arg(long, value_name = "FILE", requires = "bundle")]
    pub statement: Option<PathBuf>,

    /// Where to write the bundle [default: ARTIFACT.TYPE.sigstore.json]
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,

    #[command(flatten)]
    pub run: RunArgs,
}
