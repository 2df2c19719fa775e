//! URLs as Go's `net/url` reads and writes them.
//!
//! The subject of a certificate is compared byte for byte, and what Fulcio puts there has been through `url.Parse`, sometimes
//! `JoinPath`, and `String`: a space becomes `%20`, `//` becomes `/` here and stays there. So this is that code's behaviour
//! (Go 1.26), not RFC 3986 nor WHATWG.

mod escape;

use std::net::Ipv6Addr;

use escape::{Place, escape, is_valid_encoding, unescape};

/// A URL, or a reference to one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GoUrl {
    scheme: String,
    /// What follows a scheme without a slash.
    opaque: String,
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    /// Decoded.
    path: Vec<u8>,
    /// As it was written, where that is not the default encoding.
    raw_path: String,
    raw_query: String,
    /// There was a `?` with nothing behind it.
    force_query: bool,
    /// There was a scheme and a path, and no `//` between them.
    omit_host: bool,
    fragment: Vec<u8>,
    raw_fragment: String,
}

/// Why text is not a URL. One cause is like another to whoever wrote the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// A control character.
    #[error("a control character")]
    ControlCharacter,
    /// A colon with nothing before it.
    #[error("a colon without a scheme before it")]
    Scheme,
    /// A relative reference whose first segment has a colon.
    #[error("a colon in the first segment of a relative path")]
    FirstSegment,
    /// A `%` without two hexadecimal digits, or for a character that may not be written so.
    #[error("a malformed escape")]
    Escape,
    /// A user name or password with characters that do not belong there.
    #[error("a malformed user name")]
    User,
    /// A host with characters that do not belong there, or a malformed address.
    #[error("a malformed host")]
    Host,
    /// Something else than digits after the colon.
    #[error("a malformed port")]
    Port,
}

impl GoUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let (reference, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut url = GoUrl::parse_reference(reference)?;
        if !fragment.is_empty() {
            url.fragment = unescape(fragment, Place::Fragment)?;
            if escape(&url.fragment, Place::Fragment) != fragment {
                fragment.clone_into(&mut url.raw_fragment);
            }
        }
        Ok(url)
    }

    fn parse_reference(text: &str) -> Result<Self, UrlError> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err(UrlError::ControlCharacter);
        }
        let mut url = GoUrl::default();
        if text == "*" {
            url.path = b"*".to_vec();
            return Ok(url);
        }
        let (scheme, mut rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        match rest.strip_suffix('?') {
            Some(before) if !before.contains('?') => {
                url.force_query = true;
                rest = before;
            }
            _ => {
                let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
                query.clone_into(&mut url.raw_query);
                rest = before;
            }
        }
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                rest.clone_into(&mut url.opaque);
                return Ok(url);
            }
            if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
                return Err(UrlError::FirstSegment);
            }
        }
        match rest.strip_prefix("//") {
            Some(after) if !url.scheme.is_empty() || !after.starts_with('/') => {
                let end = after.find('/').unwrap_or(after.len());
                let (authority, path) = after.split_at(end);
                url.set_authority(authority)?;
                rest = path;
            }
            _ => url.omit_host = !url.scheme.is_empty() && rest.starts_with('/'),
        }
        url.set_path(rest)?;
        Ok(url)
    }

    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }

    pub(crate) fn set_scheme(&mut self, scheme: &str) {
        scheme.clone_into(&mut self.scheme);
    }

    /// The host without port and brackets.
    pub(crate) fn host_name(&self) -> &[u8] {
        let host = self.host.as_slice();
        let without_port = match host.iter().rposition(|byte| *byte == b':') {
            Some(colon) if host.get(colon + 1..).is_some_and(|port| port.iter().all(u8::is_ascii_digit)) => {
                host.get(..colon).unwrap_or_default()
            }
            _ => host,
        };
        without_port.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(without_port)
    }

    /// The URL with these elements appended to its path, which is cleaned: no empty segments, no dots.
    pub(crate) fn join(&self, elements: &[&str]) -> Result<Self, UrlError> {
        let base = self.escaped_path();
        let relative = !base.starts_with('/');
        let parts = std::iter::once(base.as_str()).chain(elements.iter().copied());
        let joined = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let mut path = clean(&joined);
        if relative {
            path.remove(0); // the root that `clean` puts there
        }
        let last = elements.last().copied().unwrap_or(&base);
        if last.ends_with('/') && !path.ends_with('/') {
            path.push('/');
        }
        let mut url = self.clone();
        url.set_path(&path)?;
        Ok(url)
    }

    fn set_authority(&mut self, authority: &str) -> Result<(), UrlError> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        self.host = read_host(&self.scheme, host)?;
        let Some(user) = user else { return Ok(()) };
        if !user.bytes().all(is_user_character) {
            return Err(UrlError::User);
        }
        let (name, password) = match user.split_once(':') {
            Some((name, password)) => (name, Some(unescape(password, Place::User)?)),
            None => (user, None),
        };
        self.user = Some((unescape(name, Place::User)?, password));
        Ok(())
    }

    fn set_path(&mut self, path: &str) -> Result<(), UrlError> {
        self.path = unescape(path, Place::Path)?;
        self.raw_path.clear();
        if escape(&self.path, Place::Path) != path {
            path.clone_into(&mut self.raw_path);
        }
        Ok(())
    }

    fn escaped_path(&self) -> String {
        if !self.raw_path.is_empty() && is_valid_encoding(&self.raw_path, Place::Path) {
            return self.raw_path.clone();
        }
        if self.path == b"*" { "*".to_owned() } else { escape(&self.path, Place::Path) }
    }
}

