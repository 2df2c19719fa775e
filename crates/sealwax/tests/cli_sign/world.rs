//! A file to sign, an instance to sign at, and somebody who may.

use crate::common::Scratch;
use crate::signer::Signer;

pub(crate) struct World {
    pub(crate) scratch: Scratch,
    pub(crate) signer: Signer,
    /// The path of the file.
    pub(crate) app: String,
    /// What `--token` takes.
    pub(crate) token: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new();
        let signer = Signer::start(&scratch);
        let app = scratch.write("app", b"content");
        let token = format!("@{}", scratch.write("token", signer.token(&scratch)));
        Self { scratch, signer, app, token }
    }

    /// The path of another file beside it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.scratch.path(name).to_string_lossy().into_owned()
    }
}
