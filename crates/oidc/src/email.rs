//! E-mail addresses, as far as Fulcio takes them: the pattern of the library it asks, without quoted local parts.

/// The longest address (RFC 5321 4.5.3.1: 64 octets before the @, 255 after it).
const MAX_ADDRESS_BYTES: usize = 320;

/// Whether the text is an e-mail address that a certificate may be issued for.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= MAX_ADDRESS_BYTES && local.split('.').all(is_atom) && is_domain(domain)
}

/// Whether somebody might take the text for an e-mail address, so that it must not stand in another kind of name.
pub(crate) fn is_like_address(text: &str) -> bool {
    let quoted = |text: &str| text.starts_with('"') && text.contains("\"@");
    is_address(text) || quoted(text)
}

fn is_atom(atom: &str) -> bool {
    let fits = |letter: char| is_word(letter) || "!#$%&'*+-/=?^_`{|}~".contains(letter);
    !atom.is_empty() && atom.chars().all(fits)
}

/// A name of two labels or more; the last one has no digits at its ends.
fn is_domain(domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let Some((labels, top)) = domain.rsplit_once('.') else { return false };
    let letter = |letter: char| is_word(letter) && !letter.is_ascii_digit();
    let inner = |letter: char| is_word(letter) || "-_~".contains(letter);
    labels.starts_with(is_word)
        && labels.ends_with(is_word)
        && labels.chars().all(|found| inner(found) || found == '.')
        && top.starts_with(letter)
        && top.ends_with(letter)
        && top.chars().all(inner)
}

/// ASCII letters and digits, and what RFC 3987 calls ucschar, in its first plane.
fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(letter, '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in [
            "a@b.cc",
            "first.last+tag@sub.example.com",
            "o'neil/x=1@example.co.uk",
            "user@example.com.",
            "1@2.d3e",
            "a_b@under_score.example",
            "ü@exämple.de",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@b.cc",
            "a@b",
            "a@b.c1",
            "a@b.1c",
            "a..b@c.dd",
            ".a@c.dd",
            "a.@c.dd",
            "a@-b.cc",
            "a@b-.cc",
            "a b@c.dd",
            "a@b c.dd",
            "a@b.cc\n",
            "\"a b\"@c.dd",
            "a@[127.0.0.1]",
            "a,b@c.dd",
            "a@.cc",
            "a@b..",
            "a@@b.cc",
            "<a@b.cc>",
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
        assert!(!is_address(&format!("{}@example.com", "a".repeat(309))));
    }

    #[test]
    fn what_may_be_taken_for_an_address() {
        assert!(is_like_address("\"a b\"@c.dd"));
        assert!(is_like_address("a@b.cc"));
        assert!(!is_like_address("https://a@b.cc/path:x"));
        assert!(!is_like_address("user"));
    }
}
