//! `sealwax sign --also`: the forms that came before bundles, which stand on such a log's promises, before cosign and before us.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::check::{Subject, change_byte};
use super::super::place::{said, verdict};
use super::{Log, Verb};
use crate::Outcome;

pub(super) fn before_bundles(log: &Log<'_>, cosign: &Path) -> Outcome {
    let instance = log.instance;
    let Subject { artifact, predicate, .. } = Subject::new(instance.place, "also")?;
    let changed = artifact.with_extension("changed");
    change_byte(&artifact, &changed)?;
    let file = |suffix: &str| log.file(&format!("also.txt.{suffix}"));
    let mut sign = log.sign(Verb::Sign, &artifact, &predicate);
    sign.arg("--trust-config").arg(log.config()).args(["--also", "detached,v0.1,cosign"]);
    said(sign.env("SIGSTORE_ID_TOKEN", instance.machine_token()?))?;

    let by_cosign = |form: &[(&str, PathBuf)], artifact: &Path| {
        let mut verify = instance.place.command(cosign);
        verify.args(["verify-blob", "--certificate-identity", &instance.machine()]);
        verify.args(["--certificate-oidc-issuer", &instance.machine_issuer]);
        verify.args(["--rekor-url", &log.url]);
        for (flag, file) in form {
            verify.arg(flag).arg(file);
        }
        // What is no bundle of today it verifies with trust from the environment.
        if form.iter().all(|(flag, _)| *flag != "--trusted-root") {
            for (name, file) in [
                ("SIGSTORE_ROOT_FILE", "theirs/fulcio-ca.chain.pem"),
                ("SIGSTORE_REKOR_PUBLIC_KEY", "theirs/rekor.public.pem"),
                ("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", "theirs/sealwax/key.pub"),
            ] {
                verify.env(name, instance.place.path(file));
            }
        }
        verify.arg(artifact);
        verify
    };
    let by_us = |form: &[(&str, PathBuf)], artifact: &Path| {
        let mut verify = instance.sealwax();
        verify.arg("verify").arg(artifact).args(["--identity", &instance.machine()]);
        verify.args(["--issuer", &instance.machine_issuer]);
        verify.arg("--trusted-root").arg(instance.files().join("trusted_root.json"));
        for (flag, file) in form {
            verify.arg(flag).arg(file);
        }
        verify
    };
    let trusted_root = ("--trusted-root", instance.files().join("trusted_root.json"));
    let certificate = || ("--certificate", file("pem"));
    let first_bundle = || ("--bundle", file("sigstore"));
    let cosigns_bundle = || ("--bundle", file("bundle"));
    let signature = || ("--signature", file("sig"));

    accepted("cosign, a bundle of version 0.1", &artifact, &changed, |artifact| {
        by_cosign(&[first_bundle(), trusted_root.clone()], artifact)
    })?;
    accepted("cosign, its own bundle", &artifact, &changed, |artifact| {
        by_cosign(&[cosigns_bundle()], artifact)
    })?;
    // It looks for the entry in the log.
    accepted("cosign, detached", &artifact, &changed, |artifact| {
        by_cosign(&[signature(), certificate()], artifact)
    })?;
    let detached =
        [signature(), certificate(), ("--log-entry", file("rekor.json")), ("--timestamp", file("tsr"))];
    accepted("sealwax, a bundle of version 0.1", &artifact, &changed, |artifact| {
        by_us(&[first_bundle()], artifact)
    })?;
    accepted("sealwax, cosign's bundle", &artifact, &changed, |artifact| {
        by_us(&[cosigns_bundle()], artifact)
    })?;
    accepted("sealwax, detached", &artifact, &changed, |artifact| by_us(&detached, artifact))
}

/// Of the artifact, and not of the one that is changed.
fn accepted(what: &str, artifact: &Path, changed: &Path, verify: impl Fn(&Path) -> Command) -> Outcome {
    verdict(&mut verify(artifact))?.map_err(|said| format!("{what}: it refuses: {said}"))?;
    match verdict(&mut verify(changed))? {
        Ok(_) => Err(format!("{what}: it accepts another artifact").into()),
        Err(_) => {
            println!("{what}: accepted, and refused with one byte changed");
            Ok(())
        }
    }
}
