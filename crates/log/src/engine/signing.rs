//! From a lock value to the signed note: what this log says about itself.

use super::{Host, Kind, LockValue};
use jiff::{Timestamp, fmt::strtime, tz::TimeZone};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme};
use sealwax_signer::{Signer, SignerError};
use sealwax_tlog::{
    Checkpoint, CheckpointError, Note, NoteError, TreeSize, VerifierKey, VerifierKeyError,
    cosignature::{PosixSeconds, ml_dsa_44_message},
    note::{Signature, SignatureType},
    rfc6962,
};
use std::{sync::Arc, time::Duration};

/// How long a key that lives elsewhere may take. Devices answer in less than a second; one that takes so long hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The keys that sign a log's checkpoints.
#[derive(Clone)]
pub struct Signing {
    origin: String,
    lines: Vec<(VerifierKey, Arc<dyn Signer>)>,
}

/// Why a checkpoint cannot be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The name is not one that can sign.
    #[error(transparent)]
    Name(#[from] VerifierKeyError),
    /// The second signature of a checkpoint is ML-DSA-44.
    #[error("the second key of a log is ML-DSA-44, this one is {found}")]
    SecondKind {
        /// What was given.
        found: KeyKind,
    },
    /// This kind of key does not sign checkpoints.
    #[error("a key of this kind ({found}) does not sign checkpoints of such a log")]
    Kind {
        /// What was given.
        found: KeyKind,
    },
    /// The origin is not one that a checkpoint can have.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The note cannot be put together.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The key did not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The keeper of a key does not answer.
    #[error("the key has not signed within {seconds} s: its token or its service hangs")]
    Hangs {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The thread that was to sign is gone.
    #[error("signing was broken off")]
    BrokenOff,
}

impl Signing {
    /// A signature log signs with an Ed25519 or ECDSA key as C2SP `signed-note` has it, a certificate log with an ECDSA or
    /// RSA key as `static-ct-api` has it. `second` is an ML-DSA-44 key that signs every checkpoint as well.
    ///
    /// # Errors
    /// [`SigningError`]: the origin is not a name, or a key does not fit.
    pub fn new(
        kind: Kind,
        origin: &str,
        key: Arc<dyn Signer>,
        second: Option<Arc<dyn Signer>>,
    ) -> Result<Self, SigningError> {
        let found = key.public_key().kind();
        let signature_type = match (kind, found) {
            (Kind::Signature, KeyKind::Ed25519) => SignatureType::Ed25519,
            (Kind::Signature, KeyKind::EcdsaP256) => SignatureType::Ecdsa,
            (Kind::Certificate, KeyKind::EcdsaP256 | KeyKind::Rsa { .. }) => SignatureType::Rfc6962,
            _ => return Err(SigningError::Kind { found }),
        };
        let mut lines = vec![(VerifierKey::new(origin, signature_type, key.public_key().clone())?, key)];
        if let Some(second) = second {
            let found = second.public_key().kind();
            if found != KeyKind::MlDsa44 {
                return Err(SigningError::SecondKind { found });
            }
            let public = second.public_key().clone();
            lines.push((VerifierKey::new(origin, SignatureType::CosignatureMlDsa44, public)?, second));
        }
        Ok(Self { origin: origin.to_owned(), lines })
    }

    /// The origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The keys that verify what this signs, in the order of the lines.
    pub fn verifier_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.lines.iter().map(|(key, _)| key)
    }

    /// The first four bytes of the id of each key.
    #[must_use]
    pub fn key_hashes(&self) -> Vec<[u8; 4]> {
        self.verifier_keys().map(VerifierKey::key_hash).collect()
    }

    /// Signs the checkpoint of a lock value. To be called only with a value that was swapped in and read back.
    pub(crate) fn sign(&self, value: &LockValue) -> Result<Note, SigningError> {
        let only_rfc6962 = self.verifier_keys().any(|key| key.signature_type() == SignatureType::Rfc6962);
        // LOG rule 11: a certificate log's checkpoint has no extension lines, frozen or not.
        let frozen = value.frozen.filter(|_| !only_rfc6962).map(frozen_line);
        let extensions = frozen.into_iter().collect();
        let size = TreeSize(value.size);
        let checkpoint = Checkpoint::with_extensions(&self.origin, size, value.root, extensions)?;
        let text = checkpoint.to_string();
        let lines = self.lines.iter().map(|(key, signer)| {
            let bytes = signature(key, signer.as_ref(), &text, &checkpoint, value)?;
            Ok(Signature::new(self.origin.clone(), key.key_hash(), bytes)?)
        });
        let lines = lines.collect::<Result<Vec<_>, SigningError>>()?;
        Ok(Note::new(text, lines)?)
    }
}

