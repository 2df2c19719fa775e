//! cosign: `sign-blob`, `attest-blob`, `verify-blob`, `verify-blob-attestation`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::super::peers;
use super::super::instance::Instance;
use super::super::place::{said, verdict};
use super::{Change, Claim, Client, Content, Job, PREDICATE_TYPE, Verdict, Way};
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
}

impl Client for Cosign {
    fn name(&self) -> String {
        format!("cosign {}", peers::COSIGN.1.trim_start_matches('v'))
    }

    fn follow(&self, instance: &Instance<'_>) -> Outcome {
        let mut initialize = self.command(instance, Way::Tuf);
        initialize.args(["initialize", "--mirror", &instance.tuf_url(), "--root"]);
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
        match &job.token {
            Some(token) => sign.args(["--identity-token", token]),
            // Without a terminal it would show a code for a device.
            None => sign.args(["--fulcio-auth-flow", "normal"]).env("PICTURE", "cosign"),
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
        verify.args(["--certificate-identity", &claim.identity, "--certificate-oidc-issuer", &claim.issuer]);
        if claim.way == Way::Files {
            verify.arg("--trusted-root").arg(instance.files().join("trusted_root.json"));
        }
        verdict(verify.arg(&claim.artifact))
    }

    fn refusal(&self, content: Content, change: Change) -> &'static str {
        match (content, change) {
            (Content::Message, Change::Byte) => "invalid signature when validating ASN.1 encoded signature",
            (Content::Statement, Change::Byte) => {
                "provided artifact digests do not match digests in statement"
            }
            (_, Change::Identity) => "no matching CertificateIdentity found",
        }
    }

    fn remarks(&self) -> &'static [&'static str] {
        &[
            "cosign signs statements with --statement: of --predicate it makes one of in-toto v0.1, which sigstore-python does not read \
           (dsse/__init__.py takes v1 alone).",
        ]
    }
}
