//! `ceremony due` and `ceremony renew`.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use sealwax_tuf::editor::{Change, Due, EditError, Edition, Repository, Role, due};

use super::args::{DueArgs, RenewArgs};
use super::changes::{self, MACHINES};
use super::{Machine, publish, repository};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::{Failure, terminal, trust};

pub(super) fn run(args: &DueArgs, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let repository = demand(&args.repository)?;
    let due = due(&repository, &changes::policy(&args.expires, &Role::ALL)?, now);
    let role = |role: Role| {
        Node::new()
            .with("role", role.name())
            .with("version", repository.version(role))
            .with("expires", repository.expires(role))
            .with("due", due.iter().any(|due| due.role == role))
    };
    trust::write_node(out, Node::new().with("roles", Role::ALL.map(role).to_vec()), args.json)?;
    Ok(if due.is_empty() { Status::Verified } else { Status::NotVerified })
}

pub(super) fn renew(args: &RenewArgs, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let machine = Machine::new(&args.online, now)?;
    let _lock = repository::lock(&args.repository)?;
    let repository = demand(&args.repository)?;
    let due = due(&repository, &machine.terms.policy, now);
    due.iter().filter(|due| !MACHINES.contains(&due.role)).for_each(|due| warn(due, now));
    let renewed = MACHINES.into_iter().filter(|role| args.now || due.iter().any(|due| due.role == *role));
    let renewed: Vec<Change> = renewed.map(|role| Change::Renew { role }).collect();
    let mut edition = match Edition::plan(Some(&repository), &renewed, &machine.terms) {
        Err(EditError::NothingToDo) => return publish::published(Some(&repository), &[], args.json, out),
        edition => edition?,
    };
    machine.complete(&mut edition)?;
    let publication = edition.finish()?;
    repository::write(&args.repository, &publication)?;
    let paths: Vec<&str> = publication.files.iter().map(|file| file.path.as_str()).collect();
    publish::published(Some(&publication.repository), &paths, args.json, out)
}

fn warn(due: &Due, now: Timestamp) {
    let verb = if due.expires <= now { "expired" } else { "expires" };
    terminal::notice(&format!(
        "{} {verb} at {}: plan a ceremony with `sealwax ceremony plan --renew {}`",
        due.role, due.expires, due.role
    ));
}

fn demand(directory: &Path) -> Result<Repository, Failure> {
    let none = || Failure::cannot(format!("there is no repository in {}", directory.display()));
    repository::open(directory)?.ok_or_else(none)
}