impl Signing {
    /// As [`sign`](Self::sign), on a thread that may wait if a key makes it wait; and not for ever, lest a device that hangs
    /// keep the log from saying so.
    pub(crate) async fn sign_anywhere(
        &self,
        value: &LockValue,
        host: &dyn Host,
    ) -> Result<Note, SigningError> {
        if !self.lines.iter().any(|(_, signer)| signer.may_wait()) {
            return self.sign(value);
        }
        let (signing, value) = (self.clone(), value.clone());
        let signed = tokio::task::spawn_blocking(move || signing.sign(&value));
        tokio::select! {
            biased;
            signed = signed => signed.map_err(|_| SigningError::BrokenOff)?,
            () = host.sleep(PATIENCE) => Err(SigningError::Hangs { seconds: PATIENCE.as_secs() }),
        }
    }
}

/// The bytes of one signature line, after the key hash.
fn signature(
    key: &VerifierKey,
    signer: &dyn Signer,
    text: &str,
    checkpoint: &Checkpoint,
    value: &LockValue,
) -> Result<Vec<u8>, SigningError> {
    let kind = key.public_key().kind();
    let unfit = SigningError::Kind { found: kind };
    let sign = |scheme, message: &[u8]| signer.sign(scheme, Message::Bytes(message));
    Ok(match key.signature_type() {
        SignatureType::Ed25519 => sign(Scheme::Ed25519, text.as_bytes())?,
        SignatureType::Ecdsa => sign(Scheme::Ecdsa(HashAlgorithm::Sha256), text.as_bytes())?,
        SignatureType::Rfc6962 => {
            let message = rfc6962::tree_head_message(value.timestamp, TreeSize(value.size), &value.root);
            let Some(scheme) = rfc6962::scheme(kind) else { return Err(unfit) };
            rfc6962::note_signature(kind, value.timestamp, &sign(scheme, &message)?).ok_or(unfit)?
        }
        SignatureType::CosignatureMlDsa44 => {
            let seconds = PosixSeconds(value.timestamp / 1000);
            let message = ml_dsa_44_message(key.name(), seconds, checkpoint).ok_or(unfit)?;
            [&seconds.0.to_be_bytes(), &sign(Scheme::MlDsa, &message)?[..]].concat()
        }
        _ => return Err(unfit),
    })
}

/// How the line begins that the last checkpoint of a signature log has.
pub(crate) const FROZEN: &str = "Log frozen — ";

/// How the time stands in that line.
const FROZEN_TIME: &str = "%a %b %e %H:%M:%S UTC %Y";

/// What the last checkpoint of a signature log says, as deployed (LOG rule 11).
fn frozen_line(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
    let time = time.unwrap_or(Timestamp::MAX).strftime(FROZEN_TIME);
    format!("{FROZEN}{time}")
}

