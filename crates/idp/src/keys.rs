//! The keys that tokens are signed with, and how they follow each other.
//!
//! Each issuer has keys of its own. The next one is published a day at least before it signs, so that nobody meets a
//! token whose key they do not know; the previous one stays published for a day, longer than any token of it is valid.

mod file;

use crate::state::{State, StateError};
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{KeyError, KeyKind, Message, PublicKey, SignError, SigningKey};
use sealwax_json::{Object, Value};
use sealwax_oidc::{Algorithm, UnsignedToken};
use sealwax_store::disk::Disk;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

pub use file::KeyFileError;
pub(crate) use file::{FILE, MAX_BYTES};

/// How long a key signs. Tokens are worth minutes, so nobody gains by more haste.
pub const PERIOD: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How long a key is published before it signs, and after.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// The server that signs holds this.
pub(crate) const LOCK: &str = "serve.lock";

/// Which issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Realm {
    /// Of people.
    People,
    /// Of machines.
    Machines,
}

/// The keys of both issuers, in a directory.
pub struct Keys<D: Disk> {
    state: State<D>,
    /// Two servers would each turn the keys, and each know one half.
    _lock: D::File,
    rings: RwLock<Arc<Rings>>,
}

/// The keys of both issuers.
#[derive(Clone, Debug, Default)]
pub struct Rings {
    keys: Vec<Key>,
}

/// A key, and from when until when it signs.
#[derive(Clone, Debug)]
struct Key {
    realm: Realm,
    id: String,
    algorithm: Algorithm,
    published: Timestamp,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    key: Arc<SigningKey>,
}

