//! The command line of `sealwax trust`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// List the profiles
    List {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one profile: its services, keys and windows, where it comes from and how old it is
    Show {
        /// The profile [default: the one that applies, and why]
        #[arg(value_name = "PROFILE")]
        profile: Option<String>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Refresh profiles by TUF; the only command of verification's side that uses the network
    Update {
        /// The profiles [default: all that can be refreshed]
        #[arg(value_name = "PROFILE")]
        profiles: Vec<String>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Add a profile: from a TUF repository with its first root, or from a trusted root file
    #[command(
        after_help = "Examples:\n  sealwax trust add acme --tuf https://tuf.acme.example --root root.json\n  sealwax trust add lab --trusted-root trusted_root.json\n  sealwax trust add works --config client_trust_config.json --private"
    )]
    Add {
        /// Its name: letters, digits, dots and dashes
        name: String,
        /// The URL of the TUF repository
        #[arg(long, value_name = "URL", requires = "root", conflicts_with_all = ["trusted_root", "config"], required_unless_present_any = ["trusted_root", "config"])]
        tuf: Option<String>,
        /// The TUF root to start from, which you got by a way that you trust
        #[arg(long, value_name = "FILE", requires = "tuf")]
        root: Option<PathBuf>,
        /// A trusted_root.json
        #[arg(long, value_name = "FILE")]
        trusted_root: Option<PathBuf>,
        /// A client_trust_config.json
        #[arg(long, value_name = "FILE", conflicts_with = "trusted_root")]
        config: Option<PathBuf>,
        /// Managed keys in npm's keys.json form
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
        /// Its services are yours alone: nothing that is signed by them becomes public, and signing does not ask about it
        #[arg(long, conflicts_with = "trusted_root")]
        private: bool,
    },
    /// List managed keys with the windows in which they sign, for `trust add --keys`
    #[command(
        after_help = "Example:\n  sealwax trust keys release.pub --start 2026-01-01T00:00:00Z --end 2026-12-31T23:59:59Z --output keys.json\n\nA bundle names its key by a hint; what that key signed inside its window verifies without --key.\nAn Ed25519 key is listed as one of Ed25519ph, by which `sealwax sign` signs artifacts: envelopes of `attest` by it need --key."
    )]
    Keys(KeysArgs),
    /// Remove a profile of your own, or the refreshed copy of a built-in one
    Remove {
        /// Its name
        name: String,
    },
    /// Say what deployed clients would stumble over in a trusted root or signing config
    #[command(
        after_help = "Exit codes:\n  0  clean, perhaps with remarks\n  1  a client would stumble\n  3  the file cannot be checked"
    )]
    Lint {
        /// The file
        file: PathBuf,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a trusted root and a signing config from PEM files and URLs
    #[command(
        after_help = "Example:\n  sealwax trust new --ca https://ca.acme.example=chain.pem --ct-log https://ct.acme.example=ct.pub \\\n    --log https://log.acme.example=log.pub --tsa https://tsa.acme.example/api/v1/timestamp=tsa.pem \\\n    --oidc https://login.acme.example --start 2026-01-01T00:00:00Z --output acme/"
    )]
    New(Box<NewTrustArgs>),
    /// Add new keys to a trusted root, and keep everything that is in it
    #[command(
        after_help = "Example:\n  sealwax trust extend trusted_root.json --log https://log2027.acme.example=log2027.pub --output next.json\n\nPublish the result, wait, and only then sign with the new key: the time from which on it may be used is printed."
    )]
    Extend(Box<ExtendTrustArgs>),
    /// End a key of a trusted root by date; what it signed until then stays valid
    #[command(
        after_help = "Examples:\n  sealwax trust end trusted_root.json https://log2026.acme.example --output next.json\n  sealwax trust end trusted_root.json 3f2a9c01 --at 2026-11-20T08:00:00Z --output next.json\n  sealwax trust end /var/lib/sealwax ca-1 --at 2026-11-20T08:00:00Z\n\nNothing is ever removed from a trusted root. A stolen key is ended at the last instant at which it was safe.\n\nOf an instance of `sealwax serve`, in its directory, the key is named as its file in DIR/secrets: log-1, ct-1, ca-1, tsa-1; \nca-root-1 stands for all that is under that root. Another key must have followed it (`sealwax rotate`). The running process\ntells clients at once, a stopped instance at its next start. See docs/operations/incident.md."
    )]
    End(EndTrustArgs),
    /// Write the files of a profile into a directory
    Export {
        /// The profile
        profile: String,
        /// The directory
        #[arg(long, short, value_name = "DIR")]
        output: PathBuf,
        /// Replace what is there
        #[arg(long)]
        overwrite: bool,
    },
}

#[derive(Args, Debug)]
pub struct KeysArgs {
    /// Public keys in PEM
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<PathBuf>,
    /// A list to add them to
    #[arg(long, value_name = "FILE")]
    pub with: Option<PathBuf>,
    /// The first instant of their window [default: now]
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// The last instant of their window [default: none]
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace what is there
    #[arg(long)]
    pub overwrite: bool,
}

/// Services with the keys that verify them.
#[derive(Args, Debug)]
pub struct InstancesArgs {
    /// A certificate authority: its URL and its chain, intermediates first, root last
    #[arg(long = "ca", value_name = "URL=PEM")]
    pub authorities: Vec<String>,
    /// A certificate transparency log: its URL and its public key
    #[arg(long = "ct-log", value_name = "URL=PEM")]
    pub ct_logs: Vec<String>,
    /// A signature log: its URL and its public key
    #[arg(long = "log", value_name = "URL=PEM")]
    pub logs: Vec<String>,
    /// A timestamp authority: its full URL and its chain, leaf first, root last
    #[arg(long = "tsa", value_name = "URL=PEM")]
    pub tsas: Vec<String>,
    /// The API version of the signature logs
    #[arg(long, value_name = "1|2", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=2))]
    pub log_version: u32,
    /// Who operates the services
    #[arg(long, value_name = "NAME", default_value = "")]
    pub operator: String,
}

#[derive(Args, Debug)]
pub struct NewTrustArgs {
    #[command(flatten)]
    pub instances: InstancesArgs,
    /// An OpenID issuer for signing
    #[arg(long = "oidc", value_name = "URL")]
    pub oidc: Vec<String>,
    /// Since when all of this is valid, in whole seconds
    #[arg(long, value_name = "TIME")]
    pub start: String,
    /// The directory to write trusted_root.json and signing_config.json into
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace what is there
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(Args, Debug)]
pub struct ExtendTrustArgs {
    /// The trusted root
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub instances: InstancesArgs,
    /// Since when the new keys are valid, in whole seconds [default: now]
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// When the first thing was signed with a key that is in use already; it must not be before the start
    #[arg(long, value_name = "TIME")]
    pub first_signed: Option<String>,
    /// How long clients take to learn of the new keys
    #[arg(long, value_name = "DURATION", default_value = "24h")]
    pub lead: String,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace what is there
    #[arg(long)]
    pub overwrite: bool,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct EndTrustArgs {
    /// The trusted root, or the directory of an instance of `sealwax serve`
    #[arg(value_name = "FILE|DIR")]
    pub file: PathBuf,
    /// What ends: its URL, or the first 8 digits or more of its id, which is SHA-256 of its key or first certificate; of an instance,
    /// the key's name in DIR/secrets
    #[arg(value_name = "URL|ID|KEY")]
    pub what: String,
    /// The last instant at which something signed by it counts, in whole seconds [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The file to write
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace what is there
    #[arg(long)]
    pub overwrite: bool,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}
