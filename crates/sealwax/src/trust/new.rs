//! `trust new`: what a private instance hands out, made from its PEM files and URLs. What deployed clients would stumble
//! over is refused before anything is written.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use sealwax_crypto::{KeyDetails, PublicKey};
use sealwax_formats::{
    CertificateAuthority, DistinguishedName, KeyDetailsField, KeyMaterial, Selector, Service,
    ServiceConfiguration, SigningConfig, SigningConfigVersion, TimeRange, TransparencyLog, TrustedRoot,
    TrustedRootVersion,
};
use sealwax_net::http::Url;
use sealwax_pki::Certificate;
use sealwax_tlog::LogKey;

use super::args::{InstancesArgs, NewTrustArgs};
use super::lint::{self, Finding, Level};
use super::{export, say};
use crate::Failure;
use crate::judge::Status;
use crate::profile::Files;
use crate::sources::read_limited;
use crate::terminal;

/// The largest PEM file.
const MAX_FILE: u64 = 1024 * 1024;

pub(super) fn run(args: &NewTrustArgs, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let start = instant(&args.start)?;
    let given = &args.instances;
    if given.authorities.is_empty() && given.logs.is_empty() && given.tsas.is_empty() {
        return Err(Failure::usage("nothing to trust: give --ca, --log or --tsa"));
    }
    if given.authorities.is_empty() && !given.ct_logs.is_empty() {
        return Err(Failure::usage("a certificate log without a certificate authority: give --ca"));
    }
    let root = trusted_root(given, start)?;
    let config = signing_config(args, start)?;
    let files = Files {
        trusted_root: Some((root.write() + "\n").into_bytes()),
        signing_config: Some((config.write() + "\n").into_bytes()),
        ..Files::default()
    };
    for (name, bytes) in files.named() {
        refuse_problems(name, bytes, None, now)?;
    }
    let written = export::write_all(&files, &args.output, args.overwrite)?;
    say(
        out,
        &format!(
            "wrote {} to {}; `sealwax trust add NAME --trusted-root {}` makes a profile of it",
            written.join(" and "),
            args.output.display(),
            terminal::shell_quoted(&args.output.join("trusted_root.json").to_string_lossy())
        ),
    )
}

/// What `trust lint` says of the result decides. What it says of the file `before` as well is not new, and must not stand in
/// the way of an urgent change.
pub(crate) fn refuse_problems(
    name: &str,
    bytes: &[u8],
    before: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), Failure> {
    let known = before.and_then(|before| lint::findings(before, now).ok()).unwrap_or_default();
    let mut findings = lint::findings(bytes, now).map_err(Failure::cannot)?;
    findings.retain(|finding| !known.contains(finding));
    let (problems, remarks): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| finding.level == Level::Problem);
    for remark in &remarks {
        terminal::notice(&format!("{name}: {}: {}: {}", remark.place, remark.found, remark.advice));
    }
    let sentence = |problem: &Finding| {
        format!("{name}: {}: {} ({}): {}", problem.place, problem.found, problem.affects, problem.advice)
    };
    match problems.first() {
        None => Ok(()),
        Some(first) if problems.len() == 1 => Err(Failure::cannot(sentence(first))),
        Some(first) => Err(Failure::cannot(format!(
            "{}; and {} more like it",
            sentence(first),
            problems.len().saturating_sub(1)
        ))),
    }
}

pub(super) fn trusted_root(args: &InstancesArgs, start: Timestamp) -> Result<TrustedRoot, Failure> {
    let from = TimeRange { start: Some(start), end: None };
    let log = |word: &String, flag: &str| -> Result<(String, PublicKey, KeyMaterial), Failure> {
        let (url, path) = url_and_file(word, flag)?;
        let (key, details) = read_key(path)?;
        let material = KeyMaterial::new(key.spki_der().to_vec(), KeyDetailsField::Known(details), Some(from));
        Ok((url, key, material))
    };
    let signature_log = |word: &String| {
        let (url, key, material) = log(word, "--log")?;
        let id = log_id(&url, key, args.log_version)?;
        Ok(TransparencyLog { operator: args.operator.clone(), ..TransparencyLog::new(url, material, id) })
    };
    let certificate_log = |word: &String| {
        let (url, key, material) = log(word, "--ct-log")?;
        let id = key.spki_sha256().to_vec();
        Ok(TransparencyLog { operator: args.operator.clone(), ..TransparencyLog::new(url, material, id) })
    };
    let authority = |flag: &'static str| {
        move |word: &String| {
            let (uri, path) = url_and_file(word, flag)?;
            let chain = read_chain(path, start)?;
            Ok(CertificateAuthority {
                subject: subject(&chain),
                uri,
                cert_chain: chain.iter().map(|certificate| certificate.der().to_vec()).collect(),
                valid_for: Some(from),
                operator: args.operator.clone(),
            })
        }
    };
    Ok(TrustedRoot {
        version: TrustedRootVersion::V01,
        logs: args.logs.iter().map(signature_log).collect::<Result<_, Failure>>()?,
        certificate_authorities: args
            .authorities
            .iter()
            .map(authority("--ca"))
            .collect::<Result<_, Failure>>()?,
        certificate_logs: args.ct_logs.iter().map(certificate_log).collect::<Result<_, Failure>>()?,
        timestamp_authorities: args.tsas.iter().map(authority("--tsa")).collect::<Result<_, Failure>>()?,
    })
}

