//! The signature log beside other people's Fulcio.

use std::path::{Path, PathBuf};

use super::rekor_v1::RekorV1;
use super::{HOST, url};
use crate::Failure;
use crate::running::{Server, rekor_tiles};

/// Its checkpoints: of this origin, and every second, since in the ten of its default some clients give up.
const REKOR_TILES: [&str; 4] = ["--hostname", HOST, "--checkpoint-interval", "1s"];

/// One of two generations.
pub(super) enum SignatureLog {
    Tiles(PathBuf),
    RekorV1(RekorV1),
}

/// One that answers.
pub(super) struct Running {
    pub(super) url: String,
    /// The file of its public key.
    pub(super) key: PathBuf,
    /// What its checkpoints say in the place of a tree's number, where clients take its id from that.
    pub(super) origin: Option<&'static str>,
    /// Of its interface.
    pub(super) version: u8,
    /// In the order in which they are to be stopped.
    pub(super) servers: Vec<Server>,
}

impl SignatureLog {
    /// Starts it, empty.
    pub(super) fn start(&self, parent: &Path) -> Result<Running, Failure> {
        let program = match self {
            Self::Tiles(program) => program,
            Self::RekorV1(programs) => return programs.start(parent),
        };
        let log = Server::start(rekor_tiles::recipe(program, parent, &REKOR_TILES)?)?;
        let (_, key) = log.key.split_once('=').ok_or("the log has no key")?;
        let (url, key) = (url(&log), PathBuf::from(key));
        Ok(Running { url, key, origin: Some(HOST), version: 2, servers: vec![log] })
    }
}
