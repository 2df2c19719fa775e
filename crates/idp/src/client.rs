//! Who may ask for tokens, and where the browser may be sent back to.

use std::net::IpAddr;

/// The longest redirect URI that is taken, bytes. Deployed ones have 40.
const MAX_REDIRECT_BYTES: usize = 1024;

/// What stands for "show the code to the user": never a standard, but what clients without a browser send, from Google's days.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// A public client: a program on somebody's machine, which can keep no secret (RFC 6749 §2.1, RFC 8252 §8.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Redirect URIs beside those to the machine that the browser runs on, compared byte by byte (RFC 9700 §2.1).
    pub redirects: Vec<String>,
}

/// A place that this client may have the browser sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    uri: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Loopback,
    Registered,
    OutOfBand,
}

impl Client {
    /// The client that every tool of the ecosystem calls itself.
    #[must_use]
    pub fn sigstore() -> Self {
        Self { id: "sigstore".to_owned(), redirects: Vec::new() }
    }

    /// The redirect, if the client may use it: one that is registered, one to the machine that the browser runs on, at any
    /// port and path (RFC 8252 §7.3), or none at all.
    #[must_use]
    pub fn redirect(&self, uri: &str) -> Option<Redirect> {
        let kind = if uri == OUT_OF_BAND {
            Kind::OutOfBand
        } else if self.redirects.iter().any(|registered| registered == uri) {
            Kind::Registered
        } else if is_loopback(uri) {
            Kind::Loopback
        } else {
            return None;
        };
        Some(Redirect { uri: uri.to_owned(), kind })
    }
}

impl Redirect {
    /// As the client wrote it.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether the user carries the code to the client.
    #[must_use]
    pub fn is_out_of_band(&self) -> bool {
        self.kind == Kind::OutOfBand
    }

    /// What a Content-Security-Policy calls the place, so that a form may lead there. It knows no IPv6 addresses, so that
    /// there the scheme has to do.
    #[must_use]
    pub fn form_action(&self) -> Option<String> {
        let (scheme, rest) = self.uri.split_once("://").filter(|_| !self.is_out_of_band())?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
        Some(if !authority.is_empty() && authority.bytes().all(plain) {
            format!("{scheme}://{authority}")
        } else {
            format!("{scheme}:")
        })
    }

    /// The URI with these parameters behind those that it has.
    #[must_use]
    pub fn with(&self, parameters: &str) -> String {
        let separator = if self.uri.contains('?') { '&' } else { '?' };
        format!("{}{separator}{parameters}", self.uri)
    }
}

/// `http://`, one of the three names of this machine that deployed clients use, any port, and a path of harmless characters.
fn is_loopback(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("http://").filter(|_| uri.len() <= MAX_REDIRECT_BYTES) else {
        return false;
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.strip_prefix('[').and_then(|literal| literal.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some("80"))),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("80")),
        },
    };
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte);
    let is_here = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() && address.is_ipv6() == authority.starts_with('['),
        Err(_) => host == "localhost",
    };
    is_here && port.is_some_and(is_port) && path.bytes().all(harmless)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(uri: &str) -> Option<Kind> {
        let client =
            Client { id: "c".to_owned(), redirects: vec!["https://app.example/back?x=1".to_owned()] };
        client.redirect(uri).map(|redirect| redirect.kind)
    }

    #[test]
    fn the_machine_of_the_browser_at_any_port_and_path() {
        for uri in [
            "http://localhost:1/auth/callback",
            "http://localhost:65535",
            "http://localhost/",
            "http://127.0.0.1:8080/",
            "http://127.9.9.9:8080/a-b._~%20",
            "http://[::1]:8080/auth/callback",
            "http://[::1]",
        ] {
            assert_eq!(kind(uri), Some(Kind::Loopback), "{uri}");
        }
    }

    #[test]
    fn what_is_registered_to_the_letter() {
        assert_eq!(kind("https://app.example/back?x=1"), Some(Kind::Registered));
        assert_eq!(kind("urn:ietf:wg:oauth:2.0:oob"), Some(Kind::OutOfBand));
        for uri in
            ["https://app.example/back", "https://app.example/back?x=1&y", "https://APP.example/back?x=1"]
        {
            assert_eq!(kind(uri), None, "{uri}");
        }
    }

    #[test]
    fn nowhere_else() {
        for uri in [
            "",
            "http://",
            "https://localhost:1/",
            "HTTP://localhost:1/",
            "http://LOCALHOST:1/",
            "http://localhost.evil.example:1/",
            "http://evil.example/",
            "http://localhost:1@evil.example/",
            "http://localhost@evil.example:1/",
            "http://localhost:1\\@evil.example/",
            "http://localhost:1/?a=b",
            "http://localhost:1/#a",
            "http://localhost:1?a",
            "http://localhost:0/",
            "http://localhost:65536/",
            "http://localhost:/",
            "http://localhost:+1/",
            "http://localhost:1/a b",
            "http://localhost:1/\r\nx: y",
            "http://::1/",
            "http://[127.0.0.1]/",
            "http://[::1/",
            "http://[::1]x:1/",
            "http://[::2]:1/",
            "http://0.0.0.0:1/",
            "http://128.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "javascript:alert(1)",
            "urn:ietf:wg:oauth:2.0:oob:auto",
        ] {
            assert_eq!(kind(uri), None, "{uri}");
        }
        assert_eq!(kind(&format!("http://localhost/{}", "a".repeat(MAX_REDIRECT_BYTES))), None);
    }

    #[test]
    fn where_a_form_may_lead() {
        let action = |uri: &str| Client::sigstore().redirect(uri).unwrap().form_action();
        assert_eq!(action("http://localhost:1/auth").as_deref(), Some("http://localhost:1"));
        assert_eq!(action("http://127.0.0.1").as_deref(), Some("http://127.0.0.1"));
        assert_eq!(action("http://[::1]:1/").as_deref(), Some("http:"));
        assert_eq!(action(OUT_OF_BAND), None);
    }

    #[test]
    fn parameters_go_behind_those_that_are_there() {
        let with = |uri: &str| Redirect { uri: uri.to_owned(), kind: Kind::Registered }.with("code=1");
        assert_eq!(with("https://a.example/"), "https://a.example/?code=1");
        assert_eq!(with("https://a.example/?x=1"), "https://a.example/?x=1&code=1");
    }
}