fn signing_config(args: &NewTrustArgs, start: Timestamp) -> Result<SigningConfig, Failure> {
    let given = &args.instances;
    let service = |url: String, version: u32| Service {
        url,
        major_api_version: version,
        valid_for: Some(TimeRange { start: Some(start), end: None }),
        operator: given.operator.clone(),
    };
    let services = |words: &[String], flag: &str, version: u32| -> Result<Vec<Service>, Failure> {
        words.iter().map(|word| Ok(service(url_and_file(word, flag)?.0, version))).collect()
    };
    let any = |list: &[String]| {
        (!list.is_empty()).then_some(ServiceConfiguration { selector: Selector::Any, count: 0 })
    };
    let oidc = args.oidc.iter().map(|word| Ok(service(url(word, "--oidc")?, 1)));
    Ok(SigningConfig {
        version: SigningConfigVersion::V02,
        ca_urls: services(&given.authorities, "--ca", 1)?,
        oidc_urls: oidc.collect::<Result<_, Failure>>()?,
        rekor_tlog_urls: services(&given.logs, "--log", given.log_version)?,
        rekor_tlog_config: any(&given.logs),
        tsa_urls: services(&given.tsas, "--tsa", 1)?,
        tsa_config: any(&given.tsas),
    })
}

/// An instant on the command line.
pub(super) fn instant(text: &str) -> Result<Timestamp, Failure> {
    text.parse()
        .map_err(|_| Failure::usage(format!("{text:?} is not an instant: give it as 2026-01-31T12:00:00Z")))
}

/// `URL=PEM`
fn url_and_file<'a>(word: &'a str, flag: &str) -> Result<(String, &'a Path), Failure> {
    let (left, right) = word
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or_else(|| Failure::usage(format!("{flag} takes URL=FILE, not {word:?}")))?;
    Ok((url(left, flag)?, Path::new(right)))
}

/// A URL that means the same to all who append to it.
fn url(text: &str, flag: &str) -> Result<String, Failure> {
    let bad = |why: &str| Failure::usage(format!("{flag} {text:?}: {why}"));
    let parsed = Url::parse(text).map_err(|_| bad("not a URL; give it as https://host"))?;
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
        return Err(bad("not the URL of a service; give it as https://host"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(bad("a user name or password would be published with it"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(bad("clients append to it: leave out what follows the path"));
    }
    if text.ends_with('/') {
        return Err(bad("clients append to it: leave the last slash out"));
    }
    // What was parsed must be what is published, but for the slash that a URL without a path gains.
    if parsed.as_str().trim_end_matches('/') != text {
        return Err(bad(&format!("write it as {}", parsed.as_str().trim_end_matches('/'))));
    }
    Ok(text.to_owned())
}

/// Rekor v1 names a log by its key, v2 by host name and key.
fn log_id(url: &str, key: PublicKey, version: u32) -> Result<Vec<u8>, Failure> {
    let (_, host) = lint::host(url).ok_or_else(|| Failure::usage(format!("{url:?} has no host")))?;
    let named = match version {
        1 => LogKey::rekor_v1(key),
        _ => LogKey::named(&host, key),
    };
    let named =
        named.map_err(|error| Failure::cannot(format!("the key of {url} is not a log's: {error}")))?;
    Ok(named.id().to_vec())
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = read_limited(path, MAX_FILE)
        .map_err(|error| Failure::cannot(format!("cannot read {}: {error}", path.display())))?;
    String::from_utf8(bytes).map_err(|_| Failure::cannot(format!("{} is not PEM", path.display())))
}

fn read_key(path: &Path) -> Result<(PublicKey, KeyDetails), Failure> {
    let not =
        |reason: String| Failure::cannot(format!("{} is not a public key in PEM: {reason}", path.display()));
    let key = PublicKey::from_pem(&read(path)?).map_err(|error| not(error.to_string()))?;
    let scheme = key.default_schemes().first();
    let details = scheme.and_then(|scheme| KeyDetails::of(&key, *scheme));
    let details = details.ok_or_else(|| not(format!("the registry has no entry for {} keys", key.kind())))?;
    Ok((key, details))
}

fn read_chain(path: &Path, start: Timestamp) -> Result<Vec<Certificate>, Failure> {
    let not = |reason: String| Failure::cannot(format!("{}: {reason}", path.display()));
    let chain = Certificate::list_from_pem(&read(path)?).map_err(|error| not(error.to_string()))?;
    for certificate in &chain {
        if certificate.not_after() < start {
            return Err(not(format!(
                "{} is valid until {}, which is before the start, {start}",
                certificate.subject(),
                certificate.not_after()
            )));
        }
    }
    Ok(chain)
}

/// The name of the root, as others write it.
pub fn subject(chain: &[Certificate]) -> DistinguishedName {
    let root = chain.last().map(Certificate::subject);
    let common_name = root.and_then(sealwax_pki::Name::common_name).unwrap_or_default();
    let text = root.map(ToString::to_string).unwrap_or_default();
    // Informative only, so a name that is escaped (a comma in it) is rather left out.
    let organization = text.split(',').find_map(|attribute| attribute.strip_prefix("O="));
    let organization = organization.filter(|name| !name.contains('\\')).unwrap_or_default();
    DistinguishedName { organization: organization.to_owned(), common_name }
}
