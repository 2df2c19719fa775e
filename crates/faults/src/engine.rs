//! The real engine, as the machinery runs it.

mod bucket;
mod entries;
mod host;
mod start;
pub mod stored;

pub use bucket::OverBucket;
pub use entries::{answer, submission};
pub use host::SimHost;
pub use start::Starts;

use crate::oracle::{History, RecordingSigner};
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_log::engine::{Kind, Signing, Step};
use std::sync::Arc;

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
}

impl Subject {
    /// A log of this kind, as it is.
    ///
    /// # Panics
    /// If the cryptography refuses a fixed key.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a fixed key, not an input")]
    pub fn new(kind: Kind) -> Self {
        let (key_kind, seed) = match kind {
            Kind::Signature => (KeyKind::Ed25519, [7; 32]),
            Kind::Certificate => (KeyKind::EcdsaP256, [8; 32]),
        };
        let key = SigningKey::from_seed(key_kind, &seed).expect("a fixed seed is a key");
        Self { kind, sabotage: None, key: Arc::new(key) }
    }

    /// Its keys, which tell the history what they sign.
    ///
    /// # Panics
    /// If the fixed origin is none.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a fixed origin, not an input")]
    pub fn signing(&self, history: &History) -> Signing {
        let signer = Arc::new(RecordingSigner::new(Arc::clone(&self.key), history.clone()));
        Signing::new(self.kind, ORIGIN, signer, None).expect("a fixed origin and key fit")
    }
}
