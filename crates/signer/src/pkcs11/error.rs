//! Why a key in a token cannot be used, and what to do about it.

use cryptoki::error::{Error, RvError};
use sealwax_crypto::{KeyError, Scheme};
use std::{fmt, io, path::PathBuf, sync::Arc};

/// Why a key in a token cannot be used. Whatever a token says about itself is escaped where it is shown.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No module is named.
    #[error(
        "no PKCS#11 module is named: add ?module-path=/PATH/TO/MODULE.so to the key's URI, or set {} to its absolute path",
        super::MODULE_VARIABLE
    )]
    NoModule,
    /// The system does not load the module.
    #[error("the PKCS#11 module {} cannot be loaded: {reason}", path.display())]
    ModuleNotLoaded {
        /// The module.
        path: PathBuf,
        /// What the system's loader said.
        reason: String,
    },
    /// A library that is no module.
    #[error("{} is a library, but no PKCS#11 module: it has no C_GetFunctionList", path.display())]
    NotAModule {
        /// The library.
        path: PathBuf,
    },
    /// The module does not start.
    #[error("the PKCS#11 module {} does not start: {cause}", path.display())]
    ModuleNotStarted {
        /// The module.
        path: PathBuf,
        /// What it said.
        cause: CallError,
    },

    /// No token is the one that is named: it is not there, or no more.
    #[error("no token matches {wanted}; present: {}: is it plugged in, is its service running?", List(found))]
    NoToken {
        /// The URI.
        wanted: String,
        /// The labels and serial numbers of the tokens that are there.
        found: Vec<String>,
    },
    /// More than one.
    #[error("more than one token matches {wanted}: {}: name one by its serial", List(found))]
    ManyTokens {
        /// The URI.
        wanted: String,
        /// The labels and serial numbers of those that match.
        found: Vec<String>,
    },

    /// The token wants a PIN, and none is named.
    #[error("token {token:?} wants a PIN: add pin-source=file:/PATH/TO/FILE to the query of the key's URI")]
    NoPin {
        /// Its label.
        token: String,
    },
    /// The file with the PIN cannot be read.
    #[error("the PIN cannot be read from {}: {cause}", path.display())]
    PinFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: Arc<io::Error>,
    },
    /// The file holds no PIN.
    #[error("{} holds no PIN: it is one line of UTF-8, of at most {} bytes", path.display(), super::uri::MAX_PIN_BYTES)]
    NotAPin {
        /// The file.
        path: PathBuf,
    },
    /// The token has refused the PIN. It is not tried again by this process, since a few tries lock a token.
    #[error(
        "token {token:?} refused the PIN ({cause}), and it is not tried again, lest the token be locked: \
         correct it in its pin-source"
    )]
    PinRefused {
        /// Its label.
        token: String,
        /// What it said.
        cause: CallError,
    },
    /// One more wrong try would lock the token, so none is made.
    #[error(
        "token {token:?} has one try left before its PIN is locked, and this program does not make it: \
         log in once by hand with the right PIN"
    )]
    PinLastTry {
        /// Its label.
        token: String,
    },
    /// The PIN is locked.
    #[error("the PIN of token {token:?} is locked: its security officer unlocks it")]
    PinLocked {
        /// Its label.
        token: String,
    },
    /// The PIN is not set, or must be changed first.
    #[error("the PIN of token {token:?} must be set first: {cause}")]
    PinUnset {
        /// Its label.
        token: String,
        /// What it said.
        cause: CallError,
    },

    /// No key is the one that is named.
    #[error("token {token:?} has no private key that matches {wanted}; it has {}", List(found))]
    NoKey {
        /// Its label.
        token: String,
        /// The URI.
        wanted: String,
        /// Labels and ids of its private keys.
        found: Vec<String>,
    },
    /// More than one.
    #[error(
        "token {token:?} has more than one private key that matches {wanted}: {}: name one by its id",
        List(found)
    )]
    ManyKeys {
        /// Its label.
        token: String,
        /// The URI.
        wanted: String,
        /// Labels and ids of those that match.
        found: Vec<String>,
    },
    /// The key wants a PIN for every signature.
    #[error(
        "the token wants the PIN again for each signature of {key} (CKA_ALWAYS_AUTHENTICATE): use another key"
    )]
    AlwaysAuthenticate {
        /// Its label and id.
        key: String,
    },
    /// Nothing says what its public key is.
    #[error(
        "the token does not say what the public key of {key} is: store its public key or its certificate beside it, under its id"
    )]
    NoPublicKey {
        /// Its label and id.
        key: String,
    },
    /// Its public key is none that is used here.
    #[error("the public key of {key}: {cause}")]
    PublicKey {
        /// Its label and id.
        key: String,
        /// Why.
        cause: KeyError,
    },

    /// The token cannot sign so with this key.
    #[error("the token cannot sign with {scheme}: {cause}")]
    Unable {
        /// How.
        scheme: Scheme,
        /// What it said.
        cause: CallError,
    },
    /// The scheme has no mechanism here.
    #[error("keys in tokens do not sign with {scheme} here")]
    Scheme {
        /// The scheme.
        scheme: Scheme,
    },
    /// What the token calls a signature does not verify.
    #[error(
        "what the token gave as a signature does not verify with the key's public half: nothing was published"
    )]
    BadSignature,
    /// The token does not answer as it should, and did not in a new session either.
    #[error("the token failed, also in a new session: {cause}")]
    Failed {
        /// What it said.
        cause: CallError,
    },
}

/// What a function of a module returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The function, as `C_Sign`; `None` if the answer itself could not be understood.
    function: Option<String>,
    what: String,
}

impl CallError {
    pub(super) fn new(error: &Error) -> Self {
        match error {
            Error::Pkcs11(value, function) => {
                Self { function: Some(format!("C_{function:?}")), what: name(*value) }
            }
            error => Self { function: None, what: error.to_string() },
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(function) => write!(f, "{function} says {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// As the specification writes it, which is what people look for.
fn name(value: RvError) -> String {
    match value {
        RvError::VendorDefined(code) | RvError::UnknownErrorCode(code) => format!("{code:#010x}"),
        value => {
            let mut name = String::from("CKR");
            for letter in format!("{value:?}").chars() {
                if letter.is_ascii_uppercase() {
                    name.push('_');
                }
                name.push(letter.to_ascii_uppercase());
            }
            name
        }
    }
}

/// What went wrong inside: something that is certain, or a call that failed, which may go better in a new session.
#[derive(Debug)]
pub(super) enum Trouble {
    Certain(TokenError),
    Call(Error),
}

impl From<TokenError> for Trouble {
    fn from(error: TokenError) -> Self {
        Self::Certain(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<Trouble> for TokenError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Certain(error) => error,
            Trouble::Call(error) => Self::Failed { cause: CallError::new(&error) },
        }
    }
}

/// Names, or the word for none.
struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("none") } else { f.write_str(&self.0.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    #[test]
    fn return_values_are_called_as_the_specification_calls_them() {
        let shown = |value| CallError::new(&Error::Pkcs11(value, Function::Sign)).to_string();
        assert_eq!(shown(RvError::DeviceRemoved), "C_Sign says CKR_DEVICE_REMOVED");
        assert_eq!(shown(RvError::PinIncorrect), "C_Sign says CKR_PIN_INCORRECT");
        assert_eq!(shown(RvError::VendorDefined(0x8000_0001)), "C_Sign says 0x80000001");
    }
}
