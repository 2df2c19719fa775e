//! The name of a key in a token: RFC 7512, strictly.
//!
//! Read are the attributes that name a token, a key in it, the module that leads to both, and where the PIN is. Others are
//! refused: an attribute that is not understood may have been meant to exclude the very key that would be used.

mod error;
mod percent;

pub use self::error::UriError;
use self::percent::{PLAIN_IN_PATH, PLAIN_IN_QUERY, decode, encode, text};
use cryptoki::types::AuthPin;
use secrecy::ExposeSecret;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The longest URI, bytes: every value at its limit, and every byte of it percent-encoded, takes 26.6 kB.
pub const MAX_URI_BYTES: usize = 27 << 10;

/// The longest path of a module or of a PIN's file, bytes: `PATH_MAX` of Linux.
pub const MAX_PATH_BYTES: usize = 4096;

/// Label and manufacturer of a token, bytes (PKCS #11 v2.40 section 3.2, `CK_TOKEN_INFO`).
pub const MAX_TOKEN_BYTES: usize = 32;

/// Model and serial number of a token, bytes (the same).
pub const MAX_SERIAL_BYTES: usize = 16;

/// The label or the id of a key, bytes. PKCS #11 has no limit; people write labels, and ids are digests at most.
pub const MAX_KEY_NAME_BYTES: usize = 256;

/// A PIN, bytes. Tokens say their own limit (`ulMaxPinLen`); 255 is the largest of those in use.
pub const MAX_PIN_BYTES: usize = 255;

const SCHEME: &str = "pkcs11:";

/// What is written before the path of a file. Less would be read as another path where that begins with two slashes.
const FILE: &str = "file://";

/// The name of a key. It is written without a PIN, whatever it was read with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uri {
    pub(super) token: Option<String>,
    pub(super) manufacturer: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) model: Option<String>,
    pub(super) slot_id: Option<u64>,
    pub(super) object: Option<String>,
    pub(super) id: Option<Vec<u8>>,
    pub(super) module_path: Option<PathBuf>,
    pub(super) pin: Option<Pin>,
}

/// Where a PIN comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    /// A file, read at each login.
    File(PathBuf),
    /// The URI itself, where everybody sees it who sees the URI.
    Value(Value),
}

/// A PIN. Its `Debug` shows nothing.
#[derive(Clone, Debug)]
pub(super) struct Value(pub(super) AuthPin);

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Value {}