/// Why there are no keys, or no token.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The disk.
    #[error(transparent)]
    State(#[from] StateError),
    /// The file is not one of ours.
    #[error("{name}: {0}", name = file::NAME)]
    File(#[from] KeyFileError),
    /// A key cannot be made, or does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A public key cannot be written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No key signs for this issuer.
    #[error("there is no key to sign with")]
    None,
}

/// What every issuer signs with: sigstore-js takes RS256 alone in a sign-in, cosign in a token on its command line, and a token
/// of a machine is handed to any client.
const ALGORITHM: Algorithm = Algorithm::Rs256;

impl<D: Disk> Keys<D> {
    /// Opens the keys of a directory, and makes those that are missing.
    ///
    /// # Errors
    /// [`KeysError`]; [`StateError::InUse`] if another server has them.
    pub fn open(state: State<D>, now: Timestamp) -> Result<Self, KeysError> {
        let lock = state.lock(LOCK)?;
        let rings = match state.read_sealed(FILE, MAX_BYTES)? {
            Some(found) => Rings::parse(&found.bytes)?,
            None => Rings::default(),
        };
        let keys = Self { state, _lock: lock, rings: RwLock::new(Arc::new(rings)) };
        keys.change(|rings| rings.begin(now))?;
        Ok(keys)
    }

    /// Does what is due: makes the next key, lets it follow the current one, forgets the previous one. To be called every
    /// hour or so, from a thread that may wait: an RSA key takes a moment.
    ///
    /// # Errors
    /// [`KeysError`]; everything is as it was then.
    pub fn turn(&self, now: Timestamp) -> Result<(), KeysError> {
        for realm in [Realm::People, Realm::Machines] {
            self.change(|rings| rings.turn(realm, now))?;
        }
        Ok(())
    }

    /// The keys as they are now.
    #[must_use]
    pub fn now(&self) -> Arc<Rings> {
        Arc::clone(&self.rings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nothing is used or published before it is durable. Only one thread turns the keys.
    fn change(&self, change: impl FnOnce(&mut Rings) -> Result<bool, KeysError>) -> Result<(), KeysError> {
        let mut rings = (*self.now()).clone();
        if change(&mut rings)? {
            self.state.replace_sealed(FILE, &rings.write()?)?;
            *self.rings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rings);
        }
        Ok(())
    }
}

impl Rings {
    /// The key set (RFC 7517 §5) of an issuer.
    ///
    /// # Errors
    /// None of a key that signs.
    pub fn jwks(&self, realm: Realm) -> Result<Object<'static>, KeysError> {
        let mut keys = Vec::new();
        for key in self.of(realm) {
            let jwk = key.public_key().to_jwk()?.with("use", "sig").with("alg", key.algorithm.name());
            keys.push(Value::from(jwk.with("kid", key.id.clone())));
        }
        Ok(Object::new().with("keys", Value::from(keys)))
    }

    /// The algorithms of an issuer's keys, each once.
    #[must_use]
    pub fn algorithms(&self, realm: Realm) -> Vec<Algorithm> {
        let mut algorithms: Vec<Algorithm> = self.of(realm).map(|key| key.algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        algorithms
    }

    /// Signs claims as a token of an issuer. An RSA signature takes two milliseconds.
    ///
    /// # Errors
    /// [`KeysError::None`], [`KeysError::Sign`].
    pub fn sign(&self, realm: Realm, claims: &Object<'_>) -> Result<String, KeysError> {
        let key = self.of(realm).find(|key| key.is_current()).ok_or(KeysError::None)?;
        let token = UnsignedToken::new(key.algorithm, &key.id, claims);
        let signature = key.key.sign(token.scheme(), Message::Bytes(token.message()))?;
        token.signed(&signature).ok_or(KeysError::Sign(SignError::Provider))
    }

    fn of(&self, realm: Realm) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.realm == realm)
    }

    /// Makes the first keys, all at once: an RSA key takes a moment, and a first start waits for it.
    fn begin(&mut self, now: Timestamp) -> Result<bool, KeysError> {
        let mut missing = vec![Realm::People, Realm::Machines];
        missing.retain(|realm| !self.of(*realm).any(Key::is_current));
        let made = thread::scope(|scope| {
            let make = |realm: &Realm| {
                let realm = *realm;
                scope.spawn(move || Key::new(realm, now))
            };
            let making: Vec<_> = missing.iter().map(make).collect();
            making
                .into_iter()
                .map(|key| key.join().map_err(|_| SignError::Provider)?)
                .collect::<Result<Vec<_>, _>>()
        })?;
        self.keys.extend(made.into_iter().map(|key| Key { since: Some(now), ..key }));
        Ok(!missing.is_empty())
    }

    fn turn(&mut self, realm: Realm, now: Timestamp) -> Result<bool, KeysError> {
        let before = self.keys.len();
        let is_past = |key: &Key| key.until.is_some_and(|until| now.duration_since(until) >= OVERLAP);
        self.keys.retain(|key| key.realm != realm || !is_past(key));
        let mut changed = self.keys.len() != before;
        if !self.of(realm).any(Key::is_next) {
            self.keys.push(Key::new(realm, now)?);
            changed = true;
        }
        let is_over = |key: &Key| key.since.is_some_and(|since| now.duration_since(since) >= PERIOD);
        let is_known = |key: &Key| key.is_next() && now.duration_since(key.published) >= OVERLAP;
        if self.of(realm).any(|key| key.is_current() && is_over(key)) && self.of(realm).any(is_known) {
            for key in self.keys.iter_mut().filter(|key| key.realm == realm) {
                if key.is_current() {
                    key.until = Some(now);
                } else if key.is_next() {
                    key.since = Some(now);
                }
            }
            changed = true;
        }
        Ok(changed)
    }
}

impl Key {
    fn new(realm: Realm, now: Timestamp) -> Result<Self, KeysError> {
        let key = Arc::new(SigningKey::generate(KeyKind::Rsa { bits: 3072 })?);
        let id = key.public_key().jwk_thumbprint()?;
        let published = crate::account::file::whole_seconds(now);
        Ok(Self { realm, id, algorithm: ALGORITHM, published, since: None, until: None, key })
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn is_next(&self) -> bool {
        self.since.is_none()
    }

    fn is_current(&self) -> bool {
        self.since.is_some() && self.until.is_none()
    }
}
