//! `sealwax status`: how an instance is, from its directory or from outside, and what needs attention.

pub(crate) mod args;
mod ready;

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use sealwax_formats::TrustedRoot;
use sealwax_formats::trust::Instance as Entry;
use sealwax_json::Value;
use sealwax_pki::Certificate;
use sealwax_tlog::SignedCheckpoint;

use self::args::StatusArgs;
use self::ready::Way;
use crate::inspect::node::Node;
use crate::judge::Status;
use crate::log::remote::fetch;
use crate::serve::inspection::{self, Inspection};
use crate::{Failure, trust};

/// What is known of an instance.
#[derive(Default)]
struct Report {
    node: Node,
    /// What somebody should look into.
    attention: Vec<String>,
}

pub(crate) fn run(args: &StatusArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let now = Timestamp::now();
    let report = match (&args.directory, &args.url) {
        (Some(directory), _) => of_directory(directory, args.config.as_deref(), now)?,
        (None, Some(url)) => of_url(url, now)?,
        (None, None) => return Err(Failure::usage("give --dir or --url")),
    };
    let needs_none = report.attention.is_empty();
    let attention: Value<'_> = report.attention.into_iter().map(Value::from).collect();
    let node = report.node.with("attention", if needs_none { Value::from("none") } else { attention });
    trust::write_node(out, node, args.json)?;
    Ok(if needs_none { Status::Verified } else { Status::NotVerified })
}

fn of_directory(directory: &Path, config: Option<&Path>, now: Timestamp) -> Result<Report, Failure> {
    let Inspection {
        instance,
        is_served,
        is_where,
        has_time_sources,
        endings,
        logs,
        planned,
        is_told,
        waits,
    } = inspection::of(directory, config)?;
    let mut report = Report::default();
    report.say("url", instance.url.clone());
    report.say("served", is_served);
    report.needs(!is_served, || "no process serves it".to_owned());
    if let Some(url) = is_where.filter(|_| is_served) {
        report.ask(&url, Way::Direct);
    }
    report.say(
        "time sources",
        if has_time_sources { "configured" } else { "none: the machine's clock is believed" },
    );
    let logs = logs.into_iter().map(|log| {
        Node::new().with("log", log.path).with("size", log.size).with("frozen", log.is_frozen).into_json()
    });
    report.say("logs", logs.collect::<Value<'_>>());
    let ends = endings
        .iter()
        .map(|ending| Node::new().with("what", ending.what.as_str()).with("ends", ending.ends).into_json());
    report.say("endings", ends.collect::<Value<'_>>());
    report
        .attention
        .extend(endings.iter().filter_map(|ending| ending.check(now).err()).map(|late| late.to_string()));
    let plans = planned
        .iter()
        .map(|(part, from)| Node::new().with("what", part.name()).with("from", *from).into_json());
    report.say("planned", plans.collect::<Value<'_>>());
    for (part, from) in &planned {
        let late = inspection::check_planned(*part, *from, now).err();
        report.attention.extend(late.map(|late| late.to_string()));
    }
    report.needs(!is_told, || {
        "clients are not told of all that is planned or ended: a ceremony is due, or the journal says why not".to_owned()
    });
    report.needs(waits && !is_served, || {
        "a rotation or the end of a key is asked for, and waits for the next start".to_owned()
    });
    Ok(report)
}

fn of_url(url: &str, now: Timestamp) -> Result<Report, Failure> {
    let url = url.trim_end_matches('/');
    let missing =
        |what: &str| Failure::cannot(format!("{url} has no {what}: it is no instance of sealwax serve"));
    let bytes = fetch(url, "trusted_root.json")?.ok_or_else(|| missing("trusted_root.json"))?;
    let root =
        TrustedRoot::parse(&bytes).map_err(|error| Failure::cannot(format!("trusted_root.json: {error}")))?;
    let mut report = Report::default();
    report.say("url", url.to_owned());
    report.ask(url, Way::AsConfigured);
    let (mut logs, mut endings, mut planned) = (Vec::new(), Vec::new(), Vec::new());
    for entry in root.instances() {
        let from = entry.valid_for().and_then(|range| range.start);
        if let Some(from) = from.filter(|from| *from > now) {
            planned.push(Node::new().with("what", entry.kind().to_string()).with("from", from).into_json());
            continue;
        }
        let has_ended = entry.valid_for().is_some_and(|range| range.end.is_some());
        match &entry {
            Entry::Log(log) | Entry::CertificateLog(log) => {
                let size = size(&log.base_url).inspect_err(|failure| {
                    report.attention.push(format!("{}: {}", log.base_url, failure.message));
                });
                logs.push(
                    Node::new()
                        .with("log", log.base_url.as_str())
                        .with("size", size.ok())
                        .with("ended", has_ended)
                        .into_json(),
                );
            }
            Entry::CertificateAuthority(authority) | Entry::TimestampAuthority(authority) if !has_ended => {
                let chain = authority.cert_chain.iter().filter_map(|der| Certificate::from_der(der).ok());
                let Some(ends) = chain.map(|certificate| certificate.not_after()).min() else { continue };
                report.needs(ends < now, || format!("the {} ended at {ends}", entry.kind()));
                endings
                    .push(Node::new().with("what", entry.kind().to_string()).with("ends", ends).into_json());
            }
            _ => {}
        }
    }
    let timestamp = fetch(url, "tuf/timestamp.json")?.ok_or_else(|| missing("tuf/timestamp.json"))?;
    let timestamp: serde_json::Value = serde_json::from_slice(&timestamp)
        .map_err(|error| Failure::cannot(format!("tuf/timestamp.json: {error}")))?;
    let expires =
        timestamp.pointer("/signed/expires").and_then(|text| text.as_str()?.parse::<Timestamp>().ok());
    report.needs(expires.is_none_or(|expires| expires < now), || "the TUF repository has expired".to_owned());
    endings.push(Node::new().with("what", "tuf timestamp").with("ends", expires).into_json());
    report.say("logs", logs.into_iter().collect::<Value<'_>>());
    report.say("endings", endings.into_iter().collect::<Value<'_>>());
    report.say("planned", planned.into_iter().collect::<Value<'_>>());
    Ok(report)
}

/// What a log says its size is.
fn size(log: &str) -> Result<u64, Failure> {
    let bytes = fetch(log, "checkpoint")?.ok_or_else(|| Failure::cannot("it has no checkpoint"))?;
    let text = String::from_utf8_lossy(&bytes);
    let checkpoint = SignedCheckpoint::parse(&text).map_err(|error| Failure::cannot(error.to_string()))?;
    Ok(checkpoint.unverified().size().0)
}

impl Report {
    fn say(&mut self, name: &'static str, value: impl crate::inspect::node::Shown) {
        self.node = std::mem::take(&mut self.node).with(name, value);
    }

    /// Asks whoever serves it whether all of it does its work.
    fn ask(&mut self, url: &str, way: Way) {
        let unready = ready::unready(url, way);
        self.say("ready", unready.is_none());
        self.attention.extend(unready.map(|why| format!("not ready: {why}")));
    }

    fn needs(&mut self, attention: bool, why: impl FnOnce() -> String) {
        if attention {
            self.attention.push(why());
        }
    }
}
