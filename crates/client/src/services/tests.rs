use super::*;

const NOW: &str = "2026-06-01T00:00:00Z";

/// `(kind, url, version, operator, start, end)`, and the two selectors with their counts.
fn config(services: &str, selectors: &str) -> SigningConfig {
    let text = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json",{services}{selectors}}}"#
    );
    SigningConfig::parse(text.as_bytes()).unwrap()
}

fn service(url: &str, version: u32, operator: &str, start: &str) -> String {
    format!(
        r#"{{"url":"{url}","majorApiVersion":{version},"operator":"{operator}","validFor":{{"start":"{start}T00:00:00Z"}}}}"#
    )
}

fn list(name: &str, services: &[String]) -> String {
    format!(r#""{name}":[{}],"#, services.join(","))
}

const ANY: &str = r#""rekorTlogConfig":{"selector":"ANY"},"tsaConfig":{"selector":"ANY"}"#;

fn choose(config: &SigningConfig, purpose: Purpose) -> Result<Services, ServicesError> {
    Services::choose(config, purpose, NOW.parse().unwrap())
}

const KEYLESS: Purpose = Purpose { certificate: true, logs: LogVersions::Any };

fn whole(logs: &[String], selectors: &str) -> SigningConfig {
    let ca = list("caUrls", &[service("https://ca", 1, "o", "2025-01-01")]);
    let tsa = list("tsaUrls", &[service("https://tsa/api/v1/timestamp", 1, "o", "2025-01-01")]);
    config(&format!("{ca}{tsa}{}", list("rekorTlogUrls", logs)), selectors)
}

fn urls(choice: &Choice) -> Vec<Vec<&str>> {
    choice.operators.iter().map(|operator| operator.iter().map(|one| one.url.as_str()).collect()).collect()
}

#[test]
fn the_highest_version_then_the_newest_by_operator() {
    let logs = [
        service("https://a1", 1, "a", "2025-09-01"),
        service("https://a2/", 2, "a", "2025-01-01"),
        service("https://a3", 2, "a", "2025-06-01"),
        service("https://b2", 2, "b", "2025-03-01"),
        service("https://later", 2, "a", "2027-01-01"),
        service("https://unknown", 3, "c", "2025-01-01"),
    ];
    let chosen = choose(&whole(&logs, ANY), KEYLESS).unwrap();
    assert_eq!(chosen.log_version, LogVersion::V2);
    assert_eq!(urls(&chosen.logs), [vec!["https://a3", "https://a2"], vec!["https://b2"]]);
    assert_eq!(chosen.logs.needed, 1);
    assert_eq!(chosen.authorities[0].join("/api/v2/x").as_str(), "https://ca/api/v2/x");
    // What is a directory may have a slash at its end, what is a whole URL is asked as it stands.
    assert_eq!(chosen.logs.operators[0][1].join("/x").as_str(), "https://a2/x");
    let stamps = list("tsaUrls", &[service("https://tsa/stamp/", 1, "o", "2025-01-01")]);
    let only = config(&stamps, r#""tsaConfig":{"selector":"ANY"}"#);
    let chosen = choose(&only, Purpose { certificate: false, ..KEYLESS }).unwrap();
    assert_eq!(chosen.timestamp_authorities.operators[0][0].itself().as_str(), "https://tsa/stamp/");
    let old = Purpose { logs: LogVersions::Only(LogVersion::V1), ..KEYLESS };
    let chosen = choose(&whole(&logs, ANY), old).unwrap();
    assert_eq!((chosen.log_version, urls(&chosen.logs)), (LogVersion::V1, vec![vec!["https://a1"]]));
}

#[test]
fn how_many() {
    let logs = [service("https://a", 2, "a", "2025-01-01"), service("https://b", 2, "b", "2025-01-01")];
    let needed = |rule: &str| {
        let selectors = format!(r#""rekorTlogConfig":{rule},"tsaConfig":{{"selector":"ANY"}}"#);
        choose(&whole(&logs, &selectors), KEYLESS).map(|chosen| chosen.logs.needed)
    };
    assert_eq!(needed(r#"{"selector":"ALL"}"#).unwrap(), 2);
    assert_eq!(needed(r#"{"selector":"EXACT","count":2}"#).unwrap(), 2);
    assert_eq!(needed(r#"{"selector":"EXACT","count":1}"#).unwrap(), 1);
    for count in [0, 3] {
        let refused = needed(&format!(r#"{{"selector":"EXACT","count":{count}}}"#)).unwrap_err();
        assert!(
            matches!(refused, ServicesError::TooFew { kind: Kind::Log, wanted, found: 2 } if wanted == count)
        );
    }
    for rule in [r#"{}"#, r#"{"selector":"SOME"}"#] {
        assert!(
            matches!(needed(rule).unwrap_err(), ServicesError::Selector { kind: Kind::Log, .. }),
            "{rule}"
        );
    }
}

#[test]
fn what_is_missing_is_said_before_anybody_is_asked() {
    let log = [service("https://a", 2, "a", "2025-01-01")];
    let ca = list("caUrls", &[service("https://ca", 1, "o", "2025-01-01")]);
    let logs = list("rekorTlogUrls", &log);
    let rule = r#""rekorTlogConfig":{"selector":"ANY"}"#;
    let refused = |services: &str| choose(&config(services, rule), KEYLESS).unwrap_err();
    assert!(matches!(refused(&logs), ServicesError::None { kind: Kind::CertificateAuthority }));
    assert!(matches!(refused(&format!("{ca}{logs}")), ServicesError::NoTime));
    let later = list("caUrls", &[service("https://ca", 1, "o", "2027-01-01")]);
    let kind = Kind::CertificateAuthority;
    assert!(matches!(refused(&later), ServicesError::NotNow { kind: found, listed: 1, .. } if found == kind));
    let strange = list("caUrls", &[service("https://ca", 7, "o", "2025-01-01")]);
    assert!(matches!(refused(&strange), ServicesError::Version { found: 7, .. }));
    let plain = list("caUrls", &[service("http://ca.example", 1, "o", "2025-01-01")]);
    assert!(matches!(refused(&plain), ServicesError::Url { source: HttpError::Insecure { .. }, .. }));
    // A log of version 1 gives the time itself.
    let old = list("rekorTlogUrls", &[service("https://a", 1, "a", "2025-01-01")]);
    let chosen = choose(&config(&format!("{ca}{old}"), rule), KEYLESS).unwrap();
    assert_eq!((chosen.timestamp_authorities.needed, chosen.logs.needed), (0, 1));
    // A key needs no authority, and no time.
    let key = Purpose { certificate: false, ..KEYLESS };
    assert!(choose(&config(&logs, rule), key).unwrap().authorities.is_empty());
}

#[test]
fn the_old_version_means_any() {
    let text = r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.1+json","caUrl":"https://ca",
        "oidcUrl":"https://oidc","tlogUrls":["https://a","https://b"],"tsaUrls":[]}"#;
    let chosen = choose(&SigningConfig::parse(text.as_bytes()).unwrap(), KEYLESS).unwrap();
    assert_eq!((chosen.log_version, chosen.logs.needed), (LogVersion::V1, 1));
    assert_eq!(chosen.issuers, ["https://oidc"]);
}
