//! What each endpoint does: a request, the state and the time in; what to send out. No socket, no clock, no waiting.

mod device;
mod sign_in;
mod tokens;

use crate::authorize::Unanswerable;
use crate::client::Client;
use crate::codes::Codes;
use crate::connector::Connector;
use crate::device::Devices;
use crate::issuer::{self, IssuerUrl};
use crate::keys::{Keys, KeysError, Realm};
use crate::local::Local;
use crate::page::{self, Page};
use crate::seal::Seal;
use crate::state::State;
use crate::store::{AccountStore, StoreError};
use crate::throttle::{Neighbourhood, Patience, Throttle};
use crate::used::UsedError;
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{SignError, random};
use sealwax_json::Object;
use sealwax_server::journal::Journal;
use sealwax_store::disk::Disk;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use sign_in::Asked;

/// Guesses of one address at user codes and machines' secrets: thirty at once, then one a second. Neither can be guessed;
/// who tries shall not fill our time.
const OF_GUESSES: Patience = Patience { burst: 30, refill: SignedDuration::from_secs(1) };

/// How a provider is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of the people's issuer. The machines' is [`MACHINES`](issuer::MACHINES) below it.
    pub issuer: IssuerUrl,
    /// Who may ask for tokens of people.
    pub clients: Vec<Client>,
    /// Whom tokens of machines are for: the client id that the certificate authority expects.
    pub audience: String,
    /// How long tokens are valid. Five minutes: a client signs at once, and a few files after each other.
    pub token_lifetime: SignedDuration,
    /// Whether the address that requests come from is the client's, so that it can be slowed down by itself; false behind
    /// a proxy, whose address it would be.
    pub knows_addresses: bool,
}

impl Settings {
    /// As deployed clients want it: the client `sigstore`.
    #[must_use]
    pub fn new(issuer: IssuerUrl) -> Self {
        Self {
            issuer,
            clients: vec![Client::sigstore()],
            audience: "sigstore".to_owned(),
            token_lifetime: SignedDuration::from_mins(5),
            knows_addresses: true,
        }
    }
}

/// A provider: both issuers.
pub struct Provider<D: Disk> {
    pub(crate) settings: Settings,
    pub(crate) keys: Keys<D>,
    accounts: Arc<AccountStore<D>>,
    pub(crate) connector: Arc<dyn Connector>,
    seal: Seal,
    pub(crate) journal: Journal,
    tables: Mutex<Tables>,
}

/// What is known until the process ends, all of it bounded.
struct Tables {
    codes: Codes,
    devices: Devices,
    guesses: Throttle<Neighbourhood>,
}

/// A request, as far as it matters.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Behind the question mark.
    pub query: &'a str,
    /// The body; empty in a read.
    pub body: &'a [u8],
    /// The header of that name.
    pub content_type: Option<&'a str>,
    /// The header of that name.
    pub authorization: Option<&'a str>,
    /// The header of that name: where a form comes from.
    pub origin: Option<&'a str>,
    /// The header of that name.
    pub cookie: Option<&'a str>,
    /// From where, if that is known.
    pub address: Option<IpAddr>,
    /// The time.
    pub now: Timestamp,
    /// Bytes that nobody has seen before.
    pub fresh: &'a Fresh,
}

/// Bytes that nobody has seen before, and that are used for one request: for a secret, and for a user code.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// For the secret.
    pub secret: [u8; 32],
    /// For the user code.
    pub letters: [u8; 32],
}

/// What to send.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// A page for a person.
    Page {
        /// The page.
        page: Page,
        /// A cookie to set, as a header has it.
        cookie: Option<String>,
        /// When to come back, in seconds.
        retry_after: Option<u64>,
    },
    /// The browser goes elsewhere.
    Redirect {
        /// Where.
        to: String,
        /// A cookie to set, as a header has it.
        cookie: Option<String>,
    },
    /// JSON for a program.
    Json {
        /// The status.
        status: u16,
        /// The value.
        value: Object<'static>,
        /// When to come back, in seconds.
        retry_after: Option<u64>,
    },
}

