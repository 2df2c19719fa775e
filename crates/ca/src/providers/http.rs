//! Keys by HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Short, MutexGuard, PoisonError};
use std::time::Duration;

use sealwax_net::http::{Client, HttpError, Timeouts, Url};
use sealwax_oidc::{Discovery, Issuer, Jwks, MAX_DISCOVERY_BYTES, MAX_JWKS_BYTES, Provider};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{ProviderAnswer, ProviderError, Providers, Wanted};

/// How old keys may be before they are fetched again: what providers tell caches, at most a day.
const LIFETIME: Duration = Duration::from_secs(3600);

/// How old keys may be before they are fetched again in the background.
const REFRESH_AGE: Duration = Duration::from_secs(1800);

/// How long keys are used that cannot be fetched again. A provider withdraws a key by ceasing to list it.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// How soon a provider is asked again, whatever tokens name and however it fails: nobody makes us a flood.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a document may take to come.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    read: Duration::from_secs(5),
    total: Duration::from_secs(10),
};

/// Providers that are remembered. Patterns cover as many as there are clusters; the one that was not used longest is forgotten.
const MAX_PROVIDERS: usize = 1000;

/// Keys by HTTP, each provider on its own: one that does not answer delays only those who ask for it. No redirect is followed.
#[derive(Debug)]
pub struct HttpProviders {
    client: Client,
    slots: Short<BTreeMap<String, Slot>>,
}

#[derive(Clone, Debug)]
struct Slot {
    used: Instant,
    known: Arc<Known>,
}

/// What is known of one provider.
#[derive(Debug, Default)]
struct Known {
    /// Held for as long as it takes to look.
    state: Short<State>,
    /// Held while the provider is asked, so that it is asked once.
    asking: Arc<Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    fetched: Option<(Arc<Provider>, Instant)>,
    asked: Option<Instant>,
    failure: Option<ProviderError>,
}

impl HttpProviders {
    /// Knows nobody yet.
    ///
    /// # Errors
    /// [`HttpError::Setup`].
    pub fn new() -> Result<Self, HttpError> {
        Ok(HttpProviders { client: Client::without_redirects(&TIMEOUTS)?, slots: Short::default() })
    }

    /// Asks, each for itself and in the background, those of the providers whose keys are not known yet or are getting old. Called
    /// now and then, nobody with a token has to wait for keys, and a provider that was away is back as soon as it can be. Who
    /// wants a certificate meanwhile gets it by the keys that are known.
    pub fn refresh<'a>(&self, issuers: impl Iterator<Item = (&'a str, &'a Issuer)>) {
        for (url, issuer) in issuers {
            let known = self.known(url);
            if known.is_due()
                && let Ok(asking) = Arc::clone(&known.asking).try_lock_owned()
            {
                drop(self.ask(known, asking, url, issuer));
            }
        }
    }

    /// Asks in a task of its own: a client that goes away meanwhile does not make the next one ask again.
    fn ask(
        &self,
        known: Arc<Known>,
        asking: OwnedMutexGuard<()>,
        url: &str,
        issuer: &Issuer,
    ) -> JoinHandle<Result<Arc<Provider>, ProviderError>> {
        let (client, url, certificates) =
            (self.client.clone(), url.to_owned(), issuer.ca_certificates.clone());
        tokio::spawn(async move {
            let answer = match certificates.map(|pem| Client::trusting(&pem, &TIMEOUTS)) {
                None => fetch(&client, &url).await,
                Some(Ok(client)) => fetch(&client, &url).await,
                Some(Err(error)) => Err(error.into()),
            };
            let remembered = known.lock().remember(answer);
            drop(asking);
            remembered
        })
    }

    fn known(&self, url: &str) -> Arc<Known> {
        let now = Instant::now();
        // Nothing panics while it is held, and what is in it is whole at any time.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(url) && slots.len() >= MAX_PROVIDERS {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.used).map(|(url, _)| url.clone());
            oldest.and_then(|oldest| slots.remove(&oldest));
        }
        let new = || Slot { used: now, known: Arc::default() };
        let slot = slots.entry(url.to_owned()).or_insert_with(new);
        slot.used = now;
        Arc::clone(&slot.known)
    }
}

