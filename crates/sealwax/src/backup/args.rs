//! The command line of `sealwax backup` and `sealwax restore`.

use std::path::PathBuf;

use clap::Args;

pub const BACKUP_EXAMPLES: &str = "\
Examples:
  While it is served, as often as you like; only what is new in the logs is copied:
    sealwax backup /var/lib/sealwax /mnt/backup/sealwax

  With the secret that opens its keys; whoever has such a backup is you:
    sealwax backup /var/lib/sealwax /mnt/safe/sealwax --with-secret

The keys in it are sealed. Without the secret (DIR.secret) they do not open: keep a copy of that elsewhere.";

pub const RESTORE_EXAMPLES: &str = "\
Examples:
  After a disk was lost:
    sealwax restore /mnt/backup/sealwax /var/lib/sealwax
    cp /mnt/safe/sealwax.secret /var/lib/sealwax.secret
    sealwax serve --dir /var/lib/sealwax

  After an orderly move: the old server is stopped for good, the backup was made after that, and the logs go on:
    sealwax restore /mnt/backup/sealwax /var/lib/sealwax \\
      --anchor /mnt/old/sealwax/log/1/checkpoint --anchor /mnt/old/sealwax/ct/1/checkpoint

Logs that nobody knows to be complete are only read from then on, and new shards take entries. The next start of `sealwax serve`
publishes TUF metadata with versions above everything that was published before.";

#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The directory that `sealwax serve` serves
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The directory of the backup, new or with an older one
    #[arg(value_name = "TO")]
    pub to: PathBuf,
    /// Take the secret along that opens the keys
    #[arg(long)]
    pub with_secret: bool,
    /// The file with the secret, as for `sealwax serve` [default: as in DIR/serve.toml, then DIR.secret]
    #[arg(long, value_name = "FILE", requires = "with_secret")]
    pub secret: Option<PathBuf>,
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
    /// The newest checkpoint of a log, from outside: a file. If nothing that it knows is missing, the log goes on; may be given
    /// for each log
    #[arg(long = "anchor", value_name = "FILE")]
    pub anchors: Vec<PathBuf>,
    /// The highest version that any TUF file was published with; the next ones are above it [default: the seconds since 1970,
    /// which is above all that can have been published]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 52))]
    pub tuf_above: Option<u64>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}
