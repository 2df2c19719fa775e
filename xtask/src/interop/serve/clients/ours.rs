//! `sealwax sign`, `attest` and `verify`.

use std::path::{Path, PathBuf};

use super::super::instance::Instance;
use super::super::place::{said, verdict};
use super::{Account, Change, Claim, Client, Content, Credential, Job, PREDICATE_TYPE, Signer, Verdict, Way};
use crate::Outcome;

/// The name of its trust profile.
const PROFILE: &str = "instance";

pub(super) struct Ours(PathBuf);

impl Ours {
    pub(super) fn new(program: &Path) -> Self {
        Self(program.to_owned())
    }
}

impl Client for Ours {
    fn name(&self) -> String {
        "sealwax".to_owned()
    }

    fn signs(&self, _way: Way, _account: Account) -> bool {
        true
    }

    fn follow(&self, instance: &Instance<'_>) -> Outcome {
        let trust = |arguments: &[&str]| {
            let mut trust = instance.place.command(&self.0);
            trust.arg("trust").args(arguments);
            trust
        };
        if !said(&mut trust(&["list"]))?.contains(PROFILE) {
            let mut add = trust(&["add", PROFILE, "--tuf", instance.tuf_url()?, "--root"]);
            said(add.arg(instance.tuf().join("root.json")))?;
        }
        said(&mut trust(&["update", PROFILE])).map(drop)
    }

    fn sign(&self, instance: &Instance<'_>, job: &Job) -> Outcome {
        let mut sign = instance.place.command(&self.0);
        match job.content {
            Content::Message => sign.arg("sign"),
            Content::Statement => {
                sign.args(["attest", "--type", PREDICATE_TYPE, "--predicate"]).arg(&job.predicate)
            }
        };
        sign.arg(&job.artifact).arg("--yes").arg("--bundle").arg(&job.bundle);
        match job.way {
            Way::Tuf => sign.args(["--trust", PROFILE]),
            Way::Files => sign.arg("--trust-config").arg(instance.files().join("client_trust_config.json")),
        };
        match &job.credential {
            Credential::Token(token) => sign.env("SIGSTORE_ID_TOKEN", token),
            Credential::Browser => sign.arg("--browser").env("PICTURE", "sealwax"),
            Credential::Key(private) => sign.arg("--key").arg(private),
        };
        said(&mut sign).map(drop)
    }

    fn verify(&self, instance: &Instance<'_>, claim: &Claim) -> Verdict {
        let mut verify = instance.place.command(&self.0);
        verify.arg("verify").arg(&claim.artifact).arg("--bundle").arg(&claim.bundle);
        match &claim.signer {
            Signer::Identity { name, issuer } => verify.args(["--identity", name, "--issuer", issuer]),
            Signer::Key(public) => verify.arg("--key").arg(public),
        };
        match claim.way {
            Way::Tuf => verify.args(["--trust", PROFILE]),
            Way::Files => verify.arg("--trusted-root").arg(instance.files().join("trusted_root.json")),
        };
        verdict(&mut verify)
    }

    fn refusal(&self, content: Content, account: Account, change: Change) -> &'static [&'static str] {
        refusal(content, account, change)
    }
}

/// Our words, whichever binary says them.
pub(super) fn refusal(content: Content, account: Account, change: Change) -> &'static [&'static str] {
    match (content, account, change) {
        (Content::Message, _, Change::Byte) => &["failed artifact.digest"],
        (Content::Statement, _, Change::Byte) => &["failed statement.subject"],
        (_, Account::Key, Change::Identity) => &["expected this signer in the entry found another key"],
        (_, _, Change::Identity) => &["failed identity"],
    }
}