impl Uri {
    /// Reads a name.
    ///
    /// # Errors
    /// [`UriError`].
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let rest = text.strip_prefix(SCHEME).ok_or(UriError::Scheme)?;
        if text.len() > MAX_URI_BYTES {
            return Err(UriError::TooLong { found: text.len() });
        }
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let mut uri = Self::default();
        let mut position = 0;
        if !path.is_empty() {
            for attribute in path.split(';') {
                position += 1;
                uri.read_path(attribute.split_once('=').ok_or(UriError::NoValue { position })?)?;
            }
        }
        for attribute in query.into_iter().flat_map(|query| query.split('&')) {
            position += 1;
            uri.read_query(attribute.split_once('=').ok_or(UriError::NoValue { position })?)?;
        }
        Ok(uri)
    }

    /// Whether the PIN itself stands in it.
    #[must_use]
    pub fn has_pin_value(&self) -> bool {
        matches!(self.pin, Some(Pin::Value(_)))
    }

    /// What names the key, without how to come to it.
    pub(super) fn wanted(&self) -> String {
        let uri = Self { module_path: None, pin: None, ..self.clone() };
        uri.to_string()
    }

    fn read_path(&mut self, (name, value): (&str, &str)) -> Result<(), UriError> {
        let text = |name, limit| text(name, value, PLAIN_IN_PATH, limit);
        match name {
            "token" => set(&mut self.token, "token", text("token", MAX_TOKEN_BYTES)?),
            "manufacturer" => {
                set(&mut self.manufacturer, "manufacturer", text("manufacturer", MAX_TOKEN_BYTES)?)
            }
            "serial" => set(&mut self.serial, "serial", text("serial", MAX_SERIAL_BYTES)?),
            "model" => set(&mut self.model, "model", text("model", MAX_SERIAL_BYTES)?),
            "object" => set(&mut self.object, "object", text("object", MAX_KEY_NAME_BYTES)?),
            "id" => set(&mut self.id, "id", decode("id", value, PLAIN_IN_PATH, MAX_KEY_NAME_BYTES)?),
            "slot-id" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                set(&mut self.slot_id, "slot-id", value.parse().map_err(|_| UriError::SlotId)?)
            }
            "slot-id" => Err(UriError::SlotId),
            "type" if value == "private" => Ok(()),
            "type" => Err(UriError::Type),
            name => Err(UriError::Unknown { name: name.to_owned(), part: "path" }),
        }
    }

    fn read_query(&mut self, (name, value): (&str, &str)) -> Result<(), UriError> {
        match name {
            "module-path" => {
                let path = text("module-path", value, PLAIN_IN_QUERY, MAX_PATH_BYTES)?;
                set(&mut self.module_path, "module-path", absolute("module-path", &path)?)
            }
            "pin-source" => {
                let name = "pin-source";
                let source = text(name, value, PLAIN_IN_QUERY, FILE.len() + MAX_PATH_BYTES)?;
                // RFC 8089: this host is named by an empty name after `//`, or by none.
                let path = source.strip_prefix(FILE).or(source.strip_prefix("file:")).unwrap_or(&source);
                match path.len() {
                    0..=MAX_PATH_BYTES => self.set_pin(name, Pin::File(absolute(name, path)?)),
                    found => Err(UriError::ValueTooLong { name, found, limit: MAX_PATH_BYTES }),
                }
            }
            "pin-value" => {
                let pin = text("pin-value", value, PLAIN_IN_QUERY, MAX_PIN_BYTES)?;
                self.set_pin("pin-value", Pin::Value(Value(pin.into())))
            }
            name => Err(UriError::Unknown { name: name.to_owned(), part: "query" }),
        }
    }

    fn set_pin(&mut self, name: &'static str, pin: Pin) -> Result<(), UriError> {
        match (&self.pin, &pin) {
            (None, _) => set(&mut self.pin, name, pin),
            (Some(Pin::File(_)), Pin::File(_)) | (Some(Pin::Value(_)), Pin::Value(_)) => {
                Err(UriError::Repeated { name })
            }
            _ => Err(UriError::TwoPins),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        let mut separator = "";
        let mut attribute = |f: &mut fmt::Formatter<'_>, name: &str, value: Option<String>| -> fmt::Result {
            let Some(value) = value else { return Ok(()) };
            write!(f, "{separator}{name}={value}")?;
            separator = ";";
            Ok(())
        };
        let in_path = |value: &Option<String>| value.as_ref().map(|value| encode(value, PLAIN_IN_PATH));
        attribute(f, "token", in_path(&self.token))?;
        attribute(f, "manufacturer", in_path(&self.manufacturer))?;
        attribute(f, "serial", in_path(&self.serial))?;
        attribute(f, "model", in_path(&self.model))?;
        attribute(f, "slot-id", self.slot_id.map(|id| id.to_string()))?;
        attribute(f, "object", in_path(&self.object))?;
        // Whole: section 2.3 recommends it for what is not text.
        attribute(
            f,
            "id",
            self.id.as_ref().map(|id| id.iter().map(|byte| format!("%{byte:02X}")).collect()),
        )?;

        let in_query = |path: &Path| encode(&path.to_string_lossy(), PLAIN_IN_QUERY);
        let mut separator = "?";
        if let Some(path) = &self.module_path {
            write!(f, "{separator}module-path={}", in_query(path))?;
            separator = "&";
        }
        match &self.pin {
            Some(Pin::File(path)) => write!(f, "{separator}pin-source={FILE}{}", in_query(path)),
            Some(Pin::Value(_)) | None => Ok(()),
        }
    }
}

fn set<T>(place: &mut Option<T>, name: &'static str, value: T) -> Result<(), UriError> {
    if place.is_some() {
        return Err(UriError::Repeated { name });
    }
    *place = Some(value);
    Ok(())
}

