//! `sealwax ceremony`: changes a TUF repository whose root keys lie in the hands of people. What a repository may become, and
//! who must agree: `sealwax_tuf::editor`.

pub(crate) mod args;
mod changes;
mod directory;
mod due;
mod plan;
mod publish;
mod report;
pub(crate) mod repository;
mod sign;
mod targets;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_crypto::Message;
use sealwax_signer::Signer;
use sealwax_tuf::editor::{EditError, Edition, Terms};

use self::args::{CeremonyCommand, OnlineArgs};
use crate::Failure;
use crate::judge::Status;
use crate::password::PasswordArgs;
use crate::serve::vault;

pub(crate) fn run(command: CeremonyCommand, out: &mut impl Write) -> Result<Status, Failure> {
    let now = Timestamp::now();
    match command {
        CeremonyCommand::Plan(args) => plan::run(&args, now, out),
        CeremonyCommand::Status(args) => sign::status(&args, out),
        CeremonyCommand::Sign(args) => sign::run(&args, out),
        CeremonyCommand::Publish(args) => publish::run(&args, now, out),
        CeremonyCommand::Renew(args) => due::renew(&args, now, out),
        CeremonyCommand::Due(args) => due::run(&args, now, out),
    }
}

/// What a machine signs with, for how long, by which steps.
struct Machine {
    keys: Vec<Arc<dyn Signer>>,
    terms: Terms,
}

impl Machine {
    fn new(args: &OnlineArgs, now: Timestamp) -> Result<Self, Failure> {
        let keys = args.key.iter().map(|word| open_key(word)).collect::<Result<_, _>>()?;
        let policy = changes::policy(&args.expires, &changes::MACHINES)?;
        Ok(Self { keys, terms: Terms { now, policy, step: args.step } })
    }

    /// Dates snapshot and timestamp, and signs whatever the keys are asked to.
    fn complete(&self, edition: &mut Edition) -> Result<(), Failure> {
        edition.date(&self.terms)?;
        self.keys.iter().try_for_each(|key| sign_all(edition, key.as_ref()).map(drop))
    }
}

/// A key of a holder, or of a machine that signs by itself: in a file, in a PKCS#11 token, or sealed in the directory of an instance.
fn open_key(word: &str) -> Result<Arc<dyn Signer>, Failure> {
    if let Some(key) = vault::key_in(Path::new(word))? {
        return Ok(Arc::new(key));
    }
    crate::key::open(word, &PasswordArgs::default())
}

/// Signs whatever the key is asked to; the files, with the name of the key.
pub(crate) fn sign_all(
    edition: &mut Edition,
    signer: &dyn Signer,
) -> Result<Vec<(String, String, Vec<u8>)>, Failure> {
    let mut signed = Vec::new();
    for request in edition.requests(signer.public_key()) {
        let signature = signer.sign(request.scheme, Message::Bytes(&request.message));
        let signature = signature.map_err(|error| Failure::cannot(error.to_string()))?;
        edition.add_signature(&request.file, &request.keyid, &signature)?;
        signed.push((request.file, request.keyid, signature));
    }
    Ok(signed)
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        match error {
            EditError::KeyListed { .. }
            | EditError::NoSuchKey { .. }
            | EditError::Threshold { .. }
            | EditError::TargetPath { .. }
            | EditError::NoSuchTarget { .. }
            | EditError::Holder { .. }
            | EditError::Validity { .. } => Failure::usage(error.to_string()),
            _ => Failure::cannot(error.to_string()),
        }
    }
}
