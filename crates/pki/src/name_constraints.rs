//! nameConstraints (RFC 5280 4.2.1.10): which names may stand below a CA.

use crate::asn1::{DerCause, DerError, Reader, SEQUENCE, Tlv, context, context_constructed, only};
use crate::certificate::Certificate;
use crate::general_name::GeneralName;
use crate::name::Name;
use crate::oid;

/// Subtrees in one extension, permitted and excluded together. It bounds the work: with 128 names in a SAN,
/// 32,768 comparisons.
const MAX_SUBTREES: usize = 256;

/// A name that the constraints of a CA do not allow, or constraints that we cannot apply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameConstraintError {
    /// There are permitted subtrees for this kind of name, and none has it.
    #[error("name {0} is in none of the permitted subtrees")]
    NotPermitted(String),
    /// The name is in an excluded subtree.
    #[error("name {0} is in an excluded subtree")]
    Excluded(String),
    /// The constraint is on a kind of name (its words in RFC 5280) whose subtrees we cannot decide.
    #[error("constraint on {0} names, which are not understood")]
    UnsupportedKind(&'static str),
    /// The name is under a constraint and so malformed that it cannot be compared: an e-mail address without a host, a
    /// URI without a host name.
    #[error("name {0} cannot be compared with a constraint")]
    Incomparable(String),
}

/// The extension of one CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameConstraints {
    permitted: Vec<GeneralName>,
    excluded: Vec<GeneralName>,
}

impl NameConstraints {
    pub(crate) fn read(value: &[u8]) -> Result<Self, DerError> {
        let sequence = only(value, SEQUENCE)?;
        let mut reader = sequence.reader();
        let permitted = read_subtrees(reader.optional(context_constructed(0))?)?;
        let excluded = read_subtrees(reader.optional(context_constructed(1))?)?;
        reader.finish()?;
        if permitted.is_empty() && excluded.is_empty() {
            return Err(sequence.error(DerCause::Empty));
        }
        if permitted.len() + excluded.len() > MAX_SUBTREES {
            return Err(sequence.error(DerCause::TooMany { limit: MAX_SUBTREES }));
        }
        Ok(NameConstraints { permitted, excluded })
    }

    /// Checks the names of one certificate below (RFC 5280 6.1.3 (b) and (c)): its subject, the e-mail addresses in the
    /// subject, and its alternative names.
    pub(crate) fn check(&self, certificate: &Certificate) -> Result<(), NameConstraintError> {
        for subtree in self.permitted.iter().chain(&self.excluded) {
            if let GeneralName::OtherName { .. } | GeneralName::Other { .. } = subtree {
                return Err(NameConstraintError::UnsupportedKind(subtree.kind()));
            }
        }
        let subject = certificate.subject();
        if !subject.is_empty() {
            self.check_name(&GeneralName::Directory(subject.clone()))?;
        }
        for address in subject.values_of(oid::EMAIL_ADDRESS) {
            self.check_name(&GeneralName::Email(address))?;
        }
        certificate.subject_alternative_names().iter().try_for_each(|name| self.check_name(name))
    }

    fn check_name(&self, name: &GeneralName) -> Result<(), NameConstraintError> {
        let mut constrained = false;
        let mut permitted = false;
        for subtree in &self.permitted {
            if let Some(within) = is_within(name, subtree)? {
                constrained = true;
                permitted |= within;
            }
        }
        if constrained && !permitted {
            return Err(NameConstraintError::NotPermitted(name.to_string()));
        }
        for subtree in &self.excluded {
            if is_within(name, subtree)? == Some(true) {
                return Err(NameConstraintError::Excluded(name.to_string()));
            }
        }
        Ok(())
    }
}

/// GeneralSubtrees: minimum is 0 and maximum absent (RFC 5280 4.2.1.10), so neither is written.
fn read_subtrees(element: Option<Tlv<'_>>) -> Result<Vec<GeneralName>, DerError> {
    let Some(element) = element else { return Ok(Vec::new()) };
    let mut subtrees = element.reader();
    if subtrees.is_empty() {
        return Err(element.error(DerCause::Empty));
    }
    let mut list = Vec::new();
    while !subtrees.is_empty() {
        if list.len() == MAX_SUBTREES {
            return Err(subtrees.error(DerCause::TooMany { limit: MAX_SUBTREES }));
        }
        let mut subtree = subtrees.expect(SEQUENCE)?.reader();
        list.push(GeneralName::read(&subtree.any()?)?);
        skip_minimum(&mut subtree)?;
        subtree.finish()?;
    }
    Ok(list)
}

