//! The command line: what can be said, and the words of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};

use crate::account::args::AccountCommand;
use crate::attest::args::AttestArgs;
use crate::backup::args::{BACKUP_EXAMPLES, BackupArgs, RESTORE_EXAMPLES, RestoreArgs};
use crate::ca::args::CaCommand;
use crate::ceremony::args::CeremonyCommand;
use crate::demo::args::DemoArgs;
use crate::key::args::KeyCommand;
use crate::log::args::LogCommand;
use crate::rotate::args::{EXAMPLES as ROTATE_EXAMPLES, EXIT_CODES as ROTATE_EXIT_CODES, RotateArgs};
use crate::secret::SecretCommand;
use crate::serve::args::{EXAMPLES as SERVE_EXAMPLES, ServeArgs};
use crate::sign::args::SignArgs;
use crate::status::args::{EXAMPLES as STATUS_EXAMPLES, EXIT_CODES as STATUS_EXIT_CODES, StatusArgs};
use crate::token::args::TokenArgs;
use crate::trust::args::TrustCommand;

/// Exit codes, the same for every command that gives a verdict.
const EXIT_CODES: &str = "\
Exit codes:
  0  verified
  1  not verified
  2  the command line is wrong
  3  cannot tell: a file or trust is missing, or a digest was given where the artifact is needed
With several artifacts the worst one counts. If whoever reads the output goes away (`| head`), the exit code is 141.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  Verify a file whose bundle lies beside it (FILE.sigstore.json and the like):
    sealwax verify app.tar.gz --identity release@example.com --issuer https://accounts.google.com

  A build of a GitHub workflow, whatever the branch:
    sealwax verify app.tar.gz --repository https://github.com/owner/repo --issuer https://token.actions.githubusercontent.com

  Who signed this? (exits with 1, and prints the flags that would accept it)
    sealwax verify app.tar.gz

  By digest, without the file at hand, with every check shown:
    sealwax verify sha256:2c26… --bundle app.sigstore.json --identity … --issuer … --explain

  What the SBOM of a file says, if who it must be has signed it:
    sealwax verify app.tar.gz --type spdx --predicate-out sbom.json --identity … --issuer …

  Ten thousand at once, one JSON line each:
    sealwax verify --list artifacts.jsonl --identity … --issuer …";

/// Sign what you publish with the identity you have; check who made what you use.
#[derive(Debug, Parser)]
#[command(
    name = "sealwax",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, hide_possible_values = false)]
    pub color: Colour,
}

