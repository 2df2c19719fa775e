//! The command line of `sealwax ceremony`.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, Subcommand};

const PLAN_EXAMPLES: &str = "\
Examples:
  A new repository: two of three people sign root and targets, one key of the server signs the rest:
    sealwax ceremony plan PLAN --repository /srv/tuf \\
      --add-key root,targets:alice=alice.pub --add-key root,targets:bob=bob.pub --add-key root,targets:carol=carol.pub \\
      --threshold root,targets:2 --add-key snapshot,timestamp:server=server.pub \\
      --target trusted_root.json=trusted_root.json --target signing_config.v0.2.json=signing_config.json

  A holder leaves and another one comes:
    sealwax ceremony plan PLAN --repository /srv/tuf --remove-key root,targets:bob --add-key root,targets:dora=dora.pub

  A lost or stolen key of the server is replaced:
    sealwax ceremony plan PLAN --repository /srv/tuf \\
      --remove-key snapshot,timestamp:server --add-key snapshot,timestamp:server-2=server-2.pub

  Root and targets expire soon, and nothing else changes:
    sealwax ceremony plan PLAN --repository /srv/tuf --renew root --renew targets";

const SIGN_EXAMPLES: &str = "\
Example:
  sealwax ceremony status PLAN --root my-root.json && sealwax ceremony sign PLAN --root my-root.json --key alice.pem

The key is a file, which may take a password, or a PKCS#11 URI for one that never leaves its token.
Each holder may have a copy of PLAN: the signatures are files in PLAN/signatures, and copying them together joins them.
`--root` is a root that you got when you became a holder, or signed since: without it the plan's own first root is believed.";

const STATUS_CODES: &str = "\
Exit codes:
  0  everything that people sign is signed
  1  signatures are missing
  2  the command line is wrong
  3  cannot tell: the plan cannot be read, or is not what holders should sign";

const PUBLISH_EXAMPLES: &str = "\
Example:
  sealwax ceremony publish PLAN --repository /srv/tuf --key server.pem

Nothing is written before every threshold is met. The files are written in an order in which clients accept whatever is
there; if the writing is cut short, publish again.";

const PUBLISH_CODES: &str = "\
Exit codes:
  0  published, now or before
  1  signatures are missing; nothing was written
  2  the command line is wrong
  3  it could not be done";

const RENEW_EXAMPLES: &str = "\
Example, for a timer that runs every hour:
  sealwax ceremony renew --repository /srv/tuf --key server.pem

It signs snapshot and timestamp again when they are due, and says so when root or targets are.";

const DUE_CODES: &str = "\
Exit codes:
  0  nothing is due
  1  something is
  2  the command line is wrong
  3  the repository cannot be read";

#[derive(Debug, Subcommand)]
pub enum CeremonyCommand {
    /// Write down what is to change, for people to review and sign
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(Box<PlanArgs>),
    /// Show what a plan changes, from what to what, and who has signed it
    #[command(after_help = STATUS_CODES)]
    Status(StatusArgs),
    /// Sign a plan with the key of one holder
    #[command(after_help = SIGN_EXAMPLES)]
    Sign(SignArgs),
    /// Write the repository, if enough have signed
    #[command(after_help = PUBLISH_EXAMPLES, after_long_help = format!("{PUBLISH_EXAMPLES}\n\n{PUBLISH_CODES}"))]
    Publish(PublishArgs),
    /// Sign snapshot and timestamp again, where they are due
    #[command(after_help = RENEW_EXAMPLES)]
    Renew(RenewArgs),
    /// Say what expires soon
    #[command(after_help = DUE_CODES)]
    Due(DueArgs),
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    /// The directory to write the plan into; it must be empty or not exist
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// The directory of the repository; one that is empty or does not exist is a new repository
    #[arg(long, value_name = "DIR")]
    pub repository: PathBuf,
    /// Lets a key sign roles: ECDSA P-256 or Ed25519, a public key in PEM
    #[arg(long, value_name = "ROLE[,ROLE]:HOLDER=FILE")]
    pub add_key: Vec<String>,
    /// Lets a key sign roles no more: the name of its holder, or the first 8 digits or more of its keyid
    #[arg(long, value_name = "ROLE[,ROLE]:HOLDER")]
    pub remove_key: Vec<String>,
    /// How many must sign
    #[arg(long, value_name = "ROLE[,ROLE]:N")]
    pub threshold: Vec<String>,
    /// Adds a target, or gives it another content
    #[arg(long, value_name = "PATH=FILE")]
    pub target: Vec<String>,
    /// Takes a target out of the list
    #[arg(long, value_name = "PATH")]
    pub remove_target: Vec<String>,
    /// Signs a role again though nothing else about it changes
    #[arg(long, value_name = "ROLE")]
    pub renew: Vec<String>,
    /// How long a new key is in the published trusted root before a signing config may name its service
    #[arg(long, value_name = "DURATION", default_value = "24h")]
    pub lead: String,
    /// How long root or targets are valid [default: 365d]
    #[arg(long, value_name = "ROLE[,ROLE]:DURATION")]
    pub expires: Vec<String>,
    /// By how much the version of targets rises; after a restore so much that it comes to lie above all that were published
    #[arg(long, value_name = "N", default_value_t = NonZeroU64::MIN)]
    pub step: NonZeroU64,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

/// For how long a machine's signatures are valid, and by which steps its versions rise.
#[derive(Args, Debug)]
pub struct OnlineArgs {
    /// A private key for snapshot and timestamp. May be repeated
    #[arg(long, value_name = "FILE|pkcs11:…")]
    pub key: Vec<String>,
    /// How long snapshot or timestamp are valid [default: snapshot 30d, timestamp 7d]
    #[arg(long, value_name = "ROLE[,ROLE]:DURATION")]
    pub expires: Vec<String>,
    /// By how much their versions rise; after a restore so much that they come to lie above all that were ever published
    #[arg(long, value_name = "N", default_value_t = NonZeroU64::MIN)]
    pub step: NonZeroU64,
}

#[derive(Args, Debug)]
pub struct StatusArgs {
    /// The directory of the plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// A root of the repository that you trust; the plan must follow from it
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct SignArgs {
    /// The directory of the plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// The holder's private key
    #[arg(long, value_name = "FILE|pkcs11:…")]
    pub key: String,
    /// A root of the repository that you trust; the plan must follow from it
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct PublishArgs {
    /// The directory of the plan
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// The directory of the repository
    #[arg(long, value_name = "DIR")]
    pub repository: PathBuf,
    #[command(flatten)]
    pub online: OnlineArgs,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct RenewArgs {
    /// The directory of the repository
    #[arg(long, value_name = "DIR")]
    pub repository: PathBuf,
    /// Also what is not due yet
    #[arg(long)]
    pub now: bool,
    #[command(flatten)]
    pub online: OnlineArgs,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct DueArgs {
    /// The directory of the repository
    #[arg(long, value_name = "DIR")]
    pub repository: PathBuf,
    /// How long a role is valid, where it is not the default: what lasts long is renewed long before its end
    #[arg(long, value_name = "ROLE[,ROLE]:DURATION")]
    pub expires: Vec<String>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}
