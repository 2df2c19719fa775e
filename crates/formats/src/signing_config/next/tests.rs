use super::*;
use crate::{CertificateAuthority, TrustedRootVersion};

const NOW: &str = "2026-06-10T00:00:00Z";
const LEAD: SignedDuration = crate::trust::DEFAULT_LEAD;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn since(start: &str) -> Option<TimeRange> {
    Some(TimeRange { start: Some(at(start)), end: None })
}

/// A root with one timestamp authority, valid since then.
fn root(start: &str, end: Option<&str>) -> TrustedRoot {
    let valid_for = Some(TimeRange { start: Some(at(start)), end: end.map(at) });
    let authority = CertificateAuthority {
        uri: "https://tsa.example".to_owned(),
        cert_chain: vec![vec![0x30]],
        valid_for,
        ..CertificateAuthority::default()
    };
    TrustedRoot {
        version: TrustedRootVersion::V01,
        logs: Vec::new(),
        certificate_authorities: Vec::new(),
        certificate_logs: Vec::new(),
        timestamp_authorities: vec![authority],
    }
}

fn service(url: &str, start: &str) -> Service {
    Service { url: url.to_owned(), major_api_version: 1, valid_for: since(start), ..Service::default() }
}

fn add(kind: ServiceKind, service: Service) -> ServiceChange {
    ServiceChange::Add { kind, service }
}

const TSA: ServiceKind = ServiceKind::TimestampAuthority;
const URL: &str = "https://tsa.example/api/v1/timestamp";

#[test]
fn a_service_is_listed_when_clients_have_its_key() {
    let change = add(TSA, service(URL, "2026-06-09T00:00:00Z"));
    let next = |root: &TrustedRoot| SigningConfig::nobody().next(&change, root, at(NOW), LEAD);
    let config = next(&root("2026-06-09T00:00:00Z", None)).unwrap();
    assert_eq!(config.tsa_urls, [service(URL, "2026-06-09T00:00:00Z")]);
    let any = ServiceConfiguration { selector: Selector::Any, count: 0 };
    assert_eq!((config.tsa_config.clone(), &config.rekor_tlog_config), (Some(any), &None));
    let usable_from = at("2026-06-10T00:00:01Z");
    let early = next(&root("2026-06-09T00:00:01Z", None));
    assert_eq!(early, Err(ServiceChangeError::TooEarly { url: URL.to_owned(), usable_from }));
    let ended = next(&root("2026-01-01T00:00:00Z", Some(NOW)));
    assert_eq!(ended, Err(ServiceChangeError::NotTrusted { url: URL.to_owned() }));
    // The same decides about a whole file.
    let trusted = root("2026-06-09T00:00:01Z", None);
    let early = config.check_successor(None, &trusted, at(NOW), LEAD);
    assert_eq!(early, Err(ServiceChangeError::TooEarly { url: URL.to_owned(), usable_from }));
    assert_eq!(config.check_successor(Some(&config), &trusted, at(NOW), LEAD), Ok(()));
}

#[test]
fn a_log_takes_entries_above_its_shards() {
    for listed in ["https://log.example", "https://log.example/", "https://log.example/shard/1"] {
        assert!(is_log_of("https://log.example", listed), "{listed}");
        assert_eq!(is_of("https://log.example", listed), !listed.contains("shard"), "{listed}");
    }
    for listed in ["https://log.example.org/shard/1", "https://other.example/shard/1", ""] {
        assert!(!is_log_of("https://log.example", listed), "{listed}");
    }
}

#[test]
fn what_cannot_be_listed() {
    let trusted = root("2026-01-01T00:00:00Z", None);
    let next = |config: &SigningConfig, change| config.next(&change, &trusted, at(NOW), LEAD).unwrap_err();
    let url = || URL.to_owned();
    let start = at("2026-06-10T00:00:01Z");
    let early = next(&SigningConfig::nobody(), add(TSA, service(URL, "2026-06-10T00:00:01Z")));
    assert_eq!(early, ServiceChangeError::NotYet { url: url(), start });
    let unset = Service { valid_for: None, ..service(URL, NOW) };
    assert_eq!(next(&SigningConfig::nobody(), add(TSA, unset)), ServiceChangeError::NoStart { url: url() });
    let split = service(URL, "2026-06-01T00:00:00.5Z");
    assert_eq!(next(&SigningConfig::nobody(), add(TSA, split)), ServiceChangeError::NoStart { url: url() });
    // Of another host, however alike it looks; of another kind.
    let other = "https://tsa.example.org/api/v1/timestamp";
    let error = ServiceChangeError::NotTrusted { url: other.to_owned() };
    assert_eq!(next(&SigningConfig::nobody(), add(TSA, service(other, NOW))), error);
    let error = ServiceChangeError::NotTrusted { url: url() };
    assert_eq!(
        next(&SigningConfig::nobody(), add(ServiceKind::CertificateAuthority, service(URL, NOW))),
        error
    );
    let old = SigningConfig { version: SigningConfigVersion::V01, ..SigningConfig::nobody() };
    assert_eq!(next(&old, add(TSA, service(URL, NOW))), ServiceChangeError::Version);
    let config = SigningConfig::nobody().next(&add(TSA, service(URL, NOW)), &trusted, at(NOW), LEAD).unwrap();
    assert_eq!(next(&config, add(TSA, service(URL, NOW))), ServiceChangeError::AlreadyThere { url: url() });
}

#[test]
fn services_are_listed_oldest_first_and_left_out_when_they_end() {
    let trusted = root("2026-01-01T00:00:00Z", None);
    let next = |config: &SigningConfig, change| config.next(&change, &trusted, at(NOW), LEAD).unwrap();
    let oidc = ServiceKind::OpenId;
    let young = next(&SigningConfig::nobody(), add(oidc, service("https://b", NOW)));
    let both = next(&young, add(oidc, service("https://a", "2026-01-01T00:00:00Z")));
    let urls: Vec<&str> = both.oidc_urls.iter().map(|service| service.url.as_str()).collect();
    assert_eq!(urls, ["https://a", "https://b"]);
    let end = |time: &str| ServiceChange::End { kind: oidc, url: "https://a".to_owned(), at: at(time) };
    let later = next(&both, end("2026-07-01T00:00:00Z"));
    assert_eq!(later.oidc_urls[0].valid_for.unwrap().end, Some(at("2026-07-01T00:00:00Z")));
    assert_eq!(next(&both, end(NOW)), young);
    let missing = young.next(&end(NOW), &trusted, at(NOW), LEAD);
    assert_eq!(missing, Err(ServiceChangeError::NoSuchService { url: "https://a".to_owned() }));
}
