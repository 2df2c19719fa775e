//! The words of `sealwax ca`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  What would a certificate say for the token of this job?
    sealwax ca try-token --config fulcio-config.yaml token.jwt

  The same for a token of any issuer, as it comes:
    sealwax token --issuer https://accounts.example --browser | sealwax ca try-token --config fulcio-config.yaml -

The issuer's keys are fetched; nothing is signed and nothing is logged.
Exit codes: 0 a certificate would be issued, 1 none would, 2 the command line is wrong, 3 a file is missing or wrong.";

#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Say what a certificate would say for an identity token, or why there would be none
    #[command(after_help = EXAMPLES)]
    TryToken(TryTokenArgs),
}

#[derive(Args, Debug)]
pub struct TryTokenArgs {
    /// The file with the token, or `-` for standard input
    #[arg(value_name = "TOKEN_FILE")]
    pub token: PathBuf,

    /// The configuration of the issuers: Fulcio's file, in YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// JSON for programs
    #[arg(long)]
    pub json: bool,
}
