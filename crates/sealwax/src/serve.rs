//! `sealwax serve`: the whole service side of a Sigstore in one process, on one directory, behind one address (ADR 6). The
//! only place that knows all services; they know nothing of each other.

pub(crate) mod accounts;
mod address;
pub(crate) mod args;
mod audit;
mod authority;
mod certificates;
pub(crate) mod config;
mod ct;
mod files;
mod format;
mod health;
mod instance;
mod issuers;
mod page;
mod repository;
mod secret;
mod shard;
mod start;
mod time;
mod trust;
mod vault;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sealwax_ca::Service;
use sealwax_idp::provider::Provider;
use sealwax_idp::site::IdpSite;
use sealwax_json::{Object, Value as Json};
use sealwax_log::ct::{CtFace, NotAfterWindow, Roots};
use sealwax_log::http::{Face, LogSite};
use sealwax_log::metrics::Metrics;
use sealwax_log::{Log, rekor};
use sealwax_pki::Certificate;
use sealwax_server::grpc;
use sealwax_server::journal::{Journal, Value};
use sealwax_server::{Listener, Options, Router, Server, Stopped, descriptors};
use sealwax_store::disk::Os;
use sealwax_tlog::LogKey;
use sealwax_tsa::clock::{Clock, Reading, Sources};
use sealwax_tsa::{Credentials, Embedded, LastStamp, Settings, TimestampAuthority};
use tokio::signal::unix::SignalKind;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use self::args::ServeArgs;
use self::audit::AuditLog;
use self::certificates::Certified;
use self::config::Config;
use self::ct::InProcess;
use self::files::Files;
use self::health::Health;
use self::instance::{Instance, Shard};
use self::page::Pages;
use self::secret::Source;
use self::shard::Running;
use self::start::{Ready, Wanted};
use self::trust::{Documents, ISSUER, MACHINE_ISSUER};
use self::vault::Vault;
use crate::judge::Status;
use crate::log::serve::{self as log_serve, signals};
use crate::tls_files::TlsFiles;
use crate::{Failure, output_file};

/// Where it listens unless told otherwise.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

/// How often it is looked what is due by the clock: files of the repository to be signed again, of which the shortest lasts
/// seven days, and the turn of the identity provider's keys, which sign for months.
const LOOK: Duration = Duration::from_secs(3600);

/// Of each log: what an instance of a company reads is little, and idle memory is a bar.
const CACHE_BYTES: usize = 16 << 20;

