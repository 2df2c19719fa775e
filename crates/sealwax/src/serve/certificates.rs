//! The certificates of an instance's authorities: `certificates/NAME.pem`, leaf or intermediate first, root last. Each is made
//! once, and written when everything else is there that is made with it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sealwax_ca::{create_intermediate, create_root};
use sealwax_crypto::{KeyKind, PublicKey};
use sealwax_pki::Certificate;
use sealwax_signer::{Absent, CertifyError, Signer};
use sealwax_tsa::{Subject, issue_leaf, issue_root};

use super::vault::{Vault, is_name as is_key_name, read_regular};
use super::{authority, timestamps};
use crate::{Failure, output_file};

/// The folder, in the directory of an instance.
pub const FOLDER: &str = "certificates";

/// How long roots last. What they certified stays verifiable after that; nothing new is certified.
const ROOT_LASTS: SignedDuration = SignedDuration::from_hours(24 * 3652);

/// What the first authority of a kind is called.
const FIRST: &str = "1";

/// The longest chain that is read, bytes.
const MAX_BYTES: u64 = 1 << 18;

/// What a chain must not have in it: everybody may read the file.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// A key and the chain of its certificate.
#[derive(Clone)]
pub struct Certified {
    pub key: Arc<dyn Signer>,
    pub chain: Vec<Certificate>,
}

/// What the certificates of an authority say.
pub struct Terms<'a> {
    /// Who runs the instance.
    pub organization: &'a str,
    /// From when on they are valid.
    pub from: Timestamp,
    /// What the authority is called.
    pub name: &'a str,
    /// With which authority its root was made: with itself, or an earlier one.
    pub root: &'a str,
    /// Whether another one has followed it: then it signs nothing, and wherever its key was, it may be gone.
    pub has_ended: bool,
}

/// How the certificates of a kind of authority are made.
struct Hierarchy {
    prefix: &'static str,
    common_name: &'static str,
    root_kind: KeyKind,
    root: fn(&dyn Signer, Subject<'_>) -> Result<Certificate, CertifyError>,
    /// Root, its key, the child's key.
    child: fn(&Certificate, &dyn Signer, &PublicKey, Subject<'_>) -> Result<Certificate, CertifyError>,
}

impl Terms<'_> {
    /// The first of a kind has a plain name; the next ones are told from it.
    fn common_name(what: &str, name: &str) -> String {
        if name == FIRST { what.to_owned() } else { format!("{what} {name}") }
    }

    fn subject<'b>(&'b self, common_name: &'b str, until: Timestamp) -> Subject<'b> {
        let Self { organization, from, .. } = *self;
        Subject { organization, common_name, not_before: from, not_after: until }
    }

    fn end(&self, lasts: SignedDuration) -> Result<Timestamp, Failure> {
        self.from.checked_add(lasts).map_err(|error| Failure::cannot(error.to_string()))
    }
}

/// The folder of certificates.
pub struct Certificates<'a> {
    pub folder: PathBuf,
    pub vault: &'a Vault,
    /// How long new ones last that are no roots.
    pub last: SignedDuration,
}

