//! `sealwax rotate`: asks an instance for other keys. Who serves it does it; how that is asked for, and why so, is in
//! [`crate::serve::handover`].

pub(crate) mod args;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sealwax_crypto::{hex, random};
use sealwax_json::Value;

use self::args::{RotateArgs, What};
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::serve::handover::Request;
use crate::serve::inspection::{lists, told};
use crate::serve::instance::Instance;
use crate::serve::is_served;
use crate::serve::permissions::check_user;
use crate::serve::rotation::Part;
use crate::verify::duration;
use crate::{Failure, trust};

/// How long the process that serves the instance may take to answer; it looks twice a second, and writes some files.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);

/// How long a process may take to tell clients of a switch that it has made: it does so at once.
const TELLING: Duration = Duration::from_secs(5);

/// What becomes of a request to an instance that is stopped.
pub(crate) const WAITS: &str = "waits for the next start, which tells clients";

pub(crate) fn run(args: &RotateArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let lead_seconds = args.lead.as_deref().map(seconds).transpose()?;
    let instance = read(&args.directory)?;
    // All that there are, of an instance that has some parts alone.
    let asked = |what: &What| {
        let parts =
            what.parts().iter().filter(|part| *what != What::All || instance.in_use(**part).is_some());
        parts.copied().collect::<Vec<Part>>()
    };
    let parts: BTreeSet<Part> = args.what.iter().flat_map(asked).collect();
    // What would be refused is refused here, where somebody reads it.
    let (mut next, now) = (instance.clone(), Timestamp::now());
    let planned = parts.iter().try_for_each(|part| next.plan(*part, now, lead_seconds.unwrap_or_default()));
    planned.map_err(|error| Failure::cannot(error.to_string()))?;

    let request = Request {
        id: new_id()?,
        parts: parts.iter().copied().collect(),
        lead_seconds,
        new_root: args.new_root,
        ends: Vec::new(),
    };
    let state = match (ask(&args.directory, &request)?, args.wait) {
        (None, false) => {
            let node = Node::new().with("state", WAITS);
            trust::write_node(out, node, args.json)?;
            return Ok(Status::Verified);
        }
        (None, true) => return Err(not_served(&args.directory)),
        (Some(planned), wait) => {
            if wait {
                done(&args.directory, &parts, planned)?
            } else {
                planned
            }
        }
    };
    trust::write_node(out, report(&state, &parts), args.json)?;
    Ok(Status::Verified)
}

fn report(instance: &Instance, parts: &BTreeSet<Part>) -> Node {
    let part = |part: &Part| {
        let planned = instance.planned(*part);
        let state = if planned.is_some() { "planned" } else { "in use" };
        let node = Node::new().with("what", part.name()).with("state", state);
        node.with("from", planned.map(|term| term.from)).into_json()
    };
    Node::new().with("rotation", parts.iter().map(part).collect::<Value<'_>>())
}

/// A name for a request.
pub(crate) fn new_id() -> Result<String, Failure> {
    let id = random::<16>().map_err(|error| Failure::cannot(error.to_string()))?;
    Ok(hex(&id))
}

/// Leaves a request, and waits until it is carried out and clients are told. None if nobody serves the instance: its next start does
/// it.
pub(crate) fn ask(directory: &Path, request: &Request) -> Result<Option<Instance>, Failure> {
    check_user(directory)?;
    let served = is_served(directory)?;
    request.leave(directory)?;
    served.then(|| answer(directory, request)).transpose()
}

/// Waits until the instance says what became of the request, and clients are told.
fn answer(directory: &Path, request: &Request) -> Result<Instance, Failure> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if Request::waits(directory) {
            sleep(LOOK);
            continue;
        }
        let instance = read(directory)?;
        let looked = instance.last_request.as_ref().filter(|looked| looked.id == request.id);
        return match looked.map(|looked| &looked.refused) {
            Some(Some(reason)) => Err(Failure::cannot(reason.clone())),
            Some(None) => Ok(instance),
            None => Err(Failure::cannot("the request was taken away, and not looked at")),
        };
    }
    if read(directory)?.last_request.is_some_and(|looked| looked.id == request.id) {
        return Err(Failure::cannot(
            "it is written down, but clients cannot be told yet, and it waits for that: the journal of the process says why",
        ));
    }
    // It would be taken up when nobody expects it any more.
    Request::clear(directory)?;
    Err(Failure::cannot(format!("{} is served by a process that does not answer", directory.display())))
}

/// Waits until all that is planned is in use, and clients are told of the end of what was; not for people who are to tell them.
fn done(directory: &Path, parts: &BTreeSet<Part>, planned: Instance) -> Result<Instance, Failure> {
    let (mut instance, mut in_use) = (planned, None::<Instant>);
    loop {
        if parts.iter().all(|part| instance.planned(*part).is_none()) {
            let since = in_use.get_or_insert_with(Instant::now);
            if since.elapsed() >= TELLING || are_told(directory, &instance, parts) {
                return Ok(instance);
            }
        }
        if !is_served(directory)? {
            return Err(not_served(directory));
        }
        sleep(LOOK);
        instance = read(directory)?;
    }
}

/// Whether clients are told of all that there is of these parts, and was.
fn are_told(directory: &Path, instance: &Instance, parts: &BTreeSet<Part>) -> bool {
    // What cannot be read may be on its way.
    let Ok(Some(root)) = told(directory, instance) else { return false };
    let is_told = |part: &Part| instance.terms(*part).iter().all(|term| lists(&root, *part, term));
    parts.iter().all(is_told)
}

/// The instance in a directory.
pub(crate) fn read(directory: &Path) -> Result<Instance, Failure> {
    let instance = Instance::read(directory)?.filter(|instance| instance.made);
    instance.ok_or_else(|| {
        let directory = directory.display();
        Failure::cannot(format!("{directory} is no instance; `sealwax serve --dir {directory}` makes one"))
    })
}

fn not_served(directory: &Path) -> Failure {
    Failure::cannot(format!(
        "{} is not served, so nothing happens before its next start, which takes the rotation up",
        directory.display()
    ))
}

fn seconds(lead: &str) -> Result<u32, Failure> {
    let lead = duration(lead).map_err(|why| Failure::usage(format!("--lead: {why}")))?;
    u32::try_from(lead.as_secs()).map_err(|_| Failure::usage("--lead: more than a century"))
}