fn skip_minimum(subtree: &mut Reader<'_>) -> Result<(), DerError> {
    match subtree.optional(context(0))? {
        Some(minimum) if minimum.value != [0] => Err(minimum.error(DerCause::UnknownValue)),
        _ => Ok(()),
    }
}

/// Whether the name is in the subtree; `None` if they are of different kinds, which do not touch each other.
fn is_within(name: &GeneralName, subtree: &GeneralName) -> Result<Option<bool>, NameConstraintError> {
    let incomparable = || NameConstraintError::Incomparable(name.to_string());
    let within = match (name, subtree) {
        (GeneralName::Email(name), GeneralName::Email(subtree)) => {
            let (local, host) = name.rsplit_once('@').ok_or_else(incomparable)?;
            if local.is_empty() || host.is_empty() {
                return Err(incomparable());
            }
            match subtree.rsplit_once('@') {
                Some((wanted_local, wanted_host)) => {
                    local == wanted_local && host.eq_ignore_ascii_case(wanted_host)
                }
                None => host_is_within(host, subtree),
            }
        }
        (GeneralName::Uri(name), GeneralName::Uri(subtree)) => {
            host_is_within(uri_host(name).ok_or_else(incomparable)?, subtree)
        }
        (GeneralName::Dns(name), GeneralName::Dns(subtree)) => dns_is_within(name, subtree),
        (GeneralName::Directory(name), GeneralName::Directory(subtree)) => directory_is_within(name, subtree),
        (GeneralName::IpAddress(name), GeneralName::IpAddress(subtree)) => {
            address_is_within(name, subtree).ok_or_else(incomparable)?
        }
        _ => return Ok(None),
    };
    Ok(Some(within))
}

/// For e-mail and URI: `example.com` is that host alone, `.example.com` any host below it.
fn host_is_within(host: &str, subtree: &str) -> bool {
    if subtree.starts_with('.') {
        ends_with_ignore_case(host, subtree)
    } else {
        host.eq_ignore_ascii_case(subtree)
    }
}

/// For DNS: `example.com` is that name and any below it; the empty constraint is every name. A leading dot, which RFC 5280
/// does not have here but others write, leaves the name itself out.
fn dns_is_within(name: &str, subtree: &str) -> bool {
    if subtree.is_empty() || subtree.starts_with('.') {
        return ends_with_ignore_case(name, subtree);
    }
    let Some(start) = name.len().checked_sub(subtree.len()) else { return false };
    let below = start == 0 || name.as_bytes().get(start - 1) == Some(&b'.');
    below && ends_with_ignore_case(name, subtree)
}

