//! `sealwax-conformance`, told as the public suite of bundles tells its clients: `sign-bundle` and `verify-bundle`. The suite itself is
//! in no registry; its cases of `verify-bundle` are those of `cargo xtask conformance`.

use std::path::{Path, PathBuf};

use super::super::instance::Instance;
use super::super::place::{said, verdict};
use super::ours::refusal;
use super::{Account, Change, Claim, Client, Content, Credential, Job, Signer, Verdict, Way};
use crate::{Failure, Outcome};

pub(super) struct Suite(PathBuf);

impl Suite {
    pub(super) fn build() -> Result<Self, Failure> {
        super::super::super::built(&["-p", "sealwax-conformance"], "sealwax-conformance").map(Self)
    }

    fn command(&self, instance: &Instance<'_>, verb: &str, bundle: &Path) -> std::process::Command {
        let mut command = instance.place.command(&self.0);
        command.arg(verb).arg("--trusted-root").arg(instance.files().join("trusted_root.json"));
        command.arg("--bundle").arg(bundle);
        command
    }
}

impl Client for Suite {
    fn name(&self) -> String {
        "sealwax-conformance".to_owned()
    }

    fn signs(&self, way: Way, account: Account) -> bool {
        way == Way::Files && account == Account::Machine
    }

    fn verifies(&self, way: Way, _account: Account) -> bool {
        way == Way::Files
    }

    fn sign(&self, instance: &Instance<'_>, job: &Job) -> Outcome {
        let Credential::Token(token) = &job.credential else {
            return Err("its protocol has tokens alone".into());
        };
        let mut sign = self.command(instance, "sign-bundle", &job.bundle);
        sign.arg("--signing-config").arg(instance.files().join("signing_config.json"));
        sign.args(["--identity-token", token]);
        match job.content {
            Content::Message => sign.arg(&job.artifact),
            Content::Statement => sign.arg("--in-toto").arg(&job.statement),
        };
        said(&mut sign).map(drop)
    }

    fn verify(&self, instance: &Instance<'_>, claim: &Claim) -> Verdict {
        let mut verify = self.command(instance, "verify-bundle", &claim.bundle);
        match &claim.signer {
            Signer::Identity { name, issuer } => {
                verify.args(["--certificate-identity", name, "--certificate-oidc-issuer", issuer])
            }
            Signer::Key(public) => verify.arg("--key").arg(public),
        };
        verdict(verify.arg(&claim.artifact))
    }

    fn refusal(&self, content: Content, account: Account, change: Change) -> &'static [&'static str] {
        refusal(content, account, change)
    }

    fn remarks(&self) -> &'static [&'static str] {
        &[
            "sign-bundle, verify-bundle: sealwax-conformance by the protocol of the public suite, which gives it files, and a token to sign with.",
        ]
    }
}
