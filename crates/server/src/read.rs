//! Conditional and range requests over bytes in memory (RFC 9110, sections 13 and 14).

use crate::reply::{self, Reply};
use bytes::Bytes;
use hyper::{
    Method, Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use std::ops::Range;

/// Cut off from a SHA-256: nobody gains by a collision of their own entry with itself.
const TAG_BYTES: usize = 12;

/// A resource in the encoding that was chosen.
pub struct Representation<'a> {
    /// All of it.
    pub bytes: Bytes,
    /// Its strong entity tag.
    pub tag: &'a HeaderValue,
    /// `Content-Type`
    pub media_type: &'static str,
    /// How long a copy is good.
    pub lifetime: Lifetime,
    /// Which encoding was chosen.
    pub coding: Coding,
}

/// How long a copy is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// It never changes: tiles, bundles, issuers, files named after their hash ("caching headers SHOULD be long-lived",
    /// tlog-tiles).
    Immutable,
    /// It may change at any time, so a copy has to be asked about: a checkpoint ("SHOULD prevent caching beyond a few
    /// seconds").
    Moment,
}

/// Which encoding was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// There is only this one.
    Only,
    /// As it is; there might have been gzip.
    Identity,
    /// `Content-Encoding: gzip`
    Gzip,
}

/// An entity tag made of bytes: those that are sent, or a name for all that will ever be sent under one path.
#[must_use]
pub fn tag(bytes: &[u8], suffix: &str) -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digest = sealwax_crypto::sha256(bytes);
    let mut text = String::with_capacity(2 * TAG_BYTES + 2 + suffix.len());
    text.push('"');
    for byte in digest.iter().take(TAG_BYTES) {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(HEX.get(usize::from(nibble)).map(|digit| char::from(*digit)));
        }
    }
    text.push_str(suffix);
    text.push('"');
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The answer to `GET` or `HEAD`.
#[must_use]
pub fn answer(method: &Method, request: &HeaderMap, representation: &Representation<'_>) -> Response<Reply> {
    let Representation { bytes, tag, .. } = representation;
    if is_known(request, tag) {
        return response(StatusCode::NOT_MODIFIED, Bytes::new(), representation);
    }
    match wanted(method, request, tag, bytes.len()) {
        Wanted::All if method == Method::HEAD => {
            let mut response = response(StatusCode::OK, Bytes::new(), representation);
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            response
        }
        Wanted::All => response(StatusCode::OK, bytes.clone(), representation),
        Wanted::Part(range) => {
            let described = format!("bytes {}-{}/{}", range.start, range.end - 1, bytes.len());
            let mut response = response(StatusCode::PARTIAL_CONTENT, bytes.slice(range), representation);
            set(response.headers_mut(), header::CONTENT_RANGE, &described);
            response
        }
        Wanted::Nothing => {
            let mut response = reply::plain(StatusCode::RANGE_NOT_SATISFIABLE, "no such range\n");
            set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", bytes.len()));
            response
        }
    }
}

fn response(status: StatusCode, bytes: Bytes, representation: &Representation<'_>) -> Response<Reply> {
    let mut response = Response::new(Reply::whole(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(10);
    headers.insert(header::ETAG, representation.tag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(representation.lifetime.words()));
    if representation.coding != Coding::Only {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if status != StatusCode::NOT_MODIFIED {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(representation.media_type));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if representation.coding == Coding::Gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    response
}

impl Lifetime {
    fn words(self) -> &'static str {
        match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Moment => "no-cache",
        }
    }
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// Whether `If-None-Match` names this content: weak comparison, section 13.1.2.
fn is_known(request: &HeaderMap, tag: &HeaderValue) -> bool {
    request.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        let tags = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        tags.into_iter()
            .any(|known| known == b"*" || known.strip_prefix(b"W/").unwrap_or(known) == tag.as_bytes())
    })
}

/// Which bytes are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<usize>),
    Nothing,
}

/// Reads `Range`. What is not one range of bytes, or is conditional on another content, is ignored, as section 14.2 has it.
fn wanted(method: &Method, request: &HeaderMap, tag: &HeaderValue, len: usize) -> Wanted {
    if method != Method::GET || request.get(header::IF_RANGE).is_some_and(|condition| condition != tag) {
        return Wanted::All;
    }
    let mut ranges = request.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return Wanted::All };
    range.to_str().ok().and_then(|text| byte_range(text, len)).unwrap_or(Wanted::All)
}

/// `bytes=first-last`, `bytes=first-`, `bytes=-length`; `None` for anything else, several ranges among it.
fn byte_range(text: &str, len: usize) -> Option<Wanted> {
    let (first, last) = text.strip_prefix("bytes=")?.trim().split_once('-')?;
    let range = match (first, last) {
        ("", length) => len.saturating_sub(position(length)?)..len,
        (first, "") => position(first)?..len,
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            if last < first {
                return None;
            }
            first..len.min(last.saturating_add(1))
        }
    };
    Some(if range.is_empty() { Wanted::Nothing } else { Wanted::Part(range) })
}

