//! The command line of `sealwax log`.

mod examples;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sealwax_log::Kind;
use sealwax_server::{ForwardedField, Network};

use self::examples::{
    BACKUP_EXAMPLES, CHECK_CODES, CHECK_EXAMPLES, DONE_CODES, EXIT_CODES, FOLLOW_EXAMPLES, FREEZE_EXAMPLE,
    IMPORT_EXAMPLES, NEW_EXAMPLES, RESTORE_EXAMPLES, ROTATE_EXAMPLES, SERVE_EXAMPLES,
};

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Make an empty log in a new directory, and print the key that verifies it
    #[command(after_help = NEW_EXAMPLES, after_long_help = format!("{NEW_EXAMPLES}\n\n{DONE_CODES}"))]
    New(NewArgs),
    /// Serve a log: reads and submissions on one port
    #[command(after_help = SERVE_EXAMPLES, after_long_help = format!("{SERVE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Serve(Box<ServeArgs>),
    /// Recompute every hash and signature of a log, and name the first byte that is wrong
    #[command(after_help = CHECK_EXAMPLES, after_long_help = format!("{CHECK_EXAMPLES}\n\n{CHECK_CODES}"))]
    Check(CheckArgs),
    /// Print the entries of a log as they are published, each proved, as JSON lines
    #[command(after_help = FOLLOW_EXAMPLES, after_long_help = format!("{FOLLOW_EXAMPLES}\n\n{DONE_CODES}"))]
    Follow(FollowArgs),
    /// Copy a log, also while it is served; again, and only what is new is copied
    #[command(after_help = BACKUP_EXAMPLES, after_long_help = format!("{BACKUP_EXAMPLES}\n\n{DONE_CODES}"))]
    Backup(BackupArgs),
    /// Make a log out of a backup; it is only read until it is known to be the newest state
    #[command(after_help = RESTORE_EXAMPLES, after_long_help = format!("{RESTORE_EXAMPLES}\n\n{DONE_CODES}"))]
    Restore(RestoreArgs),
    /// Take over a log of rekor-tiles or tessera, with its key and origin, after a full check
    #[command(after_help = IMPORT_EXAMPLES, after_long_help = format!("{IMPORT_EXAMPLES}\n\n{DONE_CODES}"))]
    Import(ImportArgs),
    /// Take no more entries, for ever; also while a server has the log open
    #[command(after_help = FREEZE_EXAMPLE, after_long_help = format!("{FREEZE_EXAMPLE}\n\n{DONE_CODES}"))]
    Freeze(FreezeArgs),
    /// Make a new shard, and freeze the old one
    #[command(after_help = ROTATE_EXAMPLES, after_long_help = format!("{ROTATE_EXAMPLES}\n\n{DONE_CODES}"))]
    Rotate(RotateArgs),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// Signatures and attestations, as Rekor v2
    Signature,
    /// Certificates, as static-ct-api
    Certificate,
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Signature => Self::Signature,
            KindArg::Certificate => Self::Certificate,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AlgorithmArg {
    /// The default of signature logs
    #[value(name = "ed25519")]
    Ed25519,
    /// The default of certificate logs, which cannot have Ed25519
    #[value(name = "ecdsa-p256")]
    EcdsaP256,
}