impl Certificates<'_> {
    /// A certificate authority: an intermediate that issues, and its root.
    pub fn certificate_authority(&self, terms: &Terms<'_>) -> Result<Certified, Failure> {
        let what = Hierarchy {
            prefix: "ca",
            common_name: "certificate authority",
            root_kind: KeyKind::EcdsaP384,
            root: create_root,
            child: create_intermediate,
        };
        let certified = self.certified(&what, terms)?;
        if !terms.has_ended {
            authority::issuer(&certified).map_err(|failure| of_files(&what, terms, &failure))?;
        }
        Ok(certified)
    }

    /// A timestamp authority: the leaf that signs, and its root.
    pub fn timestamp_authority(&self, terms: &Terms<'_>) -> Result<Certified, Failure> {
        let what = Hierarchy {
            prefix: "tsa",
            common_name: "timestamp authority",
            root_kind: KeyKind::EcdsaP256,
            root: issue_root,
            child: |root, root_key, key, subject| issue_leaf(root_key, root, key, subject),
        };
        let certified = self.certified(&what, terms)?;
        if !terms.has_ended {
            timestamps::credentials(&certified).map_err(|failure| of_files(&what, terms, &failure))?;
        }
        Ok(certified)
    }

    /// Those that are there, brought along or made before. What is missing of them is made, and lasts when it is [kept](Self::keep).
    fn certified(&self, what: &Hierarchy, terms: &Terms<'_>) -> Result<Certified, Failure> {
        let Hierarchy { prefix, common_name, root_kind, .. } = *what;
        let Terms { name, root: root_name, .. } = *terms;
        let own = format!("{prefix}-{name}");
        if let Some(chain) = self.find(&own)? {
            if !terms.has_ended {
                self.check_root(prefix, terms, &chain)?;
            }
            let key = chain.first().map(Certificate::public_key);
            let key = match key.filter(|_| terms.has_ended) {
                Some(Ok(key)) => Some(Arc::new(Absent(key.clone())) as Arc<dyn Signer>),
                _ => self.vault.find(&own)?,
            };
            let missing =
                || Failure::cannot(format!("{own} has a chain, and no key: put it into secrets/{own}"));
            return Ok(Certified { key: key.ok_or_else(missing)?, chain });
        }
        let root_file = format!("{prefix}-root-{root_name}");
        let failed = |error: CertifyError| Failure::cannot(format!("secrets/{root_file}: {error}"));
        let (root, root_key) = if root_name == name {
            let root_key = self.vault.signer(&root_file, root_kind)?;
            let common_name = Terms::common_name(&format!("{common_name} root"), name);
            let subject = terms.subject(&common_name, terms.end(ROOT_LASTS)?);
            ((what.root)(&*root_key, subject).map_err(failed)?, root_key)
        } else {
            let root_key = self.vault.find(&root_file)?.ok_or_else(|| elsewhere(&own))?;
            (self.root_of(prefix, root_name)?, root_key)
        };
        let key = self.vault.signer(&own, KeyKind::EcdsaP256)?;
        let until = terms.end(self.last)?.min(root.not_after());
        let common_name = Terms::common_name(common_name, name);
        let subject = terms.subject(&common_name, until);
        let child = (what.child)(&root, &*root_key, key.public_key(), subject).map_err(failed)?;
        Ok(Certified { key, chain: vec![child, root] })
    }

    /// Refuses a chain under another root than the one that was asked for: of what somebody brought along, or of a rotation that was
    /// killed before it was written down.
    fn check_root(&self, prefix: &str, terms: &Terms<'_>, chain: &[Certificate]) -> Result<(), Failure> {
        let Terms { name, root: root_name, .. } = *terms;
        let is_root = |root: &Certificate| chain.last() == Some(root);
        let file = format!("{FOLDER}/{prefix}-{name}.pem");
        if root_name != name {
            return match is_root(&self.root_of(prefix, root_name)?) {
                true => Ok(()),
                false => Err(Failure::cannot(format!(
                    "{file} is not under the root of {prefix}-{root_name}: remove it, or ask for it with --new-root"
                ))),
            };
        }
        // They are numbered.
        let earlier = (1..name.parse::<u32>().unwrap_or_default()).map(|number| format!("{prefix}-{number}"));
        for earlier in earlier {
            if self.find(&earlier)?.and_then(|mut chain| chain.pop()).is_some_and(|root| is_root(&root)) {
                return Err(Failure::cannot(format!(
                    "{file} is under the root of {earlier}, and a new one was asked for: remove it, or put one there that has another root"
                )));
            }
        }
        Ok(())
    }

    /// The root that was made with the authority of this name.
    fn root_of(&self, prefix: &str, name: &str) -> Result<Certificate, Failure> {
        let path = self.folder.join(format!("{prefix}-{name}.pem"));
        let bytes = read_regular(&path, MAX_BYTES).map_err(|error| cannot(&path, &error))?;
        let root = read(&path, &bytes)?.pop();
        root.ok_or_else(|| Failure::cannot(format!("{} has no certificate", path.display())))
    }

    /// The chain of this name, if it is there.
    fn find(&self, name: &str) -> Result<Option<Vec<Certificate>>, Failure> {
        let path = self.folder.join(format!("{name}.pem"));
        match read_regular(&path, MAX_BYTES) {
            Ok(bytes) => read(&path, &bytes).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(cannot(&path, &error)),
        }
    }

    /// Writes the chain of this name, durably, if it is not there.
    pub fn keep(&self, name: &str, chain: &[Certificate]) -> Result<(), Failure> {
        let path = self.folder.join(format!("{name}.pem"));
        if path.exists() {
            return Ok(());
        }
        let text: String = chain.iter().map(Certificate::to_pem).collect();
        fs::create_dir_all(&self.folder).map_err(|error| cannot(&self.folder, &error))?;
        output_file::write(&path, text.as_bytes(), false)?;
        let durable = fs::File::open(&self.folder).and_then(|folder| folder.sync_all());
        durable.map_err(|error| cannot(&self.folder, &error))
    }
}

/// The chain of an authority, from its files alone. `prefix`: `ca` or `tsa`.
pub fn chain_of(directory: &Path, prefix: &str, name: &str) -> Result<Vec<Certificate>, Failure> {
    let path = directory.join(FOLDER).join(format!("{prefix}-{name}.pem"));
    let bytes = read_regular(&path, MAX_BYTES).map_err(|error| cannot(&path, &error))?;
    read(&path, &bytes)
}

fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|error| cannot(path, &error))?;
    if text.contains(PRIVATE_KEY) {
        return Err(cannot(
            path,
            &"a private key is in it, and everybody may read it: a key belongs into secrets",
        ));
    }
    Certificate::list_from_pem(text).map_err(|error| cannot(path, &error))
}

/// Whether a file of this name has a chain that an instance may have: `ca-1.pem`.
pub fn is_name(file: &str) -> bool {
    let name = file.strip_suffix(".pem").filter(|name| is_key_name(name));
    let what = name.and_then(|name| name.rsplit_once('-'));
    what.is_some_and(|(what, _)| ["ca", "tsa"].contains(&what))
}

/// Names the files of an authority that is none.
fn of_files(what: &Hierarchy, terms: &Terms<'_>, failure: &Failure) -> Failure {
    let own = format!("{}-{}", what.prefix, terms.name);
    Failure::cannot(format!("{FOLDER}/{own}.pem, secrets/{own}: {}", failure.message))
}

/// What is to be done where the root was brought along without its key.
fn elsewhere(name: &str) -> Failure {
    Failure::cannot(format!(
        "the root's key is not here, so nothing can be certified for {name}: put its chain into certificates/{name}.pem and its key \
         into secrets/{name} of the directory first, or have a new root made with --new-root"
    ))
}

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("{}: {error}", path.display()))
}
