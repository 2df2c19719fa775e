//! `openssl ts`: it asks for timestamps, and verifies those in bundles. What it signs is a bundle of sigstore-go's whose
//! timestamp is replaced by one that openssl asked for.

use std::fs;
use std::path::Path;

use sealwax_formats::base64;
use serde_json::Value;

use super::super::super::peers;
use super::super::instance::Instance;
use super::super::place::{said, verdict};
use super::libraries::Library;
use super::{Account, Change, Claim, Client, Compared, Content, Job, Verdict, Way};
use crate::{Failure, Outcome};

const TIMESTAMP_AUTHORITIES: &str = "timestampAuthorities";

const STAMP: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";

pub(super) struct OpenSsl {
    version: String,
    signer: Library,
}

impl OpenSsl {
    pub(super) fn install(directory: &Path) -> Result<Self, Failure> {
        peers::debian_programs(&[("openssl", "openssl"), ("curl", "curl")])?;
        let version = said(std::process::Command::new("openssl").arg("version"))?;
        let version = version.split(' ').nth(1).unwrap_or_default().to_owned();
        Ok(Self { version, signer: Library::go(directory)? })
    }
}

impl Client for OpenSsl {
    fn name(&self) -> String {
        format!("openssl {}", self.version)
    }

    fn signs(&self, way: Way, account: Account) -> bool {
        way == Way::Files && account == Account::Machine
    }

    fn verifies(&self, way: Way, _account: Account) -> bool {
        way == Way::Files
    }

    fn compares(&self, _content: Content) -> Compared {
        Compared::Signature
    }

    fn sign(&self, instance: &Instance<'_>, job: &Job) -> Outcome {
        self.signer.sign(instance, job)?;
        let mut bundle: Value = serde_json::from_slice(&fs::read(&job.bundle)?)?;
        let file = |extension: &str| job.bundle.with_extension(extension);
        fs::write(file("signature"), signature(&bundle)?)?;
        let mut query = instance.place.command("openssl");
        query.args(["ts", "-query", "-sha256", "-cert", "-data"]).arg(file("signature"));
        said(query.arg("-out").arg(file("tsq")))?;
        let mut post = instance.place.command("curl");
        post.args(["-sSf", "-H", "Content-Type: application/timestamp-query", "--data-binary"]);
        post.arg(format!("@{}", file("tsq").display())).arg("-o").arg(file("tsr"));
        said(post.arg(&instance.timestamps))?;
        *bundle.pointer_mut(STAMP).ok_or("a bundle without a timestamp")? =
            base64::encode(&fs::read(file("tsr"))?).into();
        Ok(fs::write(&job.bundle, bundle.to_string())?)
    }

    /// Its timestamp, by the authority that the trusted root names; another identity is an authority below another root.
    fn verify(&self, instance: &Instance<'_>, claim: &Claim) -> Verdict {
        let bundle: Value = serde_json::from_slice(&fs::read(&claim.bundle)?)?;
        let trusted: Value = serde_json::from_slice(&fs::read(instance.files().join("trusted_root.json"))?)?;
        let root_of = match claim.change {
            Some(Change::Identity) => "certificateAuthorities",
            _ => TIMESTAMP_AUTHORITIES,
        };
        let file = |extension: &str| claim.bundle.with_extension(format!("verify.{extension}"));
        let roots: Vec<&Value> =
            chains(&trusted, root_of)?.iter().filter_map(|chain| chain.last().copied()).collect();
        let others = chains(&trusted, TIMESTAMP_AUTHORITIES)?.concat();
        let stamp = bundle.pointer(STAMP).and_then(Value::as_str).ok_or("a bundle without a timestamp")?;
        fs::write(file("tsr"), base64::decode(stamp)?)?;
        fs::write(file("signature"), signature(&bundle)?)?;
        fs::write(file("roots.pem"), pem(&roots)?)?;
        fs::write(file("others.pem"), pem(&others)?)?;
        let mut verify = instance.place.command("openssl");
        verify.args(["ts", "-verify", "-in"]).arg(file("tsr")).arg("-data").arg(file("signature"));
        verdict(verify.arg("-CAfile").arg(file("roots.pem")).arg("-untrusted").arg(file("others.pem")))
    }

    fn refusal(&self, _content: Content, _account: Account, change: Change) -> &'static [&'static str] {
        match change {
            Change::Byte => &["message imprint mismatch"],
            Change::Identity => &["certificate verify error"],
        }
    }

    fn remarks(&self) -> &'static [&'static str] {
        &[
            "openssl knows timestamps alone: it verifies the bundle's, over its signature. The byte that is changed for it is one of the signature, \
           another identity is an authority below another root. It has no TUF. What it signs is a bundle of sigstore-go's with a timestamp that openssl asked for.",
        ]
    }
}

/// What the timestamp is over.
fn signature(bundle: &Value) -> Result<Vec<u8>, Failure> {
    let places = ["/messageSignature/signature", "/dsseEnvelope/signatures/0/sig"];
    let signature = places.iter().find_map(|place| bundle.pointer(place)).and_then(Value::as_str);
    Ok(base64::decode(signature.ok_or("a bundle without a signature")?)?)
}

/// The chains of a trusted root's authorities, each from the leaf to the root.
fn chains<'a>(trusted: &'a Value, authorities: &str) -> Result<Vec<Vec<&'a Value>>, Failure> {
    let authorities = trusted.get(authorities).and_then(Value::as_array).ok_or("no authorities")?;
    let chain = |authority: &'a Value| {
        Some(authority.pointer("/certChain/certificates")?.as_array()?.iter().collect())
    };
    authorities
        .iter()
        .map(|authority| chain(authority).ok_or_else(|| "an authority without a chain".into()))
        .collect()
}

fn pem(certificates: &[&Value]) -> Result<String, Failure> {
    let mut text = String::new();
    for certificate in certificates {
        let der = certificate.get("rawBytes").and_then(Value::as_str).ok_or("a certificate without bytes")?;
        text += "-----BEGIN CERTIFICATE-----\n";
        // Older versions read no longer lines.
        for at in (0..der.len()).step_by(64) {
            text += der.get(at..der.len().min(at + 64)).unwrap_or_default();
            text.push('\n');
        }
        text += "-----END CERTIFICATE-----\n";
    }
    Ok(text)
}