/// Why a provider does not start.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The accounts.
    #[error(transparent)]
    Accounts(#[from] StoreError),
    /// The codes that were used.
    #[error(transparent)]
    Used(#[from] UsedError),
    /// The system has no randomness.
    #[error(transparent)]
    Random(#[from] SignError),
}

impl<D: Disk> Provider<D> {
    /// The provider of a directory, with its local accounts. Makes the keys that are missing, which takes a moment once.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        state: State<D>,
        settings: Settings,
        journal: Journal,
        now: Timestamp,
    ) -> Result<Self, OpenError> {
        let keys = Keys::open(state.clone(), now)?;
        let accounts = Arc::new(AccountStore::new(state.clone()));
        // What cannot be read is told now, not when somebody signs in.
        accounts.current()?;
        let local = Arc::new(Local::new(Arc::clone(&accounts), state)?);
        Ok(Self::new(settings, keys, accounts, local, Seal::new(random()?), journal))
    }

    /// A provider over these keys and accounts, with a key of its own for what browsers carry.
    #[must_use]
    pub fn new(
        settings: Settings,
        keys: Keys<D>,
        accounts: Arc<AccountStore<D>>,
        connector: Arc<dyn Connector>,
        seal: Seal,
        journal: Journal,
    ) -> Self {
        let tables = Tables {
            codes: Codes::default(),
            devices: Devices::default(),
            guesses: Throttle::new(OF_GUESSES),
        };
        Self { settings, keys, accounts, connector, seal, journal, tables: Mutex::new(tables) }
    }

    /// The discovery document of an issuer.
    #[must_use]
    pub fn discovery(&self, realm: Realm) -> Object<'static> {
        issuer::discovery(&self.settings.issuer, realm, &self.keys.now().algorithms(realm))
    }

    /// The key set of an issuer.
    ///
    /// # Errors
    /// None of keys that sign.
    pub fn jwks(&self, realm: Realm) -> Result<Object<'static>, KeysError> {
        self.keys.now().jwks(realm)
    }

    /// The keys, for whoever turns them.
    #[must_use]
    pub fn keys(&self) -> &Keys<D> {
        &self.keys
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long an address that guesses has to wait, in seconds.
    fn must_wait(&self, request: &Request<'_>) -> Option<u64> {
        let neighbourhood = Neighbourhood::of(request.address?);
        self.tables().guesses.check(&neighbourhood, request.now).err().map(seconds)
    }

    fn has_guessed(&self, request: &Request<'_>) {
        if let Some(address) = request.address {
            self.tables().guesses.fail(Neighbourhood::of(address), request.now);
        }
    }
}

impl Sent {
    fn page(page: Page) -> Self {
        Self::Page { page, cookie: None, retry_after: None }
    }

    /// The request makes no sense, and there is nobody but the user to tell.
    fn unanswerable(error: &Unanswerable) -> Self {
        let advice = "This is the program's mistake, or its settings'; nobody was signed in.";
        Self::page(page::trouble(400, "This request cannot be answered", &error.to_string(), advice))
    }

    fn later(wait_seconds: u64) -> Self {
        let what = format!("too many wrong answers; wait {wait_seconds} seconds");
        let page = page::trouble(429, "Not so fast", &what, "Then go back, and try again.");
        Self::Page { page, cookie: None, retry_after: Some(wait_seconds) }
    }

    pub(crate) fn broken() -> Self {
        let advice = "Whoever runs it finds the reason in its journal.";
        Self::page(page::trouble(500, "That went wrong", "the provider has a problem of its own", advice))
    }

    /// More people sign in than can be answered.
    pub(crate) fn busy() -> Self {
        let advice = "Wait a few seconds, go back, and try again.";
        let page = page::trouble(503, "Too many at once", "many people sign in at this moment", advice);
        Self::Page { page, cookie: None, retry_after: Some(5) }
    }
}

/// Whole seconds, rounded up.
fn seconds(wait: SignedDuration) -> u64 {
    let seconds = u64::try_from(wait.as_secs()).unwrap_or_default();
    seconds.saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}
