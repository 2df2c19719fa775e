//! `trust end DIR KEY`: a key of an instance. Who serves it does it; how that is asked for, and why so, is in
//! [`crate::serve::handover`].

use std::io::Write;

use jiff::Timestamp;
use sealwax_json::Value;

use super::args::EndTrustArgs;
use super::write_node;
use crate::Failure;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::rotate::{WAITS, ask, new_id, read};
use crate::serve::ended::{End, EndError};
use crate::serve::handover::Request;
use crate::serve::inspection::{lists, told};

/// What is left to do where only people can tell clients.
const PEOPLE: &str =
    "written down; clients are told when those who hold the targets key have signed the trusted root";

pub(super) fn run(args: &EndTrustArgs, at: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    if args.output.is_some() || args.overwrite {
        return Err(Failure::usage("--output and --overwrite: of an instance nothing is written elsewhere"));
    }
    let (directory, end) = (&args.file, End { key: args.what.clone(), at });
    // What would be refused is refused here, where somebody reads it.
    read(directory)?.end(&end)?;
    let request =
        Request { id: new_id()?, parts: Vec::new(), lead_seconds: None, new_root: false, ends: vec![end] };
    let Some(instance) = ask(directory, &request)? else {
        write_node(out, Node::new().with("state", WAITS), args.json)?;
        return Ok(Status::Verified);
    };
    let ended = instance.ends_of(&args.what)?;
    let root = told(directory, &instance)?;
    let is_told = root.is_some_and(|root| ended.iter().all(|(part, term)| lists(&root, *part, term)));
    let terms = ended.iter().map(|(part, term)| {
        let node = Node::new().with("what", part.name()).with("from", term.from);
        node.with("until", term.until).into_json()
    });
    let node = Node::new()
        .with("state", if is_told { "clients are told" } else { PEOPLE })
        .with("ended", terms.collect::<Value<'_>>());
    write_node(out, node, args.json)?;
    Ok(Status::Verified)
}

impl From<EndError> for Failure {
    fn from(error: EndError) -> Self {
        match error {
            EndError::InUse { .. } | EndError::Planned { .. } => Failure::cannot(error.to_string()),
            _ => Failure::usage(error.to_string()),
        }
    }
}
