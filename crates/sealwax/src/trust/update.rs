//! `trust update`: the one command of verification's side that uses the network.

use std::io::Write;

use jiff::Timestamp;
use sealwax_formats::{NpmKeys, SigningConfig, TrustedRoot};
use sealwax_net::tuf::{Repository, Update, update_blocking};

use super::{write, write_json};
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::profile::{self, Description, Files, Profile};
use crate::terminal::{BAD, BOLD, Escaped};

/// The targets of a repository.
const TRUSTED_ROOT: &str = "trusted_root.json";
const SIGNING_CONFIG: &str = "signing_config.v0.2.json";
/// Of the public instances, whose signing config is still that of the older logs.
const SIGNING_CONFIG_REKOR_V2: &str = "signing_config_rekor_v2.v0.2.json";
const KEYS: &str = "registry.npmjs.org/keys.json";

/// What became of a profile.
struct Refreshed {
    root_version: u64,
    trusted_root_changed: bool,
    kept: bool,
}

pub(super) fn run(
    names: &[String],
    json: bool,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let names = if names.is_empty() { refreshable()? } else { names.to_vec() };
    let mut status = Status::Verified;
    for name in &names {
        let refreshed = refresh(name, now);
        if refreshed.is_err() {
            status = Status::CannotTell;
        }
        if json {
            write_json(out, &node(name, &refreshed, now).into_json())?;
        } else {
            write(out, &text(name, &refreshed))?;
        }
    }
    Ok(status)
}

/// The profiles that have a TUF repository.
fn refreshable() -> Result<Vec<String>, Failure> {
    let has_repository = |name: &String| profile::load(name).is_ok_and(|profile| profile.tuf_url.is_some());
    Ok(profile::names()?.into_iter().filter(has_repository).collect())
}

fn refresh(name: &str, now: Timestamp) -> Result<Refreshed, String> {
    let profile = profile::load(name).map_err(|error| error.to_string())?;
    let (Some(url), Some(initial_root)) =
        (&profile.tuf_url, profile::tuf_root(&profile).map_err(|error| error.to_string())?)
    else {
        return Err(format!("{name} has no TUF repository: it is as it was added"));
    };
    let metadata_url = url.trim_end_matches('/');
    let targets_url = format!("{metadata_url}/targets");
    let repository = Repository { metadata_url, targets_url: &targets_url, initial_root: &initial_root };
    let cache = profile::tuf_directory(name).map_err(|error| error.to_string())?;
    let targets = [TRUSTED_ROOT, SIGNING_CONFIG, SIGNING_CONFIG_REKOR_V2, KEYS];
    let update = update_blocking(&repository, &cache, &targets, now).map_err(|error| error.to_string())?;
    keep(&profile, update, now)
}

/// Stores what came, if it can be read: what cannot must not take the place of what could.
fn keep(profile: &Profile, update: Update, now: Timestamp) -> Result<Refreshed, String> {
    let root_version = update.trusted.root_version();
    let mut targets = update.targets.into_iter().map(|(_, bytes)| bytes);
    let mut next = || targets.next().flatten();
    let (trusted_root, signing_config) = (next(), next());
    let (signing_config_rekor_v2, keys) = (next(), next());
    // An offer, which some later version may make in another form, holds nothing else up.
    let signing_config_rekor_v2 =
        signing_config_rekor_v2.filter(|config| SigningConfig::parse(config).is_ok());
    let unusable = |what: &str, error: &dyn std::fmt::Display| {
        format!("{}: the {what} of its repository cannot be read: {error}; nothing was changed", profile.name)
    };
    let Some(root) = &trusted_root else {
        return Err(format!("{}: its repository has no trusted_root.json", profile.name));
    };
    TrustedRoot::parse(root).map_err(|error| unusable("trusted root", &error))?;
    if let Some(config) = &signing_config {
        SigningConfig::parse(config).map_err(|error| unusable("signing config", &error))?;
    }
    if let Some(keys) = &keys {
        NpmKeys::parse(keys).map_err(|error| unusable("keys", &error))?;
    }
    let trusted_root_changed = trusted_root != profile.trusted_root;
    let root = Some(update.root);
    let files = Files { trusted_root, signing_config, signing_config_rekor_v2, keys, root };
    let description = Description {
        tuf_url: profile.tuf_url.clone(),
        root_version: Some(root_version),
        as_of: now,
        private: profile.private,
    };
    profile::replace(&profile.name, &description, &files).map_err(|error| error.to_string())?;
    Ok(Refreshed { root_version, trusted_root_changed, kept: update.kept })
}

fn text(name: &str, refreshed: &Result<Refreshed, String>) -> String {
    match refreshed {
        Ok(done) => {
            let change = if done.trusted_root_changed { "the trusted root is new" } else { "nothing new" };
            let kept = if done.kept {
                ""
            } else {
                "; the metadata could not be kept, so rollbacks to before now go unnoticed"
            };
            format!(
                "{BOLD}{}{BOLD:#}  up to date at root {}: {change}{kept}\n",
                Escaped(name),
                done.root_version
            )
        }
        Err(reason) => {
            format!("{BOLD}{}{BOLD:#}  {BAD}not refreshed{BAD:#}: {}\n", Escaped(name), Escaped(reason))
        }
    }
}

fn node(name: &str, refreshed: &Result<Refreshed, String>, now: Timestamp) -> Node {
    let node = Node::new().with("profile", name).with("refreshed", refreshed.is_ok());
    match refreshed {
        Ok(done) => node
            .with("root_version", done.root_version)
            .with("as_of", now)
            .with("trusted_root_changed", done.trusted_root_changed)
            .with("metadata_kept", done.kept),
        Err(reason) => node.with("reason", reason.as_str()),
    }
}
