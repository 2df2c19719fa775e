//! One process that is all of it, as a first start makes it; it can be rotated, and started again.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::super::place::{Place, said};
use super::{Documents, Instance, Process};
use crate::{Failure, Outcome};

/// How long clients are told of keys before they are used. Nobody signs here while they wait.
const LEAD: &str = "3s";

/// The instance, and what serves it.
pub(in super::super) struct Whole<'a> {
    pub(in super::super) instance: Instance<'a>,
    process: Process,
}

impl<'a> Whole<'a> {
    /// One that has not been there before.
    pub(in super::super) fn start(program: &'a Path, place: &'a Place) -> Result<Self, Failure> {
        let process = Process::new("instance")?;
        let (server, ready) = process.serve(program, place)?;
        let url = ready.member("url")?;
        println!("an instance at {url}");
        let timestamps = format!("{url}/api/v1/timestamp");
        let documents = Documents { tuf_url: format!("{url}/tuf"), url };
        let servers = vec![server];
        let instance =
            Instance::with((program, place), Some(documents), timestamps, (&process, &ready), servers)?;
        Ok(Self { instance, process })
    }

    /// Every key that signs for clients is another one from now on.
    pub(in super::super) fn rotate(&self) -> Outcome {
        let mut rotate = self.instance.sealwax();
        rotate.args(["rotate", "all", "--wait", "--lead", LEAD, "--dir"]);
        said(rotate.arg(self.instance.place.path(self.process.name)))?;
        self.instance.publish_files()?;
        let trusted = fs::read(self.instance.files().join("trusted_root.json"))?;
        let trusted: Value = serde_json::from_slice(&trusted)?;
        for kind in ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"] {
            if trusted.get(kind).and_then(Value::as_array).map(Vec::len) != Some(2) {
                return Err(format!("after a rotation there are not two {kind}").into());
            }
        }
        Ok(())
    }

    /// Stopped as an operator stops it, and started again.
    pub(in super::super) fn restart(&mut self) -> Outcome {
        for server in self.instance.servers.drain(..) {
            server.stop()?;
        }
        let (server, _) = self.process.serve(self.instance.program, self.instance.place)?;
        self.instance.servers.push(server);
        Ok(())
    }
}
