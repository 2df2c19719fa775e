//! `sealwax trust`: the profiles that verification stands on. Only `update` uses the network.

mod add;
pub(crate) mod args;
mod change;
mod end_key;
mod export;
mod keys;
mod lint;
pub(crate) mod new;
mod show;
mod update;

pub(crate) use self::new::refuse_problems;

use std::io::Write;

use jiff::Timestamp;
use sealwax_json::Value;

use self::args::TrustCommand;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::profile::{self, ProfileError, ProjectError, Removed};
use crate::{Failure, terminal};

pub(crate) fn run(command: TrustCommand, out: &mut impl Write) -> Result<Status, Failure> {
    let now = Timestamp::now();
    match command {
        TrustCommand::List { json } => show::list(json, now, out),
        TrustCommand::Show { profile, json } => show::show(profile.as_deref(), json, now, out),
        TrustCommand::Update { profiles, json } => update::run(&profiles, json, now, out),
        TrustCommand::Add { name, tuf, root, trusted_root, config, keys, private } => {
            let source = add::Source { tuf, root, trusted_root, config, keys, private };
            add::run(&name, &source, now, out)
        }
        TrustCommand::Keys(args) => keys::run(&args, now, out),
        TrustCommand::Remove { name } => remove(&name, out),
        TrustCommand::Lint { file, json } => lint::run(&file, json, now, out),
        TrustCommand::New(args) => new::run(&args, now, out),
        TrustCommand::Extend(args) => change::extend(&args, now, out),
        TrustCommand::End(args) => change::end(&args, now, out),
        TrustCommand::Export { profile, output, overwrite } => export::run(&profile, &output, overwrite, out),
    }
}

fn remove(name: &str, out: &mut impl Write) -> Result<Status, Failure> {
    match profile::remove(name)? {
        Removed::Profile => say(out, &format!("removed the trust profile {name}")),
        Removed::Copy => {
            say(out, &format!("removed the refreshed copy of {name}; the one that is built in applies"))
        }
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Name(_) | ProfileError::BuiltIn(_) => Failure::usage(error.to_string()),
            _ => Failure::cannot(error.to_string()),
        }
    }
}

impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::Profile(error) => error.into(),
            error => Failure::cannot(error.to_string()),
        }
    }
}

/// One sentence as the whole result.
fn say(out: &mut impl Write, sentence: &str) -> Result<Status, Failure> {
    write(out, &format!("{}\n", terminal::Escaped(sentence)))?;
    Ok(Status::Verified)
}

fn write(out: &mut impl Write, text: &str) -> Result<(), Failure> {
    out.write_all(text.as_bytes())
        .map_err(|error| Failure::cannot(format!("cannot write the result: {error}")))
}

pub(crate) fn write_json(out: &mut impl Write, value: &Value<'_>) -> Result<(), Failure> {
    write(out, &format!("{}\n", terminal::escaped_json(&sealwax_json::pretty(value))))
}

/// The same for people or for programs.
pub(crate) fn write_node(out: &mut impl Write, node: Node, json: bool) -> Result<(), Failure> {
    if json { write_json(out, &node.into_json()) } else { write(out, &node.to_text()) }
}