fn absolute(name: &'static str, path: &str) -> Result<PathBuf, UriError> {
    let path = PathBuf::from(path);
    if path.is_absolute() { Ok(path) } else { Err(UriError::NotAbsolute { name }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> UriError {
        Uri::parse(text).unwrap_err()
    }

    #[test]
    fn reads_what_tools_print() {
        let uri = Uri::parse(
            "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=2d5e11f1ab120a5f;token=log%3B1;\
             id=%01%ff;object=log;type=private?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin",
        );
        let uri = uri.unwrap();
        assert_eq!(uri.model.as_deref(), Some("SoftHSM v2"));
        assert_eq!(uri.token.as_deref(), Some("log;1"));
        assert_eq!(uri.id.as_deref(), Some(&[1, 255][..]));
        assert_eq!(uri.module_path.as_deref(), Some(Path::new("/usr/lib/softhsm/libsofthsm2.so")));
        assert!(matches!(&uri.pin, Some(Pin::File(path)) if path == Path::new("/run/pin")));
        assert_eq!(
            uri.to_string(),
            "pkcs11:token=log%3B1;manufacturer=SoftHSM%20project;serial=2d5e11f1ab120a5f;model=SoftHSM%20v2;\
             object=log;id=%01%FF?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:///run/pin"
        );
        assert_eq!(Uri::parse("pkcs11:").unwrap().to_string(), "pkcs11:");
        assert_eq!(Uri::parse("pkcs11:slot-id=7").unwrap().slot_id, Some(7));
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for text in [
            "pkcs11:",
            "pkcs11:token=a&b;object=%C3%A9",
            "pkcs11:?module-path=/a%26b%23",
            "pkcs11:slot-id=18446744073709551615?pin-source=file:///a",
            "pkcs11:?module-path=//a&pin-source=file:////a",
        ] {
            let uri = Uri::parse(text).unwrap();
            assert_eq!(uri.to_string(), text);
            assert_eq!(Uri::parse(&uri.to_string()).unwrap(), uri);
        }
        for text in ["pkcs11:?pin-source=/run/pin", "pkcs11:?pin-source=file:/run/pin"] {
            assert_eq!(Uri::parse(text).unwrap().to_string(), "pkcs11:?pin-source=file:///run/pin");
        }
    }

    #[test]
    fn the_longest_is_read_as_well() {
        let value = |limit| "%20".repeat(limit);
        let (short, long) = (value(MAX_SERIAL_BYTES), value(MAX_TOKEN_BYTES));
        let (name, path) = (value(MAX_KEY_NAME_BYTES), value(MAX_PATH_BYTES - 1));
        let text = format!(
            "pkcs11:token={long};manufacturer={long};serial={short};model={short};slot-id={};object={name};id={name}\
             ?module-path=/{path}&pin-source=file:///{path}",
            u64::MAX
        );
        assert!((26_400..MAX_URI_BYTES).contains(&text.len()));
        let uri = Uri::parse(&text).unwrap();
        assert_eq!(uri.to_string(), text);
        // A path may be as long as without `file:` before it.
        let without = Uri::parse(&text.replace("=file://", "=")).unwrap();
        assert_eq!(without, uri);
        let longer = text.replace("=file://", "=file:///a");
        assert!(matches!(Uri::parse(&longer), Err(UriError::ValueTooLong { name: "pin-source", .. })));
    }

    #[test]
    fn a_pin_is_never_shown() {
        let uri = Uri::parse("pkcs11:token=a?pin-value=73%31571").unwrap();
        assert!(uri.has_pin_value());
        assert_eq!(uri.to_string(), "pkcs11:token=a");
        assert!(!format!("{uri:?}").contains("731571"));
        for bad in ["pin-value=731571%", "pin-value=731571&pin-value=1", "pin_value=731571", "731571"] {
            let error = error(&format!("pkcs11:token=a?{bad}"));
            assert!(!format!("{error} {error:?}").contains("731571"), "{error}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        assert_eq!(error("PKCS11:token=a"), UriError::Scheme);
        assert_eq!(error("/key.pem"), UriError::Scheme);
        let long = format!("pkcs11:token={}", "a".repeat(MAX_URI_BYTES));
        assert_eq!(error(&long), UriError::TooLong { found: long.len() });
        assert_eq!(error("pkcs11:token=a;"), UriError::NoValue { position: 2 });
        assert_eq!(error("pkcs11:token=a?"), UriError::NoValue { position: 2 });
        assert_eq!(error("pkcs11:token"), UriError::NoValue { position: 1 });
        let unknown = |name: &str, part| UriError::Unknown { name: name.to_owned(), part };
        assert_eq!(error("pkcs11:library-version=3"), unknown("library-version", "path"));
        assert_eq!(error("pkcs11:module-path=/a"), unknown("module-path", "path"));
        assert_eq!(error("pkcs11:?token=a"), unknown("token", "query"));
        assert_eq!(error("pkcs11:token=a;token=a"), UriError::Repeated { name: "token" });
        assert_eq!(error("pkcs11:?pin-source=/a&pin-source=/a"), UriError::Repeated { name: "pin-source" });
        assert_eq!(error("pkcs11:?pin-source=/a&pin-value=1"), UriError::TwoPins);
        assert_eq!(error("pkcs11:object="), UriError::Empty { name: "object" });
        let too_long = |name, limit| UriError::ValueTooLong { name, found: limit + 1, limit };
        let long = |name, limit: usize| error(&format!("pkcs11:{name}={}", "%41".repeat(limit + 1)));
        for (name, limit) in
            [("token", MAX_TOKEN_BYTES), ("serial", MAX_SERIAL_BYTES), ("id", MAX_KEY_NAME_BYTES)]
        {
            assert_eq!(long(name, limit), too_long(name, limit));
        }
        for (text, position) in
            [("a b", 2), ("a/b", 2), ("a#", 2), ("%4", 1), ("%4g", 1), ("%+1", 1), ("é", 1)]
        {
            let expected = UriError::Encoding { name: "token", position };
            assert_eq!(error(&format!("pkcs11:token={text}")), expected, "{text}");
        }
        assert_eq!(error("pkcs11:token=%ff"), UriError::NotText { name: "token" });
        for bad in ["", "-1", "+1", "0x1", "18446744073709551616"] {
            assert_eq!(error(&format!("pkcs11:slot-id={bad}")), UriError::SlotId, "{bad}");
        }
        assert_eq!(error("pkcs11:type=public"), UriError::Type);
        assert_eq!(error("pkcs11:?module-path=lib.so"), UriError::NotAbsolute { name: "module-path" });
        for bad in ["pin", "file:pin", "file://host/pin", "%7Ccommand", "https://a/pin"] {
            let expected = UriError::NotAbsolute { name: "pin-source" };
            assert_eq!(error(&format!("pkcs11:?pin-source={bad}")), expected, "{bad}");
        }
    }
}
