//! The clients, installed by name and version, and how each is told to sign and to verify.

mod cosign;
mod libraries;
mod openssl;
mod ours;
mod python;
mod suite;

use std::path::{Path, PathBuf};

use super::super::peers::Node;
use super::instance::Instance;
use crate::{Failure, Outcome};

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Message,
    /// An in-toto statement in an envelope.
    Statement,
}

/// Where a client has its trust from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the repository.
    Tuf,
    Files,
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// Somebody with an e-mail address, who signs in with a browser.
    Person,
    /// Something with a URI, by a token.
    Machine,
    /// Whoever has the private key.
    Key,
}

/// What a verifier must refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// One byte of what was signed is another.
    Byte,
    /// Somebody else is expected to have signed.
    Identity,
}

/// What a client compares with what was signed, and of which a byte is changed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// The artifact.
    Artifact,
    /// The statement in the envelope; the artifact with nothing.
    Statement,
    /// The signature, as what a timestamp is over.
    Signature,
}

/// Something to sign.
pub(super) struct Job {
    pub(super) content: Content,
    pub(super) way: Way,
    pub(super) artifact: PathBuf,
    /// The statement over it, and its predicate alone.
    pub(super) statement: PathBuf,
    pub(super) predicate: PathBuf,
    pub(super) bundle: PathBuf,
    pub(super) credential: Credential,
}

/// What a client is to sign with.
#[derive(Debug)]
pub(super) enum Credential {
    /// Whoever signs in with a browser has one.
    Browser,
    /// An identity token.
    Token(String),
    /// A private key, PKCS#8 in PEM.
    Key(PathBuf),
}

/// Who is said to have signed.
#[derive(Clone, Debug)]
pub(super) enum Signer {
    Identity {
        name: String,
        issuer: String,
    },
    /// A public key, in PEM.
    Key(PathBuf),
}

/// What somebody is said to have signed.
#[derive(Clone)]
pub(super) struct Claim {
    pub(super) content: Content,
    pub(super) way: Way,
    pub(super) artifact: PathBuf,
    pub(super) bundle: PathBuf,
    pub(super) signer: Signer,
    /// What of it is not true.
    pub(super) change: Option<Change>,
}

/// The type of the predicate of every statement: sigstore-python knows no other than SLSA's.
pub(super) const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// What a client says: something, or why it refuses.
pub(super) type Verdict = Result<Result<String, String>, Failure>;

pub(super) trait Client: Sync {
    /// With its version.
    fn name(&self) -> String;

    /// Whether it can sign for this account, with trust from there.
    fn signs(&self, _way: Way, account: Account) -> bool {
        account != Account::Key
    }

    /// Whether it can have trust from there, and in this account.
    fn verifies(&self, _way: Way, _account: Account) -> bool {
        true
    }

    /// What it compares with what was signed.
    fn compares(&self, _content: Content) -> Compared {
        Compared::Artifact
    }

    /// Brings its trust by TUF up to date, if it does not do so by itself whenever it needs it.
    fn follow(&self, _instance: &Instance<'_>) -> Outcome {
        Ok(())
    }

    /// Signs, and writes the bundle.
    fn sign(&self, instance: &Instance<'_>, job: &Job) -> Outcome;

    /// Verifies, with log entry, SCT and timestamp.
    fn verify(&self, instance: &Instance<'_>, claim: &Claim) -> Verdict;

    /// Words of which some are in a refusal for this reason, and none in any other.
    fn refusal(&self, content: Content, account: Account, change: Change) -> &'static [&'static str];

    /// What it cannot do, and why.
    fn remarks(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Every account with trust from everywhere.
pub(super) fn ways() -> Vec<(Way, Account)> {
    let accounts = [Account::Person, Account::Machine, Account::Key];
    [Way::Tuf, Way::Files].into_iter().flat_map(|way| accounts.map(|account| (way, account))).collect()
}

/// Those that are programs, ours last.
pub(super) fn programs(directory: &Path, program: &Path) -> Result<Vec<Box<dyn Client>>, Failure> {
    Ok(vec![
        Box::new(cosign::Cosign::install(directory)?),
        Box::new(python::Python::install(directory)?),
        Box::new(ours::Ours::new(program)),
    ])
}

/// All of them: those, the libraries, and who has a protocol of its own.
pub(super) fn all(directory: &Path, program: &Path, node: &Node) -> Result<Vec<Box<dyn Client>>, Failure> {
    let mut all = programs(directory, program)?;
    all.push(Box::new(libraries::Library::javascript(node)?));
    all.push(Box::new(libraries::Library::go(directory)?));
    all.push(Box::new(openssl::OpenSsl::install(directory)?));
    all.push(Box::new(suite::Suite::build()?));
    Ok(all)
}
