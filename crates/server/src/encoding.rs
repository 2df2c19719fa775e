//! Whether a client takes gzip, and gzip.

use bytes::Bytes;
use hyper::header::{self, HeaderMap};
use std::io::Write;
use tokio::sync::Semaphore;

/// Shorter ones are sent as they are: a packet is a packet.
const MIN_GZIP_BYTES: usize = 1_024;

/// Whether `Accept-Encoding` names gzip, or anything, and does not refuse it (RFC 9110 section 12.5.3).
#[must_use]
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut any = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
            let refused = weight.trim().strip_prefix("q=").is_some_and(is_zero);
            match coding.trim() {
                coding if coding.eq_ignore_ascii_case("gzip") => return !refused,
                "*" => any = !refused,
                _ => {}
            }
        }
    }
    any
}

/// `0`, `0.0`, `0.00`, `0.000`
fn is_zero(weight: &str) -> bool {
    let weight = weight.trim();
    weight.starts_with('0') && weight.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

/// Compresses one answer at a time; who comes meanwhile gets theirs as it is.
#[derive(Debug)]
pub struct Compressor(Semaphore);

impl Default for Compressor {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Compressor {
    /// The bytes as gzip, if that is worth it, and possible now.
    pub async fn gzip(&self, plain: &Bytes) -> Option<Bytes> {
        if plain.len() < MIN_GZIP_BYTES {
            return None;
        }
        let _permit = self.0.try_acquire().ok()?;
        let plain = plain.clone();
        // It takes milliseconds, in which this thread can answer hundreds of others.
        tokio::task::spawn_blocking(move || gzip(&plain)).await.ok()
    }
}

/// The bytes as gzip. At the fastest level: entries of logs are keys, signatures and hashes in base64, of which a slower one
/// finds little more.
fn gzip(bytes: &[u8]) -> Bytes {
    let buffer = Vec::with_capacity(bytes.len() / 2);
    let mut encoder = flate2::write::GzEncoder::new(buffer, flate2::Compression::fast());
    // Writing into a `Vec` does not fail; if it did, the end of the stream would be missing and a client would notice.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use std::io::Read;

    #[test]
    fn accepting() {
        for (value, accepted) in [
            ("gzip", true),
            ("GZip", true),
            ("gzip, identity", true),
            ("br;q=1.0, gzip;q=0.8, *;q=0.1", true),
            ("deflate, *", true),
            ("gzip ; q=0.001", true),
            ("", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip; q=0.000, *", false),
            ("*;q=0", false),
            ("gzipped", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(accepts_gzip(&headers), accepted, "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn gzip_is_undone() {
        for bytes in [Vec::new(), b"entry ".repeat(10_000)] {
            let mut found = Vec::new();
            flate2::read::GzDecoder::new(&gzip(&bytes)[..]).read_to_end(&mut found).unwrap();
            assert_eq!(found, bytes);
        }
    }
}
