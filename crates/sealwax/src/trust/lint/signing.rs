//! Signing configs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sealwax_formats::{
    Selector, Service, ServiceConfiguration, SigningConfig, SigningConfigVersion, TrustedRoot,
};
use sealwax_net::http::Url;

use super::{Finding, host, is_whole_second};

/// What sort of service it is, and which versions of its interface there are.
struct Kind {
    list: &'static str,
    config: &'static str,
    versions: &'static [u32],
}

const CA: Kind = Kind { list: "caUrls", config: "", versions: &[1] };
const OIDC: Kind = Kind { list: "oidcUrls", config: "", versions: &[1] };
const LOG: Kind = Kind { list: "rekorTlogUrls", config: "rekorTlogConfig", versions: &[1, 2] };
const TSA: Kind = Kind { list: "tsaUrls", config: "tsaConfig", versions: &[1] };

pub(super) fn findings(config: &SigningConfig, now: Timestamp) -> Vec<Finding> {
    let mut all = Vec::new();
    if config.version == SigningConfigVersion::V01 {
        all.push(
            Finding::problem("media-type", "mediaType", config.version.media_type())
                .affects("sigstore-go, cosign and sigstore-python read version 0.2 only")
                .advice("publish it as application/vnd.dev.sigstore.signingconfig.v0.2+json"),
        );
        return all;
    }
    for (kind, services) in [
        (&CA, &config.ca_urls),
        (&OIDC, &config.oidc_urls),
        (&LOG, &config.rekor_tlog_urls),
        (&TSA, &config.tsa_urls),
    ] {
        for (index, service) in services.iter().enumerate() {
            self::service(service, kind, &format!("{}[{index}]", kind.list), now, &mut all);
        }
        order(services, kind, now, &mut all);
    }
    for (index, service) in config.ca_urls.iter().enumerate() {
        base_path(service, &format!("caUrls[{index}].url"), &mut all);
    }
    for (index, service) in config.tsa_urls.iter().enumerate() {
        full_path(service, &format!("tsaUrls[{index}].url"), &mut all);
    }
    selection(&config.rekor_tlog_urls, config.rekor_tlog_config.as_ref(), &LOG, now, &mut all);
    selection(&config.tsa_urls, config.tsa_config.as_ref(), &TSA, now, &mut all);
    whole(config, now, &mut all);
    all
}

/// What no single service can be blamed for.
fn whole(config: &SigningConfig, now: Timestamp, all: &mut Vec<Finding>) {
    let usable = |services: &[Service]| services.iter().any(|service| is_valid(service, now));
    let newest =
        config.rekor_tlog_urls.iter().filter(|log| is_valid(log, now)).map(|log| log.major_api_version).max();
    if newest == Some(2) && !usable(&config.tsa_urls) {
        all.push(
            Finding::problem(
                "no-timestamp-authority",
                "tsaUrls",
                "none valid now, and the log is of Rekor v2, which gives no time",
            )
            .affects("every client: what it signs cannot be verified, and most refuse to sign")
            .advice("add a timestamp authority"),
        );
    }
    if newest == Some(2) && !config.rekor_tlog_urls.iter().any(|log| log.major_api_version == 1) {
        all.push(
            Finding::remark("rekor-v2-only", "rekorTlogUrls", "no log with API version 1")
                .affects("gitsign, cosign 2 and the command line of sigstore-js sign with Rekor v1 only")
                .advice("use cosign 3, sigstore-python, sigstore-go or Sealwax"),
        );
    }
    for (place, services) in [("caUrls", &config.ca_urls), ("oidcUrls", &config.oidc_urls)] {
        if !usable(services) {
            all.push(
                Finding::remark("no-service", place, "none valid now")
                    .affects("keyless signing with it is not possible"),
            );
        }
    }
}