/// What clap cannot say: a profile in the environment gives way to a file, one on the command line contradicts it.
pub fn contradiction(matches: &ArgMatches) -> Option<String> {
    let (command, matches) = matches.subcommand()?;
    let files: &[&str] = match command {
        "verify" => &["trusted_root"],
        "sign" | "attest" => &["trusted_root", "trust_config"],
        _ => return None,
    };
    let named = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let file = files.iter().find(|file| named(file))?;
    named("trust").then(|| {
        let file = file.replace('_', "-");
        format!("--trust and --{file} exclude each other: drop --trust to use the file, or --{file} to use the profile")
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign an artifact with the identity you have; the bundle is verified before it is written
    Sign(Box<SignArgs>),
    /// Sign a statement about artifacts: where they come from, what is in them, how they were tested
    Attest(Box<AttestArgs>),
    /// See all of it work: a Sigstore on this machine for a minute, a signature, a verification, a refusal
    Demo(DemoArgs),
    /// Check who signed an artifact, and when; never touches the network
    Verify(Box<VerifyArgs>),
    /// Make, import and look after private keys that sign instead of an identity
    #[command(subcommand)]
    Key(KeyCommand),
    /// Show what is in a bundle, certificate, trusted root, checkpoint or timestamp; verifies nothing
    Inspect(InspectArgs),
    /// Work with bundles
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Keep the trust profiles: the roots that verification stands on
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Run transparency logs of your own: of signatures, and of certificates
    #[command(subcommand)]
    Log(LogCommand),
    /// Run a whole Sigstore: authorities, logs, accounts and trust, in one process on one directory
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Say how an instance is, and what needs attention
    #[command(after_help = STATUS_EXAMPLES, after_long_help = format!("{STATUS_EXAMPLES}\n\n{STATUS_EXIT_CODES}"))]
    Status(StatusArgs),
    /// Give the logs and authorities of an instance other keys, without interrupting anybody
    #[command(after_help = ROTATE_EXAMPLES, after_long_help = format!("{ROTATE_EXAMPLES}\n\n{ROTATE_EXIT_CODES}"))]
    Rotate(RotateArgs),
    /// Keep the secret that opens an instance's keys under a key in a PKCS#11 token
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Copy a whole Sigstore elsewhere, also while it is served
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(BackupArgs),
    /// Make a whole Sigstore out of a backup
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(RestoreArgs),
    /// Change a TUF repository whose root keys people hold: plan, sign one holder at a time, publish
    #[command(subcommand)]
    Ceremony(CeremonyCommand),
    /// Say who may sign in at your own identity provider
    #[command(subcommand)]
    Account(AccountCommand),
    /// Get an identity token, from your own provider or any other
    Token(TokenArgs),
    /// Try what a certificate authority of your own would do
    #[command(subcommand)]
    Ca(CaCommand),
    /// Print the completions for a shell
    #[command(after_help = "Example:\n  sealwax completions bash > /etc/bash_completion.d/sealwax")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory
    Man {
        /// The directory, which must exist
        directory: PathBuf,
    },
}

#[derive(Args, Clone, Debug, Default)]
#[command(after_help = VERIFY_EXAMPLES, after_long_help = format!("{VERIFY_EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct VerifyArgs {
    /// What to verify: a path, `-` for standard input, or `sha256:…`, `sha384:…`, `sha512:…`
    #[arg(value_name = "ARTIFACT", required_unless_present = "list", conflicts_with = "list")]
    pub artifacts: Vec<OsString>,

    /// The bundle, or a file of several in any of the usual forms; without it the usual neighbours are looked for
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub bundle: Option<PathBuf>,

    /// A detached signature, for signatures that come as separate files (needs --certificate or --key)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["list", "bundle"])]
    pub signature: Option<PathBuf>,

    /// The certificate of a detached signature
    #[arg(long, value_name = "FILE", requires = "signature")]
    pub certificate: Option<PathBuf>,

    /// The log entry of a detached signature, as Rekor's v1 interface gives it
    #[arg(long, value_name = "FILE", requires = "signature")]
    pub log_entry: Option<PathBuf>,

    /// A timestamp of a detached signature: an RFC 3161 response in DER. May be repeated
    #[arg(long, value_name = "FILE", requires = "signature")]
    pub timestamp: Vec<PathBuf>,

    #[command(flatten)]
    pub who: WhoArgs,

    /// The predicate type that an attestation must have: a URI, or a short name such as spdx
    #[arg(long = "type", value_name = "TYPE")]
    pub predicate_type: Option<String>,

    /// Where to write what the attestation says, once it has verified: a file, or `-` for standard output
    #[arg(long, value_name = "FILE", requires = "predicate_type", conflicts_with = "list")]
    pub predicate_out: Option<PathBuf>,

    /// Replace the file of --predicate-out
    #[arg(long, requires = "predicate_out")]
    pub overwrite: bool,

    #[command(flatten)]
    pub trust: TrustArgs,

    /// Every bundle in the input must satisfy the policy, not just one
    #[arg(long)]
    pub all: bool,

    /// Verify many: JSON lines {"artifact","bundle","identity","issuer","key","trusted_root","trust","type"};
    /// flags are the defaults. `-` reads them from standard input
    #[arg(long, value_name = "FILE")]
    pub list: Option<String>,

    /// Witnesses that must have cosigned the log's checkpoint (a C2SP tlog-policy file)
    #[arg(long, value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,

    /// List every check in order, with what was expected and what was found
    #[arg(long)]
    pub explain: bool,

    /// Write JSON, on success and on failure
    #[arg(long)]
    pub json: bool,

    /// Verification is always offline; taken for compatibility
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    pub offline: Option<Option<bool>>,
}

/// Who must have signed.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Who must have signed")]
pub struct WhoArgs {
    /// The exact identity in the certificate: an e-mail address or a URI. Repeat together with --issuer to accept any pair
    #[arg(long, value_name = "SAN", aliases = ["certificate-identity", "cert-identity"])]
    pub identity: Vec<String>,

    /// The exact issuer of the identity, or `none` to demand that the certificate names none
    #[arg(long, value_name = "URL", aliases = ["certificate-oidc-issuer", "cert-oidc-issuer"])]
    pub issuer: Vec<String>,

    /// A pattern for the whole identity: `*` stops at `/` and `@`, `**` does not
    #[arg(long, value_name = "PATTERN", conflicts_with = "identity")]
    pub identity_pattern: Option<String>,

    /// The source repository, as the certificate names it (https://github.com/owner/repo)
    #[arg(long, value_name = "URL")]
    pub repository: Option<String>,

    /// The source ref, such as refs/tags/v1.2.3; may be a pattern
    #[arg(long, value_name = "REF")]
    pub source_ref: Option<String>,

    /// The workflow that signed, with or without its @ref
    #[arg(long, value_name = "URL")]
    pub signer_workflow: Option<String>,

    /// What triggered the build, such as push or release
    #[arg(long, value_name = "EVENT")]
    pub trigger: Option<String>,

    /// Where the build ran: github-hosted or self-hosted
    #[arg(long, value_name = "NAME")]
    pub runner_environment: Option<String>,

    /// The public key (PEM) that must have signed, instead of an identity
    #[arg(long, value_name = "FILE", conflicts_with_all = ["identity", "issuer", "identity_pattern", "repository", "source_ref", "signer_workflow", "trigger", "runner_environment"])]
    pub key: Option<PathBuf>,
}

/// On what trust.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Trust")]
pub struct TrustArgs {
    /// A trust profile: public-good, staging, github, key-only, or one of your own [default: public-good]
    #[arg(long, value_name = "PROFILE", env = "SEALWAX_TRUST", hide_env_values = true)]
    pub trust: Option<String>,

    /// A trusted_root.json of your own instead of a profile
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,

    /// Refuse trust material older than this: 30d, 12h
    #[arg(long, value_name = "DURATION")]
    pub max_trust_age: Option<String>,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  sealwax inspect app.sigstore.json\n  sealwax inspect trusted_root.json --json\n  sealwax inspect cert.pem"
)]
pub struct InspectArgs {
    /// A bundle, certificate, key, trusted root, signing config, log entry, checkpoint or timestamp; `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum BundleCommand {
    /// Write a bundle in another form; verifies nothing
    #[command(
        after_help = "Examples:\n  sealwax bundle convert old.sigstore --to v0.3 --output new.sigstore.json\n  sealwax bundle convert app.sigstore.json --to detached"
    )]
    Convert {
        /// The bundle, in any of the forms that `verify` reads
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The form to write
        #[arg(long, value_enum, default_value_t = Form::V03)]
        to: Form,
        /// Where to write: a file, or for `detached` the prefix of FILE.sig, FILE.pem, FILE.rekor.json and FILE.tsr
        /// [default: standard output, or the artifact's name]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace what is there
        #[arg(long)]
        overwrite: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// The current form
    #[value(name = "v0.3")]
    V03,
    /// The first form, which demands a signed entry timestamp
    #[value(name = "v0.1")]
    V01,
    /// Signature and certificate as files of their own
    #[value(name = "detached")]
    Detached,
}
