//! The authority: from a request to a token, if the clock allows it.

use crate::{
    clock::{Clock, Observation, Permit, Reading, Sources, Untrusted},
    credentials::Credentials,
    last_stamp::LastStamp,
    refusal::Refusal,
};
use jiff::Timestamp;
use sealwax_crypto::Message;
use sealwax_pki::{Accuracy, ObjectIdentifier, Stamp, TimestampRequest};
use sealwax_server::journal::{Journal, Value};
use std::{
    error::Error as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

/// At most so often the journal hears that nothing is stamped: every request would say the same.
const COMPLAINT: Duration = Duration::from_secs(10);

/// Sigstore's policy: what timestamp-authority stamps under, if nothing else is configured.
pub const SIGSTORE_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");

/// Where the newest timestamp of a certificate log is known.
pub trait CertificateLog: Send + Sync {
    /// The newest timestamp that the log has given, if it has given any. Must not block.
    fn newest_timestamp(&self) -> Option<Timestamp>;
}

/// How an authority answers.
pub struct Settings {
    /// The policy of who asks for none.
    pub policy: ObjectIdentifier,
    /// Further policies that may be asked for.
    pub further_policies: Vec<ObjectIdentifier>,
    /// How far the real time may be from a stamp, if not [`Clock::accuracy`].
    pub accuracy: Option<Accuracy>,
    /// The log whose timestamps must not be ahead of ours.
    pub log: Option<Arc<dyn CertificateLog>>,
    /// Reads the clocks: [`Reading::take`].
    pub now: Arc<dyn Fn() -> Reading + Send + Sync>,
    /// Where it is said why nothing is stamped, with what clients are not told.
    pub journal: Journal,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: SIGSTORE_POLICY,
            further_policies: Vec::new(),
            accuracy: None,
            log: None,
            now: Arc::new(Reading::take),
            journal: Journal::silent(),
        }
    }
}

/// A time-stamping authority.
pub struct TimestampAuthority {
    settings: Settings,
    accuracy: Accuracy,
    credentials: RwLock<Arc<Credentials>>,
    clock: Mutex<Clock>,
    last: Mutex<LastStamp>,
    /// When the journal last heard of it, by the monotonic clock.
    complained: Mutex<Option<Duration>>,
}

impl TimestampAuthority {
    /// An authority that stamps by this clock, which knows what is in `last`.
    #[must_use]
    pub fn new(credentials: Credentials, clock: Clock, last: LastStamp, settings: Settings) -> Self {
        Self {
            accuracy: settings.accuracy.unwrap_or_else(|| clock.accuracy()),
            settings,
            credentials: RwLock::new(Arc::new(credentials)),
            clock: Mutex::new(clock),
            last: Mutex::new(last),
            complained: Mutex::new(None),
        }
    }

    /// What is signed with now.
    #[must_use]
    pub fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.credentials.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs with others from now on.
    pub fn renew(&self, credentials: Credentials) {
        *self.credentials.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(credentials);
    }

    /// Whether a request would be answered now.
    ///
    /// # Errors
    /// [`Refusal::Clock`], [`Refusal::Certificate`].
    pub fn ready(&self) -> Result<(), Refusal> {
        let newest = self.newest_entry();
        let mut clock = self.clock();
        let second = clock.check((self.settings.now)(), newest)?;
        drop(clock);
        check_validity(&self.credentials(), second)
    }

    /// The rule about time sources, if any are configured. Without them the clock is the system's, and nobody else's.
    #[must_use]
    pub fn sources(&self) -> Option<Sources> {
        self.clock().sources().cloned()
    }

    /// Takes in what the time sources said.
    ///
    /// # Errors
    /// [`Untrusted`]: why the clock is not trusted all the same.
    pub fn observe(&self, observations: &[Observation]) -> Result<(), Untrusted> {
        let newest = self.newest_entry();
        let mut clock = self.clock();
        let reading = (self.settings.now)();
        clock.observe(reading, observations);
        clock.check(reading, newest).map(drop)
    }

    /// Whether [`TimestampAuthority::stamp`] waits for a key that lives elsewhere.
    #[must_use]
    pub fn signer_may_wait(&self) -> bool {
        self.credentials().signer.may_wait()
    }

    /// Whether [`TimestampAuthority::stamp`] would have to wait for the disk now, unless
    /// [`TimestampAuthority::store_ahead`] has.
    #[must_use]
    pub fn must_store(&self) -> bool {
        let clock = self.clock();
        clock.must_store((self.settings.now)())
    }