fn service(service: &Service, kind: &Kind, place: &str, now: Timestamp, all: &mut Vec<Finding>) {
    let url = Url::parse(&service.url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match url {
        None => all.push(
            Finding::problem("url", &format!("{place}.url"), service.url.as_str())
                .affects("every client")
                .advice("give a URL with https://"),
        ),
        Some(url) if url.query().is_some() || url.fragment().is_some() => all.push(
            Finding::problem("url", &format!("{place}.url"), service.url.as_str())
                .affects("every client that appends a path to it")
                .advice("leave out what follows the path"),
        ),
        Some(_) if service.url.ends_with('/') => all.push(
            Finding::problem("trailing-slash", &format!("{place}.url"), service.url.as_str())
                .affects("sigstore-go and sigstore-js, and sigstore-python's log client, append to it: two slashes")
                .advice("leave the last slash out"),
        ),
        Some(_) => {}
    }
    if !kind.versions.contains(&service.major_api_version) {
        all.push(
            Finding::problem(
                "api-version",
                &format!("{place}.majorApiVersion"),
                service.major_api_version.to_string(),
            )
            .affects("every client skips a service whose version it does not know")
            .advice("1, or 2 for a log of Rekor v2"),
        );
    }
    match service.valid_for.and_then(|range| range.start) {
        None => all.push(
            Finding::problem("start-missing", &format!("{place}.validFor.start"), "none")
                .affects("sigstore-go and cosign never use a service without one")
                .advice("give the instant since which it answers"),
        ),
        Some(start) if start > now => all.push(
            Finding::problem("start-in-future", &format!("{place}.validFor.start"), start.to_string())
                .affects("sigstore-js uses the service all the same")
                .advice("list only services that answer now"),
        ),
        Some(start) if !is_whole_second(start) => {
            all.push(Finding::remark(
                "start-fraction",
                &format!("{place}.validFor.start"),
                start.to_string(),
            ));
        }
        Some(_) => {}
    }
}

/// sigstore-python takes the last one, the specification the newest: they must be the same.
fn order(services: &[Service], kind: &Kind, now: Timestamp, all: &mut Vec<Finding>) {
    let start = |service: &Service| service.valid_for.and_then(|range| range.start);
    let newest_version = services.iter().filter(|s| is_valid(s, now)).map(|s| s.major_api_version).max();
    let chosen: Vec<&Service> = services
        .iter()
        .filter(|service| is_valid(service, now) && Some(service.major_api_version) == newest_version)
        .collect();
    if chosen.windows(2).any(|pair| matches!(pair, [first, second] if start(first) > start(second))) {
        all.push(
            Finding::remark("order", kind.list, "a newer service stands before an older one")
                .affects("sigstore-python takes the last one listed, others the newest")
                .advice("list the oldest first"),
        );
    }
}

/// sigstore-python joins the URL with an absolute path.
fn base_path(service: &Service, place: &str, all: &mut Vec<Finding>) {
    let has_path = Url::parse(&service.url).is_ok_and(|url| !url.path().trim_matches('/').is_empty());
    if has_path {
        all.push(
            Finding::problem("authority-path", place, service.url.as_str())
                .affects("sigstore-python drops the path and asks the root of the host")
                .advice("let the CA answer at the root of its host"),
        );
    }
}

/// The URL of a timestamp authority is used as it is, but by sigstore-js.
fn full_path(service: &Service, place: &str, all: &mut Vec<Finding>) {
    let has_no_path = Url::parse(&service.url).is_ok_and(|url| url.path().trim_matches('/').is_empty());
    if has_no_path {
        all.push(
            Finding::problem("timestamp-path", place, service.url.as_str())
                .affects("sigstore-go, cosign and sigstore-python post to it as it is; only sigstore-js appends /api/v1/timestamp")
                .advice("give the full URL, with its path"),
        );
    }
}

fn selection(
    services: &[Service],
    config: Option<&ServiceConfiguration>,
    kind: &Kind,
    now: Timestamp,
    all: &mut Vec<Finding>,
) {
    let place = kind.config;
    let selector = config.map_or(&Selector::Undefined, |config| &config.selector);
    let count = config.map_or(0, |config| config.count);
    match selector {
        _ if services.is_empty() => {}
        Selector::Undefined => all.push(
            Finding::problem(
                "selector-missing",
                place,
                if config.is_some() { "no selector" } else { "none" },
            )
            .affects(
                "sigstore-js takes it as none wanted; sigstore-go, cosign and sigstore-python refuse to sign",
            )
            .advice("give selector: ANY"),
        ),
        Selector::Unknown(name) => all.push(
            Finding::problem("selector", &format!("{place}.selector"), name.as_str())
                .affects("every client")
                .advice("give ANY, ALL or EXACT"),
        ),
        Selector::Any => {}
        Selector::All | Selector::Exact => all.push(
            Finding::problem("selector", &format!("{place}.selector"), selector.name())
                .affects("sigstore-js knows ANY only")
                .advice("give selector: ANY"),
        ),
    }
    let operators = distinct_operators(services, now);
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    if *selector == Selector::Exact && (wanted == 0 || operators < wanted) {
        all.push(
            Finding::problem(
                "selector-count",
                &format!("{place}.count"),
                format!("EXACT {count}, and {operators} operators"),
            )
            .affects("every client refuses to sign: one service of each operator counts")
            .advice("ask for as many as there are, at least one"),
        );
    }
}

/// How many services a selector can choose from: one for each operator, of the highest version that is valid now.
fn distinct_operators(services: &[Service], now: Timestamp) -> usize {
    let valid = || services.iter().filter(|service| is_valid(service, now));
    let highest = valid().map(|service| service.major_api_version).max();
    valid()
        .filter(|service| Some(service.major_api_version) == highest)
        .map(|service| service.operator.as_str())
        .collect::<BTreeSet<_>>()
        .len()
}

fn is_valid(service: &Service, now: Timestamp) -> bool {
    service.valid_for.and_then(|range| range.window()).is_some_and(|window| window.contains(now))
}

/// What signers are sent to must be what verifiers know.
pub(super) fn against_root(config: &SigningConfig, root: &TrustedRoot) -> Vec<Finding> {
    let known: BTreeSet<String> =
        root.logs.iter().filter_map(|log| host(&log.base_url)).map(|(_, name)| name).collect();
    let unknown = |(index, log): (usize, &Service)| {
        let (_, name) = host(&log.url)?;
        // v1 logs are known by their keys alone.
        if log.major_api_version != 2 || known.contains(&name) {
            return None;
        }
        let place = format!("signingConfig.rekorTlogUrls[{index}].url");
        // One name may stand in front of all shards, each of which has its own in the trusted root.
        let domain = name.split_once('.').map(|(_, domain)| domain).filter(|domain| domain.contains('.'));
        Some(match domain.filter(|domain| known.iter().any(|known| known.ends_with(domain))) {
            Some(_) => Finding::remark("log-unknown", &place, log.url.as_str())
                .advice("no log of the trusted root has that host: right if it stands in front of those that it has"),
            None => Finding::problem("log-unknown", &place, log.url.as_str())
                .affects("every client: no log of the trusted root has that host, so its entries cannot be verified")
                .advice("list the log in the trusted root first"),
        })
    };
    config.rekor_tlog_urls.iter().enumerate().filter_map(unknown).collect()
}
