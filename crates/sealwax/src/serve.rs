//! `sealwax serve`: the whole service side of a Sigstore in one process, on one directory, behind one address (ADR 6). The
//! only place that knows all services; they know nothing of each other.

pub(crate) mod accounts;
mod address;
pub(crate) mod args;
pub(crate) mod audit;
mod authority;
mod certificates;
pub(crate) mod config;
mod ct;
mod elsewhere;
pub(crate) mod ended;
mod expiry;
mod files;
mod first_entry;
mod format;
mod front;
pub(crate) mod handover;
mod health;
mod holdings;
pub(crate) mod inspection;
pub(crate) mod instance;
mod issuers;
mod logs;
mod others;
mod page;
pub(crate) mod permissions;
mod places;
mod publication;
mod reload;
mod repository;
mod restored;
pub(crate) mod rotation;
pub(crate) mod secret;
mod shard;
mod start;
mod steward;
mod time;
mod timestamps;
mod trust;
pub(crate) mod vault;
mod watched;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use sealwax_idp::provider::Provider;
use sealwax_idp::site::IdpSite;
use sealwax_server::journal::{Journal, Value};
use sealwax_server::metrics::Page;
use sealwax_server::{Listener, Options, Router, Server, Site, Stopped, descriptors};
use sealwax_store::disk::Os;
use sealwax_tsa::clock::Sources;
use tokio::signal::unix::SignalKind;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use self::args::ServeArgs;
use self::audit::AuditLog;
use self::audit::told::Told;
use self::certificates::Certified;
use self::config::Config;
use self::ct::Newest;
use self::elsewhere::Elsewhere;
use self::files::Files;
use self::front::Front;
use self::instance::Instance;
use self::issuers::Issuers;
use self::logs::Logs;
use self::others::Others;
use self::places::Service;
use self::reload::Reload;
use self::rotation::Part;
use self::secret::Source;
pub(crate) use self::start::is_served;
use self::start::{Ready, Wanted};
use self::steward::Steward;
use self::watched::{Authorities, Watched};
use crate::judge::Status;
use crate::log::serve::{self as log_serve, signals};
use crate::tls_files::TlsFiles;
use crate::{Failure, ready_file};

/// Where it listens unless told otherwise.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

