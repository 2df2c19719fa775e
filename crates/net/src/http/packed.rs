//! Files that come packed.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

use super::{Client, HttpError, Url, body, found};

impl Client {
    /// As [`Client::get`], of a server that may send gzip, asked or not: logs with tiles do (C2SP `tlog-tiles` and
    /// `static-ct-api` demand of clients that they take it). The limit is for the bytes that are sent, and for those that are
    /// in them.
    ///
    /// # Errors
    /// As [`Client::get`]; [`HttpError::Coding`] of any other coding.
    pub async fn get_packed(&self, url: &Url, max_bytes: u64) -> Result<Option<Vec<u8>>, HttpError> {
        let request = self.door(url)?.get(url.clone()).header(ACCEPT_ENCODING, "gzip, identity");
        let Some(mut response) = found(request, url).await? else { return Ok(None) };
        let coding =
            response.headers().get(CONTENT_ENCODING).map(|coding| coding.as_bytes().to_ascii_lowercase());
        let body = body(&mut response, url, max_bytes).await?;
        match coding.as_deref() {
            None | Some(b"" | b"identity") => Ok(Some(body)),
            Some(b"gzip" | b"x-gzip") => unpack(&body, url, max_bytes).map(Some),
            Some(other) => {
                Err(HttpError::Coding { url: url.clone(), coding: other.escape_ascii().to_string() })
            }
        }
    }
}

fn unpack(packed: &[u8], url: &Url, max_bytes: u64) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    let read = MultiGzDecoder::new(packed).take(max_bytes.saturating_add(1)).read_to_end(&mut body);
    read.map_err(|error| HttpError::Interrupted { url: url.clone(), reason: error.to_string() })?;
    if u64::try_from(body.len()).unwrap_or(u64::MAX) > max_bytes {
        return Err(HttpError::TooLong { url: url.clone(), limit: max_bytes });
    }
    Ok(body)
}
