//! `sealwax log serve`.

pub mod face;
pub mod keeper;
pub mod signals;

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sealwax_log::anchor::Anchor;
use sealwax_log::engine::Host as _;
use sealwax_log::http::{CACHE_BYTES, LogSite};
use sealwax_log::metrics::Metrics;
use sealwax_log::witness::Witnesses;
use sealwax_server::journal::{Format, Journal, Value};
use sealwax_server::metrics::Page;
use sealwax_server::{Limits, Options, Proxies, Rate, Server, Site, Stopped, descriptors};
use sealwax_tlog::policy::Policy;
use tokio::signal::unix::SignalKind;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::keeper::{Keeper, Plan};
use super::args::{LogFormat, ServeArgs};
use super::description::Description;
use super::host::System;
use super::keys::Keys;
use crate::judge::Status;
use crate::tls_files::TlsFiles;
use crate::{Failure, ready_file};

/// How many seconds' worth of entries an address may submit at once.
const BURST_SECONDS: f64 = 10.0;

pub fn run(args: &ServeArgs) -> Result<Status, Failure> {
    descriptors::claim().map_err(|error| Failure::cannot(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;
    runtime.block_on(serve(args)).map(|()| Status::Verified)
}

async fn serve(args: &ServeArgs) -> Result<(), Failure> {
    let journal = journal(args.log_format);
    let description = Description::read(&args.directory)?;
    let keys = if args.read_only { Keys::public } else { Keys::open };
    let keys = keys(&args.directory, &description)?;
    let limits = limits(args)?;
    let tls = TlsFiles::open(args.tls_cert.as_deref(), args.tls_key.as_deref())?;
    let metrics = Arc::new(Metrics::default());
    let stop = signals::stop(&journal)?;
    let face = face::of(args, &description, &keys, &journal)?;

    // On a thread of its own: a round is not to wait for requests, nor requests for the disk.
    let keeper = Keeper::start(Plan {
        directory: args.directory.clone(),
        kind: description.kind,
        place: description.place.clone(),
        read_only: args.read_only,
        settle_every: Duration::from_secs(args.settle_every),
        signing: keys.signing,
        metrics: metrics.clone(),
        journal: journal.clone(),
        witnesses: witnesses(args)?,
        anchor: anchor(args)?,
    })
    .await?;
    let base = args.base_path.as_deref().unwrap_or(&description.path);
    let site = LogSite::new(keeper.log().clone(), face, base, CACHE_BYTES, journal.clone());
    let scheme = if tls.is_some() { "https" } else { "http" };
    let options = Options {
        limits,
        tls: tls.as_ref().map(TlsFiles::config),
        journal: journal.clone(),
        metrics: metrics.http.clone(),
        proxies: Proxies { networks: args.trusted_proxy.clone(), field: args.forwarded_field.into() },
    };
    let server = bind(args.listen, site, options)?;
    let url = url(scheme, server.address(), base);
    let observer = match args.metrics_listen {
        Some(address) => {
            let page = Page::new(move || metrics.text(System.now_ms()));
            // Those who fetch the metrics are not counted among the clients.
            Some(bind(address, page, Options { journal: journal.clone(), ..Options::default() })?)
        }
        None => None,
    };

    let metrics_url = observer.as_ref().map(|server| url_of_metrics(server.address()));
    let servers = [Some(server), observer].into_iter().flatten();
    let running: Vec<_> = servers.map(|server| start(server, stop.clone())).collect();
    if let Some(tls) = tls {
        tls.follow(signals::on(SignalKind::hangup())?, journal.clone());
    }
    announce(args, &url, metrics_url.as_deref(), &journal)?;

    // What was accepted is answered first, and only then the sequencer stops.
    for server in running {
        if let Ok(Stopped { cut: cut @ 1.. }) = server.await {
            let connections = u64::try_from(cut).unwrap_or(u64::MAX);
            journal.warning("connections were cut", &[("connections", Value::Number(connections))]);
        }
    }
    ready_file::remove(args.ready_file.as_deref());
    keeper.stop().await?;
    journal.info("stopped", &[]);
    Ok(())
}

fn bind(address: SocketAddr, site: impl Site + 'static, options: Options) -> Result<Server, Failure> {
    let server = Server::bind(address, site, options);
    server.map_err(|error| Failure::cannot(format!("cannot listen on {address}: {error}")))
}

pub fn start(server: Server, mut stop: watch::Receiver<bool>) -> JoinHandle<Stopped> {
    let stopping = async move {
        // An error says that nobody is left to ask for a stop, which is one.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::spawn(server.run(stopping))
}

/// Says that it answers, and where.
fn announce(args: &ServeArgs, url: &str, metrics: Option<&str>, journal: &Journal) -> Result<(), Failure> {
    let mut fields = vec![("url", Value::Text(url))];
    fields.extend(metrics.map(|url| ("metrics", Value::Text(url))));
    journal.info("serving", &fields);
    let fields = [("url", Some(url.to_owned())), ("metrics_url", metrics.map(str::to_owned))];
    ready_file::write(args.ready_file.as_deref(), fields)
}

fn url(scheme: &str, address: SocketAddr, base: &str) -> String {
    let base = base.trim_matches('/');
    let slash = if base.is_empty() { "" } else { "/" };
    format!("{scheme}://{}{slash}{base}", reachable(address))
}

fn url_of_metrics(address: SocketAddr) -> String {
    url("http", address, "metrics")
}

/// All addresses of this machine are no address to ask.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn limits(args: &ServeArgs) -> Result<Limits, Failure> {
    let default = Limits::default();
    let rate = match args.rate_limit {
        Some(rate) if !rate.is_finite() || rate <= 0.0 => {
            return Err(Failure::usage("--rate-limit takes a number above 0"));
        }
        rate => rate.map(rate_of),
    };
    Ok(Limits {
        connections: args.max_connections.unwrap_or(default.connections),
        connections_per_address: args.max_connections_per_address.unwrap_or(default.connections_per_address),
        submissions_per_address: rate,
        ..default
    })
}

/// What an address may submit, of a number per second.
pub fn rate_of(per_second: f64) -> Rate {
    Rate { per_second, burst: (per_second * BURST_SECONDS).max(1.0) }
}

fn witnesses(args: &ServeArgs) -> Result<Option<Witnesses>, Failure> {
    let Some(path) = &args.witness_policy else { return Ok(None) };
    let policy = Policy::parse(&read(path)?)
        .map_err(|error| Failure::cannot(format!("{}: {error}", path.display())))?;
    let witnesses = Witnesses::new(policy, Duration::from_secs(args.witness_timeout));
    witnesses.map(Some).map_err(|error| Failure::cannot(format!("{}: {error}", path.display())))
}

fn anchor(args: &ServeArgs) -> Result<Option<Anchor>, Failure> {
    let anchor = args.anchor.as_deref().map(Anchor::parse).transpose();
    anchor.map_err(|error| Failure::usage(format!("--anchor: {error}")))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::cannot(format!("cannot read {}: {error}", path.display())))
}

/// Lines on standard error.
pub fn journal(format: LogFormat) -> Journal {
    let format = match format {
        LogFormat::Human => Format::Human,
        LogFormat::Json => Format::Json,
    };
    Journal::new(move |event| {
        // Whoever has closed standard error does not want to read it.
        let _ = writeln!(std::io::stderr(), "{}", event.line(format, Timestamp::now()));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_can_be_asked() {
        let url = |address: &str, base| url("http", address.parse().unwrap(), base);
        assert_eq!(url("0.0.0.0:80", ""), "http://127.0.0.1:80");
        assert_eq!(url("[::]:80", "/a/b/"), "http://[::1]:80/a/b");
        assert_eq!(url("192.0.2.1:3000", "x"), "http://192.0.2.1:3000/x");
    }
}