pub(crate) fn run(args: &ServeArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let config = Config::load(args)?;
    if args.print_config {
        let printed = out.write_all(config.print().as_bytes());
        return printed
            .map(|()| Status::Verified)
            .map_err(|error| Failure::cannot(format!("cannot write the result: {error}")));
    }
    permissions::close();
    descriptors::claim().map_err(|error| Failure::cannot(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;
    let served = runtime.block_on(async {
        let journal = log_serve::journal(config.log_format);
        let stop = signals::stop(&journal)?;
        serve(args, &config, journal, stop).await
    });
    served.map(|()| Status::Verified)
}

/// Serves until `stop` is true.
pub(crate) async fn serve(
    args: &ServeArgs,
    config: &Config,
    journal: Journal,
    stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let hangup = signals::on(SignalKind::hangup())?;
    let tls = TlsFiles::open(config.tls.certificate.as_deref(), config.tls.key.as_deref())?;
    let sources = config.time.sources().map_err(|error| Failure::usage(format!("[time]: {error}")))?;
    let lock = start::lock(&args.dir)?;
    let listener = listen(args, config)?;
    start::say_where(&lock, listener.address(), tls.is_some());
    let ready = prepare(args, config, listener.address()).await?;
    tell_what_was_made(args, &ready, &journal);

    let watched = Arc::new(Watched::default());
    if let Some(tls) = &tls {
        watched.follow_tls(tls.validity());
    }
    let accounts = identity_provider(args, config, &ready, &journal).await?;
    let audit = AuditLog::open(&args.dir, &config.audit, journal.clone())?;
    let (steward, issuers) =
        set_up((args, config), ready, audit.clone(), accounts, sources, (&watched, &journal)).await?;
    let (front, instance) = (Arc::new(Front::new(steward.sites())), steward.instance.clone());

    let options = Options {
        limits: config.limits.of_server(),
        tls: tls.as_ref().map(TlsFiles::config),
        proxies: config.proxy.of_server(),
        journal: journal.clone(),
        metrics: watched.http.clone(),
    };
    let server = Server::on(listener, front.clone(), options);
    let server = server.map_err(|error| Failure::cannot(format!("cannot serve: {error}")))?;
    let server = log_serve::start(server, stop.clone());
    let again = signals::on(SignalKind::hangup())?;
    let issuers = issuers.map(|issuers| issuers.follow(again, journal.clone()));
    let (args_again, config_again) = (args.clone(), config.clone());
    let reload = Reload { args: args_again, config: config_again, authority: steward.authority.clone() };
    let reload = Some(reload.follow(signals::on(SignalKind::hangup())?, journal.clone()));
    let followed = tls.map(|tls| tls.follow(hangup, journal.clone()));
    let watching = steward.timestamps.clone().filter(|_| !config.time.servers.is_empty());
    let timed = watching.map(|authority| time::watch(config.time.watch(), authority, journal.clone()));
    let flushed = audit.clone().map(|audit| tokio::spawn(audit.keep_flushed()));
    let observer = observer(config, &steward, &journal)?;
    let metrics = observer.as_ref().map(|server| format!("http://{}/metrics", server.address()));
    let observer = observer.map(|server| log_serve::start(server, stop.clone()));
    let files = signals::on(SignalKind::hangup())?;
    let steward = tokio::spawn(steward.look_after(front, files, stop));
    announce(args, &instance, metrics.as_deref(), &journal)?;

    // What was accepted is answered first; then the logs settle.
    if let Ok(Stopped { cut: cut @ 1.. }) = server.await {
        let connections = u64::try_from(cut).unwrap_or(u64::MAX);
        journal.warning("connections were cut", &[("connections", Value::Number(connections))]);
    }
    for task in [issuers, reload, followed, timed, flushed].into_iter().flatten() {
        task.abort();
    }
    if let Some(observer) = observer {
        let _ = observer.await;
    }
    ready_file::remove(args.ready_file.as_deref());
    // Each to its end, whatever becomes of the others.
    let flushed = audit.map_or(Ok(()), |audit| audit.flush());
    let flushed = flushed.map_err(|error| Failure::cannot(format!("the audit log: {error}")));
    let steward = steward.await.map_err(|error| Failure::cannot(format!("a task has failed: {error}")))?;
    let stamped = steward.timestamps.as_ref().map_or(Ok(()), |timestamps| timestamps.stop());
    let stamped = stamped.map_err(|error| Failure::cannot(error.to_string()));
    let settled = steward.logs.stop().await;
    flushed.and(stamped).and(settled)?;
    journal.info("stopped", &[]);
    Ok(())
}

/// Opens the logs, and connects everything.
async fn set_up(
    (args, config): (&ServeArgs, &Config),
    ready: Ready,
    audit: Option<Arc<AuditLog>>,
    accounts: Option<Arc<Provider<Os>>>,
    sources: Option<Sources>,
    (watched, journal): (&Arc<Watched>, &Journal),
) -> Result<(Steward, Option<Issuers>), Failure> {
    let Ready { instance, vault, holdings, certificate_logs, signature_logs, published, .. } = ready;
    let mut logs = Logs::new(watched.http.clone(), journal.clone());
    for laid in certificate_logs {
        logs.open_certificate_log(laid, &holdings.roots()?).await?;
    }
    for laid in signature_logs {
        logs.open_signature_log(laid).await?;
    }
    let newest = logs.certificates.last().map(|log| Arc::new(Newest::of(log.log.running.log().clone())));
    let in_use = |part, list: &[Certified]| instance.in_use(part).and_then(|place| list.get(place).cloned());
    let stamping = in_use(Part::Tsa, &holdings.timestamp_authorities);
    let timestamps =
        stamping.map(|own| timestamps::authority(&args.dir, &own, sources, newest.clone(), journal));
    let timestamps = timestamps.transpose()?;
    let mut elsewhere = None;
    let (authority, issuers) = match in_use(Part::Ca, &holdings.certificate_authorities) {
        None => (None, None),
        Some(certified) => {
            let log = authority::certificate_log(&logs, &holdings.others)?;
            elsewhere = logs.certificates.is_empty().then(|| Elsewhere::new(log.clone()));
            let (authority, issuers) = authority::service(authority::Parts {
                issuers_here: accounts.is_some().then(|| [instance.issuer(), instance.machine_issuer()]),
                certified,
                log,
                accounts: accounts.clone(),
                issuers: config.issuers.as_deref(),
                quotas: config.quota.of_authority(),
                metrics: watched.certificates.clone(),
                told: Told { audit, journal: journal.clone() },
            })?;
            (Some(authority), Some(issuers))
        }
    };
    let mut fixed: Vec<(Service, Arc<dyn Site>)> = Vec::new();
    if let Some(accounts) = &accounts {
        fixed.push((Service::Idp, Arc::new(IdpSite::new(accounts.clone(), Timestamp::now))));
    }
    if let Some(authority) = &authority {
        fixed.push((Service::Ca, Arc::new(sealwax_ca::mount(Router::default(), authority))));
    }
    if let Some(timestamps) = &timestamps {
        let site = sealwax_tsa::mount(Router::default(), timestamps.clone(), watched.stamps.clone());
        fixed.push((Service::Tsa, Arc::new(site)));
    }
    if instance.has(Service::Tuf) {
        fixed.push((Service::Tuf, Arc::new(Files::new(args.dir.join("tuf")))));
    }
    let (directory, rotation, journal) = (args.dir.clone(), config.rotation.clone(), journal.clone());
    let watched = watched.clone();
    let steward = Steward {
        directory,
        rotation,
        vault,
        instance,
        holdings,
        published,
        logs,
        authority,
        timestamps,
        newest,
        accounts,
        elsewhere,
        watched,
        fixed,
        journal,
    };
    steward.watched.is_now(steward.moment());
    Ok((steward, issuers))
}

fn listen(args: &ServeArgs, config: &Config) -> Result<Listener, Failure> {
    let stored = start::stored(&args.dir)?.map(|instance| instance.listen);
    let address = match (config.listen, stored) {
        // The port was picked once; it is in every URL.
        (Some(asked), Some(stored)) if asked.port() == 0 => stored,
        (asked, stored) => asked.or(stored).unwrap_or(LISTEN),
    };
    Listener::bind(address).map_err(|error| Failure::cannot(format!("cannot listen on {address}: {error}")))
}

/// Not on a thread that answers: keys are made, and disks are waited for.
async fn prepare(args: &ServeArgs, config: &Config, listen: SocketAddr) -> Result<Ready, Failure> {
    let (directory, secret, url) = (args.dir.clone(), config.secret.clone(), config.url.clone());
    let (rotation, hosts) = (config.rotation.clone(), config.hosts.names()?);
    let (only, others) = (config.only.iter().copied().collect(), Others(config.trust.others.clone()));
    let prepared = spawn_blocking(move || {
        start::prepare(&Wanted {
            directory: &directory,
            secret: secret.as_deref(),
            listen,
            url: url.as_deref(),
            hosts: &hosts,
            only: &only,
            others: &others,
            rotation: &rotation,
        })
    });
    prepared.await.map_err(|error| Failure::cannot(format!("the start has failed: {error}")))?
}

/// Makes its keys, if there are none. None if that is no part of the instance.
async fn identity_provider(
    args: &ServeArgs,
    config: &Config,
    ready: &Ready,
    journal: &Journal,
) -> Result<Option<Arc<Provider<Os>>>, Failure> {
    if !ready.instance.has(Service::Idp) {
        return Ok(None);
    }
    let (directory, secret) = (args.dir.clone(), ready.vault.secret().clone());
    let (issuer, journal) = (ready.instance.issuer(), journal.clone());
    let knows_addresses = config.proxy.knows_addresses(config.tls.certificate.is_some(), &issuer);
    let opened =
        spawn_blocking(move || accounts::open(&directory, &secret, &issuer, knows_addresses, &journal));
    opened.await.map_err(|error| Failure::cannot(format!("the start has failed: {error}")))?.map(Some)
}

fn tell_what_was_made(args: &ServeArgs, ready: &Ready, journal: &Journal) {
    if !ready.is_new {
        return;
    }
    let directory = args.dir.display().to_string();
    journal.info(
        "made a new instance",
        &[("directory", Value::Text(&directory)), ("url", Value::Text(&ready.instance.url))],
    );
    if let Source::File(path) = &ready.secret {
        let path = path.display().to_string();
        journal.warning(
            "its keys open with this file alone: keep a copy of it elsewhere",
            &[("secret", Value::Text(&path))],
        );
    }
}

/// The metrics, on a listener of their own. Who fetches them is not counted among the clients.
fn observer(config: &Config, steward: &Steward, journal: &Journal) -> Result<Option<Server>, Failure> {
    let Some(address) = config.metrics_listen else { return Ok(None) };
    let (certificates, timestamps) = (steward.authority.clone(), steward.timestamps.clone());
    let (watched, authorities) = (steward.watched.clone(), Authorities { certificates, timestamps });
    let page = Page::new(move || watched.text(&authorities, Timestamp::now()));
    let server = Server::bind(address, page, Options { journal: journal.clone(), ..Options::default() });
    server.map(Some).map_err(|error| Failure::cannot(format!("cannot listen on {address}: {error}")))
}

/// Says that everything answers, and where.
fn announce(
    args: &ServeArgs,
    instance: &Instance,
    metrics: Option<&str>,
    journal: &Journal,
) -> Result<(), Failure> {
    let mut fields = vec![("url", Value::Text(&instance.url))];
    fields.extend(metrics.map(|url| ("metrics", Value::Text(url))));
    journal.info("serving", &fields);
    let has_issuers = instance.has(Service::Idp);
    let fields = [
        ("url", Some(instance.url.clone())),
        ("metrics_url", metrics.map(str::to_owned)),
        ("issuer", has_issuers.then(|| instance.issuer())),
        ("machine_issuer", has_issuers.then(|| instance.machine_issuer())),
    ];
    ready_file::write(args.ready_file.as_deref(), fields)
}
