//! What a directory says of its instance, to whoever may read it: nothing is opened that is sealed, and nothing changed.

use std::path::Path;

use jiff::Timestamp;
use sealwax_formats::TrustedRoot;
use sealwax_log::Kind;
use sealwax_log::check::directory::State;

use super::certificates;
use super::config::Config;
use super::expiry::Ending;
pub use super::expiry::check_planned;
use super::handover::Request;
use super::instance::{Instance, Shard, Term};
use super::others;
use super::places::Service;
use super::repository::published_root;
use super::rotation::Part;
use super::shard;
use super::start::{is_served, is_where};
use crate::Failure;
use crate::ceremony::repository;
use crate::log::block_on;
use crate::tls_files::Validity;

/// What there is.
pub struct Inspection {
    pub instance: Instance,
    pub is_served: bool,
    /// Where the process is asked how it is, if it has said so.
    pub is_where: Option<String>,
    pub has_time_sources: bool,
    pub endings: Vec<Ending>,
    pub logs: Vec<LogState>,
    pub planned: Vec<(Part, Timestamp)>,
    /// Whether clients are told of all that is planned and ended.
    pub is_told: bool,
    /// Whether a rotation or the end of a key is asked for that nobody has taken up.
    pub waits: bool,
}

/// A log.
pub struct LogState {
    /// Where it is read.
    pub path: String,
    pub size: u64,
    pub is_frozen: bool,
}

/// The trusted root that clients of an instance are told, by TUF or in the file that is carried to who has a repository.
pub fn told(directory: &Path, instance: &Instance) -> Result<Option<TrustedRoot>, Failure> {
    if instance.has(Service::Tuf) {
        return published_root(&directory.join("tuf"));
    }
    Ok(others::handed(directory)?.map(|handed| handed.trusted_root))
}

/// Whether a trusted root has it for this time.
pub fn lists(root: &TrustedRoot, part: Part, term: &Term) -> bool {
    let ranges = root.instances().filter(|one| one.kind() == part.kind()).filter_map(|one| one.valid_for());
    ranges.into_iter().any(|range| range.start == Some(term.from) && range.end == term.until)
}

/// Looks at a directory. `config`: the configuration that it is served with, if that is somewhere else.
pub fn of(directory: &Path, config: Option<&Path>) -> Result<Inspection, Failure> {
    let instance = Instance::read(directory)?.filter(|instance| instance.made);
    let instance = instance.ok_or_else(|| {
        let directory = directory.display();
        Failure::cannot(format!("{directory} is no instance; `sealwax serve --dir {directory}` makes one"))
    })?;
    let config = Config::of_file(directory, config).map_err(|failure| Failure::cannot(failure.message))?;
    let mut endings = Vec::new();
    for (part, list) in
        [(Part::Ca, &instance.certificate_authorities), (Part::Tsa, &instance.timestamp_authorities)]
    {
        let Some(authority) = instance.in_use(part).and_then(|place| list.get(place)) else { continue };
        let chain = certificates::chain_of(directory, part.name(), &authority.name)?;
        endings.extend(Ending::of_chain(part, &chain, &config.rotation));
    }
    if let Some(base) = repository::open(&directory.join("tuf"))? {
        endings.extend(Ending::of_repository(&base, &config.rotation.policy()));
    }
    let tls = config.tls.certificate.as_deref().and_then(Validity::of_file);
    endings.extend(tls.map(Ending::of_tls));
    let mut logs = Vec::new();
    for (part, kind, path, shards) in [
        (Part::Ct, Kind::Certificate, "/ct/", &instance.certificate_shards),
        (Part::Log, Kind::Signature, "/shard/", &instance.signature_shards),
    ] {
        let begun = instance.in_use(part).map_or(0, |place| place + 1);
        // One that was planned in a backup is nowhere here.
        let is_here = |shard: &&Shard| shard.term.until.is_none() || shard::is_laid(directory, kind, shard);
        for shard in shards.iter().take(begun).filter(is_here) {
            let (name, place) = (&shard.name, shard::place(directory, kind, shard));
            let state = block_on(State::read(&place))?;
            let state = state.map_err(|error| Failure::cannot(format!("{}: {error}", place.display())))?;
            let (size, is_frozen) = (state.lock.size, state.lock.frozen.is_some());
            logs.push(LogState { path: format!("{path}{name}"), size, is_frozen });
        }
    }
    let is_told = told(directory, &instance)?.is_none_or(|root| {
        let all = Part::ALL
            .into_iter()
            .flat_map(|part| instance.terms(part).into_iter().map(move |term| (part, term)));
        all.into_iter().all(|(part, term)| lists(&root, part, term))
    });
    let planned = |part| Some((part, instance.planned(part)?.from));
    Ok(Inspection {
        is_told,
        planned: Part::ALL.into_iter().filter_map(planned).collect(),
        is_served: is_served(directory)?,
        is_where: is_where(directory),
        has_time_sources: !config.time.servers.is_empty(),
        waits: Request::waits(directory),
        instance,
        endings,
        logs,
    })
}