pub(crate) fn run(args: &ServeArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let config = Config::load(args)?;
    if args.print_config {
        let printed = out.write_all(config.print().as_bytes());
        return printed
            .map(|()| Status::Verified)
            .map_err(|error| Failure::cannot(format!("cannot write the result: {error}")));
    }
    descriptors::claim().map_err(|error| Failure::cannot(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::cannot(format!("cannot start: {error}")))?;
    runtime.block_on(serve(args, &config)).map(|()| Status::Verified)
}

async fn serve(args: &ServeArgs, config: &Config) -> Result<(), Failure> {
    let journal = log_serve::journal(config.log_format);
    let stop = signals::stop(&journal)?;
    let hangup = signals::on(SignalKind::hangup())?;
    let tls = TlsFiles::open(config.tls.certificate.as_deref(), config.tls.key.as_deref())?;
    let sources = config.time.sources().map_err(|error| Failure::usage(format!("[time]: {error}")))?;
    let _lock = start::lock(&args.dir)?;
    let listener = listen(args, config)?;
    let ready = prepare(args, config, listener.address()).await?;
    tell_what_was_made(args, &ready, &journal);

    let accounts = identity_provider(args, config, &ready, &journal).await?;
    let metrics = Arc::new(Metrics::default());
    let certificate_log = Running::start(ready.certificate_log, metrics.clone(), journal.clone()).await?;
    let signature_log = Running::start(ready.signature_log, metrics.clone(), journal.clone()).await?;
    let ct_face = ct_face(&certificate_log, &ready.certificate_authority)?;
    let ct_log = Arc::new(InProcess { log: certificate_log.log().clone(), face: ct_face.clone() });
    let timestamps =
        timestamp_authority(&args.dir, ready.timestamp_authority, sources, ct_log.clone(), &journal)?;
    let audit = AuditLog::open(&args.dir, &config.audit, journal.clone())?;
    let (authority, issuers) = authority::service(authority::Parts {
        url: &ready.instance.url,
        certified: ready.certificate_authority,
        log: (&certificate_log.keys, ct_log),
        accounts: accounts.clone(),
        issuers: config.issuers.as_deref(),
        quotas: config.quota.of_authority(),
        audit: audit.clone(),
    })?;
    let health =
        health(&[("certificate log", &certificate_log), ("signature log", &signature_log)], &timestamps);
    let site = Router::default().with("", health);
    let site = site.with(ISSUER, IdpSite::new(accounts.clone(), Timestamp::now));
    let site = sealwax_ca::mount(site, &authority);
    let site = site.with(grpc::Health::PATH, grpc_health(signature_log.log(), &authority));
    let site = sealwax_tsa::mount(site, timestamps.clone(), Arc::default());
    let site =
        with_logs(site, &ready.instance, (&certificate_log, ct_face.clone()), &signature_log, &journal)?
            .with("/tuf", Files::new(args.dir.join("tuf")))
            .with("", Pages::new(&ready.instance.url, &ready.documents));

    let options = Options {
        limits: config.limits.of_server(),
        tls: tls.as_ref().map(TlsFiles::config),
        proxies: config.proxy.of_server(),
        journal: journal.clone(),
        metrics: metrics.http.clone(),
    };
    let server = Server::on(listener, site, options);
    let server = server.map_err(|error| Failure::cannot(format!("cannot serve: {error}")))?;
    let server = log_serve::start(server, stop.clone());
    let fresh = keep_fresh(args.dir.join("tuf"), ready.vault, ready.documents, accounts, journal.clone());
    let fresh = tokio::spawn(fresh);
    let issuers = issuers.follow(signals::on(SignalKind::hangup())?, journal.clone());
    let followed = tls.map(|tls| tls.follow(hangup, journal.clone()));
    let watched = (!config.time.servers.is_empty())
        .then(|| time::watch(config.time.watch(), timestamps.clone(), journal.clone()));
    let flushed = audit.clone().map(|audit| tokio::spawn(audit.keep_flushed()));
    announce(args, &ready.instance.url, &journal)?;

    // What was accepted is answered first; then the logs settle.
    if let Ok(Stopped { cut: cut @ 1.. }) = server.await {
        let connections = u64::try_from(cut).unwrap_or(u64::MAX);
        journal.warning("connections were cut", &[("connections", Value::Number(connections))]);
    }
    for task in [Some(fresh), Some(issuers), followed, watched, flushed].into_iter().flatten() {
        task.abort();
    }
    if let Some(audit) = audit {
        audit.flush().map_err(|error| Failure::cannot(format!("the audit log: {error}")))?;
    }
    timestamps.stop().map_err(|error| Failure::cannot(error.to_string()))?;
    signature_log.stop().await?;
    certificate_log.stop().await?;
    journal.info("stopped", &[]);
    Ok(())
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
    let prepared = spawn_blocking(move || {
        start::prepare(&Wanted {
            directory: &directory,
            secret: secret.as_deref(),
            listen,
            url: url.as_deref(),
        })
    });
    prepared.await.map_err(|error| Failure::cannot(format!("the start has failed: {error}")))?
}

/// Makes its keys, if there are none.
async fn identity_provider(
    args: &ServeArgs,
    config: &Config,
    ready: &Ready,
    journal: &Journal,
) -> Result<Arc<Provider<Os>>, Failure> {
    let (directory, secret) = (args.dir.clone(), ready.vault.secret().clone());
    let (url, journal) = (ready.instance.url.clone(), journal.clone());
    let knows_addresses = config.proxy.knows_addresses(config.tls.certificate.is_some(), &url);
    let opened = spawn_blocking(move || {
        accounts::open(&directory, &secret, &format!("{url}{ISSUER}"), knows_addresses, &journal)
    });
    opened.await.map_err(|error| Failure::cannot(format!("the start has failed: {error}")))?
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

/// Ready are the logs that take entries, and a timestamp authority whose clock is trusted.
fn health(logs: &[(&str, &Running)], timestamps: &Arc<TimestampAuthority>) -> Health {
    let with_log = |health: Health, (name, log): &(&str, &Running)| {
        let log = log.log().clone();
        health.with(name, move || log.ready())
    };
    let timestamps = timestamps.clone();
    logs.iter().fold(Health::default(), with_log).with("timestamp authority", move || timestamps.ready())
}

/// For balancers that speak gRPC: what can be called so.
fn grpc_health(signature_log: &Log, authority: &Arc<Service>) -> grpc::Health {
    let authority = authority.clone();
    rekor::health(signature_log).with(sealwax_ca::SERVICE, move || authority.ready())
}

/// The logs below their names; the active signature shard at the root as well.
fn with_logs(
    site: Router,
    instance: &Instance,
    (certificate_log, ct_face): (&Running, Arc<CtFace>),
    signature_log: &Running,
    journal: &Journal,
) -> Result<Router, Failure> {
    let named = |shards: &[Shard]| shards.last().map(|shard| shard.name.clone()).unwrap_or_default();
    let of = |log: &Running, face| {
        Arc::new(LogSite::new(log.log().clone(), face, "", CACHE_BYTES, journal.clone()))
    };
    let certificates = of(certificate_log, Face::Certificate(ct_face));
    let signatures = of(signature_log, signature_face(signature_log)?);
    Ok(site
        .with(&format!("/ct/{}", named(&instance.certificate_shards)), certificates)
        .with(&format!("/shard/{}", named(&instance.signature_shards)), signatures.clone())
        .with("", signatures))
}

fn signature_face(log: &Running) -> Result<Face, Failure> {
    let key = log.keys.signing.verifier_keys().next().cloned();
    let key = key.and_then(|key| LogKey::from_verifier_key(key).ok());
    let key = key.ok_or_else(|| Failure::cannot("the key of the log is not one that logs have"))?;
    Ok(Face::Signature { key_id: *key.id() })
}

/// It takes what the instance's own authority certifies, and nothing else.
fn ct_face(log: &Running, authority: &Certified) -> Result<Arc<CtFace>, Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::cannot(format!("the certificate log: {error}"));
    let root = authority.chain.last().map(Certificate::to_pem).unwrap_or_default();
    let roots = Roots::from_pem(&root).map_err(|error| cannot(&error))?;
    let face = CtFace::new(log.keys.signer.clone(), roots, NotAfterWindow::default());
    face.map(Arc::new).map_err(|error| cannot(&error))
}

/// It stamps no time that is behind the certificate log's.
fn timestamp_authority(
    directory: &Path,
    certified: Certified,
    sources: Option<Sources>,
    log: Arc<InProcess>,
    journal: &Journal,
) -> Result<Arc<TimestampAuthority>, Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::cannot(format!("the timestamp authority: {error}"));
    let credentials = Credentials::new(Arc::new(certified.key), certified.chain, Embedded::Leaf);
    let credentials = credentials.map_err(|error| cannot(&error))?;
    let last = LastStamp::open(&directory.join("tsa")).map_err(|error| cannot(&error))?;
    let clock = Clock::new(sources, Reading::take(), last.stored());
    Ok(Arc::new(TimestampAuthority::new(
        credentials,
        clock,
        last,
        Settings { log: Some(log), journal: journal.clone(), ..Settings::default() },
    )))
}