impl Providers for HttpProviders {
    fn provider<'a>(&'a self, url: &'a str, issuer: &'a Issuer, wanted: Wanted) -> ProviderAnswer<'a> {
        Box::pin(async move {
            let known = self.known(url);
            if let Some(answer) = known.lock().known(wanted) {
                return answer;
            }
            let asking = Arc::clone(&known.asking).lock_owned().await;
            // Somebody else may have asked meanwhile.
            if let Some(answer) = known.lock().known(wanted) {
                return answer;
            }
            self.ask(known, asking, url, issuer).await.unwrap_or(Err(ProviderError::BrokenOff))
        })
    }
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_due(&self) -> bool {
        let state = self.lock();
        let old = state.fetched.as_ref().is_none_or(|(_, at)| at.elapsed() >= REFRESH_AGE);
        old && state.asked.is_none_or(|at| at.elapsed() >= PAUSE)
    }
}

impl State {
    /// What can be said without asking.
    fn known(&self, wanted: Wanted) -> Option<Result<Arc<Provider>, ProviderError>> {
        let young = |limit: Duration| {
            self.fetched
                .as_ref()
                .filter(|(_, at)| at.elapsed() < limit)
                .map(|(provider, _)| Arc::clone(provider))
        };
        let asked_just_now = self.asked.is_some_and(|at| at.elapsed() < PAUSE);
        match (wanted, young(LIFETIME), asked_just_now) {
            (Wanted::Known, Some(provider), _) | (Wanted::Newer, Some(provider), true) => Some(Ok(provider)),
            (_, None, true) => match (young(LONGEST_LIFETIME), &self.failure) {
                (Some(provider), _) => Some(Ok(provider)),
                (None, failure) => failure.clone().map(Err),
            },
            _ => None,
        }
    }

    fn remember(&mut self, answer: Result<Provider, ProviderError>) -> Result<Arc<Provider>, ProviderError> {
        let now = Instant::now();
        self.asked = Some(now);
        match answer {
            Ok(provider) => {
                let provider = Arc::new(provider);
                self.fetched = Some((Arc::clone(&provider), now));
                self.failure = None;
                Ok(provider)
            }
            Err(error) => {
                self.failure = Some(error.clone());
                let old = self.fetched.as_ref().filter(|(_, at)| at.elapsed() < LONGEST_LIFETIME);
                old.map(|(provider, _)| Arc::clone(provider)).ok_or(error)
            }
        }
    }
}

async fn fetch(client: &Client, issuer: &str) -> Result<Provider, ProviderError> {
    let document = get(client, &Discovery::url(issuer), MAX_DISCOVERY_BYTES).await?;
    let discovery = Discovery::parse(&document, issuer)?;
    let keys = Jwks::parse(&get(client, discovery.jwks_uri(), MAX_JWKS_BYTES).await?)?;
    Ok(discovery.with_keys(keys))
}

async fn get(client: &Client, url: &str, max_bytes: usize) -> Result<Vec<u8>, ProviderError> {
    let bad = |reason: String| HttpError::Url { url: url.to_owned(), reason };
    let parsed = Url::parse(url).map_err(|error| bad(error.to_string()))?;
    if parsed.scheme() != "https" && !is_this_machine(&parsed) {
        return Err(HttpError::Insecure { url: parsed }.into());
    }
    let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let found = client.get(&parsed, limit).await?;
    found.ok_or_else(|| ProviderError::NotFound { url: url.to_owned() })
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    /// With nothing that is said of it.
    fn issuer(url: &str) -> Issuer {
        let text = format!("oidc-issuers: {{{url}: {{client-id: sigstore, type: email}}}}");
        sealwax_oidc::Configuration::parse(text.as_bytes()).unwrap().issuer(url).unwrap().clone()
    }

    #[tokio::test]
    async fn who_goes_away_makes_nobody_ask_again() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicU32::new(0));
        let counting = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                counting.fetch_add(1, Relaxed);
                silent.push(stream);
            }
        });
        let providers = HttpProviders::new().unwrap();
        let issuer = issuer(&url);
        for _ in 0..5 {
            let answer = providers.provider(&url, &issuer, Wanted::Known);
            assert!(tokio::time::timeout(Duration::from_millis(50), answer).await.is_err());
        }
        assert_eq!(asked.load(Relaxed), 1);
    }
}
