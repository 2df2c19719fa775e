//! The command line of `sealwax status`.

use std::path::PathBuf;

use clap::Args;

pub const EXAMPLES: &str = "\
Examples:
  sealwax status --dir /var/lib/sealwax
  sealwax status --url https://sigstore.acme.example --json";

pub const EXIT_CODES: &str = "\
Exit codes:
  0  nothing needs attention
  1  something does
  2  the command line is wrong
  3  cannot tell: there is no instance, or it does not answer";

#[derive(Args, Debug)]
pub struct StatusArgs {
    /// The directory that `sealwax serve` serves; needs no secret
    #[arg(long = "dir", value_name = "DIR", required_unless_present = "url", conflicts_with = "url")]
    pub directory: Option<PathBuf>,
    /// The configuration that it is served with [default: DIR/serve.toml, if it is there]
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub config: Option<PathBuf>,
    /// The address of an instance; shows what it shows to anybody
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}
