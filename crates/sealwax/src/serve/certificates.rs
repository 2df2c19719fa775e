//! The certificates of an instance's authorities: `certificates/NAME.pem`, leaf or intermediate first, root last. Each is made
//! once.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use sealwax_ca::{create_intermediate, create_root};
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_pki::Certificate;
use sealwax_tsa::{Subject, issue_leaf, issue_root};

use super::vault::Vault;
use crate::sources::read_limited;
use crate::{Failure, output_file};

/// How long roots last. What they certified stays verifiable after that; nothing new is certified.
const ROOT_LASTS: SignedDuration = SignedDuration::from_hours(24 * 3652);

/// How long what they certify lasts.
const LASTS: SignedDuration = SignedDuration::from_hours(24 * 1826);

/// The longest chain that is read, bytes.
const MAX_BYTES: u64 = 1 << 18;

/// A key and the chain of its certificate.
pub struct Certified {
    pub key: SigningKey,
    pub chain: Vec<Certificate>,
}

/// Who the certificates say runs the instance, and from when on they are valid.
pub struct Terms<'a> {
    pub organization: &'a str,
    pub from: Timestamp,
}

impl<'a> Terms<'a> {
    fn subject(&self, common_name: &'a str, lasts: SignedDuration) -> Result<Subject<'a>, Failure> {
        let Self { organization, from } = *self;
        let until = from.checked_add(lasts).map_err(|error| Failure::cannot(error.to_string()))?;
        Ok(Subject { organization, common_name, not_before: from, not_after: until })
    }
}

/// The folder of certificates.
pub struct Certificates<'a> {
    pub folder: PathBuf,
    pub vault: &'a Vault,
}

impl Certificates<'_> {
    /// The certificate authority of this name: an intermediate that issues, and its root.
    pub fn certificate_authority(&self, name: &str, terms: &Terms<'_>) -> Result<Certified, Failure> {
        let root_key = self.vault.key(&format!("ca-root-{name}"), KeyKind::EcdsaP384)?;
        let key = self.vault.key(&format!("ca-{name}"), KeyKind::EcdsaP256)?;
        let chain = self.chain(&format!("ca-{name}"), || {
            let root = create_root(&root_key, terms.subject("certificate authority root", ROOT_LASTS)?);
            let root = root.map_err(|error| Failure::cannot(error.to_string()))?;
            let intermediate = create_intermediate(
                &root,
                &root_key,
                key.public_key(),
                terms.subject("certificate authority", LASTS)?,
            );
            let intermediate = intermediate.map_err(|error| Failure::cannot(error.to_string()))?;
            Ok(vec![intermediate, root])
        })?;
        Ok(Certified { key, chain })
    }

    /// The timestamp authority of this name: the leaf that signs, and its root.
    pub fn timestamp_authority(&self, name: &str, terms: &Terms<'_>) -> Result<Certified, Failure> {
        let root_key = self.vault.key(&format!("tsa-root-{name}"), KeyKind::EcdsaP256)?;
        let key = self.vault.key(&format!("tsa-{name}"), KeyKind::EcdsaP256)?;
        let chain = self.chain(&format!("tsa-{name}"), || {
            let root = issue_root(&root_key, terms.subject("timestamp authority root", ROOT_LASTS)?);
            let root = root.map_err(|error| Failure::cannot(error.to_string()))?;
            let subject = terms.subject("timestamp authority", LASTS)?;
            let leaf = issue_leaf(&root_key, &root, key.public_key(), subject);
            let leaf = leaf.map_err(|error| Failure::cannot(error.to_string()))?;
            Ok(vec![leaf, root])
        })?;
        Ok(Certified { key, chain })
    }

    /// The chain of this name, which is made if it is not there.
    fn chain(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Vec<Certificate>, Failure>,
    ) -> Result<Vec<Certificate>, Failure> {
        let path = self.folder.join(format!("{name}.pem"));
        match read_limited(&path, MAX_BYTES) {
            Ok(bytes) => return read(&path, &bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(cannot(&path, &error)),
        }
        let chain = make()?;
        let text: String = chain.iter().map(Certificate::to_pem).collect();
        fs::create_dir_all(&self.folder).map_err(|error| cannot(&self.folder, &error))?;
        output_file::write(&path, text.as_bytes(), false)?;
        let durable = fs::File::open(&self.folder).and_then(|folder| folder.sync_all());
        durable.map_err(|error| cannot(&self.folder, &error))?;
        Ok(chain)
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|error| cannot(path, &error))?;
    Certificate::list_from_pem(text).map_err(|error| cannot(path, &error))
}

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::cannot(format!("{}: {error}", path.display()))
}
