//! `trust lint`: what deployed clients stumble over in a trusted root or signing config, with who is affected and what
//! to do. What they do was read in their sources (sigstore-go 1.2, sigstore-python 4.5, sigstore-js 5, cosign 3.1).

mod chain;
mod root;
mod signing;

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use sealwax_formats::{ClientTrustConfig, DocumentError, SigningConfig, TrustedRoot};

use super::{write, write_json};
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::profile;
use crate::sources::read_limited;
use crate::terminal::{BAD, BOLD, DIM, Escaped, GOOD};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Some client fails, or does something else than what was meant.
    Problem,
    /// Worth knowing; nothing fails.
    Remark,
}

/// Something that a client would stumble over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// Its name, which does not change.
    pub(super) id: &'static str,
    /// Where it stands in the document.
    pub(super) place: String,
    /// What is there.
    pub(super) found: String,
    /// Who stumbles, and how.
    pub(super) affects: &'static str,
    /// What to do.
    pub(super) advice: &'static str,
}

impl Finding {
    fn problem(id: &'static str, place: &str, found: impl Into<String>) -> Self {
        Self {
            level: Level::Problem,
            id,
            place: place.to_owned(),
            found: found.into(),
            affects: "",
            advice: "",
        }
    }

    fn remark(id: &'static str, place: &str, found: impl Into<String>) -> Self {
        Self { level: Level::Remark, ..Self::problem(id, place, found) }
    }

    fn affects(self, affects: &'static str) -> Self {
        Self { affects, ..self }
    }

    fn advice(self, advice: &'static str) -> Self {
        Self { advice, ..self }
    }
}

pub(super) fn run(file: &Path, json: bool, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let bytes = read_limited(file, profile::MAX_FILE)
        .map_err(|error| Failure::cannot(format!("cannot read {}: {error}", file.display())))?;
    let findings = findings(&bytes, now)
        .map_err(|reason| Failure::cannot(format!("{} cannot be checked: {reason}", file.display())))?;
    let problems = findings.iter().filter(|finding| finding.level == Level::Problem).count();
    if json {
        write_json(out, &report(file, &findings).into_json())?;
    } else {
        for finding in &findings {
            write(out, &text(finding))?;
        }
        let verdict = match problems {
            0 => format!("{GOOD}clean{GOOD:#}: no deployed client is known to stumble over it"),
            1 => format!("{BAD}1 problem{BAD:#}"),
            many => format!("{BAD}{many} problems{BAD:#}"),
        };
        write(out, &format!("{verdict}\n"))?;
    }
    Ok(if problems == 0 { Status::Verified } else { Status::NotVerified })
}

/// What clients would stumble over, problems first.
pub(super) fn findings(bytes: &[u8], now: Timestamp) -> Result<Vec<Finding>, String> {
    let mut findings = match ClientTrustConfig::parse(bytes) {
        Ok(config) => {
            let mut all = root::findings(&config.trusted_root, now);
            all.extend(signing::findings(&config.signing_config, now));
            all.extend(signing::against_root(&config.signing_config, &config.trusted_root));
            all
        }
        Err(DocumentError::MediaType { found }) if found.contains("trustedroot") => {
            let root = TrustedRoot::parse(bytes).map_err(|error| error.to_string())?;
            root::findings(&root, now)
        }
        Err(DocumentError::MediaType { found }) if found.contains("signingconfig") => {
            let config = SigningConfig::parse(bytes).map_err(|error| error.to_string())?;
            signing::findings(&config, now)
        }
        Err(DocumentError::MediaType { found }) if found.is_empty() => {
            return Err(
                "it has no mediaType; a trusted root, signing config or client trust config has".to_owned()
            );
        }
        Err(error) => return Err(error.to_string()),
    };
    findings.sort_by_key(|finding| finding.level);
    Ok(findings)
}

fn text(finding: &Finding) -> String {
    let (style, level) = match finding.level {
        Level::Problem => (BAD, "problem"),
        Level::Remark => (DIM, "remark"),
    };
    let mut text = format!(
        "{style}{level}{style:#}  {BOLD}{}{BOLD:#}  {}\n  found    {}\n",
        finding.id,
        Escaped(&finding.place),
        Escaped(&finding.found)
    );
    for (label, sentence) in [("affects", finding.affects), ("advice", finding.advice)] {
        if !sentence.is_empty() {
            text.push_str(&format!("  {label:7}  {sentence}\n"));
        }
    }
    text
}

fn report(file: &Path, findings: &[Finding]) -> Node {
    let node = |finding: &Finding| {
        Node::new()
            .with(
                "level",
                match finding.level {
                    Level::Problem => "problem",
                    Level::Remark => "remark",
                },
            )
            .with("id", finding.id)
            .with("place", finding.place.as_str())
            .with("found", finding.found.as_str())
            .with("affects", finding.affects)
            .with("advice", finding.advice)
    };
    let clean = findings.iter().all(|finding| finding.level != Level::Problem);
    Node::new()
        .with("file", file.display().to_string())
        .with("clean", clean)
        .with("findings", findings.iter().map(node).collect::<Vec<_>>())
}

/// The host of a URL with its port, and the host name alone.
pub(super) fn host(url: &str) -> Option<(String, String)> {
    let url = sealwax_net::http::Url::parse(url).ok()?;
    let name = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let with_port = url.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
    Some((with_port, name))
}

/// Whether an instant is one that certificates and timestamps can have.
fn is_whole_second(instant: Timestamp) -> bool {
    instant.subsec_nanosecond() == 0
}

#[cfg(test)]
mod tests;
