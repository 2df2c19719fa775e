//! One-time codes of an authenticator app (RFC 6238 over RFC 4226): HMAC-SHA-1, 30 seconds, six digits, which is all that
//! every app does.

use crate::form::Form;
use jiff::Timestamp;
use sealwax_crypto::mac::{hmac_sha1, is_same_secret};
use std::fmt;

/// How long a code is valid, seconds (RFC 6238 §5.2).
const STEP_SECONDS: i64 = 30;

/// How many steps a clock may be off, either way (RFC 6238 §5.2: "at most one").
const SKEW_STEPS: u64 = 1;

const DIGITS: usize = 6;

/// What the app and we know: 160 bits (RFC 4226 §4, R6).
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

/// A time step: 30 seconds since 1970, counted. A code of a step that is not after the last one that was used is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(pub u64);

/// Text that is not a secret: 32 letters of base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret is not 32 letters of base32")]
pub struct BadSecret;

impl TotpSecret {
    /// A new secret.
    #[must_use]
    pub fn new(random: [u8; 20]) -> Self {
        Self(random)
    }

    /// Reads base32.
    ///
    /// # Errors
    /// [`BadSecret`].
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let secret = unbase32(text).and_then(|bytes| bytes.try_into().ok()).ok_or(BadSecret)?;
        Ok(Self(secret))
    }

    /// The step whose code this is, if it is one of now or of the steps beside it, and after the last one that was used.
    /// All of them are looked at in any case.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp, last: Option<Step>) -> Option<Step> {
        let code: String = code.chars().filter(|character| !character.is_whitespace()).collect();
        let this = step_at(now);
        let mut found = None;
        for step in this.saturating_sub(SKEW_STEPS)..=this.saturating_add(SKEW_STEPS) {
            if is_same_secret(self.code(Step(step)).as_bytes(), code.as_bytes()) {
                found = Some(Step(step));
            }
        }
        found.filter(|step| last.is_none_or(|last| *step > last))
    }

    /// The code of a step (RFC 4226 §5.3).
    #[must_use]
    pub fn code(&self, step: Step) -> String {
        let tag = hmac_sha1(&self.0, &step.0.to_be_bytes());
        let offset = tag.last().map_or(0, |last| usize::from(last & 0xf));
        let word =
            tag.get(offset..offset + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes);
        format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
    }

    /// The link that an app takes, as text or as a QR code (Google's "Key Uri Format").
    #[must_use]
    pub fn link(&self, issuer: &str, account: &str) -> String {
        // A label is escaped like a form's value, and so is what follows.
        let escaped = |text: &str| Form::default().with("", text).encode().replacen('=', "", 1);
        let query = Form::default().with("secret", &self.to_string()).with("issuer", issuer);
        format!("otpauth://totp/{}:{}?{}", escaped(issuer), escaped(account), query.encode())
    }
}

impl fmt::Display for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32(&self.0))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret")
    }
}

/// The oldest step whose code is still taken.
#[must_use]
pub fn oldest_step(now: Timestamp) -> Step {
    Step(step_at(now).saturating_sub(SKEW_STEPS))
}

fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.as_second().div_euclid(STEP_SECONDS)).unwrap_or_default()
}

/// RFC 4648 §6.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Without padding: five bytes are eight letters, and ours are a multiple of that.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for letter in (0..8).rev() {
            let index = usize::try_from(bits >> (5 * letter) & 31).unwrap_or_default();
            text.push(ALPHABET.get(index).map_or('A', |letter| char::from(*letter)));
        }
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    if text.len() != 32 {
        return None;
    }
    for chunk in text.as_bytes().chunks(8) {
        let mut bits = 0_u64;
        for letter in chunk {
            let value = ALPHABET.iter().position(|known| known == letter)?;
            bits = bits << 5 | u64::try_from(value).ok()?;
        }
        bytes.extend(bits.to_be_bytes().into_iter().skip(3));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// RFC 4226 appendix D and RFC 6238 appendix B, the last six digits of the eight there.
    #[test]
    fn the_vectors_of_the_specifications() {
        let secret = TotpSecret::new(*b"12345678901234567890");
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(secret.code(Step(step)), code);
        }
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert!(secret.step_of(code, at(seconds), None).is_some());
        }
    }

    #[test]
    fn a_code_works_once_and_with_a_skew_of_one_step() {
        let secret = TotpSecret::new([7; 20]);
        let now = at(3_000_015);
        let code = |step: u64| secret.code(Step(step));
        for step in [99_999, 100_000, 100_001] {
            assert_eq!(secret.step_of(&code(step), now, None), Some(Step(step)));
        }
        for step in [99_998, 100_002] {
            assert_eq!(secret.step_of(&code(step), now, None), None);
        }
        assert_eq!(secret.step_of(&code(100_000), now, Some(Step(100_000))), None);
        assert_eq!(secret.step_of(&code(99_999), now, Some(Step(100_000))), None);
        assert_eq!(secret.step_of(&code(100_001), now, Some(Step(100_000))), Some(Step(100_001)));
        let spaced = format!(" {} {} ", &code(100_000)[..3], &code(100_000)[3..]);
        assert_eq!(secret.step_of(&spaced, now, None), Some(Step(100_000)));
        for bad in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(secret.step_of(bad, now, None), None);
        }
    }

    #[test]
    fn secrets_are_written_in_base32() {
        let secret = TotpSecret::new(*b"12345678901234567890");
        assert_eq!(secret.to_string(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(TotpSecret::parse(&secret.to_string()), Ok(secret.clone()));
        for bad in
            ["", "GEZDGNBVGY3TQOJQ", "gEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "1EZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
        {
            assert_eq!(TotpSecret::parse(bad), Err(BadSecret));
        }
        assert_eq!(
            secret.link("Sealwax", "a b@c"),
            "otpauth://totp/Sealwax:a%20b%40c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sealwax"
        );
    }
}
