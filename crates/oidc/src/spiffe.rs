//! SPIFFE IDs (spiffe.io, SPIFFE-ID §2).

/// The scheme with what must follow it.
const PREFIX: &str = "spiffe://";

/// The longest ID (SPIFFE-ID §2.3), in bytes.
const MAX_ID_BYTES: usize = 2048;

/// Why text is not a SPIFFE ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpiffeError {
    /// Longer than 2,048 bytes.
    #[error("longer than {MAX_ID_BYTES} bytes")]
    TooLong,
    /// Not `spiffe://`.
    #[error("not of the scheme spiffe")]
    Scheme,
    /// No trust domain, or one with other characters than lower-case letters, digits, dots, dashes and underscores.
    #[error("a malformed trust domain")]
    TrustDomain,
    /// A path with empty segments, with dots for segments, or with characters that do not belong there.
    #[error("a malformed path")]
    Path,
}

/// The trust domain of an ID.
pub(crate) fn trust_domain_of(id: &str) -> Result<&str, SpiffeError> {
    if id.len() > MAX_ID_BYTES {
        return Err(SpiffeError::TooLong);
    }
    let rest = id.strip_prefix(PREFIX).ok_or(SpiffeError::Scheme)?;
    let (domain, path) = rest.split_once('/').map_or((rest, None), |(domain, path)| (domain, Some(path)));
    check_trust_domain(domain)?;
    match path {
        Some(path) if !path.split('/').all(is_segment) => Err(SpiffeError::Path),
        _ => Ok(domain),
    }
}

/// A trust domain as an administrator writes it: the name, or an ID in it.
pub(crate) fn read_trust_domain(text: &str) -> Result<&str, SpiffeError> {
    if text.contains(":/") {
        return trust_domain_of(text);
    }
    check_trust_domain(text).map(|()| text)
}

fn check_trust_domain(name: &str) -> Result<(), SpiffeError> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    if !name.is_empty() && name.bytes().all(fits) { Ok(()) } else { Err(SpiffeError::TrustDomain) }
}

fn is_segment(segment: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let check = |id: &str, expected| assert_eq!(trust_domain_of(id), expected, "{id}");
        check("spiffe://a.example/ns/x/sa/Y_z", Ok("a.example"));
        check("spiffe://a", Ok("a"));
        check("spiffe://a/", Err(SpiffeError::Path));
        check("spiffe://a//b", Err(SpiffeError::Path));
        check("spiffe://a/../b", Err(SpiffeError::Path));
        check("spiffe://a/b%20c", Err(SpiffeError::Path));
        check("spiffe:///b", Err(SpiffeError::TrustDomain));
        check("spiffe://A/b", Err(SpiffeError::TrustDomain));
        check("spiffe://a:1/b", Err(SpiffeError::TrustDomain));
        check("SPIFFE://a/b", Err(SpiffeError::Scheme));
        check("", Err(SpiffeError::Scheme));
        check(&format!("spiffe://a/{}", "b".repeat(2048)), Err(SpiffeError::TooLong));
    }

    #[test]
    fn trust_domains() {
        assert_eq!(read_trust_domain("a.example"), Ok("a.example"));
        assert_eq!(read_trust_domain("spiffe://a.example/x"), Ok("a.example"));
        assert_eq!(read_trust_domain("spiffe:/a"), Err(SpiffeError::Scheme));
        assert_eq!(read_trust_domain(""), Err(SpiffeError::TrustDomain));
    }
}
