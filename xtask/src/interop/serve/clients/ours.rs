//! `sealwax sign`, `attest` and `verify`.

use std::path::{Path, PathBuf};

use super::super::instance::Instance;
use super::super::place::{said, verdict};
use super::{Change, Claim, Client, Content, Job, PREDICATE_TYPE, Verdict, Way};
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

    fn follow(&self, instance: &Instance<'_>) -> Outcome {
        let trust = |arguments: &[&str]| {
            let mut trust = instance.place.command(&self.0);
            trust.arg("trust").args(arguments);
            trust
        };
        if !said(&mut trust(&["list"]))?.contains(PROFILE) {
            let mut add = trust(&["add", PROFILE, "--tuf", &instance.tuf_url(), "--root"]);
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
        match &job.token {
            Some(token) => sign.env("SIGSTORE_ID_TOKEN", token),
            None => sign.arg("--browser").env("PICTURE", "sealwax"),
        };
        said(&mut sign).map(drop)
    }

    fn verify(&self, instance: &Instance<'_>, claim: &Claim) -> Verdict {
        let mut verify = instance.place.command(&self.0);
        verify.arg("verify").arg(&claim.artifact).arg("--bundle").arg(&claim.bundle);
        verify.args(["--identity", &claim.identity, "--issuer", &claim.issuer]);
        match claim.way {
            Way::Tuf => verify.args(["--trust", PROFILE]),
            Way::Files => verify.arg("--trusted-root").arg(instance.files().join("trusted_root.json")),
        };
        verdict(&mut verify)
    }

    fn refusal(&self, content: Content, change: Change) -> &'static str {
        match (content, change) {
            (Content::Message, Change::Byte) => "failed artifact.digest",
            (Content::Statement, Change::Byte) => "failed statement.subject",
            (_, Change::Identity) => "failed identity",
        }
    }
}
