//! `sealwax secret`: the master secret of an instance, under a key in a PKCS#11 token.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealwax_crypto::random;

use crate::inspect::node::Node;
use crate::judge::Status;
use crate::log::keys::Reference;
use crate::serve::secret::{read_secret, wrapped};
use crate::serve::vault::create_private;
use crate::{Failure, trust};

const EXAMPLES: &str = "\
Examples:
  A new secret for a new instance, which opens with an RSA or Ed25519 key of the token alone:
    sealwax secret new sealwax.secret --key 'pkcs11:token=hsm;object=sealwax?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/secrets/pin'
    sealwax serve --dir /var/lib/sealwax --secret sealwax.secret

  The secret that an instance has, for a token, or for another one:
    sealwax secret wrap /var/lib/sealwax.secret wrapped.secret --key 'pkcs11:token=hsm;object=sealwax?…'

If the token is lost, so is the secret: keep one in base64 where nobody comes, or wrap it for a second token.";

#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Make a new secret, which opens with a key in a token
    #[command(after_help = EXAMPLES)]
    New(NewArgs),
    /// Wrap a secret that exists, so that it opens with a key in a token
    #[command(after_help = EXAMPLES)]
    Wrap(WrapArgs),
}

#[derive(Args, Debug)]
pub struct NewArgs {
    /// The file to write, which must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The key: a PKCS#11 URI (RFC 7512) of an RSA or Ed25519 key that is used for nothing else
    #[arg(long, value_name = "URI")]
    pub key: String,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct WrapArgs {
    /// The secret: in base64, or wrapped for another key
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    #[command(flatten)]
    pub new: NewArgs,
}

pub fn run(command: &SecretCommand, out: &mut impl Write) -> Result<Status, Failure> {
    match command {
        SecretCommand::New(args) => {
            let secret = random().map_err(|error| Failure::cannot(error.to_string()))?;
            write(&secret, args, out)
        }
        SecretCommand::Wrap(args) => write(&read_secret(&args.from)?, &args.new, out),
    }
}

fn write(secret: &[u8; 32], args: &NewArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let Reference::Token(uri) = Reference::of_argument(&args.key)? else {
        return Err(Failure::usage("--key names a key in a token: pkcs11:token=…;object=…?module-path=…"));
    };
    let text = wrapped::wrap(secret, &uri).map_err(|error| Failure::cannot(error.to_string()))?;
    let written = create_private(&args.file, text.as_bytes());
    written.map_err(|error| Failure::cannot(format!("cannot write {}: {error}", args.file.display())))?;
    let node = Node::new().with("secret", args.file.display().to_string()).with("key", uri.to_string());
    trust::write_node(out, node, args.json)?;
    Ok(Status::Verified)
}
