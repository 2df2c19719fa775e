//! Three processes, each with some of the parts: who runs the logs has not the keys of the authority, who hands out the trust
//! has neither. What they need of each other is in files that an operator carries.

use std::path::Path;

use super::super::place::{Place, verdict};
use super::{Documents, Instance, Process};
use crate::Failure;

/// Starts them, and returns what clients see.
pub(in super::super) fn start<'a>(program: &'a Path, place: &'a Place) -> Result<Instance<'a>, Failure> {
    let [issuing, logging, trust] =
        [Process::new("issuing")?, Process::new("logging")?, Process::new("trust")?];
    let configure = |process: &Process, only: &[&str], others: &[&Process]| {
        let others: Vec<String> =
            others.iter().map(|other| format!("../{}/client_trust_config.json", other.name)).collect();
        process.configure(place, &format!("only = {only:?}\ntrust.others = {others:?}\n"))
    };
    // Its first start makes the root that the log is to accept, and ends, since it has no log yet.
    configure(&issuing, &["ca", "idp"], &[])?;
    match verdict(&mut issuing.told(place.command(program), place))? {
        Err(said) if said.contains("has no certificate log") => {}
        other => return Err(format!("an authority without a log does not end: {other:?}").into()),
    }
    configure(&logging, &["ct", "log", "tsa"], &[&issuing])?;
    let (logs, of_logs) = logging.serve(program, place)?;
    configure(&issuing, &["ca", "idp"], &[&logging])?;
    let (authority, ready) = issuing.serve(program, place)?;
    configure(&trust, &["tuf", "page"], &[&issuing, &logging])?;
    let (documents, of_trust) = trust.serve(program, place)?;
    let url = of_trust.member("url")?;
    let timestamps = format!("{}/api/v1/timestamp", of_logs.member("url")?);
    let servers = vec![documents, authority, logs];
    let documents = Documents { tuf_url: format!("{url}/tuf"), url };
    Instance::with((program, place), Some(documents), timestamps, (&issuing, &ready), servers)
}
