//! `ceremony publish`.

use std::io::Write;

use jiff::Timestamp;
use sealwax_tuf::editor::{EditError, Repository};

use super::args::PublishArgs;
use super::directory::Planned;
use super::{Machine, report, repository};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::{Failure, terminal, trust};

pub(super) fn run(args: &PublishArgs, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let planned = Planned::read(&args.plan)?;
    let machine = Machine::new(&args.online, now)?;
    let _lock = repository::lock(&args.repository)?;
    let base = repository::open(&args.repository)?;
    let mut edition = match planned.edition(base.as_ref()) {
        Err(EditError::NothingToDo) => {
            return published(base.as_ref(), &[], args.json, out);
        }
        edition => edition?,
    };
    machine.complete(&mut edition)?;
    let publication = match edition.finish() {
        Err(error @ EditError::Incomplete { .. }) => {
            let node = report::plan(&args.plan, base.as_ref(), &edition);
            trust::write_node(out, node, args.json)?;
            terminal::notice(&format!("nothing was written: {error}"));
            return Ok(Status::NotVerified);
        }
        publication => publication?,
    };
    repository::write(&args.repository, &publication)?;
    let paths: Vec<&str> = publication.files.iter().map(|file| file.path.as_str()).collect();
    published(Some(&publication.repository), &paths, args.json, out)
}

/// What is published now.
pub(super) fn published(
    repository: Option<&Repository>,
    written: &[&str],
    json: bool,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let node =
        Node::new().with("repository", repository.map(report::versions)).with("written", written.to_vec());
    trust::write_node(out, node, json)?;
    Ok(Status::Verified)
}
