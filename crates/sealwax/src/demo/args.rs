//! The command line of `sealwax demo`.

use std::path::PathBuf;

use clap::Args;

pub const EXAMPLES: &str = "\
Examples:
  sealwax demo
  sealwax demo app.tar.gz
  sealwax demo --keep     # and try other clients against it

Nothing leaves this machine: it serves on loopback, in a temporary directory.";

#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// The file to sign [default: one that is made]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Leave it running, until Ctrl-C
    #[arg(long)]
    pub keep: bool,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}
