//! The command line of `sealwax rotate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::serve::rotation::Part;

pub const EXAMPLES: &str = "\
Examples:
  Another shard of the signature log from tomorrow on, as clients hear of it today:
    sealwax rotate log --dir /var/lib/sealwax

  Every key that signs for clients, in an hour, and wait until it is done:
    sealwax rotate all --dir /var/lib/sealwax --lead 1h --wait

Clients that have not refreshed within the lead cannot verify what the new key signs until they do. What was signed before
verifies for ever. Nothing is interrupted. See docs/operations/rotation.md.";

pub const EXIT_CODES: &str = "\
Exit codes:
  0  planned (with --wait: done)
  2  the command line is wrong
  3  it could not be planned: there is no instance, a rotation is planned already, nobody takes it up";

#[derive(Args, Debug)]
pub struct RotateArgs {
    /// What gets another key: the signature log, the certificate log, the certificate authority, the timestamp authority
    #[arg(value_enum, required = true)]
    pub what: Vec<What>,
    /// The directory that `sealwax serve` serves
    #[arg(long = "dir", value_name = "DIR")]
    pub directory: PathBuf,
    /// How long clients are told before anything uses it [default: as the instance is configured, else 24h]
    #[arg(long, value_name = "DURATION")]
    pub lead: Option<String>,
    /// Make a new root for the authorities too, whose root may have been stolen
    #[arg(long)]
    pub new_root: bool,
    /// Return when it is done
    #[arg(long)]
    pub wait: bool,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// The signature log: another shard
    Log,
    /// The certificate log: another shard
    Ct,
    /// The certificate authority: another intermediate certificate
    Ca,
    /// The timestamp authority: another certificate
    Tsa,
    /// All of them
    All,
}

impl What {
    pub fn parts(self) -> &'static [Part] {
        match self {
            What::Log => &[Part::Log],
            What::Ct => &[Part::Ct],
            What::Ca => &[Part::Ca],
            What::Tsa => &[Part::Tsa],
            What::All => &Part::ALL,
        }
    }
}