fn ends_with_ignore_case(text: &str, end: &str) -> bool {
    let start = text.len().checked_sub(end.len());
    let tail = start.and_then(|start| text.as_bytes().get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

/// The host name of a URI with an authority; an IP address is not a host name (RFC 5280 4.2.1.10).
fn uri_host(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let after_slashes = rest.strip_prefix("//")?;
    let end = after_slashes.find(['/', '?', '#']).unwrap_or(after_slashes.len());
    let authority = after_slashes.get(..end)?;
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host_and_port.split_once(':').map_or(host_and_port, |(host, _)| host);
    let is_address = host.starts_with('[') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (!scheme.is_empty() && !host.is_empty() && !is_address).then_some(host)
}

/// Whether the name begins with all relative names of the subtree.
fn directory_is_within(name: &Name, subtree: &Name) -> bool {
    let mut relative_names = name.relative_names();
    subtree.relative_names().all(|wanted| relative_names.next().is_some_and(|found| found.raw == wanted.raw))
}

/// Address and mask (RFC 5280 4.2.1.10). Addresses of the other family are outside.
fn address_is_within(name: &[u8], subtree: &[u8]) -> Option<bool> {
    if !matches!(name.len(), 4 | 16) || !matches!(subtree.len(), 8 | 32) {
        return None;
    }
    let (address, mask) = subtree.split_at_checked(subtree.len() / 2)?;
    if name.len() != address.len() {
        return Some(false);
    }
    let mut octets = name.iter().zip(address).zip(mask);
    Some(octets.all(|((name, address), mask)| name & mask == address & mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> GeneralName {
        GeneralName::Email(text.to_owned())
    }
    fn uri(text: &str) -> GeneralName {
        GeneralName::Uri(text.to_owned())
    }
    fn dns(text: &str) -> GeneralName {
        GeneralName::Dns(text.to_owned())
    }

    #[test]
    fn subtrees() {
        for (name, subtree, expected) in [
            (email("a@example.com"), email("example.com"), Some(true)),
            (email("a@EXAMPLE.com"), email("example.com"), Some(true)),
            (email("a@sub.example.com"), email("example.com"), Some(false)),
            (email("a@sub.example.com"), email(".example.com"), Some(true)),
            (email("a@example.com"), email(".example.com"), Some(false)),
            (email("a@example.com"), email("a@example.com"), Some(true)),
            (email("A@example.com"), email("a@example.com"), Some(false)),
            (email("b@evil.org"), email("example.com"), Some(false)),
            (uri("https://github.com/a/b"), uri("github.com"), Some(true)),
            (uri("https://x@github.com:8443?q"), uri("github.com"), Some(true)),
            (uri("https://github.com.evil.org/"), uri("github.com"), Some(false)),
            (uri("https://evil.org/@github.com"), uri("github.com"), Some(false)),
            (uri("https://evil.org#@github.com"), uri("github.com"), Some(false)),
            (uri("spiffe://a.example/x"), uri(".example"), Some(true)),
            (dns("example.com"), dns("example.com"), Some(true)),
            (dns("a.example.com"), dns("example.com"), Some(true)),
            (dns("aexample.com"), dns("example.com"), Some(false)),
            (dns("example.com"), dns(".example.com"), Some(false)),
            (dns("anything"), dns(""), Some(true)),
            (dns("example.com"), uri("example.com"), None),
            (
                GeneralName::IpAddress(vec![10, 1, 2, 3]),
                GeneralName::IpAddress(vec![10, 0, 0, 0, 255, 0, 0, 0]),
                Some(true),
            ),
            (
                GeneralName::IpAddress(vec![11, 1, 2, 3]),
                GeneralName::IpAddress(vec![10, 0, 0, 0, 255, 0, 0, 0]),
                Some(false),
            ),
            (GeneralName::IpAddress(vec![0; 16]), GeneralName::IpAddress(vec![0; 8]), Some(false)),
        ] {
            assert_eq!(is_within(&name, &subtree), Ok(expected), "{name} in {subtree}");
        }
    }

    #[test]
    fn names_that_cannot_be_compared() {
        for (name, subtree) in [
            (email("nobody"), email("example.com")),
            (email("@example.com"), email("example.com")),
            (uri("urn:x:y"), uri("example.com")),
            (uri("https://10.0.0.1/"), uri("example.com")),
            (uri("https://[::1]/"), uri("example.com")),
            (uri("https:///path"), uri("example.com")),
            (GeneralName::IpAddress(vec![1]), GeneralName::IpAddress(vec![0; 8])),
        ] {
            assert_eq!(is_within(&name, &subtree), Err(NameConstraintError::Incomparable(name.to_string())));
        }
    }

    #[test]
    fn permitted_and_excluded() {
        let constraints = NameConstraints {
            permitted: vec![uri("github.com"), uri("gitlab.com")],
            excluded: vec![email("evil.org")],
        };
        assert_eq!(constraints.check_name(&uri("https://gitlab.com/x")), Ok(()));
        assert_eq!(
            constraints.check_name(&uri("https://example.com/x")),
            Err(NameConstraintError::NotPermitted("https://example.com/x".to_owned()))
        );
        // No permitted e-mail subtree: every address but the excluded ones.
        assert_eq!(constraints.check_name(&email("a@example.com")), Ok(()));
        assert_eq!(
            constraints.check_name(&email("a@evil.org")),
            Err(NameConstraintError::Excluded("a@evil.org".to_owned()))
        );
    }
}
