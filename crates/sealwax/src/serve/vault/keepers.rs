//! The tokens and services that keep an instance's keys: each key is opened once, and whether it lets itself be used is remembered. A
//! log says so of itself; authorities sign for one request, and know nothing of the next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sealwax_crypto::{Message, PublicKey, Scheme};
use sealwax_signer::{Signer, SignerError};

/// How long a key that could not be used counts as lost, unless it is used before: who is not ready may be sent no requests, and then
/// nothing would show that the key is back. As often as a log tries again.
const LOST: Duration = Duration::from_secs(30);

/// A key that could not be used when it was tried last.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct Lost {
    /// What it is called.
    name: String,
    /// What its keeper said.
    reason: String,
}

/// Keys that are open, and what became of the last use of each.
#[derive(Clone, Default)]
pub struct Keepers {
    open: Arc<Mutex<BTreeMap<String, Open>>>,
    lost: Losses,
}

/// When which key could not be used, and what its keeper said.
type Losses = Arc<Mutex<BTreeMap<String, (Instant, String)>>>;

/// A key, and what its file said when it was opened.
struct Open {
    said: Vec<u8>,
    signer: Arc<dyn Signer>,
}

impl Keepers {
    /// The key that was opened under this name, if its file says the same. A keeper that is away keeps no other key from being
    /// followed.
    pub fn find(&self, name: &str, said: &[u8]) -> Option<Arc<dyn Signer>> {
        lock(&self.open).get(name).filter(|open| open.said == said).map(|open| open.signer.clone())
    }

    /// The same key from now on, looked at whenever it is used.
    pub fn keep(&self, name: &str, said: Vec<u8>, signer: Arc<dyn Signer>) -> Arc<dyn Signer> {
        let kept = Kept { name: name.to_owned(), signer, lost: self.lost.clone() };
        let signer: Arc<dyn Signer> = Arc::new(kept);
        let open = Open { said, signer: signer.clone() };
        lock(&self.open).insert(name.to_owned(), open);
        signer
    }

    /// Forgets all but these: what was opened for a plan that was refused may be another key by now.
    pub fn keep_only(&self, names: &[String]) {
        lock(&self.open).retain(|name, _| names.contains(name));
    }

    /// Whether none is lost.
    ///
    /// # Errors
    /// [`Lost`]: the first.
    pub fn check(&self) -> Result<(), Lost> {
        match lock(&self.lost).iter().find(|(_, (since, _))| since.elapsed() < LOST) {
            Some((name, (_, reason))) => Err(Lost { name: name.clone(), reason: reason.clone() }),
            None => Ok(()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Kept {
    name: String,
    signer: Arc<dyn Signer>,
    lost: Losses,
}

impl Signer for Kept {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        let signed = self.signer.sign(scheme, message);
        let mut lost = lock(&self.lost);
        match &signed {
            Ok(_) => lost.remove(&self.name),
            Err(error) => lost.insert(self.name.clone(), (Instant::now(), error.to_string())),
        };
        signed
    }

    fn may_wait(&self) -> bool {
        self.signer.may_wait()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::{KeyKind, SigningKey};
    use sealwax_signer::Absent;

    #[test]
    fn a_key_is_lost_until_it_is_used() {
        let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
        let absent = Absent(key.public_key().clone());
        let keepers = Keepers::default();
        let gone = keepers.keep("tsa-1", b"pkcs11:a".to_vec(), Arc::new(absent));
        assert!(keepers.find("tsa-1", b"pkcs11:a").is_some_and(|found| Arc::ptr_eq(&found, &gone)));
        assert!(keepers.find("tsa-1", b"pkcs11:b").is_none() && keepers.find("tsa-2", b"pkcs11:a").is_none());
        let back = keepers.keep("tsa-1", b"pkcs11:b".to_vec(), Arc::new(key));
        let message = Message::Bytes(b"x");
        assert_eq!(keepers.check(), Ok(()));
        gone.sign(Scheme::Ed25519, message).unwrap_err();
        let lost = keepers.check().unwrap_err();
        assert_eq!((lost.name.as_str(), lost.reason), ("tsa-1", SignerError::Absent.to_string()));
        keepers.keep_only(&["tsa-2".to_owned()]);
        assert!(keepers.find("tsa-1", b"pkcs11:b").is_none());
        back.sign(Scheme::Ed25519, message).unwrap();
        assert_eq!(keepers.check(), Ok(()));
    }
}
