//! The command line of `sealwax sign`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::also::Also;
use crate::password::PasswordArgs;
use crate::terminal::shell_quoted;

pub const EXAMPLES: &str = "\
Examples:
  Sign a file; its bundle is written beside it, as app.tar.gz.sigstore.json. In CI the job's own identity signs, on a terminal
  whoever signs in:
    sealwax sign app.tar.gz

  With the services of an instance of your own, as its start page hands them out:
    sealwax sign app.tar.gz --trust-config client_trust_config.json --token @token.jwt

  On a machine, with a secret that was mounted; the token is never on a command line:
    sealwax token --machine bot --secret-file bot.secret --issuer URL | sealwax sign app.tar.gz --token -

  A thousand files with one certificate, and nothing signed or logged twice if it is interrupted:
    find dist -type f | sealwax sign --list - --resume signing.state

  With a key, which may be encrypted, in a PKCS#11 token, in a service or behind a plug-in (see `sealwax key`):
    sealwax sign app.tar.gz --key release.key

  With a key and a certificate for it, of an authority of your own:
    sealwax sign app.tar.gz --key awskms:///alias/release --certificate release.pem --certificate-chain authority.pem

  By digest, without the file at hand:
    sealwax sign sha256:2c26… --bundle app.sigstore.json --token @token.jwt

Give a token as a file (@FILE), on standard input (-) or in SIGSTORE_ID_TOKEN: on the command line itself other users of the machine
can read it.";

pub const EXIT_CODES: &str = "\
Exit codes:
  0  signed, and verified by what `sealwax verify` runs
  1  not signed, or signed and not written: an identity, or what a service answered, is not what it must be
  2  the command line is wrong
  3  not signed, or not to the end: something is missing, or a service is down
If whoever reads the output goes away (`| head`), the exit code is 141.";

#[derive(Args, Clone, Debug, Default)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct SignArgs {
    /// What to sign: a path, `-` for standard input, or `sha256:…`
    #[arg(value_name = "ARTIFACT", required_unless_present = "list", conflicts_with = "list")]
    pub artifacts: Vec<OsString>,

    /// Sign many: a path per line, or JSON lines {"artifact","bundle"}; `-` reads them from standard input
    #[arg(long, value_name = "FILE")]
    pub list: Option<String>,

    /// Where to write the bundle; of many artifacts as JSON lines, in their order [default: ARTIFACT.sigstore.json each]
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    pub bundle: Option<PathBuf>,

    #[command(flatten)]
    pub run: RunArgs,
}

/// What is the same whatever is signed.
#[derive(Args, Clone, Debug, Default)]
pub struct RunArgs {
    /// Replace bundles that are there
    #[arg(long)]
    pub overwrite: bool,

    /// Older forms to write beside the bundle, for those who do not read it yet; they need a log of Rekor's first interface
    #[arg(long, value_enum, value_name = "FORM", value_delimiter = ',')]
    pub also: Vec<Also>,

    /// Keep what is signed but not finished in this file, which holds no key, and take up what is in it
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,

    /// Write JSON, a line per artifact as it is done, on success and on failure
    #[arg(long)]
    pub json: bool,

    /// How long services that are down or busy are asked again: 0s, 2m. An answer that does not come is waited for 30 seconds
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub patience: String,

    /// Do not ask before something becomes public
    #[arg(long, short)]
    pub yes: bool,

    #[command(flatten)]
    pub who: SignerArgs,

    #[command(flatten)]
    pub trust: SignTrustArgs,
}

impl RunArgs {
    /// The files that it names to be read, but for that of `--resume`, which is written too.
    pub fn inputs(&self) -> impl Iterator<Item = PathBuf> {
        let (who, trust) = (&self.who, &self.trust);
        let token = who.token.as_deref().and_then(|word| word.strip_prefix('@')).map(PathBuf::from);
        let key = who.key.as_deref().map(PathBuf::from);
        let named = [&who.password.password_file, &who.certificate, &who.certificate_chain];
        let of_trust = [&trust.trust_config, &trust.trusted_root, &trust.signing_config];
        token.into_iter().chain(key).chain(named.into_iter().chain(of_trust).flatten().cloned())
    }
}

