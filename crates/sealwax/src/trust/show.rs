//! `trust list` and `trust show`.

use std::io::Write;

use jiff::Timestamp;
use sealwax_formats::{NpmKeys, SigningConfig, TrustedRoot};
use sealwax_json::Value;

use super::{write, write_json, write_node};
use crate::Failure;
use crate::inspect::node::Node;
use crate::inspect::trust as describe;
use crate::judge::Status;
use crate::profile::{self, ChosenBy, Origin, Profile, ProfileError, VARIABLE};
use crate::terminal::{BAD, BOLD, Escaped, rough_duration};

pub(super) fn list(json: bool, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let profiles: Vec<(String, Result<Profile, ProfileError>)> =
        profile::names()?.into_iter().map(|name| (name.clone(), profile::load(&name))).collect();
    let broken = profiles.iter().any(|(_, loaded)| loaded.is_err());
    if json {
        let nodes = profiles.iter().map(|(name, loaded)| list_node(name, loaded, now).into_json());
        write_json(out, &nodes.collect::<Value<'_>>())?;
    } else {
        let width = profiles.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, loaded) in &profiles {
            let said = match loaded {
                Ok(loaded) => Escaped(&summary(loaded, now)).to_string(),
                Err(error) => format!("{BAD}cannot be used{BAD:#}: {}", Escaped(&error.to_string())),
            };
            write(out, &format!("{BOLD}{name:width$}{BOLD:#}  {said}\n"))?;
        }
    }
    Ok(if broken { Status::CannotTell } else { Status::Verified })
}

fn list_node(name: &str, loaded: &Result<Profile, ProfileError>, now: Timestamp) -> Node {
    let node = Node::new().with("profile", name);
    match loaded {
        Ok(loaded) => node.and(provenance(loaded, now)).with("usable", loaded.trusted_root.is_some()),
        Err(error) => node.with("usable", false).with("reason", error.to_string()),
    }
}

fn summary(profile: &Profile, now: Timestamp) -> String {
    let mut parts = vec![match &profile.origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::Directory(_) if profile::built_in(&profile.name).is_some() => "refreshed".to_owned(),
        Origin::Directory(_) | Origin::File(_) => "your own".to_owned(),
        Origin::KeyOnly => "a key alone".to_owned(),
    }];
    parts.extend(profile.root_version.map(|version| format!("root {version}")));
    let confirmed = profile.as_of.filter(|_| profile.trusted_root.is_some());
    parts.extend(confirmed.map(|as_of| format!("{} old", age(as_of, now))));
    parts.extend(profile.tuf_url.clone());
    parts.extend(profile.private.then(|| "private".to_owned()));
    if profile.trusted_root.is_none() {
        parts.push(format!("nothing fetched yet: `sealwax trust update {}`", profile.name));
    }
    parts.join(", ")
}

fn age(as_of: Timestamp, now: Timestamp) -> String {
    rough_duration(now.duration_since(as_of).as_secs().max(0))
}

/// Where a profile comes from, and how old it is.
fn provenance(profile: &Profile, now: Timestamp) -> Node {
    let (origin, path) = match &profile.origin {
        Origin::BuiltIn => ("built in", None),
        Origin::Directory(path) => ("directory", Some(path.display().to_string())),
        Origin::File(path) => ("file", Some(path.display().to_string())),
        Origin::KeyOnly => ("key only", None),
    };
    let confirmed = profile.as_of.filter(|_| profile.trusted_root.is_some());
    Node::new()
        .with("origin", origin)
        .with("path", path)
        .with("tuf_repository", profile.tuf_url.as_deref())
        .with("root_version", profile.root_version)
        .with("as_of", confirmed)
        .with("age", confirmed.map(|as_of| age(as_of, now)))
        .with("private", profile.private.then_some(true))
}

pub(super) fn show(
    name: Option<&str>,
    json: bool,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let variable = std::env::var(VARIABLE).ok();
    let node = match name {
        Some(_) => Node::new(),
        None => applies(variable.as_deref())?,
    };
    let name = name.or(variable.as_deref()).unwrap_or(profile::DEFAULT);
    let node = Node::new().with("profile", name).and(node);
    if name == profile::KEY_ONLY {
        let meaning = "a signature by the key of --key, and nothing else: no log, no time, no identity";
        write_node(out, node.with("demands", meaning), json)?;
        return Ok(Status::Verified);
    }
    let profile = profile::load(name)?;
    let node = node.and(provenance(&profile, now)).and(contents(&profile)?);
    write_node(out, node, json)?;
    Ok(Status::Verified)
}

/// Which profile applies, and why: what a project's file says counts for signing alone.
fn applies(variable: Option<&str>) -> Result<Node, Failure> {
    let why = match variable {
        Some(_) => format!("{VARIABLE} is set to it; --trust and --trusted-root come first"),
        None => format!("the default, as {VARIABLE} is not set; --trust and --trusted-root come first"),
    };
    let signing = profile::for_signing(variable, &profile::working_directory()?)?;
    let project = match signing.by {
        ChosenBy::Project(file) => {
            Some(format!("{} names it; --trust and {VARIABLE} come first", file.display()))
        }
        ChosenBy::User | ChosenBy::Default => None,
    };
    let node = Node::new().with("applies_because", why);
    Ok(match project {
        Some(why) => node.with("signs_by", signing.name).with("signs_by_it_because", why),
        None => node,
    })
}

fn contents(profile: &Profile) -> Result<Node, Failure> {
    let unreadable = |what: &str, error: sealwax_formats::DocumentError| {
        Failure::cannot(format!("the {what} of {} cannot be read: {error}", profile.name))
    };
    let node = match profile.trusted_root.as_deref().map(TrustedRoot::parse).transpose() {
        Ok(Some(root)) => Node::new().with("trusted_root", describe::trusted_root(&root)),
        Ok(None) => Node::new().with(
            "trusted_root",
            format!("none yet; `sealwax trust update {}` gets it", profile.name).as_str(),
        ),
        Err(error) => return Err(unreadable("trusted root", error)),
    };
    let config = |file: &Option<Vec<u8>>| {
        let config = file.as_deref().map(SigningConfig::parse).transpose();
        config.map_err(|error| unreadable("signing config", error))
    };
    let (usual, rekor_v2) = (config(&profile.signing_config)?, config(&profile.signing_config_rekor_v2)?);
    let keys = profile.keys.as_deref().map(NpmKeys::parse).transpose();
    let keys = keys.map_err(|error| unreadable("managed keys", error))?;
    Ok(node
        .with("signing_config", usual.as_ref().map(describe::signing_config))
        .with("signing_config_rekor_v2", rekor_v2.as_ref().map(describe::signing_config))
        .with("managed_keys", keys.as_ref().map(describe::npm_keys)))
}
