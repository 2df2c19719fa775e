//! Names of keys in tokens.

use sealwax_signer::pkcs11::Uri;

/// Whatever is read is written so that it is read as the same, without the PIN that may have stood in it.
pub(crate) fn uri(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(uri) = Uri::parse(text) else { return };
    let written = uri.to_string();
    let again = Uri::parse(&written).expect("what is written is read");
    assert_eq!(again.to_string(), written);
    assert!(!again.has_pin_value(), "a PIN was written");
    if !uri.has_pin_value() {
        assert_eq!(again, uri);
    }
}

pub(crate) fn uri_seeds() -> Vec<Vec<u8>> {
    [
        "pkcs11:",
        "pkcs11:token=a%20b;manufacturer=c;serial=0123456789abcdef;model=d;slot-id=7;object=e;id=%01%ff;type=private",
        "pkcs11:object=e?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:///run/pin",
        "pkcs11:object=e?pin-value=1234",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
