//! Good inputs with every byte changed to every other, cut everywhere, and with every byte doubled or left out: nothing panics, what
//! is still read is written and read again as the same thing, and no answer of a time source counts that is not to our request.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use sealwax_crypto::{HashAlgorithm, base64, digest};
use sealwax_pki::{Nonce, ObjectIdentifier, TimestampRequest};
use sealwax_tsa::{
    ntp::{Answer, NtpTime, PACKET_BYTES, PacketError},
    request::from_json,
};

/// Calls `check` with every change of one byte.
fn changed(good: &[u8], mut check: impl FnMut(&[u8])) {
    for place in 0..good.len() {
        let mut other = good.to_vec();
        for value in 0..=u8::MAX {
            other[place] = value;
            check(&other);
        }
        let (front, back) = good.split_at(place);
        check(front);
        check(&[front, &back[1..]].concat());
        check(&[front, &back[..1], back].concat());
    }
}

/// What is read is what is written, but for extensions, of which only the kinds are known.
fn written_again(request: &TimestampRequest) {
    let bare = TimestampRequest { extensions: Vec::new(), ..request.clone() };
    assert_eq!(TimestampRequest::from_der(&request.to_der()).as_ref(), Ok(&bare));
}

#[test]
fn requests() {
    let mut read = 0;
    for hash in HashAlgorithm::ALL {
        let full = TimestampRequest {
            policy: Some(ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2")),
            nonce: Nonce::new(&[0, 0x80, 3, 4, 5, 6, 7, 8, 9]).ok(),
            certificates: true,
            ..TimestampRequest::new(digest(hash, b"message"))
        };
        changed(&full.to_der(), |der| {
            if let Ok(request) = TimestampRequest::from_der(der) {
                written_again(&request);
                read += 1;
            }
        });
    }
    // Of each byte of the imprints (144), the nonces and the last parts of the policies any other value will do.
    assert!(read > 144 * 255, "{read}");
}

#[test]
fn requests_in_json() {
    let hash = base64::encode(digest(HashAlgorithm::Sha256, b"message").as_bytes());
    let full = format!(
        r#"{{"artifactHash":"{hash}","certificates":true,"hashAlgorithm":"sha256","nonce":-112,"tsaPolicyOID":"1.2.3"}}"#
    );
    let mut read = 0;
    changed(full.as_bytes(), |json| {
        if let Ok(request) = from_json(json) {
            written_again(&request);
            read += 1;
        }
    });
    // Of each of the 42 letters of the hash that are whole, 63 others will do.
    assert!(read > 42 * 63, "{read}");
}

#[test]
fn answers_of_time_sources() {
    const COOKIE: NtpTime = NtpTime(0x5a5a_5a5a_5a5a_5a5a);
    // Leap indicator, version and mode; stratum, poll, precision; root delay and dispersion; reference.
    let head = [0b00_100_100, 2, 6, 0xe8, 0, 0, 0x10, 0, 0, 0, 0x04, 0, 192, 0, 2, 1];
    let times = [0xeccd_0000_0000_0000, COOKIE.0, 0xeccd_0000_8000_0000, 0xeccd_0000_8010_0000];
    let good = [&head[..], times.map(u64::to_be_bytes).as_flattened()].concat();
    assert!(Answer::read(&good, COOKIE).is_ok());
    changed(&good, |packet| match Answer::read(packet, COOKIE) {
        Ok(answer) => {
            assert_eq!(packet[24..32], good[24..32], "an answer to something else");
            assert_eq!(packet[0] & 0x3f, good[0], "another version or mode");
            assert!(answer.distance.as_millis() <= 1_500);
        }
        Err(PacketError::Length { found }) => assert_ne!(found, PACKET_BYTES),
        Err(_) => {}
    });
}
