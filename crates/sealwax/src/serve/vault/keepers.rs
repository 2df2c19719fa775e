//! Whether the tokens and services that keep an instance's keys let them be used. A log says so of itself; authorities sign for one
//! request, and know nothing of the next.

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

/// What became of the last use of each key.
#[derive(Clone, Default)]
pub struct Keepers(Arc<Mutex<BTreeMap<String, (Instant, String)>>>);

impl Keepers {
    /// The same key, looked at whenever it is used.
    pub fn watch(&self, name: &str, signer: Arc<dyn Signer>) -> Arc<dyn Signer> {
        Arc::new(Kept { name: name.to_owned(), signer, keepers: self.clone() })
    }

    /// Whether none is lost.
    ///
    /// # Errors
    /// [`Lost`]: the first.
    pub fn check(&self) -> Result<(), Lost> {
        match self.lost().iter().find(|(_, (since, _))| since.elapsed() < LOST) {
            Some((name, (_, reason))) => Err(Lost { name: name.clone(), reason: reason.clone() }),
            None => Ok(()),
        }
    }

    fn lost(&self) -> MutexGuard<'_, BTreeMap<String, (Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Kept {
    name: String,
    signer: Arc<dyn Signer>,
    keepers: Keepers,
}

impl Signer for Kept {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        let signed = self.signer.sign(scheme, message);
        let mut lost = self.keepers.lost();
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
        let gone = keepers.watch("tsa-1", Arc::new(absent));
        let back = keepers.watch("tsa-1", Arc::new(key));
        let message = Message::Bytes(b"x");
        assert_eq!(keepers.check(), Ok(()));
        gone.sign(Scheme::Ed25519, message).unwrap_err();
        let lost = keepers.check().unwrap_err();
        assert_eq!((lost.name.as_str(), lost.reason), ("tsa-1", SignerError::Absent.to_string()));
        back.sign(Scheme::Ed25519, message).unwrap();
        assert_eq!(keepers.check(), Ok(()));
    }
}
