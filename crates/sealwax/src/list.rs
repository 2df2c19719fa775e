//! A line of `verify --list`.

use sealwax_json::{Limits, Value};
use sealwax_verify::IdentityRule;

use crate::artifact::Reference;
use crate::attest::predicate::type_uri;
use crate::judge::{Job, Judgement, Status, WhoSource, judge};
use crate::ordered::Line;
use crate::sources::BundleSource;
use crate::trust_store::TrustStore;
use crate::verify::{exact, identities, trust};

/// How a line is read: a bundle may stand in it.
const LIMITS: Limits = Limits { bytes: 48 << 20, depth: 65, values: 1 << 17, members: 1 << 16 };

/// The verdict on one line. A line that makes no sense is an answer too, and does not stop the others.
pub fn judge_line(number: usize, line: Line, defaults: &Job, store: &TrustStore) -> Judgement {
    let refuse = |reason: String| Judgement {
        artifact: String::new(),
        status: Status::Usage,
        reason: Some(format!("line {number}: {reason}")),
        candidates: Vec::new(),
        trust: None,
    };
    let line = match line {
        Ok(line) => line,
        Err(error) => return refuse(error.to_string()),
    };
    match read(&line, defaults) {
        Ok((artifact, job)) => judge(&job, &artifact, store),
        Err(reason) => refuse(reason),
    }
}

fn read(line: &[u8], defaults: &Job) -> Result<(String, Job), String> {
    let value = sealwax_json::parse(line, &LIMITS).map_err(|error| error.to_string())?;
    let object = value.as_object().ok_or("not a JSON object")?;
    let mut job = defaults.clone();
    let (mut artifact, mut identity, mut issuer) = (None, None, None);
    let (mut root, mut profile) = (None, None);
    for (name, value) in object.iter() {
        if matches!(value, Value::Null) {
            continue;
        }
        let text = || value.as_str().ok_or_else(|| format!("{name:?} is not a string")).map(str::to_owned);
        match name {
            "artifact" => artifact = Some(text()?),
            "bundle" => {
                job.bundle = match value {
                    Value::Object(_) => BundleSource::Inline(sealwax_json::compact(value).into_bytes()),
                    _ => BundleSource::File(text()?.into()),
                }
            }
            "identity" => identity = Some(text()?),
            "issuer" => issuer = Some(text()?),
            "key" => job.who = WhoSource::Key(text()?.into()),
            "trusted_root" => root = Some(text()?),
            "trust" => profile = Some(text()?),
            "type" => job.predicate_type = Some(type_uri(&text()?)),
            // A name that is not known may be a typing error for one that matters.
            other => return Err(format!("unknown member {other:?}")),
        }
    }
    if let (Some(_), WhoSource::Key(_)) = (identity.as_ref().or(issuer.as_ref()), &job.who)
        && object.contains("key")
    {
        return Err("\"key\" and \"identity\" or \"issuer\" exclude each other".to_owned());
    }
    if identity.is_some() || issuer.is_some() {
        job.who = named(identity.as_deref(), issuer, &defaults.who)?;
    }
    if root.is_some() && profile.is_some() {
        return Err("\"trust\" and \"trusted_root\" exclude each other: drop \"trust\" to use the file, or \"trusted_root\" to use the profile".to_owned());
    }
    if root.is_some() || profile.is_some() {
        job.trust = trust(profile.as_deref(), root.map(Into::into));
    }
    let artifact = artifact.ok_or("no \"artifact\"")?;
    if artifact == "-" {
        return Err("standard input cannot be an artifact of a list".to_owned());
    }
    job.artifact = Reference::parse(&artifact)?;
    Ok((artifact, job))
}

/// The line's identity and issuer; of the one that it leaves out, the flag's, if there is exactly one. What the flags demand of
/// the build is demanded of every line.
fn named(identity: Option<&str>, issuer: Option<String>, defaults: &WhoSource) -> Result<WhoSource, String> {
    use sealwax_verify::{IssuerRule, Match};
    let rules = match defaults {
        WhoSource::Identities(rules) => rules.as_slice(),
        WhoSource::Unnamed | WhoSource::Key(_) => &[],
    };
    let only = match rules {
        [only] => Some(only),
        _ => None,
    };
    let subject = identity.map(exact).or_else(|| only.and_then(|rule| rule.subject.clone()));
    let issuer = issuer.or_else(|| match only.and_then(|rule| rule.issuer.clone()) {
        Some(IssuerRule::Is(Match::Exact(issuer))) => Some(issuer),
        Some(IssuerRule::Absent) => Some("none".to_owned()),
        _ => None,
    });
    // All rules of the flags share the same conditions.
    let base = rules.first().map_or_else(IdentityRule::default, |rule| IdentityRule {
        subject: None,
        issuer: None,
        ..rule.clone()
    });
    let subjects: Vec<Match> = subject.into_iter().collect();
    let issuers: Vec<String> = issuer.into_iter().collect();
    identities(&base, &subjects, &issuers)
}
