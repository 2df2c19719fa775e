//! The command line of `sealwax token`.

use std::path::PathBuf;

use clap::Args;

pub const EXAMPLES: &str = "\
Examples:
  Sign in with a browser on this machine; the link is printed in case that none opens:
    sealwax token --browser --issuer https://sign.acme.example/oidc

  Sign in with a browser elsewhere, such as on a telephone:
    sealwax token --device --issuer https://sign.acme.example/oidc

  A machine, with its secret in a file that was mounted, for any client that takes a token:
    cosign sign-blob --identity-token \"$(sealwax token --machine release-bot --secret-file /run/secrets/bot \\
      --issuer https://sign.acme.example/oidc/machine)\" app.tar.gz

The token is all that standard output gets. Whoever has it signs as you until it expires: keep it out of logs.";

pub const EXIT_CODES: &str = "\
Exit codes:
  0  there is a token
  2  the command line is wrong
  3  there is none: the issuer cannot be reached or refuses, nobody signed in in time, or they cancelled";

#[derive(Args, Debug, Default)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
#[command(group = clap::ArgGroup::new("how").required(true).args(["machine", "browser", "device"]))]
pub struct TokenArgs {
    /// The issuer, to the letter: https, or plain HTTP on this machine
    #[arg(long, value_name = "URL")]
    pub issuer: String,
    /// Sign in as a machine, by the secret in --secret-file
    #[arg(long, value_name = "NAME", requires = "secret_file", conflicts_with = "client_id")]
    pub machine: Option<String>,
    /// Sign in with a browser on this machine
    #[arg(long)]
    pub browser: bool,
    /// Sign in with a browser anywhere, by a short code that this terminal shows
    #[arg(long)]
    pub device: bool,
    /// The secret of the machine, or of a client that has one
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// The client that the issuer knows [default: sigstore]
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// How long to wait for somebody to sign in
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
    /// Write JSON: the token, and what it says
    #[arg(long)]
    pub json: bool,
}
