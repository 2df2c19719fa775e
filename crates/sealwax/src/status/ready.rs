//! What `/readyz` says.

use std::time::Duration;

use sealwax_net::http::{BaseUrl, Client, Method, Timeouts, Transport};

/// How long it may take: it is asked of a process that is well, and of one that is not.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    read: Duration::from_secs(5),
    total: Duration::from_secs(10),
};

/// The longest answer that is read, bytes: some lines.
const MAX_BYTES: u64 = 16 << 10;

/// How a URL is asked.
#[derive(Clone, Copy)]
pub enum Way {
    /// Through whatever proxy there is for it.
    AsConfigured,
    /// Through none: it is of this machine, whatever its address.
    Direct,
}

/// Asks whoever answers below this URL: why not all of it does its work, if so.
pub fn unready(base: &str, way: Way) -> Option<String> {
    ask(base, way).unwrap_or_else(Some)
}

fn ask(base: &str, way: Way) -> Result<Option<String>, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let url = BaseUrl::parse(base, Transport::SelfProving).and_then(|base| base.join("readyz"));
    let url = url.map_err(|error| text(&error))?;
    let client = Client::without_redirects(&TIMEOUTS).map_err(|error| text(&error))?;
    let client = match way {
        Way::AsConfigured => client,
        Way::Direct => client.unproxied(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let asked = client.send(Method::GET, &url, &[], Vec::new(), MAX_BYTES);
    let answer = runtime.map_err(|error| text(&error))?.block_on(asked).map_err(|error| text(&error))?;
    let said = String::from_utf8_lossy(&answer.body);
    let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    Ok(match answer.status {
        200 => None,
        404 => Some("it is not said, /readyz is not there".to_owned()),
        _ if !said.is_empty() => Some(said),
        status => Some(format!("{url} answered with status {status}")),
    })
}