    /// Stores what has to be stored before the present second is stamped, if it is not. Blocks.
    ///
    /// # Errors
    /// [`Refusal::Clock`], [`Refusal::Store`].
    pub fn store_ahead(&self) -> Result<(), Refusal> {
        self.try_to_store_ahead().inspect_err(|refusal| self.complain(refusal))
    }

    fn try_to_store_ahead(&self) -> Result<(), Refusal> {
        // One writes, and the others find that it is done.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Permit::StoreFirst(ahead) = self.permit()? {
            last.store(ahead).map_err(|error| Refusal::Store(Arc::new(error)))?;
            self.clock().stored(ahead);
        }
        Ok(())
    }

    /// Answers a request with a TimeStampResp in DER. Blocks where
    /// [`TimestampAuthority::signer_may_wait`] or [`TimestampAuthority::must_store`] say so.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn stamp(&self, request: &TimestampRequest) -> Result<Vec<u8>, Refusal> {
        self.try_to_stamp(request).inspect_err(|refusal| self.complain(refusal))
    }

    fn try_to_stamp(&self, request: &TimestampRequest) -> Result<Vec<u8>, Refusal> {
        let policy = self.policy(request)?;
        if let Some(extension) = request.extensions.first() {
            return Err(Refusal::Extension(*extension));
        }
        let credentials = self.credentials();
        let random = sealwax_crypto::random().map_err(|_| Refusal::Unavailable)?;
        let gen_time = self.second()?;
        check_validity(&credentials, gen_time)?;
        let stamp = Stamp { policy, random, gen_time, accuracy: self.accuracy };
        let unsigned = credentials.writer.unsigned(request, &stamp);
        let message = Message::Bytes(unsigned.signed_attributes());
        let signed = credentials.signer.sign(credentials.writer.scheme(), message);
        let signature = signed.map_err(|error| Refusal::Signer(Arc::new(error)))?;
        Ok(unsigned.into_response(&signature))
    }

    /// Stores exactly what was stamped last, so that the next process need not wait.
    ///
    /// # Errors
    /// [`Refusal::Store`]: the next process waits for some seconds.
    pub fn stop(&self) -> Result<(), Refusal> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamped = self.clock().stop();
        stamped.map_or(Ok(()), |second| last.store(second)).map_err(|error| Refusal::Store(Arc::new(error)))
    }

    fn policy(&self, request: &TimestampRequest) -> Result<ObjectIdentifier, Refusal> {
        match request.policy {
            None => Ok(self.settings.policy),
            Some(wanted) if wanted == self.settings.policy => Ok(wanted),
            Some(wanted) if self.settings.further_policies.contains(&wanted) => Ok(wanted),
            Some(wanted) => Err(Refusal::Policy(wanted)),
        }
    }

    /// The second to be stamped, which is stored.
    fn second(&self) -> Result<Timestamp, Refusal> {
        loop {
            match self.permit()? {
                Permit::Stamp(second) => return Ok(second),
                Permit::StoreFirst(_) => self.try_to_store_ahead()?,
            }
        }
    }

    /// The clocks are read under the lock, so that of two requests around the turn of a second the later one comes second.
    fn permit(&self) -> Result<Permit, Untrusted> {
        let newest = self.newest_entry();
        let mut clock = self.clock();
        clock.stamp((self.settings.now)(), newest)
    }

    /// Tells the journal, unless it is the client's fault, or was told just now.
    fn complain(&self, refusal: &Refusal) {
        if refusal.status() < 500 {
            return;
        }
        let now = (self.settings.now)().monotonic;
        let mut complained = self.complained.lock().unwrap_or_else(PoisonError::into_inner);
        if complained.is_some_and(|last| now.saturating_sub(last) < COMPLAINT) {
            return;
        }
        *complained = Some(now);
        drop(complained);
        let cause = refusal.source().map(ToString::to_string).unwrap_or_default();
        let fields = [("error", Value::Shown(refusal)), ("cause", Value::Text(&cause))];
        self.settings.journal.error("nothing is stamped", &fields);
    }

    fn newest_entry(&self) -> Option<Timestamp> {
        self.settings.log.as_ref().and_then(|log| log.newest_timestamp())
    }

    /// Nothing in the clock is half done when a thread panics.
    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_validity(credentials: &Credentials, second: Timestamp) -> Result<(), Refusal> {
    let (from, until) = (credentials.valid_from(), credentials.valid_until());
    if (from..=until).contains(&second) { Ok(()) } else { Err(Refusal::Certificate { from, until }) }
}
