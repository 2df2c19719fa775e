//! `trust extend` and `trust end`: the next trusted root, in which everything stays that was in the one before.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use sealwax_formats::trust::{Instance, TrustChange, TrustChangeError};
use sealwax_formats::{TimeRange, TrustedRoot};

use super::args::{EndTrustArgs, ExtendTrustArgs};
use super::{end_key, new, write_node};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::profile::MAX_FILE;
use crate::sources::read_limited;
use crate::verify::duration;
use crate::{Failure, output_file};

/// Fewer digits of an id are too easily somebody else's.
const MIN_ID_DIGITS: usize = 8;

pub(super) fn extend(
    args: &ExtendTrustArgs,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<Status, Failure> {
    let lead = duration(&args.lead).map_err(|why| Failure::usage(format!("--lead: {why}")))?;
    let start = args.start.as_deref().map_or_else(|| whole_second(now), new::instant)?;
    let first_signed = args.first_signed.as_deref().map(new::instant).transpose()?;
    let old = read(&args.file)?;
    let mut root = old.clone();
    let mut added = Vec::new();
    for instance in new::trusted_root(&args.instances, start)?.instances() {
        let change = TrustChange::Add { instance: Box::new(instance.clone()), first_signed };
        let next = root.next(&change, now, lead)?;
        root = next.root;
        added.push(entry(&instance).with("usable_from", next.usable_from));
    }
    if added.is_empty() {
        return Err(Failure::usage("nothing to add: give --ca, --ct-log, --log or --tsa"));
    }
    let name = args.output.to_string_lossy();
    new::refuse_problems(&name, root.write().as_bytes(), Some(old.write().as_bytes()), now)?;
    write(&args.output, &root, args.overwrite)?;
    let node = Node::new().with("written", args.output.display().to_string()).with("added", added);
    write_node(out, node, args.json)?;
    Ok(Status::Verified)
}

pub(super) fn end(args: &EndTrustArgs, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let at = args.at.as_deref().map_or_else(|| whole_second(now), new::instant)?;
    if args.file.is_dir() {
        return end_key::run(args, at, out);
    }
    let output = args.output.as_deref();
    let output =
        output.ok_or_else(|| Failure::usage("--output FILE: where the next trusted root is to be"))?;
    let root = read(&args.file)?;
    let id = named(&root, &args.what)?;
    let next = root.next(&TrustChange::End { id: id.clone(), at }, now, jiff::SignedDuration::ZERO)?.root;
    write(output, &next, args.overwrite)?;
    let ended = next.instances().filter(|instance| instance.id() == id).map(|instance| entry(&instance));
    let node =
        Node::new().with("written", output.display().to_string()).with("ended", ended.collect::<Vec<_>>());
    write_node(out, node, args.json)?;
    Ok(Status::Verified)
}

/// The id of what is meant. By its URL, only what has not ended yet: the same address may have had many keys.
fn named(root: &TrustedRoot, word: &str) -> Result<String, Failure> {
    let is_open =
        |instance: &Instance| instance.valid_for().is_none_or(|range: TimeRange| range.end.is_none());
    let is_meant = |instance: &Instance| {
        instance.url() == word && is_open(instance)
            || word.len() >= MIN_ID_DIGITS && instance.id().starts_with(word)
    };
    let mut found: Vec<Instance> = root.instances().filter(is_meant).collect();
    found.sort_by_key(Instance::id);
    found.dedup_by_key(|instance| instance.id());
    match found.as_slice() {
        [one] => Ok(one.id()),
        [] => Err(Failure::usage(format!("the trusted root has nothing open that {word:?} names"))),
        several => {
            let ids: Vec<String> =
                several.iter().map(|instance| format!("{} {}", instance.kind(), instance.id())).collect();
            Err(Failure::usage(format!("{word:?} names several: {}; give an id", ids.join(", "))))
        }
    }
}

fn entry(instance: &Instance) -> Node {
    let range = instance.valid_for().unwrap_or_default();
    Node::new()
        .with("kind", instance.kind().to_string())
        .with("id", instance.id())
        .with("url", instance.url())
        .with("start", range.start)
        .with("end", range.end)
}

fn whole_second(instant: Timestamp) -> Result<Timestamp, Failure> {
    Timestamp::from_second(instant.as_second()).map_err(|error| Failure::cannot(error.to_string()))
}

fn read(path: &Path) -> Result<TrustedRoot, Failure> {
    let cannot = |reason: String| Failure::cannot(format!("{}: {reason}", path.display()));
    let bytes = read_limited(path, MAX_FILE).map_err(|error| cannot(error.to_string()))?;
    TrustedRoot::parse(&bytes).map_err(|error| cannot(error.to_string()))
}

fn write(path: &Path, root: &TrustedRoot, overwrite: bool) -> Result<(), Failure> {
    output_file::write(path, (root.write() + "\n").as_bytes(), overwrite)
}

impl From<TrustChangeError> for Failure {
    fn from(error: TrustChangeError) -> Self {
        match error {
            TrustChangeError::NotAWholeSecond { .. }
            | TrustChangeError::StartsTooLate { .. }
            | TrustChangeError::EndsBeforeStart { .. }
            | TrustChangeError::Lead { .. } => Failure::usage(error.to_string()),
            _ => Failure::cannot(error.to_string()),
        }
    }
}