impl std::fmt::Display for GoUrl {
    fn fmt(&self, output: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        if !self.scheme.is_empty() {
            text = format!("{}:", self.scheme);
        }
        if self.opaque.is_empty() {
            self.push_authority(&mut text);
            let path = self.escaped_path();
            if !self.host.is_empty() && !path.is_empty() && !path.starts_with('/') {
                text.push('/');
            }
            if text.is_empty() && path.split('/').next().is_some_and(|segment| segment.contains(':')) {
                text.push_str("./");
            }
            text.push_str(&path);
        } else {
            text.push_str(&self.opaque);
        }
        if self.force_query || !self.raw_query.is_empty() {
            text.push('?');
            text.push_str(&self.raw_query);
        }
        if !self.fragment.is_empty() {
            text.push('#');
            let raw = !self.raw_fragment.is_empty() && is_valid_encoding(&self.raw_fragment, Place::Fragment);
            text.push_str(&if raw {
                self.raw_fragment.clone()
            } else {
                escape(&self.fragment, Place::Fragment)
            });
        }
        output.write_str(&text)
    }
}

impl GoUrl {
    fn push_authority(&self, text: &mut String) {
        if self.scheme.is_empty() && self.host.is_empty() && self.user.is_none() {
            return;
        }
        if self.omit_host && self.host.is_empty() && self.user.is_none() {
            return;
        }
        if !self.host.is_empty() || !self.path.is_empty() || self.user.is_some() {
            text.push_str("//");
        }
        if let Some((name, password)) = &self.user {
            text.push_str(&escape(name, Place::User));
            if let Some(password) = password {
                text.push(':');
                text.push_str(&escape(password, Place::User));
            }
            text.push('@');
        }
        text.push_str(&escape(&self.host, Place::Host));
    }
}

/// A scheme and what follows its colon; no scheme where the text does not start like one.
fn split_scheme(text: &str) -> Result<(&str, &str), UrlError> {
    let end =
        text.find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.')));
    match end.map(|end| text.split_at(end)) {
        Some((scheme, rest)) if rest.starts_with(':') => match scheme.bytes().next() {
            None => Err(UrlError::Scheme),
            Some(first) if first.is_ascii_alphabetic() => {
                Ok((scheme, rest.strip_prefix(':').unwrap_or(rest)))
            }
            Some(_) => Ok(("", text)),
        },
        _ => Ok(("", text)),
    }
}

fn read_host(scheme: &str, host: &str) -> Result<Vec<u8>, UrlError> {
    match host.rfind('[') {
        Some(0) => read_address(host),
        Some(_) => Err(UrlError::Host),
        None => {
            // Several hosts between commas are tolerated where some database has made them a habit.
            let strict = matches!(scheme, "http" | "https");
            let colon = if strict { host.find(':') } else { host.rfind(':') };
            if let Some(colon) = colon {
                check_port(host.get(colon..).unwrap_or_default())?;
            }
            unescape(host, Place::Host)
        }
    }
}

/// An IPv6 address in brackets, with or without zone and port.
fn read_address(host: &str) -> Result<Vec<u8>, UrlError> {
    let (literal, port) =
        host.strip_prefix('[').and_then(|host| host.rsplit_once(']')).ok_or(UrlError::Host)?;
    check_port(port)?;
    let address = match literal.find("%25") {
        Some(zone) => {
            let (address, zone) = literal.split_at(zone);
            [unescape(address, Place::Host)?, unescape(zone, Place::Zone)?].concat()
        }
        None => unescape(literal, Place::Host)?,
    };
    let text = std::str::from_utf8(&address).map_err(|_| UrlError::Host)?;
    let bare = match text.split_once('%') {
        Some((_, "")) => return Err(UrlError::Host),
        Some((bare, _)) => bare,
        None => text,
    };
    bare.parse::<Ipv6Addr>().map_err(|_| UrlError::Host)?;
    Ok([b"[", address.as_slice(), b"]", port.as_bytes()].concat())
}

fn check_port(port: &str) -> Result<(), UrlError> {
    match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
        None if port.is_empty() => Ok(()),
        _ => Err(UrlError::Port),
    }
}

fn is_user_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte)
}

/// The shortest path that means the same, from the root: no empty segments, no `.`, no `..`.
fn clean(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests;
