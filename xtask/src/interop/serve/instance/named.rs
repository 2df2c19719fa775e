//! One process whose services have host names of their own, over TLS. The names mean this machine for the clients alone.

use std::path::Path;

use super::super::place::Place;
use super::{Documents, Instance, Process};
use crate::Failure;

/// Of which each service has one.
const DOMAIN: &str = "sealwax.test";

/// The host name of each service, and that of the documents.
const SERVICES: [&str; 6] = ["ca", "ct", "log", "tsa", "idp", "tuf"];
const DOCUMENTS: &str = "sigstore";

/// The names that clients look up.
pub(in super::super) fn names() -> Vec<String> {
    SERVICES.iter().chain([&DOCUMENTS]).map(|name| format!("{name}.{DOMAIN}")).collect()
}

/// Starts it, and returns what clients see.
pub(in super::super) fn start<'a>(program: &'a Path, place: &'a Place) -> Result<Instance<'a>, Failure> {
    let process = Process::new("instance")?;
    let at = |name: &str| format!("https://{name}.{DOMAIN}:{}", process.port);
    let hosts: String = SERVICES.iter().map(|name| format!("{name} = {:?}\n", at(name))).collect();
    let tls = place.tls().ok_or("a place without names")?;
    let configuration = format!(
        "url = {:?}\n[tls]\ncertificate = {:?}\nkey = {:?}\n[hosts]\n{hosts}",
        at(DOCUMENTS),
        tls.public,
        tls.private
    );
    process.configure(place, &configuration)?;
    let (server, ready) = process.serve(program, place)?;
    let documents = Documents { url: ready.member("url")?, tuf_url: at("tuf") };
    let timestamps = format!("{}/api/v1/timestamp", at("tsa"));
    Instance::with((program, place), Some(documents), timestamps, (&process, &ready), vec![server])
}
