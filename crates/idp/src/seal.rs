//! What a browser carries for us between two pages: readable, but not to be made or changed by anybody else, nor of use in
//! another browser, for another request, or later.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::mac::{hmac_sha256, is_same_secret};

/// How long a page may be left open.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// The longest text that is opened, bytes: a memory has some fifty.
const MAX_SEALED_BYTES: usize = 1024;

const TAG_BYTES: usize = 32;

/// A key that lives as long as the process.
#[derive(Debug)]
pub struct Seal {
    key: [u8; 32],
}

/// Which browser, by its cookie, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// The browser's secret.
    pub browser: &'a str,
    /// What is signed in for, to the letter.
    pub about: &'a str,
}

impl Seal {
    /// With this key, which nobody else has.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Seals some bytes, which are not secret.
    #[must_use]
    pub fn close(&self, bound: Bound<'_>, memory: &[u8], now: Timestamp) -> String {
        let expires = now.as_second().saturating_add(LIFETIME.as_secs()).to_be_bytes();
        let tag = self.tag(bound, &expires, memory);
        URL_SAFE_NO_PAD.encode([&tag[..], &expires, memory].concat())
    }

    /// The bytes, if this is what was sealed, for the same browser and matter, and not too long ago.
    #[must_use]
    pub fn open(&self, bound: Bound<'_>, sealed: &str, now: Timestamp) -> Option<Vec<u8>> {
        let text = Some(sealed).filter(|sealed| sealed.len() <= MAX_SEALED_BYTES)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (tag, rest) = bytes.split_at_checked(TAG_BYTES)?;
        let (expires, memory) = rest.split_first_chunk::<8>()?;
        let is_ours = is_same_secret(&self.tag(bound, expires, memory), tag);
        let is_fresh = now.as_second() <= i64::from_be_bytes(*expires);
        (is_ours && is_fresh).then(|| memory.to_vec())
    }

    fn tag(&self, bound: Bound<'_>, expires: &[u8; 8], memory: &[u8]) -> [u8; TAG_BYTES] {
        let length = |text: &str| u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes();
        let Bound { browser, about } = bound;
        let parts =
            [&length(browser)[..], browser.as_bytes(), &length(about), about.as_bytes(), expires, memory];
        hmac_sha256(&self.key, &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn only_what_was_sealed_is_opened_where_and_while_it_may_be() {
        let seal = Seal::new([1; 32]);
        let bound = Bound { browser: "b", about: "x" };
        for memory in [&b""[..], b"memory"] {
            let sealed = seal.close(bound, memory, at(0));
            assert_eq!(seal.open(bound, &sealed, at(600)).as_deref(), Some(memory));
            assert_eq!(seal.open(bound, &sealed, at(601)), None);
            for other in [Bound { browser: "c", about: "x" }, Bound { browser: "bx", about: "" }] {
                assert_eq!(seal.open(other, &sealed, at(0)), None);
            }
            assert_eq!(Seal::new([2; 32]).open(bound, &sealed, at(0)), None);
            let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
            for index in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[index] ^= 1;
                assert_eq!(seal.open(bound, &URL_SAFE_NO_PAD.encode(changed), at(0)), None);
            }
        }
        for text in ["", "AAAA", "!", &"A".repeat(MAX_SEALED_BYTES + 4)] {
            assert_eq!(seal.open(bound, text, at(0)), None);
        }
    }
}
