//! cosign: `sign-blob`, `attest-blob`, `verify-blob`, `verify-blob-attestation`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::super::peers;
use super::super::instance::Instance;
use super::super::place::{said, verdict};
use super::{Account, Change, Claim, Client, Content, Credential, Job, PREDICATE_TYPE, Signer, Verdict, Way};
use crate::{Failure, Outcome};

pub(super) struct Cosign(PathBuf);

impl Cosign {
    pub(super) fn install(directory: &Path) -> Result<Self, Failure> {
        peers::cosign(directory).map(Self)
    }

    /// Without a repository in its home, if its trust is from files.
    fn command(&self, instance: &Instance<'_>, way: Way) -> Command {
        let mut command = instance.place.command(&self.0);
        if way == Way::Files {
            command.env("TUF_ROOT", instance.place.path("no-repository"));
        }
        command
    }

    /// The key as it takes it: imported, which is to say encrypted.
    fn key(&self, instance: &Instance<'_>, private: &Path) -> Result<PathBuf, Failure> {
        let (prefix, imported) = (private.with_extension("cosign"), private.with_extension("cosign.key"));
        if !imported.exists() {
            let mut import = self.command(instance, Way::Files);
            import.args(["import-key-pair", "--yes", "--key"]).arg(private);
            said(import.arg("--output-key-prefix").arg(prefix).env(PASSWORD, "a password"))?;
        }
        Ok(imported)
    }
}

/// What the code that it shares with sigstore-go says: with Rekor v2 the entry is made again from the key that is given, and is not in the
/// log; with Rekor v1 the one that is there has another.
pub(super) const OF_ANOTHER_KEY: &[&str] =
    &["does not match expected root", "transparency log certificate does not match"];

/// The environment has the password of keys.
const PASSWORD: &str = "COSIGN_PASSWORD";

impl Client for Cosign {
    fn name(&self) -> String {
        format!("cosign {}", peers::COSIGN.1.trim_start_matches('v'))
    }

    fn signs(&self, _way: Way, _account: Account) -> bool {
        true
    }

    fn follow(&self, instance: &Instance<'_>) -> Outcome {
        let mut initialize = self.command(instance, Way::Tuf);
        initialize.args(["initialize", "--mirror", instance.tuf_url()?, "--root"]);
        said(initialize.arg(instance.tuf().join("root.json"))).map(drop)
    }

    fn sign(&self, instance: &Instance<'_>, job: &Job) -> Outcome {
        let mut sign = self.command(instance, job.way);
        match job.content {
            Content::Message => sign.arg("sign-blob"),
            Content::Statement => {
                sign.args(["attest-blob", "--type", PREDICATE_TYPE, "--statement"]).arg(&job.statement)
            }
        };
        sign.arg("--yes").arg("--bundle").arg(&job.bundle);
        match &job.credential {
            Credential::Token(token) => sign.args(["--identity-token", token]),
            // Without a terminal it would show a code for a device.
            Credential::Browser => sign.args(["--fulcio-auth-flow", "normal"]).env("PICTURE", "cosign"),
            Credential::Key(private) => {
                sign.arg("--key").arg(self.key(instance, private)?).env(PASSWORD, "a password")
            }
        };
        if job.way == Way::Files {
            sign.arg("--trusted-root").arg(instance.files().join("trusted_root.json"));
            sign.arg("--signing-config").arg(instance.files().join("signing_config.json"));
        }
        said(sign.arg(&job.artifact)).map(drop)
    }

    fn verify(&self, instance: &Instance<'_>, claim: &Claim) -> Verdict {
        let mut verify = self.command(instance, claim.way);
        match claim.content {
            Content::Message => verify.arg("verify-blob"),
            Content::Statement => verify.args(["verify-blob-attestation", "--type", PREDICATE_TYPE]),
        };
        verify.arg("--bundle").arg(&claim.bundle).arg("--use-signed-timestamps");
        match &claim.signer {
            Signer::Identity { name, issuer } => {
                verify.args(["--certificate-identity", name, "--certificate-oidc-issuer", issuer])
            }
            Signer::Key(public) => verify.arg("--key").arg(public),
        };
        if claim.way == Way::Files {
            verify.arg("--trusted-root").arg(instance.files().join("trusted_root.json"));
        }
        verdict(verify.arg(&claim.artifact))
    }

    fn refusal(&self, content: Content, account: Account, change: Change) -> &'static [&'static str] {
        match (content, account, change) {
            (Content::Message, _, Change::Byte) => {
                &["invalid signature when validating ASN.1 encoded signature"]
            }
            (Content::Statement, _, Change::Byte) => {
                &["provided artifact digests do not match digests in statement"]
            }
            (_, Account::Key, Change::Identity) => OF_ANOTHER_KEY,
            (_, _, Change::Identity) => &["no matching CertificateIdentity found"],
        }
    }

    fn remarks(&self) -> &'static [&'static str] {
        &[
            "cosign signs statements with --statement: of --predicate it makes one of in-toto v0.1, which sigstore-python does not read \
           (dsse/__init__.py takes v1 alone).",
        ]
    }
}
