//! The keys of issuers: in the background, from one that was away, and from one whose certificate the configuration brings along.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{key, named};
use jiff::{SignedDuration, Timestamp};
use sealwax_ca::{HttpProviders, ProviderError, Providers, Wanted, create_root};
use sealwax_crypto::{KeyKind, pem};
use sealwax_oidc::{Configuration, Issuer};
use sealwax_pki::{GeneralName, NewExtension};
use sealwax_server::{Answer, Bytes, Head, Options, Response, Route, Server, Site, StatusCode, Tls, reply};
use sealwax_signer::certify;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// An issuer that counts what it is asked.
struct Provider {
    url: String,
    asked: Arc<AtomicU32>,
}

impl Site for Provider {
    fn route(&self, _: Head<'_>) -> Option<Route> {
        Some(Route::read("any"))
    }

    fn answer<'a>(&'a self, head: Head<'a>, _: Bytes) -> Answer<'a> {
        self.asked.fetch_add(1, Relaxed);
        let answer = match head.path() {
            "/.well-known/openid-configuration" => {
                format!(r#"{{"issuer":"{0}","jwks_uri":"{0}/keys"}}"#, self.url)
            }
            _ => r#"{"keys":[]}"#.to_owned(),
        };
        let response: Response<_> = reply::json(StatusCode::OK, answer);
        Box::pin(std::future::ready(response))
    }
}

/// Serves an issuer at this address until the runtime ends.
fn serve(address: &str, url: &str, tls: Option<&Tls>) -> Arc<AtomicU32> {
    let asked = Arc::new(AtomicU32::new(0));
    let provider = Provider { url: url.to_owned(), asked: Arc::clone(&asked) };
    let options = Options { tls: tls.map(Tls::config), ..Options::default() };
    let server = Server::bind(address.parse().unwrap(), provider, options).unwrap();
    tokio::spawn(server.run(std::future::pending()));
    asked
}

/// An address that nobody has.
fn free() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn issuer(url: &str, further: &str) -> Issuer {
    let text = format!(
        r#"{{"OIDCIssuers":{{"{url}":{{"IssuerURL":"{url}","ClientID":"a","Type":"email"{further}}}}}}}"#
    );
    Configuration::parse(text.as_bytes()).unwrap().issuer(url).unwrap().clone()
}

async fn until(what: &str, happened: impl Fn() -> bool) {
    for _ in 0..500 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen");
}

/// One that does not answer is asked again by itself, and keeps nobody from the others.
#[tokio::test]
async fn keys_are_fetched_before_they_are_wanted() {
    let (here, away, silent) = (free(), free(), free());
    let urls = [&here, &away, &silent].map(|address| format!("http://{address}"));
    let issuers = urls.each_ref().map(|url| issuer(url, ""));
    let _deaf = std::net::TcpListener::bind(&silent).unwrap();
    let asked = serve(&here, &urls[0], None);
    let providers = HttpProviders::new().unwrap();
    let refresh = || providers.refresh(urls.iter().map(String::as_str).zip(&issuers));
    refresh();
    until("the first fetch", || asked.load(Relaxed) == 2).await;
    // Whoever wants keys now finds them, and asks nobody.
    assert!(providers.provider(&urls[0], &issuers[0], Wanted::Known).await.is_ok());
    refresh();
    assert_eq!(asked.load(Relaxed), 2);
    let error = providers.provider(&urls[1], &issuers[1], Wanted::Known).await.unwrap_err();
    assert!(matches!(error, ProviderError::Http(_)), "{error}");

    let back = serve(&away, &urls[1], None);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    refresh();
    until("the fetch from one that was away", || back.load(Relaxed) == 2).await;
    assert!(providers.provider(&urls[1], &issuers[1], Wanted::Known).await.is_ok());
    assert_eq!((asked.load(Relaxed), back.load(Relaxed)), (2, 2));

    // After half an hour, while the keys of before still count.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1801)).await;
    tokio::time::resume();
    assert!(providers.provider(&urls[0], &issuers[0], Wanted::Known).await.is_ok());
    assert_eq!(asked.load(Relaxed), 2);
    refresh();
    until("the fetch by age", || asked.load(Relaxed) == 4).await;
}

#[tokio::test]
async fn an_issuer_with_a_certificate_authority_of_its_own() {
    let (root_key, server_key) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
    let hour = SignedDuration::from_hours(1);
    let (from, until) = (Timestamp::now() - hour, Timestamp::now() + hour);
    let root = create_root(&root_key, named("root", from, until)).unwrap();
    let name = NewExtension::subject_alternative_name(&GeneralName::Dns("localhost".to_owned())).unwrap();
    let subject = named("localhost", from, until);
    let leaf = certify(&root_key, &root, server_key.public_key(), subject, vec![name]).unwrap();
    let server_key = pem::encode("PRIVATE KEY", &server_key.to_pkcs8_der().unwrap());
    let tls = Tls::new(leaf.to_pem().as_bytes(), server_key.as_bytes()).unwrap();
    let address = free();
    let url = format!("https://localhost:{}", address.rsplit(':').next().unwrap());
    serve(&address, &url, Some(&tls));

    let trusted = issuer(&url, &format!(r#","CACert":"{}""#, root.to_pem().replace('\n', "\\n")));
    let provider = HttpProviders::new().unwrap().provider(&url, &trusted, Wanted::Known).await.unwrap();
    assert_eq!(provider.issuer(), url);
    // Without it, or with another, there is no connection.
    let other = create_root(&root_key, named("other", from, until)).unwrap();
    let other = format!(r#","CACert":"{}""#, other.to_pem().replace('\n', "\\n"));
    for further in ["", other.as_str()] {
        let stranger = issuer(&url, further);
        let answer = HttpProviders::new().unwrap().provider(&url, &stranger, Wanted::Known).await;
        assert!(matches!(answer, Err(ProviderError::Http(_))));
    }
}
