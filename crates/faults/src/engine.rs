//! The real engine, as the machinery runs it.

mod bucket;
mod directory;
mod entries;
mod host;
mod lives;
mod order;
mod seeds;
mod start;
/// Logs as they lie in stores.
pub mod stored;

pub use bucket::OverBucket;
pub use directory::{Broken, Knobs, OverDirectory, check, static_log};
pub use entries::{answer, submission};
pub use host::SimHost;
pub use seeds::Seeds;
pub use start::{SIZES, Starts};
pub use stored::Unreadable;

use crate::oracle::{History, RecordingSigner};
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_log::engine::{Kind, Signing, Step};
use sealwax_signer::Signer;
use std::sync::{Arc, OnceLock};

/// The origin of every log in the simulation.
pub const ORIGIN: &str = "sim.example/log";

/// Which log, and what is wrong with it.
#[derive(Clone)]
pub struct Subject {
    /// Which of the two.
    pub kind: Kind,
    /// The step that it leaves out; only with the feature `sabotage`.
    pub sabotage: Option<Step>,
    key: Arc<SigningKey>,
    second_key: Option<Arc<SigningKey>>,
}

impl Subject {
    /// A log of this kind, as it is.
    ///
    /// # Panics
    /// If the cryptography makes no keys.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let key_kind = match kind {
            Kind::Signature => KeyKind::Ed25519,
            Kind::Certificate => KeyKind::EcdsaP256,
        };
        Self { kind, sabotage: None, key: key(key_kind), second_key: None }
    }

    /// The same with a second signature on each checkpoint, ML-DSA-44.
    #[must_use]
    pub fn with_second_key(self) -> Self {
        Self { second_key: Some(key(KeyKind::MlDsa44)), ..self }
    }

    /// Its keys, which tell the history what they sign.
    ///
    /// # Panics
    /// If the fixed origin is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a fixed origin, not an input")]
    pub fn signing(&self, history: &History) -> Signing {
        let signer = |key: &Arc<SigningKey>| -> Arc<dyn Signer> {
            Arc::new(RecordingSigner::new(Arc::clone(key), history.clone()))
        };
        let second = self.second_key.as_ref().map(signer);
        Signing::new(self.kind, ORIGIN, signer(&self.key), second).expect("a fixed origin and keys fit")
    }
}

/// One key of each kind for all runs. What is signed with ECDSA differs from run to run, but nothing depends on it.
#[expect(clippy::expect_used, reason = "without keys there are no runs")]
fn key(kind: KeyKind) -> Arc<SigningKey> {
    static KEYS: [OnceLock<Arc<SigningKey>>; 3] = [const { OnceLock::new() }; 3];
    let [ed25519, ecdsa, ml_dsa] = &KEYS;
    let place = match kind {
        KeyKind::Ed25519 => ed25519,
        KeyKind::MlDsa44 => ml_dsa,
        _ => ecdsa,
    };
    let made = || Arc::new(SigningKey::generate(kind).expect("a key can be made"));
    Arc::clone(place.get_or_init(made))
}
