//! The body of add-chain and add-pre-chain: `{"chain": ["base64 of DER", …]}` (RFC 6962 sections 4.1 and 4.2).

use sealwax_formats::base64::{self, Base64Error};
use sealwax_json::{Limits, Reader};

/// The largest request that is read, in bytes: what sunlight reads too. A chain of four with ML-DSA-87 keys and signatures
/// takes 41,000.
pub const MAX_REQUEST_BYTES: usize = 128 * 1024;

/// The most certificates in a chain, the root included. RFC 6962 sets no limit; chains of Fulcio have three or four.
pub const MAX_CHAIN: usize = sealwax_pki::MAX_CHAIN_CERTIFICATES;

/// Why a body is not a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Longer than [`MAX_REQUEST_BYTES`].
    #[error("the request has {found} bytes, at most {MAX_REQUEST_BYTES} are read")]
    TooLarge {
        /// Its length.
        found: usize,
    },
    /// Not JSON, or not an object with an array of strings.
    #[error("the request is not JSON of the form {{\"chain\": [\"base64\"]}}: {0}")]
    Json(#[from] sealwax_json::Error),
    /// There is no member `chain`.
    #[error("the request has no member \"chain\"")]
    NoChain,
    /// The chain has no certificate.
    #[error("the chain is empty")]
    Empty,
    /// The chain has more than [`MAX_CHAIN`] certificates.
    #[error("the chain has more than {MAX_CHAIN} certificates")]
    TooLong,
    /// A certificate is not base64.
    #[error("certificate {position} of the chain {source}")]
    Base64 {
        /// Which one, from 0.
        position: usize,
        /// What is wrong.
        source: Base64Error,
    },
}

/// The certificates of a request, in DER as far as anybody knows, in their order; at least one.
///
/// Members other than `chain` are passed over, as every log does.
///
/// # Errors
/// [`RequestError`].
pub fn parse(body: &[u8]) -> Result<Vec<Vec<u8>>, RequestError> {
    if body.len() > MAX_REQUEST_BYTES {
        return Err(RequestError::TooLarge { found: body.len() });
    }
    let mut chain = None;
    let mut reader = Reader::new(body, &Limits::of_bytes(MAX_REQUEST_BYTES))?;
    reader.members(|name, reader| {
        if name == "chain" {
            chain = Some(certificates(reader)?);
        } else {
            reader.skip()?;
        }
        Ok::<(), RequestError>(())
    })?;
    reader.end()?;
    match chain {
        None => Err(RequestError::NoChain),
        Some(chain) if chain.is_empty() => Err(RequestError::Empty),
        Some(chain) => Ok(chain),
    }
}

fn certificates(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, RequestError> {
    let mut chain = Vec::with_capacity(4);
    reader.elements(|reader| {
        let position = chain.len();
        if position == MAX_CHAIN {
            return Err(RequestError::TooLong);
        }
        let text = reader.string()?;
        chain.push(base64::decode(&text).map_err(|source| RequestError::Base64 { position, source })?);
        Ok(())
    })?;
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwax_json::Error;

    #[test]
    fn a_chain_is_read_in_its_order() {
        let body = br#"{"chain": ["AQI=", "Aw==", ""], "more": {"a": [1]}}"#;
        assert_eq!(parse(body), Ok(vec![vec![1, 2], vec![3], vec![]]));
        let longest = format!(r#"{{"chain":[{}"AA=="]}}"#, r#""AA==","#.repeat(MAX_CHAIN - 1));
        assert_eq!(parse(longest.as_bytes()).unwrap().len(), MAX_CHAIN);
    }

    #[test]
    fn whatever_is_not_a_request_is_refused() {
        let check =
            |body: &str, expected: RequestError| assert_eq!(parse(body.as_bytes()), Err(expected), "{body}");
        check("", RequestError::Json(Error::UnexpectedEnd));
        check("{}", RequestError::NoChain);
        check(r#"{"Chain": ["AA=="]}"#, RequestError::NoChain);
        check(r#"{"chain": []}"#, RequestError::Empty);
        check(&format!(r#"{{"chain":[{}"AA=="]}}"#, r#""AA==","#.repeat(MAX_CHAIN)), RequestError::TooLong);
        let found = MAX_REQUEST_BYTES + 1;
        check(&" ".repeat(found), RequestError::TooLarge { found });
        for body in [
            "[]",
            "null",
            r#"{"chain": null}"#,
            r#"{"chain": "AA=="}"#,
            r#"{"chain": [1]}"#,
            r#"{"chain": [null]}"#,
            r#"{"chain": [["AA=="]]}"#,
            r#"{"chain": ["AA=="], "chain": ["AA=="]}"#,
            r#"{"chain": ["AA=="]} x"#,
            r#"{"chain": ["AA=="]"#,
            "{\"chain\": [\"\u{7}\"]}",
        ] {
            assert!(matches!(parse(body.as_bytes()), Err(RequestError::Json(_))), "{body}");
        }
        assert!(matches!(parse(b"{\"chain\": [\"\xff\"]}"), Err(RequestError::Json(Error::NotUtf8 { .. }))));
        for text in ["A", "AB==", "=", "A A=", "é"] {
            let body = format!(r#"{{"chain": ["AA==", "{text}"]}}"#);
            assert!(
                matches!(parse(body.as_bytes()), Err(RequestError::Base64 { position: 1, .. })),
                "{text}"
            );
        }
    }
}