/// A decimal number. One that is too large for us is beyond every end.
fn position(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (text, wanted) in [
            ("bytes=0-0", Some(Wanted::Part(0..1))),
            ("bytes=2-5", Some(Wanted::Part(2..6))),
            ("bytes=2-", Some(Wanted::Part(2..10))),
            ("bytes=-3", Some(Wanted::Part(7..10))),
            ("bytes=-30", Some(Wanted::Part(0..10))),
            ("bytes=9-99999999999999999999999", Some(Wanted::Part(9..10))),
            ("bytes=10-", Some(Wanted::Nothing)),
            ("bytes=10-20", Some(Wanted::Nothing)),
            ("bytes=99999999999999999999999-", Some(Wanted::Nothing)),
            ("bytes=-0", Some(Wanted::Nothing)),
            ("bytes=5-2", None),
            ("bytes=", None),
            ("bytes=-", None),
            ("bytes=1-2,4-5", None),
            ("bytes=+1-2", None),
            ("bytes=0x1-2", None),
            ("items=0-1", None),
        ] {
            assert_eq!(byte_range(text, 10), wanted, "{text}");
        }
        assert_eq!(byte_range("bytes=0-", 0), Some(Wanted::Nothing));
    }

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::try_from(*value).unwrap())).collect()
    }

    /// Status, the header that matters, and the bytes.
    fn get(method: &Method, pairs: &[(header::HeaderName, &str)]) -> (u16, HeaderMap, Bytes) {
        let representation = Representation {
            bytes: Bytes::from_static(b"0123456789"),
            tag: &HeaderValue::from_static("\"t\""),
            media_type: "application/octet-stream",
            lifetime: Lifetime::Immutable,
            coding: Coding::Identity,
        };
        let (parts, body) = answer(method, &headers(pairs), &representation).into_parts();
        (parts.status.as_u16(), parts.headers, body.into_whole().unwrap())
    }

    #[test]
    fn whole() {
        let (status, headers, bytes) = get(&Method::GET, &[]);
        assert_eq!((status, &bytes[..]), (200, &b"0123456789"[..]));
        assert_eq!(headers[header::ETAG], "\"t\"");
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(headers[header::VARY], "accept-encoding");

        let (status, headers, bytes) = get(&Method::HEAD, &[(header::RANGE, "bytes=0-1")]);
        assert_eq!((status, bytes.len(), &headers[header::CONTENT_LENGTH]), (200, 0, &HeaderValue::from(10)));
    }

    #[test]
    fn conditions() {
        for known in ["\"t\"", "W/\"t\"", "\"a\", \"t\"", "*", "\"a\" , W/\"t\""] {
            for method in [Method::GET, Method::HEAD] {
                let (status, headers, bytes) = get(&method, &[(header::IF_NONE_MATCH, known)]);
                assert_eq!((status, bytes.len()), (304, 0), "{known}");
                assert_eq!(headers[header::ETAG], "\"t\"");
                assert!(!headers.contains_key(header::CONTENT_TYPE));
            }
        }
        for unknown in ["\"a\"", "t", "\"t", ""] {
            assert_eq!(get(&Method::GET, &[(header::IF_NONE_MATCH, unknown)]).0, 200, "{unknown}");
        }
        // A condition comes before a range (section 13.2.2).
        let both = [(header::IF_NONE_MATCH, "\"t\""), (header::RANGE, "bytes=0-1")];
        assert_eq!(get(&Method::GET, &both).0, 304);
    }

    #[test]
    fn parts() {
        let (status, headers, bytes) = get(&Method::GET, &[(header::RANGE, "bytes=-4")]);
        assert_eq!((status, &bytes[..]), (206, &b"6789"[..]));
        assert_eq!(headers[header::CONTENT_RANGE], "bytes 6-9/10");

        let (status, headers, _) = get(&Method::GET, &[(header::RANGE, "bytes=10-")]);
        assert_eq!((status, &headers[header::CONTENT_RANGE]), (416, &HeaderValue::from_static("bytes */10")));

        let same = [(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"t\"")];
        assert_eq!(get(&Method::GET, &same).0, 206);
        // If-Range compares strongly, and a date is not a tag.
        for other in ["W/\"t\"", "\"a\"", "Sat, 29 Oct 1994 19:43:31 GMT"] {
            assert_eq!(get(&Method::GET, &[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, other)]).0, 200);
        }
        assert_eq!(get(&Method::GET, &[(header::RANGE, "bytes=0-1"), (header::RANGE, "bytes=2-3")]).0, 200);
    }

    #[test]
    fn tags() {
        assert_ne!(tag(b"1", ""), tag(b"2", ""));
        assert_ne!(tag(b"1", ""), tag(b"1", "-gzip"));
        assert_eq!(tag(b"1", "").len(), 2 + 2 * TAG_BYTES);
    }
}
