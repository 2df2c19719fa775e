//! The command line of `sealwax key`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sealwax_crypto::KeyKind;

use crate::password::{NewPasswordArgs, PasswordArgs};

const GENERATE_EXAMPLES: &str = "\
Examples:
  A key under a password, which is asked for; the public half is written beside it, as release.pub:
    sealwax key generate release.key

  The same without a terminal, and for `cosign sign-blob --key release.key` too:
    sealwax key generate release.key --password-file /run/secrets/release

Then: sealwax sign app.tar.gz --key release.key, and sealwax verify app.tar.gz --key release.pub";

const IMPORT_EXAMPLES: &str = "\
Examples:
  A key that OpenSSL made, plain or encrypted, under a password:
    sealwax key import private.pem release.key

  A key of cosign, for a server that cannot be asked for a password:
    sealwax key import cosign.key server.pem --plain

  Somebody's public key of SSH or minisign, to verify with:
    sealwax key import id_ed25519.pub ada.pem

Private keys are read as PKCS#8 (plain, or encrypted with AES), in cosign's form, and as OpenSSL's RSA PRIVATE KEY and EC PRIVATE KEY.
Public keys are read as PEM, DER, JWK, of SSH and of minisign.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  The public half of a key, for whoever verifies:
    sealwax key export release.key > release.pub

  Of a key in a PKCS#11 token, or behind a plug-in (sigstore-kms-SCHEME on PATH):
    sealwax key export 'pkcs11:token=hsm;object=release?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/secrets/pin'
    sealwax key export my-kms://release --form jwk

  Of a key in AWS KMS, Google Cloud KMS, Azure Key Vault or Vault:
    sealwax key export awskms:///alias/release > release.pub";

const PASSWORD_EXAMPLES: &str = "\
Examples:
  sealwax key password release.key
  sealwax key password release.key --password-file old --new-password-file new

The new password protects this file. Whoever has a copy of the old one still opens that with the old password.";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  2  the command line is wrong
  3  it could not be done: a password, a file that is there already or is not, a key that is of no use";

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a private key, and write it under a password
    #[command(after_help = GENERATE_EXAMPLES, after_long_help = format!("{GENERATE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Generate(GenerateArgs),
    /// Take a key that another program made
    #[command(after_help = IMPORT_EXAMPLES, after_long_help = format!("{IMPORT_EXAMPLES}\n\n{EXIT_CODES}"))]
    Import(ImportArgs),
    /// Print the public half of a key
    #[command(after_help = EXPORT_EXAMPLES, after_long_help = format!("{EXPORT_EXAMPLES}\n\n{EXIT_CODES}"))]
    Export(ExportArgs),
    /// Give the file of a key another password
    #[command(after_help = PASSWORD_EXAMPLES, after_long_help = format!("{PASSWORD_EXAMPLES}\n\n{EXIT_CODES}"))]
    Password(ChangeArgs),
}

#[derive(Args, Debug)]
pub struct GenerateArgs {
    /// The file to write; the public half becomes the same with .pub
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The kind of key
    #[arg(long, value_enum, value_name = "KIND", default_value_t = KindArg::EcdsaP256)]
    pub kind: KindArg,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub password: PasswordArgs,
}

#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file with the key
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    /// The file to write; the public half of a private key becomes the same with .pub
    #[arg(value_name = "TO")]
    pub to: PathBuf,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub password: PasswordArgs,
    /// The password of the new file is the first line of this one [default: SEALWAX_NEW_PASSWORD, then that of FROM]
    #[arg(long, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
}

/// What is written, and over what.
#[derive(Args, Debug)]
pub struct OutputArgs {
    /// Write the private key without a password, as PKCS#8: for a program that cannot be asked for one
    #[arg(long)]
    pub plain: bool,
    /// Replace files that are there. A private key that is replaced is gone
    #[arg(long)]
    pub overwrite: bool,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The key: a file, private or public, `pkcs11:…`, or `SCHEME://…`
    #[arg(value_name = "KEY")]
    pub key: String,
    /// The form of the public key
    #[arg(long, value_enum, value_name = "FORM", default_value_t = FormArg::Pem)]
    pub form: FormArg,
    /// Write it into this file instead of printing it
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    pub overwrite: bool,
    #[command(flatten)]
    pub password: PasswordArgs,
}

#[derive(Args, Debug)]
pub struct ChangeArgs {
    /// The file with the key, which is replaced when all is well
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub password: PasswordArgs,
    #[command(flatten)]
    pub new_password: NewPasswordArgs,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormArg {
    /// SubjectPublicKeyInfo in PEM, which everybody reads
    Pem,
    /// A JSON Web Key
    Jwk,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    /// What everybody verifies
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    /// Signs artifacts by Ed25519ph; not for attestations
    Ed25519,
    #[value(name = "rsa-3072")]
    Rsa3072,
    #[value(name = "rsa-4096")]
    Rsa4096,
    /// Against quantum computers. Its signatures are timestamped and not logged: no log has entries for them
    #[value(name = "ml-dsa-44")]
    MlDsa44,
    #[value(name = "ml-dsa-65")]
    MlDsa65,
}

impl From<KindArg> for KeyKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::EcdsaP256 => Self::EcdsaP256,
            KindArg::EcdsaP384 => Self::EcdsaP384,
            KindArg::EcdsaP521 => Self::EcdsaP521,
            KindArg::Ed25519 => Self::Ed25519,
            KindArg::Rsa3072 => Self::Rsa { bits: 3072 },
            KindArg::Rsa4096 => Self::Rsa { bits: 4096 },
            KindArg::MlDsa44 => Self::MlDsa44,
            KindArg::MlDsa65 => Self::MlDsa65,
        }
    }
}
