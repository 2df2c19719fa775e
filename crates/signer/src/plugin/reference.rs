//! How a key behind a plug-in is named: `SCHEME://KEY`, where what KEY means is the plug-in's.

use std::fmt;

/// What the names of the programs begin with.
const PREFIX: &str = "sigstore-kms-";

/// The longest scheme, bytes: file names have 255.
const MAX_SCHEME_BYTES: usize = 64;

/// The longest name of a key, bytes. An ARN has at most 2,048.
const MAX_KEY_BYTES: usize = 4 << 10;

/// The name of a key behind a plug-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginReference {
    scheme: String,
    key: String,
}

/// Why a text does not name a key behind a plug-in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginReferenceError {
    /// There is no `://` in it: it names something else.
    #[error("no SCHEME://KEY")]
    NoScheme,
    /// Letters, digits and `-` only, so that no other program runs than one with the prefix in a directory of `PATH`.
    #[error("{scheme:?} is no scheme of a plug-in: small letters, digits and - name one")]
    Scheme {
        /// What was found.
        scheme: String,
    },
    /// No key, or one of a length that none has.
    #[error("the name of the key has {found} bytes; 1 to {MAX_KEY_BYTES} are taken")]
    Key {
        /// Bytes found.
        found: usize,
    },
}

impl PluginReference {
    /// Reads `SCHEME://KEY`.
    ///
    /// # Errors
    /// [`PluginReferenceError`].
    pub fn parse(word: &str) -> Result<Self, PluginReferenceError> {
        let (scheme, key) = word.split_once("://").ok_or(PluginReferenceError::NoScheme)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if scheme.is_empty() || scheme.len() > MAX_SCHEME_BYTES || !scheme.bytes().all(plain) {
            return Err(PluginReferenceError::Scheme { scheme: scheme.to_owned() });
        }
        // A program is not handed what ends a string of its language.
        if key.is_empty() || key.len() > MAX_KEY_BYTES || key.contains('\0') {
            return Err(PluginReferenceError::Key { found: key.len() });
        }
        Ok(Self { scheme: scheme.to_owned(), key: key.to_owned() })
    }

    /// The name of the program.
    #[must_use]
    pub fn program(&self) -> String {
        format!("{PREFIX}{}", self.scheme)
    }

    /// What the program knows the key by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for PluginReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_written() {
        for (word, program, key) in [
            ("my-hsm://a/b?c", "sigstore-kms-my-hsm", "a/b?c"),
            ("localkms:///home/a/key.pem", "sigstore-kms-localkms", "/home/a/key.pem"),
            ("x://y://z", "sigstore-kms-x", "y://z"),
        ] {
            let reference = PluginReference::parse(word).unwrap();
            assert_eq!((reference.program().as_str(), reference.key()), (program, key));
            assert_eq!(reference.to_string(), word);
        }
    }

    #[test]
    fn refused() {
        use PluginReferenceError as E;
        let error = |word: &str| PluginReference::parse(word).unwrap_err();
        assert_eq!(error("key.pem"), E::NoScheme);
        assert_eq!(error("pkcs11:token=a"), E::NoScheme);
        for scheme in ["", "../x", "a/b", "A", ".", "a b", &"x".repeat(65)] {
            assert_eq!(error(&format!("{scheme}://k")), E::Scheme { scheme: scheme.to_owned() });
        }
        assert_eq!(error("x://"), E::Key { found: 0 });
        assert_eq!(error("x://a\0"), E::Key { found: 2 });
        assert_eq!(error(&format!("x://{}", "k".repeat(4097))), E::Key { found: 4097 });
    }
}