/// Who signs.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Who signs")]
pub struct SignerArgs {
    /// An identity token: `@FILE`, or `-` for standard input [default: SIGSTORE_ID_TOKEN, then that of the CI system or cloud that
    /// this runs in, then, on a terminal, whoever signs in with a browser]
    #[arg(long, value_name = "@FILE|-|TOKEN", alias = "identity-token", conflicts_with_all = ["browser", "device"])]
    pub token: Option<String>,

    /// Sign in with a browser on this machine, whatever tokens there are
    #[arg(long, conflicts_with = "device")]
    pub browser: bool,

    /// Sign in with a browser anywhere, by a short code that this terminal shows
    #[arg(long)]
    pub device: bool,

    /// The issuer to sign in at [default: that of the signing config]
    #[arg(long, value_name = "URL")]
    pub oidc_issuer: Option<String>,

    /// The client that the issuer knows, which is the audience of tokens [default: sigstore]
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,

    /// Sign by this private key instead of an identity: a file, `pkcs11:…`, `awskms://…`, `gcpkms://…`, `azurekms://…`,
    /// `hashivault://…`, or `SCHEME://…` for the plug-in sigstore-kms-SCHEME
    #[arg(long, value_name = "KEY", conflicts_with_all = ["token", "browser", "device"])]
    pub key: Option<String>,

    #[command(flatten)]
    pub password: PasswordArgs,

    /// A certificate for that key, PEM or DER, which stands in the bundle in its place. The trust that it is verified on must list its
    /// authority, and no certificate logs
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,

    /// The certificates above it up to a root, in PEM: that they are its own is looked at before anything is signed
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub certificate_chain: Option<PathBuf>,

    /// Sign only if the certificate names exactly this: an e-mail address or a URI
    #[arg(long, value_name = "SAN")]
    pub expect_identity: Option<String>,
}

/// Whom to ask, and on what trust the result must verify.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Services and trust")]
pub struct SignTrustArgs {
    /// A trust profile that has a signing config; or key-only, which asks nobody and signs by --key alone [default: the one that
    /// sealwax.toml names, here or above, else public-good]
    #[arg(long, value_name = "PROFILE", env = "SEALWAX_TRUST", hide_env_values = true)]
    pub trust: Option<String>,

    /// A client_trust_config.json instead of a profile
    #[arg(long, value_name = "FILE", conflicts_with_all = ["trusted_root", "signing_config"])]
    pub trust_config: Option<PathBuf>,

    /// A trusted_root.json, with --signing-config, instead of a profile
    #[arg(long, value_name = "FILE", requires = "signing_config")]
    pub trusted_root: Option<PathBuf>,

    /// A signing_config.json, with --trusted-root, instead of a profile
    #[arg(long, value_name = "FILE", requires = "trusted_root")]
    pub signing_config: Option<PathBuf>,

    /// The interface of signature logs to use; v2 picks the signing config that a repository has for it alone, as those of the public
    /// instances do [default: the newest that the usual signing config has]
    #[arg(long, value_enum, value_name = "VERSION")]
    pub rekor: Option<RekorVersion>,
}

impl SignTrustArgs {
    /// The words that say the same in another command, each after a space.
    pub fn words(&self) -> String {
        let trust =
            self.trust.as_deref().filter(|_| self.trust_config.is_none() && self.trusted_root.is_none());
        let file = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let rekor = self.rekor.map(|version| match version {
            RekorVersion::V1 => "v1".to_owned(),
            RekorVersion::V2 => "v2".to_owned(),
        });
        [
            ("--trust", trust.map(str::to_owned)),
            ("--trust-config", file(&self.trust_config)),
            ("--trusted-root", file(&self.trusted_root)),
            ("--signing-config", file(&self.signing_config)),
            ("--rekor", rekor),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!(" {name} {}", shell_quoted(&value?))))
        .collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RekorVersion {
    /// Rekor's first
    V1,
    /// That of rekor-tiles
    V2,
}
