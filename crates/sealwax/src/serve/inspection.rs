//! What a directory says of its instance, to whoever may read it: nothing is opened that is sealed, and nothing changed.

use std::path::Path;

use jiff::Timestamp;
use sealwax_formats::TrustedRoot;
use sealwax_log::Kind;
use sealwax_log::check::directory::State;

use super::certificates;
use super::config::{self, Config};
use super::expiry::Ending;
pub use super::expiry::check_planned;
use super::handover::Request;
use super::instance::{Instance, Shard};
use super::others;
use super::places::Service;
use super::repository::published_root;
use super::rotation::Part;
use super::shard;
use super::start::is_served;
use crate::Failure;
use crate::ceremony::repository;
use crate::log::block_on;
use crate::sources::read_limited;
use crate::tls_files::Validity;

/// What there is.
pub struct Inspection {
    pub instance: Instance,
    pub is_served: bool,
    pub has_time_sources: bool,
    pub endings: Vec<Ending>,
    pub logs: Vec<LogState>,
    pub planned: Vec<(Part, Timestamp)>,
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

/// Looks at a directory.
pub fn of(directory: &Path) -> Result<Inspection, Failure> {
    let instance = Instance::read(directory)?.filter(|instance| instance.made);
    let instance = instance.ok_or_else(|| {
        let directory = directory.display();
        Failure::cannot(format!("{directory} is no instance; `sealwax serve --dir {directory}` makes one"))
    })?;
    let path = directory.join(config::NAME);
    let config = match read_limited(&path, config::MAX_BYTES) {
        Ok(bytes) => Config::parse(&bytes, &path).map_err(|error| Failure::cannot(error.to_string()))?,
        Err(_) => Config::default(),
    };
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
    let planned = |part| Some((part, instance.planned(part)?.from));
    Ok(Inspection {
        planned: Part::ALL.into_iter().filter_map(planned).collect(),
        is_served: is_served(directory)?,
        has_time_sources: !config.time.servers.is_empty(),
        waits: Request::waits(directory),
        instance,
        endings,
        logs,
    })
}
