//! Patterns of issuer URLs: `https://oidc.eks.*.amazonaws.com/id/*`.

/// A URL in which each `*` stands for one or more letters, digits, dashes and underscores: never for a dot, a slash or anything
/// else that separates. It covers a URL from end to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// Why text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// No text.
    #[error("an empty pattern")]
    Empty,
    /// Longer than 1,024 bytes.
    #[error("a pattern of more than {MAX_PATTERN_BYTES} bytes")]
    TooLong,
}

/// The longest pattern, in bytes: half of what URLs are limited to by habit.
const MAX_PATTERN_BYTES: usize = 1024;

/// The longest URL that is compared, in bytes, so that the work is bounded whatever a token says.
const MAX_URL_BYTES: usize = 2048;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn new(text: &str) -> Result<Self, PatternError> {
        match text.len() {
            0 => Err(PatternError::Empty),
            length if length > MAX_PATTERN_BYTES => Err(PatternError::TooLong),
            _ => Ok(Pattern(text.to_owned())),
        }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern covers the URL.
    #[must_use]
    pub fn matches(&self, url: &str) -> bool {
        url.len() <= MAX_URL_BYTES && covers(self.0.as_bytes(), url.as_bytes())
    }
}

/// All places of the pattern that the text read so far can have led to, moved on letter by letter: pattern × text steps, whatever
/// the stars.
fn covers(pattern: &[u8], text: &[u8]) -> bool {
    // `reached[i]`: the text so far is covered by the first i bytes of the pattern.
    let mut reached = vec![false; pattern.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for letter in text {
        let mut next = vec![false; pattern.len() + 1];
        for (place, expected) in pattern.iter().enumerate() {
            let came_from = |place: usize| reached.get(place).copied().unwrap_or(false);
            let moves = match expected {
                // The star's first letter, or one more.
                b'*' => fits_star(*letter) && (came_from(place) || came_from(place + 1)),
                expected => expected == letter && came_from(place),
            };
            if let Some(slot) = next.get_mut(place + 1) {
                *slot = moves;
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

fn fits_star(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || letter == b'-' || letter == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_cover_one_label_or_segment() {
        let check = |pattern: &str, url: &str, expected: bool| {
            assert_eq!(Pattern::new(pattern).unwrap().matches(url), expected, "{pattern} {url}");
        };
        let eks = "https://oidc.eks.*.amazonaws.com/id/*";
        check(eks, "https://oidc.eks.us-west-2.amazonaws.com/id/B02C93B6A2D30341AD01E1B6D48164CB", true);
        check(eks, "https://oidc.eks..amazonaws.com/id/B", false);
        check(eks, "https://oidc.eks.us.west.amazonaws.com/id/B", false);
        check(eks, "https://oidc.eks.us-west-2.amazonaws.com/id/", false);
        check(eks, "https://oidc.eks.us-west-2.amazonaws.com/id/B/", false);
        check(eks, "https://oidc.eks.us-west-2.amazonaws.com/id/B?x", false);
        check(eks, "https://oidcXeks.us-west-2.amazonaws.com/id/B", false);
        check(eks, "https://evil.example/?https://oidc.eks.a.amazonaws.com/id/B", false);
        check(eks, "https://oidc.eks.a.amazonaws.com/id/B#https://x", false);
        check("https://a/*/*", "https://a/b/c", true);
        check("https://a/*/*", "https://a/b", false);
        check("https://a/**", "https://a/bc", true);
        check("https://a/**", "https://a/b", false);
        check("https://a/*-*", "https://a/b-c-d", true);
        check("https://a", "https://a", true);
        check("https://a", "https://ab", false);
        check("*", "abc_-9", true);
        check("*", "ü", false);
    }

    #[test]
    fn limits() {
        assert_eq!(Pattern::new(""), Err(PatternError::Empty));
        assert_eq!(Pattern::new(&"*".repeat(1025)), Err(PatternError::TooLong));
        assert!(!Pattern::new("*").unwrap().matches(&"a".repeat(2049)));
        assert!(Pattern::new(&"*".repeat(1024)).unwrap().matches(&"a".repeat(2048)));
    }
}
