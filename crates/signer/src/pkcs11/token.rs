//! From a URI to its token, and into it.

use super::{
    error::{CallError, TokenError, Trouble},
    uri::{MAX_PIN_BYTES, Pin, Uri, Value},
};
use cryptoki::{
    context::Pkcs11,
    error::{Error, RvError},
    session::{Session, SessionState, UserType},
    slot::{Slot, TokenInfo},
    types::AuthPin,
};
use sealwax_crypto::sha256;
use secrecy::{ExposeSecret, zeroize::Zeroizing};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// The one token that matches.
pub(super) fn find(module: &Pkcs11, uri: &Uri) -> Result<(Slot, TokenInfo), Trouble> {
    let mut present = Vec::new();
    let mut matching = Vec::new();
    for slot in module.get_slots_with_token()? {
        // A token that has just been removed, or does not say what it is, is not the one.
        let Ok(info) = module.get_token_info(slot) else { continue };
        if info.token_initialized() {
            present.push(describe(&info));
            if matches(uri, slot, &info) {
                matching.push((slot, info));
            }
        }
    }
    let wanted = uri.wanted();
    match <[_; 1]>::try_from(matching) {
        Ok([token]) => Ok(token),
        Err(none) if none.is_empty() => Err(TokenError::NoToken { wanted, found: present }.into()),
        Err(many) => {
            let found = many.iter().map(|(_, info)| describe(info)).collect();
            Err(TokenError::ManyTokens { wanted, found }.into())
        }
    }
}

fn matches(uri: &Uri, slot: Slot, info: &TokenInfo) -> bool {
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    is(&uri.token, info.label())
        && is(&uri.manufacturer, info.manufacturer_id())
        && is(&uri.model, info.model())
        && is(&uri.serial, info.serial_number())
        && uri.slot_id.is_none_or(|id| id == slot.id())
}

fn describe(info: &TokenInfo) -> String {
    format!("{:?} (serial {:?})", info.label(), info.serial_number())
}

/// The PIN that a token has refused: its digest, and what the token said. A few tries lock a token, and a server tries often.
pub(super) type Refused = Mutex<Option<([u8; 32], CallError)>>;

/// Logs in, unless this process is logged in already: that counts for all its sessions with the token.
pub(super) fn log_in(
    session: &Session,
    info: &TokenInfo,
    uri: &Uri,
    refused: &Refused,
) -> Result<(), Trouble> {
    // Held until the end: of threads that come with the same wrong PIN, one tries it.
    let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
    let token = || info.label().to_owned();
    let pin = match &uri.pin {
        _ if session.get_session_info()?.session_state() == SessionState::RoUser => return Ok(()),
        Some(Pin::File(path)) => Some(read_pin(path)?),
        Some(Pin::Value(Value(pin))) => Some(pin.clone()),
        None if !info.login_required() => return Ok(()),
        // It has a keypad of its own.
        None if info.protected_authentication_path() => None,
        None => return Err(TokenError::NoPin { token: token() }.into()),
    };
    if info.user_pin_locked() {
        return Err(TokenError::PinLocked { token: token() }.into());
    }
    if info.user_pin_final_try() {
        return Err(TokenError::PinLastTry { token: token() }.into());
    }
    let digest = pin.as_ref().map(|pin| sha256(pin.expose_secret().as_bytes()));
    if let (Some(digest), Some((wrong, cause))) = (&digest, &*refused)
        && digest == wrong
    {
        return Err(TokenError::PinRefused { token: token(), cause: cause.clone() }.into());
    }
    let Err(error) = session.login(UserType::User, pin.as_ref()) else { return Ok(()) };
    let cause = CallError::new(&error);
    let Error::Pkcs11(value, _) = error else { return Err(error.into()) };
    Err(match value {
        RvError::UserAlreadyLoggedIn => return Ok(()),
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => {
            *refused = digest.map(|digest| (digest, cause.clone()));
            TokenError::PinRefused { token: token(), cause }.into()
        }
        RvError::PinLocked => TokenError::PinLocked { token: token() }.into(),
        RvError::PinExpired | RvError::UserPinNotInitialized => {
            TokenError::PinUnset { token: token(), cause }.into()
        }
        _ => Trouble::Call(error),
    })
}

/// One line. It is read at each login, so that a PIN may change while a server runs.
fn read_pin(path: &Path) -> Result<AuthPin, TokenError> {
    let failed = |cause: io::Error| TokenError::PinFile { path: path.to_owned(), cause: Arc::new(cause) };
    // Room for the end of the line, and for one byte that is too many; wiped afterwards, and never moved.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_PIN_BYTES));
    let limit = u64::try_from(MAX_PIN_BYTES + 3).unwrap_or(u64::MAX);
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).ok();
    let pin = text.filter(|pin| (1..=MAX_PIN_BYTES).contains(&pin.len()) && !pin.contains('\n'));
    pin.map(AuthPin::from).ok_or_else(|| TokenError::NotAPin { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_pin_is_one_line() {
        let path = std::env::temp_dir().join(format!("sealwax-pin-{}", std::process::id()));
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read_pin(&path)
        };
        let longest = "9".repeat(MAX_PIN_BYTES);
        for (bytes, pin) in [("1234", "1234"), ("1234\n", "1234"), ("1 é\r\n", "1 é"), (&longest, &longest)]
        {
            assert_eq!(read(bytes.as_bytes()).unwrap().expose_secret(), pin);
        }
        assert_eq!(read(format!("{longest}\r\n").as_bytes()).unwrap().expose_secret(), longest);
        let too_long = format!("{longest}9");
        for bad in [&b""[..], b"\n", b"1\n2\n", b"\xff", too_long.as_bytes()] {
            assert!(
                matches!(read(bad), Err(TokenError::NotAPin { path: named }) if named == path),
                "{bad:?}"
            );
        }
        fs::remove_file(&path).unwrap();
        let error = read_pin(&path).unwrap_err();
        assert!(
            matches!(error, TokenError::PinFile { cause, .. } if cause.kind() == io::ErrorKind::NotFound)
        );
    }
}