/// When the log was frozen whose checkpoint this is, milliseconds since 1970, in whole seconds; `None`, if it does not say that it
/// is. A certificate log's never does (LOG rule 11).
#[must_use]
pub fn frozen_since(checkpoint: &Checkpoint) -> Option<u64> {
    let said = checkpoint.extensions().iter().find_map(|line| line.strip_prefix(FROZEN))?;
    let time = strtime::parse(FROZEN_TIME, said).and_then(|time| time.to_datetime()?.to_zoned(TimeZone::UTC));
    let milliseconds = time.ok().and_then(|time| u64::try_from(time.timestamp().as_millisecond()).ok());
    // Frozen it is, whenever that was.
    Some(milliseconds.filter(|time| *time > 0).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_crypto::SigningKey;
    use sealwax_tlog::{LogKey, SignedCheckpoint};

    fn value() -> LockValue {
        LockValue {
            origin: "log.example".to_owned(),
            keys: vec![],
            writer: [0; 16],
            round: 1,
            size: 3,
            root: [5; 32],
            timestamp: 1_780_000_000_123,
            batch: None,
            settled: 0,
            frozen: None,
        }
    }

    fn key(kind: KeyKind) -> Arc<dyn Signer> {
        Arc::new(SigningKey::generate(kind).unwrap())
    }

    #[test]
    fn every_line_verifies() {
        for (kind, first) in [
            (Kind::Signature, KeyKind::Ed25519),
            (Kind::Signature, KeyKind::EcdsaP256),
            (Kind::Certificate, KeyKind::EcdsaP256),
        ] {
            let second = Some(key(KeyKind::MlDsa44));
            let signing = Signing::new(kind, "log.example", key(first), second).unwrap();
            let note = signing.sign(&value()).unwrap();
            let signed = SignedCheckpoint::from_note(note).unwrap();
            for vkey in signing.verifier_keys() {
                LogKey::from_verifier_key(vkey.clone()).unwrap().verify(&signed).unwrap();
            }
        }
    }

    /// A key that is elsewhere, and signs when it is told to.
    struct Elsewhere {
        key: SigningKey,
        go: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
        home: std::thread::ThreadId,
    }

    impl Signer for Elsewhere {
        fn public_key(&self) -> &sealwax_crypto::PublicKey {
            self.key.public_key()
        }

        fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
            assert_ne!(std::thread::current().id(), self.home, "the sequencer's thread waits");
            self.go.lock().unwrap().recv().unwrap();
            Ok(self.key.sign(scheme, message)?)
        }
    }

    /// Its time is up at once.
    struct Impatient;

    impl Host for Impatient {
        fn now_ms(&self) -> u64 {
            0
        }

        fn random(&self) -> [u8; 16] {
            [0; 16]
        }

        fn sleep(&self, _: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(tokio::time::sleep(Duration::from_millis(50)))
        }
    }

    #[test]
    fn waits_elsewhere_and_not_for_ever() {
        let (go, told) = std::sync::mpsc::channel();
        let key = SigningKey::generate(KeyKind::Ed25519).unwrap();
        let home = std::thread::current().id();
        let elsewhere = Arc::new(Elsewhere { key, go: told.into(), home });
        let signing = Signing::new(Kind::Signature, "log.example", elsewhere, None).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let sign = || runtime.block_on(signing.sign_anywhere(&value(), &Impatient));
        assert!(matches!(sign(), Err(SigningError::Hangs { seconds: 30 })));
        // Once for the one that still waits, and once more.
        go.send(()).unwrap();
        go.send(()).unwrap();
        sign().unwrap();
    }

    #[test]
    fn says_frozen_as_deployed() {
        let signing = Signing::new(Kind::Signature, "log.example", key(KeyKind::Ed25519), None).unwrap();
        let note = signing.sign(&LockValue { frozen: Some(1_767_323_045_000), ..value() }).unwrap();
        assert!(note.text().ends_with("\nLog frozen — Fri Jan  2 03:04:05 UTC 2026\n"), "{}", note.text());
        let since = |note| frozen_since(SignedCheckpoint::from_note(note).unwrap().unverified());
        assert_eq!(since(note), Some(1_767_323_045_000));
        assert_eq!(since(signing.sign(&value()).unwrap()), None);
        let odd = vec!["Log frozen — last week".to_owned()];
        let odd = Checkpoint::with_extensions("log.example", TreeSize(1), [0; 32], odd).unwrap();
        assert_eq!(frozen_since(&odd), Some(1));
        let signing = Signing::new(Kind::Certificate, "log.example", key(KeyKind::EcdsaP256), None).unwrap();
        let note = signing.sign(&LockValue { frozen: Some(1), ..value() }).unwrap();
        assert_eq!(note.text().lines().count(), 3);
    }

    #[test]
    fn refuses_keys_that_do_not_fit() {
        let refused = |kind, first| Signing::new(kind, "log.example", key(first), None).err().unwrap();
        let error = refused(Kind::Certificate, KeyKind::Ed25519);
        assert!(matches!(error, SigningError::Kind { found: KeyKind::Ed25519 }));
        assert!(matches!(refused(Kind::Signature, KeyKind::MlDsa44), SigningError::Kind { .. }));
        let (first, second) = (key(KeyKind::Ed25519), key(KeyKind::Ed25519));
        let error = Signing::new(Kind::Signature, "log.example", first, Some(second)).err().unwrap();
        assert!(matches!(error, SigningError::SecondKind { found: KeyKind::Ed25519 }));
        let error = Signing::new(Kind::Signature, "log example", key(KeyKind::Ed25519), None).err().unwrap();
        assert!(matches!(error, SigningError::Name(VerifierKeyError::BadName { .. })));
    }
}
