//! What a private profile cannot ask.

use sealwax_formats::SigningConfig;
use sealwax_net::http::Url;

/// Whose certificate authorities and logs anybody can read.
const PUBLIC_DOMAINS: &[&str] = &["sigstore.dev", "sigstage.dev"];

/// A service that a signing config asks, and that publishes what it is told: a profile with one is not private, whatever it says.
pub fn public_service(config: &SigningConfig) -> Option<&str> {
    let mut services = config.ca_urls.iter().chain(&config.rekor_tlog_urls);
    services.find(|service| is_public(&service.url)).map(|service| service.url.as_str())
}

fn is_public(url: &str) -> bool {
    let url = Url::parse(url).ok();
    // A name may end in the dot of the root.
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().trim_end_matches('.');
    let within =
        |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    PUBLIC_DOMAINS.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_not_texts() {
        for public in [
            "https://fulcio.sigstore.dev",
            "https://log2025-1.rekor.sigstore.dev/",
            "https://REKOR.sigstage.dev:443",
            "https://fulcio.sigstore.dev./",
        ] {
            assert!(is_public(public), "{public}");
        }
        for other in [
            "https://sigstore.dev.acme.example",
            "https://notsigstore.dev",
            "https://acme.example/sigstore.dev",
            "",
        ] {
            assert!(!is_public(other), "{other}");
        }
    }
}
