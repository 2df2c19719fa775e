//! The policy: whom to believe, and for what.
//!
//! Nothing here is a boolean that switches a check off. A policy that names nobody never accepts a certificate; it accepts
//! a key only if whoever chose the trust material listed that key in it.

use std::fmt;

use jiff::SignedDuration;
use sealwax_crypto::PublicKey;
use sealwax_tlog::policy::Policy as WitnessPolicy;

/// Whom to believe, and for what.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Who must have signed.
    pub who: Who,
    /// For an attestation, the predicate type it must have; `None` takes any, and takes plain signatures as well.
    pub predicate_type: Option<String>,
    /// Witnesses that must have cosigned the checkpoint of a log entry.
    pub witnesses: Option<WitnessPolicy>,
    /// The greatest age of the trust material, measured from [`crate::Trust::as_of`] to `now`.
    pub max_trust_age: Option<SignedDuration>,
}

/// Who must have signed.
#[derive(Clone, Debug, Default)]
pub enum Who {
    /// Nobody was named. All other checks are made; a certificate is then refused with the identity that was found.
    /// A key bundle is accepted only by a key that the trust material itself lists under exactly the bundle's hint.
    #[default]
    Unnamed,
    /// A certificate that satisfies one of these.
    Identities(Vec<IdentityRule>),
    /// This key, whatever the bundle's hint says.
    Key(PublicKey),
}

/// What one acceptable certificate must say. Every part that is given must hold; [`IdentityRule::default`] demands
/// nothing and is therefore refused by [`IdentityRule::names_someone`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityRule {
    /// The subject alternative name.
    pub subject: Option<Match>,
    /// The issuer of the identity token (extension `.1.8`, or `.1.1` of old certificates).
    pub issuer: Option<IssuerRule>,
    /// Source repository (extension `.1.12`, or `.1.5` of old certificates).
    pub repository: Option<Match>,
    /// Source ref (extension `.1.14`, or `.1.6` of old certificates).
    pub source_ref: Option<Match>,
    /// The workflow that signed (extension `.1.9`, build signer URI).
    pub signer_workflow: Option<Match>,
    /// What triggered the build (extension `.1.20`, or `.1.2` of old certificates).
    pub trigger: Option<Match>,
    /// Where the build ran (extension `.1.11`).
    pub runner_environment: Option<Match>,
}

impl IdentityRule {
    /// A rule for exactly this subject and this issuer.
    pub fn exact(subject: impl Into<String>, issuer: impl Into<String>) -> Self {
        Self {
            subject: Some(Match::Exact(subject.into())),
            issuer: Some(IssuerRule::Is(Match::Exact(issuer.into()))),
            ..Self::default()
        }
    }

    /// Whether the rule is about somebody: it names an issuer (or its absence), and a subject or a source.
    pub fn names_someone(&self) -> bool {
        self.issuer.is_some()
            && (self.subject.is_some() || self.repository.is_some() || self.signer_workflow.is_some())
    }
}

/// What the issuer extension must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerRule {
    /// It is there and matches.
    Is(Match),
    /// It is absent, as in the certificates of GitHub's releases.
    Absent,
}

/// A text to compare with, the whole of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Equal, byte for byte.
    Exact(String),
    /// Equal to the whole pattern, in which `*` stands for any characters but `/` and `@`, and `**` for any at all.
    Pattern(String),
}

impl Match {
    /// Whether `text` as a whole is what is asked for.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(wanted) => wanted == text,
            Self::Pattern(pattern) => matches_pattern(pattern.as_bytes(), text.as_bytes()),
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Pattern(text) => write!(f, "{text} (pattern)"),
        }
    }
}

/// Anchored at both ends. Work is bounded by pattern × text: `reach` holds the text positions that the pattern read
/// so far can have consumed.
fn matches_pattern(pattern: &[u8], text: &[u8]) -> bool {
    let mut reach = vec![false; text.len() + 1];
    if let Some(start) = reach.first_mut() {
        *start = true;
    }
    let mut rest = pattern;
    while let Some((&token, after)) = rest.split_first() {
        if token == b'*' {
            let (any, after) = match after.strip_prefix(b"*") {
                Some(after) => (true, after),
                None => (false, after),
            };
            rest = after;
            let mut open = false;
            for (position, reached) in reach.iter_mut().enumerate() {
                let previous = position.checked_sub(1).and_then(|before| text.get(before));
                open = *reached || (open && previous.is_some_and(|byte| any || !matches!(byte, b'/' | b'@')));
                *reached = open;
            }
        } else {
            rest = after;
            let mut previous = false;
            for (position, reached) in reach.iter_mut().enumerate() {
                let byte = position.checked_sub(1).and_then(|before| text.get(before));
                let now = previous && byte == Some(&token);
                previous = *reached;
                *reached = now;
            }
        }
    }
    reach.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Match::Pattern(pattern.into()).matches(text), expected, "{pattern} against {text}");
    }

    #[test]
    fn patterns_are_anchored_at_both_ends() {
        check("https://github.com/o/*/x", "https://github.com/o/r/x", true);
        check("https://github.com/o/*/x", "https://github.com/o/r/s/x", false);
        check("https://github.com/o/**", "https://github.com/o/r/s/x", true);
        check("https://github.com/o/**", "xhttps://github.com/o/r", false);
        check("https://github.com/o/r", "https://github.com/o/rx", false);
        check("*@example.com", "a@example.com", true);
        check("*@example.com", "a@evil.com@example.com", false);
        check("", "", true);
        check("", "a", false);
        check("*", "", true);
        check("**", "a/b@c", true);
        check("a**a", "aa", true);
        check("a*a", "a", false);
        check("*.*", "a.b", true);
    }

    #[test]
    fn a_hostile_pattern_costs_only_its_product() {
        let pattern = "*a".repeat(2_000);
        let text = "a".repeat(8_000);
        assert!(!Match::Pattern(pattern + "b").matches(&text));
    }

    #[test]
    fn exact_means_exact() {
        assert!(Match::Exact("a*".into()).matches("a*"));
        assert!(!Match::Exact("a*".into()).matches("ab"));
    }
}
