//! Whether an issuer may speak for subjects of a domain, as Fulcio decides it.

/// Two host names are of one owner if they are equal or share their last two labels. That is wrong for public suffixes of two labels
/// (`co.uk`), and an administrator writes both names; Fulcio's rule is kept so that its files load unchanged.
pub(super) fn is_same(subject: &[u8], issuer: &[u8]) -> bool {
    subject == issuer
        || last_two_labels(subject).is_some_and(|labels| Some(labels) == last_two_labels(issuer))
}

/// The last two labels.
fn last_two_labels(host: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut labels = host.rsplit(|byte| *byte == b'.');
    Some((labels.next()?, labels.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_labels_decide() {
        for (subject, issuer, expected) in [
            ("example.com", "accounts.example.com", true),
            ("users.example.com", "accounts.example.com", true),
            ("a.b.example.com", "example.com", true),
            ("localhost", "localhost", true),
            ("localhost", "accounts.localhost", false),
            ("example.org", "example.com", false),
            ("com", "example.com", false),
            ("evilexample.com", "example.com", false),
        ] {
            assert_eq!(is_same(subject.as_bytes(), issuer.as_bytes()), expected, "{subject} {issuer}");
        }
    }
}
