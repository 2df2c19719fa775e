//! `sealwax verify` as a user meets it: exit codes, words, JSON, lists, neighbours, and what it refuses to be talked into.

#[path = "../common/mod.rs"]
mod common;
mod input;
mod list;
mod output;
mod policy;
mod witnesses;

use std::path::Path;

use common::Scratch;
use sealwax_testkit::{Instance, SignOptions};
use serde_json::Value;

const IDENTITY: &str =
    "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).to_string_lossy().into_owned()
}

fn package() -> String {
    example("sigstore-5.0.0.tgz")
}

/// An artifact of a made instance, with its bundle beside it, and the trusted root.
struct Made {
    artifact: String,
    root: String,
    identity: String,
    issuer: String,
    bundle: Value,
}

impl Made {
    /// What accepts it: the trusted root, and who signed.
    fn accepted(&self) -> [&str; 6] {
        ["--trusted-root", &self.root, "--identity", &self.identity, "--issuer", &self.issuer]
    }

    /// The command that verifies it.
    fn verify(&self) -> Vec<&str> {
        [&["verify", &self.artifact][..], &self.accepted()].concat()
    }
}

fn made(scratch: &Scratch, instance: &Instance, name: &str, content: &[u8], options: &SignOptions) -> Made {
    let signed = instance.sign_message(content, options);
    let artifact = scratch.write(name, content);
    scratch.write(&format!("{name}.sigstore.json"), signed.bundle.to_string());
    Made {
        artifact,
        root: scratch.write("root.json", instance.trusted_root_json()),
        identity: signed.identity.clone().unwrap_or_default(),
        issuer: signed.issuer.clone().unwrap_or_default(),
        bundle: signed.bundle,
    }
}