/// Does what is due by the clock, as long as the instance is served.
async fn keep_fresh(
    directory: PathBuf,
    vault: Vault,
    documents: Documents,
    accounts: Arc<Provider<Os>>,
    journal: Journal,
) {
    let due = Arc::new(move || {
        let now = Timestamp::now();
        // Each by itself: what fails must not keep the other from being done.
        let failed = |what: &dyn std::fmt::Display| {
            journal.error("what is due was not done", &[("error", Value::Shown(what))]);
        };
        match repository::publish(&directory, &vault, &documents, now) {
            Ok(left) => {
                left.iter()
                    .for_each(|why| journal.warning("a ceremony is due", &[("why", Value::Text(why))]));
            }
            Err(failure) => failed(&failure.message),
        }
        if let Err(error) = accounts.keys().turn(now) {
            failed(&format!("the identity provider's keys: {error}"));
        }
    });
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let due = due.clone();
        // A panic has been reported by itself; the next look tries again.
        let _ = spawn_blocking(move || due()).await;
    }
}

/// Says that everything answers, and where.
fn announce(args: &ServeArgs, url: &str, journal: &Journal) -> Result<(), Failure> {
    journal.info("serving", &[("url", Value::Text(url))]);
    let Some(path) = &args.ready_file else { return Ok(()) };
    let mut ready = Object::new();
    ready.insert("url", Json::from(url.to_owned()));
    ready.insert("issuer", Json::from(format!("{url}{ISSUER}")));
    ready.insert("machine_issuer", Json::from(format!("{url}{MACHINE_ISSUER}")));
    let text = format!("{}\n", sealwax_json::compact(&Json::Object(ready)));
    output_file::write(path, text.as_bytes(), true)
}
