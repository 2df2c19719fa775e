//! Established times: verified RFC 3161 timestamps over the signature (rules 2, 3, 4, 7).

use std::collections::BTreeSet;

use jiff::Timestamp;
use sealwax_pki::{TimestampError, TimestampToken};

use crate::report::{CheckId, Report};
use crate::trust::{Authority, Trust};
use crate::verdict::{EstablishedTime, TimeSource};

const EXPECTED: &str = "a timestamp over the signature by a trusted authority";

/// The times that timestamps establish. One that does not verify is skipped and reported: it does no harm beside a good
/// one, and alone it establishes nothing.
pub(crate) fn timestamps(
    responses: &[Vec<u8>],
    signature: &[u8],
    trust: &Trust,
    report: &mut Report,
) -> Vec<EstablishedTime> {
    let mut established = Vec::new();
    let mut seen = BTreeSet::new();
    for (item, response) in responses.iter().enumerate() {
        let mut scope = report.item(item);
        let token = match TimestampToken::from_response_der(response) {
            Ok(token) => token,
            Err(error) => {
                scope.skip(CheckId::Timestamp, EXPECTED, error.to_string());
                continue;
            }
        };
        match verify(&token, signature, trust) {
            Err(reason) => scope.skip(CheckId::Timestamp, EXPECTED, reason),
            // The signed content names authority, serial number and time: the same one again is the same stamp.
            Ok(_) if !seen.insert(token.info_der().to_vec()) => {
                scope.skip(CheckId::Timestamp, EXPECTED, "one that was counted already");
            }
            Ok((time, authority)) => {
                let name = authority.name.clone();
                scope.pass(CheckId::Timestamp, EXPECTED, format!("{time} by {name}"));
                established.push(EstablishedTime { time, source: TimeSource::TimestampAuthority { name } });
            }
        }
    }
    established
}

fn verify<'t>(
    token: &TimestampToken,
    signature: &[u8],
    trust: &'t Trust,
) -> Result<(Timestamp, &'t Authority), String> {
    let mut nearest = None;
    for authority in &trust.timestamp_authorities {
        match token.verify(&authority.chain, signature, &trust.memo) {
            Ok(verified) if authority.window.contains(verified.time()) => {
                return Ok((verified.time(), authority));
            }
            Ok(verified) => {
                let reason =
                    format!("{} is trusted {}, not at {}", authority.name, authority.window, verified.time());
                nearest = Some(reason);
            }
            // It is not this authority's; another may know more.
            Err(error @ TimestampError::UnknownSigner) => {
                nearest.get_or_insert_with(|| error.to_string());
            }
            Err(error) => nearest = Some(error.to_string()),
        }
    }
    Err(nearest.unwrap_or_else(|| "the trusted root lists no timestamp authority".to_owned()))
}
