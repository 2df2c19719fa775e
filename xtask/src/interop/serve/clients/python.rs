//! sigstore-python: `sign`, `attest`, `verify identity`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::super::peers;
use super::super::instance::Instance;
use super::super::place::{said, verdict};
use super::{Account, Change, Claim, Client, Content, Credential, Job, PREDICATE_TYPE, Signer, Verdict, Way};
use crate::{Failure, Outcome};

pub(super) struct Python(PathBuf);

impl Python {
    pub(super) fn install(directory: &Path) -> Result<Self, Failure> {
        peers::sigstore_python(directory).map(Self)
    }

    fn command(&self, instance: &Instance<'_>, way: Way) -> Result<Command, Failure> {
        let mut command = instance.place.command(&self.0);
        command.args(["-m", "sigstore"]);
        match way {
            Way::Tuf => command.args(["--instance", instance.tuf_url()?]),
            Way::Files => {
                command.arg("--trust-config").arg(instance.files().join("client_trust_config.json"))
            }
        };
        Ok(command)
    }
}

impl Client for Python {
    fn name(&self) -> String {
        peers::SIGSTORE_PYTHON.replace("sigstore==", "sigstore-python ")
    }

    fn verifies(&self, _way: Way, account: Account) -> bool {
        account != Account::Key
    }

    fn follow(&self, instance: &Instance<'_>) -> Outcome {
        let mut trust = self.command(instance, Way::Tuf)?;
        said(trust.arg("trust-instance").arg(instance.tuf().join("root.json"))).map(drop)
    }

    fn sign(&self, instance: &Instance<'_>, job: &Job) -> Outcome {
        let mut sign = self.command(instance, job.way)?;
        match job.content {
            Content::Message => sign.arg("sign"),
            Content::Statement => {
                sign.args(["attest", "--predicate-type", PREDICATE_TYPE, "--predicate"]).arg(&job.predicate)
            }
        };
        match &job.credential {
            Credential::Token(token) => sign.args(["--identity-token", token]),
            Credential::Browser => sign.env("PICTURE", "sigstore-python"),
            Credential::Key(_) => return Err("sigstore-python knows no keys".into()),
        };
        said(sign.arg("--bundle").arg(&job.bundle).arg(&job.artifact)).map(drop)
    }

    fn verify(&self, instance: &Instance<'_>, claim: &Claim) -> Verdict {
        let mut verify = self.command(instance, claim.way)?;
        verify.args(["verify", "identity", "--bundle"]).arg(&claim.bundle);
        let Signer::Identity { name, issuer } = &claim.signer else {
            return Err("sigstore-python knows no keys".into());
        };
        verify.args(["--cert-identity", name, "--cert-oidc-issuer", issuer]);
        verdict(verify.arg(&claim.artifact))
    }

    fn remarks(&self) -> &'static [&'static str] {
        &["sigstore-python knows no keys."]
    }

    fn refusal(&self, content: Content, _account: Account, change: Change) -> &'static [&'static str] {
        match (content, change) {
            (Content::Message, Change::Byte) => &["Bundle message digest mismatch"],
            (Content::Statement, Change::Byte) => &["in-toto statement has no subject for digest"],
            (_, Change::Identity) => &["Certificate's SANs do not match"],
        }
    }
}
