//! The command line of `sealwax account`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const ADD_EXAMPLES: &str = "\
Examples:
  A person; the password is printed once, the link is for an authenticator app:
    sealwax account add ada --email ada@acme.example --totp --dir /var/lib/sealwax

  A machine; its secret is written to a file that only you can read:
    sealwax account add release-bot --machine --secret-file bot.secret --dir /var/lib/sealwax

You vouch for the address: tokens say that it is verified. Certificates name it.";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  2  the command line is wrong
  3  it could not be done: the directory, an account that is there already or is not, another process";

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Add a person, by e-mail address, or a machine
    #[command(after_help = ADD_EXAMPLES, after_long_help = format!("{ADD_EXAMPLES}\n\n{EXIT_CODES}"))]
    Add(AddArgs),
    /// List the accounts, without their secrets
    #[command(after_help = "Example:\n  sealwax account list --dir /var/lib/sealwax", after_long_help = EXIT_CODES)]
    List(ListArgs),
    /// Remove an account; it cannot sign in any more, and tokens that it has end in minutes
    #[command(after_help = "Example:\n  sealwax account remove ada --dir /var/lib/sealwax", after_long_help = EXIT_CODES)]
    Remove(RemoveArgs),
    /// Give an account a new password or secret; the old one is worth nothing any more
    #[command(
        after_help = "Examples:\n  sealwax account reset ada --totp --dir /var/lib/sealwax\n  sealwax account reset release-bot --secret-file bot.secret --dir /var/lib/sealwax",
        after_long_help = EXIT_CODES
    )]
    Reset(ResetArgs),
}

#[derive(Args, Debug)]
pub struct AddArgs {
    /// What it is called: small letters, digits and . _ -
    pub name: String,
    #[command(flatten)]
    pub instance: InstanceArgs,
    /// A person, with this e-mail address, which you know is theirs
    #[arg(long, value_name = "ADDRESS", required_unless_present = "machine", conflicts_with = "machine")]
    pub email: Option<String>,
    /// A machine: a program that signs in with a secret of its own
    #[arg(long, conflicts_with = "password_file")]
    pub machine: bool,
    /// Ask for the code of an authenticator app as well
    #[arg(long, conflicts_with = "machine")]
    pub totp: bool,
    #[command(flatten)]
    pub secret: SecretArgs,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

/// Whose accounts.
#[derive(Args, Debug)]
pub struct InstanceArgs {
    /// The directory that `sealwax serve` serves
    #[arg(long = "dir", value_name = "DIR")]
    pub directory: PathBuf,
    /// The file with the secret that opens what is sealed in it, as for `sealwax serve` [default: as in DIR/serve.toml, then
    /// DIR.secret]
    #[arg(long, value_name = "FILE")]
    pub secret: Option<PathBuf>,
}

/// Where secrets come from and go to.
#[derive(Args, Debug)]
pub struct SecretArgs {
    /// Write the new password or secret into this file, which must not exist, instead of printing it
    #[arg(long, value_name = "FILE", conflicts_with = "password_file")]
    pub secret_file: Option<PathBuf>,
    /// Take a person's password from the first line of this file, instead of making one
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    pub instance: InstanceArgs,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct RemoveArgs {
    /// What it is called
    pub name: String,
    #[command(flatten)]
    pub instance: InstanceArgs,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct ResetArgs {
    /// What it is called
    pub name: String,
    #[command(flatten)]
    pub instance: InstanceArgs,
    /// A new secret for an authenticator app, too
    #[arg(long, conflicts_with = "no_totp")]
    pub totp: bool,
    /// Ask for no code any more
    #[arg(long)]
    pub no_totp: bool,
    #[command(flatten)]
    pub secret: SecretArgs,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}
