//! The real engine, as the machinery runs it.

mod bucket;
mod directory;
mod entries;
mod host;
mod lives;
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
}

impl Subject {
    /// A log of this kind, as it is.
    ///
    /// # Panics
    /// If the cryptography makes no keys.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, sabotage: None, key: Arc::clone(key(kind)) }
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

/// One key of each kind for all runs. What is signed with ECDSA differs from run to run, but nothing depends on it.
#[expect(clippy::expect_used, reason = "without keys there are no runs")]
fn key(kind: Kind) -> &'static Arc<SigningKey> {
    static KEYS: [OnceLock<Arc<SigningKey>>; 2] = [OnceLock::new(), OnceLock::new()];
    let ([signature, certificate], key_kind) = (
        &KEYS,
        match kind {
            Kind::Signature => KeyKind::Ed25519,
            Kind::Certificate => KeyKind::EcdsaP256,
        },
    );
    let place = if kind == Kind::Signature { signature } else { certificate };
    place.get_or_init(|| Arc::new(SigningKey::generate(key_kind).expect("a key can be made")))
}
