//! Keys in PKCS #11 tokens: hardware security modules, smart cards, and what behaves as such.
//!
//! **Specifications.** PKCS #11 v2.40 and v3.0 (OASIS), RFC 7512 (the names of keys).
//!
//! **What is trusted.** The module is code that runs in this process: it is loaded from an absolute path that the operator
//! names, and from nowhere else. What it says is not believed: a key is taken for what its token says it is only after a
//! signature has verified, and no signature leaves [`TokenKey`] unverified, so that neither a wrong public key nor a faulty
//! device gets anything published.
//!
//! **Non-goals.** Making keys in tokens. Encryption. Keys that want their PIN for each signature.
//!
//! **Tested** without a token here; with one by `cargo xtask interop pkcs11`.

mod error;
mod module;
mod object;
mod scheme;
mod sessions;
mod token;
mod uri;

pub use error::{CallError, TokenError};
pub use module::MODULE_VARIABLE;
pub use uri::{
    MAX_KEY_NAME_BYTES, MAX_PATH_BYTES, MAX_PIN_BYTES, MAX_SERIAL_BYTES, MAX_TOKEN_BYTES, MAX_URI_BYTES, Uri,
    UriError,
};

use crate::{Signer, SignerError};
use cryptoki::{
    error::{Error, RvError},
    object::ObjectHandle,
    session::Session,
};
use error::Trouble;
use module::Module;
use scheme::{Request, is_refusal};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, PublicKey, Scheme};
use sessions::{Open, Sessions};
use std::{fmt, sync::Arc};
use token::Refused;

/// What a key signs when it is opened, with 32 random bytes after it: no note, no certificate, no attestation begins so.
const PROBE: &[u8] = b"sealwax looks whether this is the key that its token says it is\n\0";

/// A private key in a token. It may be used from many threads, and waits for the token.
pub struct TokenKey {
    place: Place,
    public: PublicKey,
    sessions: Sessions,
}

impl TokenKey {
    /// Opens the one key that matches, and has it sign something that is thrown away.
    ///
    /// # Errors
    /// [`TokenError`]; [`SignerError::Key`] if there is no randomness.
    pub fn open(uri: &Uri) -> Result<Self, SignerError> {
        let module = Module::load(uri)?;
        let place = Place { module: module.clone(), uri: uri.clone(), refused: Refused::default() };
        let (open, public) = place.open(object::public_key).map_err(TokenError::from)?;
        let key = Self { place, public, sessions: Sessions::new(module, open) };
        key.prove()?;
        Ok(key)
    }

    /// Signs something, in the first way that the token knows.
    fn prove(&self) -> Result<(), SignerError> {
        let message = [PROBE, &sealwax_crypto::random::<32>()?].concat();
        let pss = Scheme::RsaPss(HashAlgorithm::Sha256);
        let mut schemes = self.public.default_schemes().to_vec();
        if matches!(self.public.kind(), KeyKind::Rsa { .. }) {
            schemes.push(pss);
        }
        let mut result = Ok(());
        for scheme in schemes {
            result = self.sign(scheme, Message::Bytes(&message)).map(drop);
            if !matches!(&result, Err(SignerError::Token(error)) if matches!(**error, TokenError::Unable { .. }))
            {
                break;
            }
        }
        result
    }
}

impl Signer for TokenKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs, if need be in a new session: once after sessions were lost, since tokens are restarted and cables pulled.
    fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignerError> {
        let request = Request::new(self.public.kind(), scheme, message)?;
        let open = || self.place.open_again();
        let answer = match self.sessions.sign(&request, open) {
            Err(Trouble::Call(error)) if !is_refusal(&error) => {
                self.sessions.forget();
                self.sessions.sign(&request, open)
            }
            answer => answer,
        };
        let answer = answer.map_err(|trouble| match trouble {
            Trouble::Call(error) if is_refusal(&error) => {
                TokenError::Unable { scheme, cause: CallError::new(&error) }
            }
            trouble => trouble.into(),
        })?;
        let signature = request.signature(answer)?;
        self.public.verify(scheme, message, &signature).map_err(|_| TokenError::BadSignature)?;
        Ok(signature)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uri = self.place.uri.to_string();
        f.debug_struct("TokenKey").field("uri", &uri).field("public", &self.public).finish_non_exhaustive()
    }
}

/// Where a key is.
struct Place {
    module: Arc<Module>,
    uri: Uri,
    refused: Refused,
}

impl Place {
    /// Enters the token again after a session was lost, if need be with the module started anew.
    fn open_again(&self) -> Result<Open, Trouble> {
        let open = || self.open(|_, _| Ok(())).map(|(open, ())| open);
        let seen = self.module.run().number;
        match open() {
            Err(trouble) if is_gone(&trouble) && self.module.restart(seen)? => open(),
            opened => opened,
        }
    }

    /// A new session with the token, in which the key may be used; and what `read` reads of the key.
    fn open<T>(
        &self,
        read: impl FnOnce(&Session, ObjectHandle) -> Result<T, Trouble>,
    ) -> Result<(Open, T), Trouble> {
        let run = self.module.run();
        let (slot, info) = token::find(&self.module.calls, &self.uri)?;
        // It is closed by hand: only that knows whether the module was started anew.
        let session = self.module.calls.open_ro_session_no_drop(slot)?;
        let entered = token::log_in(&session, &info, &self.uri, &self.refused)
            .and_then(|()| object::find(&session, &self.uri, info.label()))
            .and_then(|key| Ok((key, read(&session, key)?)));
        match entered {
            Ok((key, read)) => Ok((Open { session, key, run: run.number }, read)),
            Err(trouble) => {
                let _ = session.close();
                Err(trouble)
            }
        }
    }
}

/// Whether the module does not see the token, or has ended.
fn is_gone(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::Certain(TokenError::NoToken { .. })
            | Trouble::Call(Error::Pkcs11(RvError::CryptokiNotInitialized, _))
    )
}
