//! `ceremony due` and `ceremony renew`.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use sealwax_tuf::editor::{Change, Due, EditError, Edition, Repository, Role, due};

use super::args::{DueArgs, RenewArgs};
use super::{changes, open_key, publish, repository, sign_all};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::{Failure, terminal, trust};

/// What machines sign by themselves.
const ONLINE: [Role; 2] = [Role::Snapshot, Role::Timestamp];

pub(super) fn run(args: &DueArgs, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let repository = demand(&args.repository)?;
    let due = due(&repository, &changes::terms(&args.terms, now)?.policy, now);
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
    let keys = args.key.iter().map(|word| open_key(word)).collect::<Result<Vec<_>, _>>()?;
    let terms = changes::terms(&args.terms, now)?;
    let _lock = repository::lock(&args.repository)?;
    let repository = demand(&args.repository)?;
    let due = due(&repository, &terms.policy, now);
    due.iter().filter(|due| !ONLINE.contains(&due.role)).for_each(|due| warn(due, now));
    let renewed = ONLINE.into_iter().filter(|role| args.now || due.iter().any(|due| due.role == *role));
    let renewed: Vec<Change> = renewed.map(|role| Change::Renew { role }).collect();
    let mut edition = match Edition::plan(Some(&repository), &renewed, &terms) {
        Err(EditError::NothingToDo) => return publish::published(Some(&repository), &[], args.json, out),
        edition => edition?,
    };
    edition.date(&terms)?;
    for key in &keys {
        sign_all(&mut edition, key.as_ref())?;
    }
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
