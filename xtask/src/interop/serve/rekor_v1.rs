//! What a log of Rekor's first version does that others do not: it takes envelopes whole and verifies them in its own way, refuses
//! what it has already, and does not show an entry before it is in the tree. And what only such a log leads to, the forms that came
//! before bundles.

mod again;
mod forms;
mod keys;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::clients::{Client, PREDICATE_TYPE};
use super::instance::Instance;
use super::place::said;
use crate::{Failure, Outcome};

/// All of it, at an instance with such a log.
pub(super) fn what_it_does(instance: &Instance<'_>, clients: &[Box<dyn Client>], cosign: &Path) -> Outcome {
    let log = Log::of(instance)?;
    keys::of_every_kind(&log, clients)?;
    again::the_same_bytes_are_the_same_entry(&log)?;
    again::what_is_queued_is_waited_for(&log)?;
    forms::before_bundles(&log, cosign)
}

/// The log, and those who sign there.
struct Log<'a> {
    instance: &'a Instance<'a>,
    url: String,
}

/// What our program is told to do.
#[derive(Clone, Copy)]
enum Verb {
    Sign,
    Attest,
}

impl<'a> Log<'a> {
    fn of(instance: &'a Instance<'a>) -> Result<Self, Failure> {
        let config = json_of(&instance.files().join("signing_config.json"))?;
        let url = config.pointer("/rekorTlogUrls/0/url").and_then(Value::as_str);
        Ok(Self { instance, url: url.ok_or("the signing config has no log")?.to_owned() })
    }

    /// How many entries it has.
    fn size(&self) -> Result<u64, Failure> {
        let mut ask = self.instance.place.command("curl");
        let answer = said(ask.arg("-sSf").arg(format!("{}/api/v1/log", self.url)))?;
        let answer: Value = serde_json::from_str(&answer)?;
        Ok(answer.get("treeSize").and_then(Value::as_u64).ok_or("the log has no size")?)
    }

    /// How many entries this adds.
    fn grows_by(&self, what: impl FnOnce() -> Outcome) -> Result<u64, Failure> {
        let before = self.size()?;
        what()?;
        Ok(self.size()? - before)
    }

    /// A file among those that are signed.
    fn file(&self, name: &str) -> PathBuf {
        self.instance.place.path("signed").join(name)
    }

    /// The services of the instance.
    fn config(&self) -> PathBuf {
        self.instance.files().join("client_trust_config.json")
    }

    /// The same services, but for the log, which nobody answers for.
    fn config_without(&self) -> Result<PathBuf, Failure> {
        let (file, mut config) = (self.file("without.json"), json_of(&self.config())?);
        let url = config.pointer_mut("/signingConfig/rekorTlogUrls/0/url").ok_or("no log")?;
        *url = json!("http://127.0.0.1:9");
        fs::write(&file, config.to_string())?;
        Ok(file)
    }

    /// Our own program signs an artifact, or a statement about it.
    fn sign(&self, verb: Verb, artifact: &Path, predicate: &Path) -> Command {
        let mut sign = self.instance.sealwax();
        match verb {
            Verb::Sign => sign.arg("sign"),
            Verb::Attest => sign.args(["attest", "--type", PREDICATE_TYPE, "--predicate"]).arg(predicate),
        };
        sign.arg(artifact).arg("--yes");
        sign
    }
}

/// What a bundle says of its one entry, beside which there is all that such a log gives, and a timestamp.
#[derive(Debug, PartialEq)]
struct Entry {
    index: Value,
    time: Value,
    body: Value,
}

impl Entry {
    fn of(bundle: &Path) -> Result<Self, Failure> {
        let bundle = json_of(bundle)?;
        let member = |path: &str| {
            let path = format!("/verificationMaterial/{path}");
            bundle.pointer(&path).cloned().ok_or_else(|| format!("a bundle without {path}"))
        };
        for needed in [
            "tlogEntries/0/inclusionPromise/signedEntryTimestamp",
            "tlogEntries/0/inclusionProof/checkpoint/envelope",
            "timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
        ] {
            member(needed)?;
        }
        Ok(Self {
            index: member("tlogEntries/0/logIndex")?,
            time: member("tlogEntries/0/integratedTime")?,
            body: member("tlogEntries/0/canonicalizedBody")?,
        })
    }
}

fn json_of(file: &Path) -> Result<Value, Failure> {
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}