#[derive(Args, Debug)]
pub struct NewArgs {
    /// The directory; it must be empty or not exist, on a disk of this machine
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    #[command(flatten)]
    pub naming: NamingArgs,
    /// What it is a log of
    #[arg(long, value_enum, default_value_t = KindArg::Signature)]
    pub kind: KindArg,
    /// Certificate log: the roots that chains may end in, in PEM, which are copied to DIR/roots.pem
    #[arg(long, value_name = "FILE")]
    pub roots: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

/// What tells a new log from others: its origin, its keys and its address.
#[derive(Args, Clone, Debug)]
pub struct NamingArgs {
    /// The name of the log in every checkpoint, for ever: its host name, or for a certificate log its URL without scheme
    #[arg(long, value_name = "NAME")]
    pub origin: String,
    /// A key that exists, which stays where it is: PKCS#8 in PEM, or in a PKCS#11 token [default: a new one in the log's
    /// directory, key.pem]
    #[arg(long, value_name = "FILE|pkcs11:…")]
    pub key: Option<String>,
    /// The kind of a new key
    #[arg(long, value_enum, conflicts_with = "key")]
    pub algorithm: Option<AlgorithmArg>,
    /// A second signature on every checkpoint: `ml-dsa-44` makes the key, or a file that has one
    #[arg(long, value_name = "ml-dsa-44|FILE")]
    pub second_key: Option<String>,
    /// The path of its URL, if it is not at the root of its host [default: that of a certificate log's origin]
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForwardedArg {
    /// Addresses with commas between them
    XForwardedFor,
    /// RFC 7239
    Forwarded,
}

impl From<ForwardedArg> for ForwardedField {
    fn from(field: ForwardedArg) -> Self {
        match field {
            ForwardedArg::XForwardedFor => Self::XForwardedFor,
            ForwardedArg::Forwarded => Self::Forwarded,
        }
    }
}

#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The log
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Where to listen: an address and a port; port 0 picks one
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// A file to write {"url": …} into, once the log answers; removed at an orderly stop
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Take no entries, write nothing and sign nothing, also while another process has the log open, and without its
    /// private key: show its last settled checkpoint, which is behind the newest by up to --settle-every of that process
    #[arg(long)]
    pub read_only: bool,
    /// How long, at most, until an entry is in the directory's static files, for copies of it and for --read-only; each time,
    /// the unfinished tiles are written. After 16 MiB of entries they are anyhow
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    pub settle_every: u64,
    /// Where to listen for Prometheus, who asks for /metrics; not for strangers
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics_listen: Option<SocketAddr>,
    /// The certificate for TLS, in PEM, with its chain; without it the port speaks plain HTTP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The path of the log's URL [default: as the log was made]
    #[arg(long, value_name = "PATH")]
    pub base_path: Option<String>,
    /// Certificate log: the roots that chains may end in, in PEM; read again on SIGHUP [default: DIR/roots.pem]
    #[arg(long, value_name = "FILE")]
    pub roots: Option<PathBuf>,
    /// Certificate log: take certificates that are valid until this time or later
    #[arg(long, value_name = "TIME")]
    pub not_after_start: Option<jiff::Timestamp>,
    /// Certificate log: take certificates that are valid until before this time
    #[arg(long, value_name = "TIME")]
    pub not_after_limit: Option<jiff::Timestamp>,
    /// Connections, in all
    #[arg(long, value_name = "NUMBER")]
    pub max_connections: Option<usize>,
    /// Connections of one address
    #[arg(long, value_name = "NUMBER")]
    pub max_connections_per_address: Option<u32>,
    /// Entries per second of one address, with bursts of ten seconds' worth [default: no limit]
    #[arg(long, value_name = "NUMBER")]
    pub rate_limit: Option<f64>,
    /// A proxy in front, by address or network; again for each. What it says of where a request comes from is believed, and
    /// the limits of an address are those of the client's
    #[arg(long, value_name = "ADDR|NETWORK")]
    pub trusted_proxy: Vec<Network>,
    /// The header field in which the proxies say it, and which they do not pass on as it came
    #[arg(long, value_enum, default_value_t = ForwardedArg::XForwardedFor, requires = "trusted_proxy")]
    pub forwarded_field: ForwardedArg,
    /// Witnesses that are asked to cosign each checkpoint, and how many must, as a file of C2SP tlog-policy
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,
    /// How long a quorum of witnesses may take; until there is one, nothing is published and no entries are taken
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "witness_policy")]
    pub witness_timeout: u64,
    /// Where the newest checkpoint is kept outside the directory, as a file or a URL for GET and PUT; a log that is older
    /// than its anchor is only read
    #[arg(long, value_name = "FILE|URL")]
    pub anchor: Option<String>,
    /// How lines on standard error look
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Human,
    /// A JSON object each
    Json,
}

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// A directory, or the URL below which a log's checkpoint lies
    #[arg(value_name = "DIR|URL")]
    pub log: String,
    /// The log's verifier key, or a file that holds it; every one that is given must have signed [default: those in DIR/log.json]
    #[arg(long, value_name = "VKEY")]
    pub key: Vec<String>,
    /// Threads [default: all cores; over the network 16]
    #[arg(long, value_name = "NUMBER")]
    pub threads: Option<NonZeroUsize>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct FollowArgs {
    /// A directory, or the URL below which a log's checkpoint lies
    #[arg(value_name = "DIR|URL")]
    pub log: String,
    /// The log's verifier key, or a file that holds it [default: those in DIR/log.json]
    #[arg(long, value_name = "VKEY")]
    pub key: Vec<String>,
    /// The index of the first entry to print [default: the next one]
    #[arg(long, value_name = "INDEX")]
    pub from: Option<u64>,
    /// Stop when everything that is published now has been printed
    #[arg(long)]
    pub once: bool,
    /// Write JSON lines, which is what it does anyway
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct FreezeArgs {
    /// The log
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct RotateArgs {
    /// The log that ends
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The directory of the new one
    #[arg(value_name = "NEWDIR")]
    pub new_directory: PathBuf,
    /// Of the new one; its origin must be another
    #[command(flatten)]
    pub naming: NamingArgs,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The log
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The directory of the backup, new or with an older one
    #[arg(value_name = "TO")]
    pub to: PathBuf,
    /// Copy the private keys in DIR too
    #[arg(long)]
    pub with_key: bool,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    /// The new directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// A mirror of the log, for what the backup lacks
    #[arg(long, value_name = "URL")]
    pub complete_from: Option<String>,
    /// The newest checkpoint of the log, from outside: a file or a URL. If nothing that it knows is missing, the log may be
    /// written to
    #[arg(long, value_name = "FILE|URL")]
    pub anchor: Option<String>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The log to take over: its directory of tiles, or its URL
    #[arg(value_name = "DIR|URL")]
    pub log: String,
    /// The new directory
    #[arg(value_name = "NEWDIR")]
    pub directory: PathBuf,
    /// Its origin, the first line of its checkpoints
    #[arg(long, value_name = "NAME")]
    pub origin: String,
    /// Its key, which stays where it is: PKCS#8 in PEM, or in a PKCS#11 token
    #[arg(long, value_name = "FILE|pkcs11:…")]
    pub key: String,
    /// What it is a log of
    #[arg(long, value_enum, default_value_t = KindArg::Signature)]
    pub kind: KindArg,
    /// The path of its URL, if it is not at the root of its host
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}
