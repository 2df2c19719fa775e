//! What an instance does by itself while it is served: rotations that are asked for or due, files of the repository that expire,
//! the turn of the identity provider's keys. One task owns all of it, so nothing is decided twice.

mod following;
mod planning;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sealwax_ca::Service as CertificateAuthority;
use sealwax_formats::ClientTrustConfig;
use sealwax_idp::provider::Provider;
use sealwax_log::{Kind, rekor};
use sealwax_server::journal::{Journal, Value};
use sealwax_server::{Hosts, Router, Site, grpc};
use sealwax_store::disk::Os;
use sealwax_tsa::TimestampAuthority;
use tokio::signal::unix::Signal;
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::{MissedTickBehavior, interval};

use super::certificates::Certified;
use super::config::Rotation;
use super::ct::Newest;
use super::elsewhere::Elsewhere;
use super::front::Front;
use super::handover::Request;
use super::health::Health;
use super::holdings::Holdings;
use super::instance::Instance;
use super::logs::Logs;
use super::page::Pages;
use super::places::{Service, Sites};
use super::publication::{self, Published};
use super::rotation::Part;
use super::vault::Vault;
use super::watched::{Moment, Watched};
use super::{authority, shard, timestamps};
use crate::Failure;
use crate::looks::Looks;

/// How often it is looked what is due: whoever asks for a rotation is answered within a second.
const LOOK: Duration = Duration::from_millis(500);

/// How long after a failure it is tried again: the failures are of disks, which do not heal in a moment.
const RETRY: Duration = Duration::from_secs(10);

/// How often the identity provider's keys are looked at, which sign for months; and how soon a certificate is tried to be followed by
/// another one again, where that failed.
const TURN: Duration = Duration::from_secs(3600);

/// How long requests that were begun before a switch may take, before the log that they use is frozen; and how long authorities in
/// other processes may go on to use it.
const PATIENCE: Duration = Duration::from_secs(60);

/// An instance at work, and what changes in it.
pub struct Steward {
    pub directory: PathBuf,
    pub rotation: Rotation,
    pub vault: Vault,
    pub instance: Instance,
    pub holdings: Holdings,
    pub published: Published,
    pub logs: Logs,
    pub authority: Option<Arc<CertificateAuthority>>,
    pub timestamps: Option<Arc<TimestampAuthority>>,
    pub newest: Option<Arc<Newest>>,
    pub accounts: Option<Arc<Provider<Os>>>,
    /// Where certificates are logged, if that is not here.
    pub elsewhere: Option<Elsewhere>,
    pub watched: Arc<Watched>,
    /// What stays through every rotation.
    pub fixed: Vec<(Service, Arc<dyn Site>)>,
    pub journal: Journal,
}

/// What is on its way.
#[derive(Default)]
struct State {
    /// Not before that, after a failure.
    retry: Option<Instant>,
    turned: Option<Instant>,
    /// Whose certificates end soon and could not be followed by others, and when.
    unrenewed: BTreeMap<Part, Instant>,
    /// Something is planned that clients may not have been told of.
    untold: bool,
    /// A log has ended that requests may still use, and when that was; or the start.
    switched: Option<Instant>,
    /// What others said of themselves when they were last read, and why they could not be read since.
    others: Vec<ClientTrustConfig>,
    unread: Option<String>,
    /// Routers that others have followed, and since when. Requests that began with them may use a log that has ended.
    exchanged: Vec<(Weak<Hosts>, Instant)>,
}

impl State {
    fn exchanged(&mut self, router: Weak<Hosts>) {
        self.exchanged.push((router, Instant::now()));
    }

    /// Whether no request uses a router that another one has followed, or has done so for too long.
    fn is_drained(&mut self) -> bool {
        self.exchanged.retain(|(router, since)| router.strong_count() > 0 && since.elapsed() < PATIENCE);
        self.exchanged.is_empty()
    }
}

impl Steward {
    /// What answers now.
    pub fn sites(&self) -> Hosts {
        let health = Router::default().with("", self.health()).with(grpc::Health::PATH, self.grpc_health());
        let mut sites = Sites::new(&self.instance, Arc::new(health));
        for (service, site) in &self.fixed {
            sites = sites.with(*service, |router, path| router.with(path, site.clone()));
        }
        let pages = Pages::new(&self.instance, &self.published.documents);
        sites
            .with(Service::Ct, |router, path| self.logs.mount_certificates(router, path))
            .with(Service::Log, |router, _| self.logs.mount_signatures(router))
            .with(Service::Page, |router, _| match self.instance.has(Service::Page) {
                true => router.with("", pages),
                false => router,
            })
            .finish()
    }

    /// For balancers that speak gRPC: what can be called so.
    fn grpc_health(&self) -> grpc::Health {
        let logs = self.logs.signatures.last().map(|log| rekor::health(log.running.log()));
        match self.authority.clone() {
            Some(authority) => logs.unwrap_or_default().with(sealwax_ca::SERVICE, move || authority.ready()),
            None => logs.unwrap_or_default(),
        }
    }

    /// Ready are the logs that take entries, authorities with valid certificates whose keys sign, and a clock that is trusted.
    fn health(&self) -> Health {
        let certificates = self.logs.certificates.last().map(|log| ("certificate log", &log.log));
        let signatures = self.logs.signatures.last().map(|log| ("signature log", log));
        let logs = certificates.into_iter().chain(signatures);
        let health = logs.fold(Health::default(), |health, (name, log)| {
            let log = log.running.log().clone();
            health.with(name, move || log.ready())
        });
        let watched = self.watched.clone();
        let health = health.with("renewal", move || watched.check(Timestamp::now()));
        let keepers = self.vault.keepers().clone();
        let health = health.with("keys", move || keepers.check());
        let health = match self.authority.clone() {
            Some(authority) => health.with("certificate authority", move || {
                authority.ready().then_some(()).ok_or("a certificate of its chain is not valid")
            }),
            None => health,
        };
        match self.timestamps.clone() {
            Some(timestamps) => health.with("timestamp authority", move || timestamps.ready()),
            None => health,
        }
    }

    /// Says what there is to watch now, and answers with it.
    fn exchange(&self, front: &Front) -> Weak<Hosts> {
        self.watched.is_now(self.moment());
        front.exchange(self.sites())
    }

    /// What there is to watch.
    pub fn moment(&self) -> Moment {
        let certificates = self.holdings.endings(&self.instance, &self.rotation);
        let planned = |part| Some((part, self.instance.planned(part)?.from));
        Moment {
            endings: certificates.into_iter().chain(self.published.endings.iter().cloned()).collect(),
            planned: Part::ALL.into_iter().filter_map(planned).collect(),
            logs: self.logs.metrics(),
        }
    }

    /// Does what is due, until `stop`.
    pub async fn look_after(
        mut self,
        front: Arc<Front>,
        hangup: Signal,
        mut stop: watch::Receiver<bool>,
    ) -> Self {
        let others = block_in_place(|| self.holdings.others.read()).unwrap_or_default();
        // The process before may have ended between a switch and the end of what had begun before it, and others may still use
        // what has ended.
        let mut state = State { others, switched: Some(Instant::now()), ..State::default() };
        let mut files = Looks::new(hangup);
        self.say_what_is_planned();
        self.say_what_is_kept(&self.published.kept);
        self.say_what_people_sign(&self.published.left);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = files.next() => self.look_at_files(&mut state),
                _ = stop.wait_for(|stop| *stop) => return self,
            }
            self.turn_accounts(&mut state, Timestamp::now());
            self.follow_log(&state, Timestamp::now()).await;
            if state.retry.is_some_and(|retry| Instant::now() < retry) {
                continue;
            }
            state.retry = None;
            if let Err(failure) = self.look(&mut state, &front, Timestamp::now()).await {
                self.journal.error("what is due was not done", &[("error", Value::Text(&failure.message))]);
                state.retry = Some(Instant::now() + RETRY);
            }
        }
    }

    async fn look(&mut self, state: &mut State, front: &Front, now: Timestamp) -> Result<(), Failure> {
        let asked = block_in_place(|| self.take_request(now))?;
        state.untold |= asked;
        block_in_place(|| self.renew_certificates(state, now))?;
        if state.untold || self.published.next <= now {
            state.exchanged(self.publish(front, now)?);
            state.untold = false;
        }
        if asked {
            // Whoever asked waits for this.
            block_in_place(|| Request::clear(&self.directory))?;
        }
        let due: Vec<Part> = (Part::ALL.into_iter())
            .filter(|part| self.instance.planned(*part).is_some_and(|term| term.from <= now))
            .collect();
        if self.published.is_told && !due.is_empty() {
            state.exchanged(self.switch(&due, front, now).await?);
            state.switched = Some(Instant::now());
            state.exchanged(self.publish(front, Timestamp::now())?);
        }
        if state.switched.is_some_and(|switched| self.have_followed(switched)) && state.is_drained() {
            self.logs.freeze_ended();
            state.switched = None;
        }
        Ok(())
    }

    /// By itself: what fails elsewhere must not keep it from being done.
    fn turn_accounts(&self, state: &mut State, now: Timestamp) {
        if state.turned.is_some_and(|turned| turned.elapsed() < TURN) {
            return;
        }
        state.turned = Some(Instant::now());
        let Some(accounts) = &self.accounts else { return };
        if let Err(error) = block_in_place(|| accounts.keys().turn(now)) {
            let fields = [("error", Value::Shown(&error))];
            self.journal.error("the identity provider's keys were not turned", &fields);
        }
    }

    /// Brings what clients are told up to the instance.
    fn publish(&mut self, front: &Front, now: Timestamp) -> Result<Weak<Hosts>, Failure> {
        let published = block_in_place(|| {
            let at = (&self.rotation, now);
            publication::publish(&self.directory, &self.vault, &mut self.instance, &self.holdings, at)
        })?;
        if published.is_told {
            for (part, from) in &published.news {
                let fields = [("of", Value::Shown(part)), ("from", Value::Shown(from))];
                self.journal.info("told clients of what follows", &fields);
            }
        }
        if published.kept != self.published.kept {
            self.say_what_is_kept(&published.kept);
        }
        if published.left != self.published.left {
            self.say_what_people_sign(&published.left);
        }
        self.published = published;
        Ok(self.exchange(front))
    }

    /// Puts what is due in use. What was begun before ends as it began, with the router that is returned.
    async fn switch(&mut self, due: &[Part], front: &Front, now: Timestamp) -> Result<Weak<Hosts>, Failure> {
        let mut next = self.instance.clone();
        for part in due {
            next.switch(*part, now, Rotation::signed(self.rotation.overlap));
        }
        // First the logs: they can fail, and then the ones before go on.
        let roots = self.holdings.roots()?;
        let begun = |part| next.in_use(part).map_or(0, |place| place + 1);
        let shards = next.certificate_shards.iter().zip(&self.holdings.certificate_logs);
        for (shard, keys) in shards.take(begun(Part::Ct)).skip(self.logs.certificates.len()) {
            let lay = || shard::lay(&self.directory, Kind::Certificate, shard, keys.clone(), Some(&roots));
            self.logs.open_certificate_log(block_in_place(lay)?, &roots).await?;
        }
        let shards = next.signature_shards.iter().zip(&self.holdings.signature_logs);
        for (shard, keys) in shards.take(begun(Part::Log)).skip(self.logs.signatures.len()) {
            let lay = || shard::lay(&self.directory, Kind::Signature, shard, keys.clone(), None);
            self.logs.open_signature_log(block_in_place(lay)?).await?;
        }
        self.logs.accept(&roots)?;
        let holdings = &self.holdings;
        let of = |part, list: &'_ [Certified]| next.in_use(part).and_then(|place| list.get(place)).cloned();
        let certified = of(Part::Ca, &holdings.certificate_authorities);
        let stamping = of(Part::Tsa, &holdings.timestamp_authorities);
        let issuer = certified.as_ref().map(authority::issuer).transpose()?;
        let credentials = stamping.as_ref().map(timestamps::credentials).transpose()?;

        // Then it is written down, and only then anything signs.
        block_in_place(|| next.write(&self.directory))?;
        self.instance = next;
        if let Some((newest, log)) = self.newest.as_ref().zip(self.logs.certificates.last()) {
            newest.follow(log.log.running.log().clone());
        }
        if let Some((authority, issuer)) = self.authority.as_ref().zip(issuer) {
            let log = match &self.elsewhere {
                Some(elsewhere) => elsewhere.in_use.clone(),
                None => authority::certificate_log(&self.logs, &self.holdings.others)?,
            };
            authority.renew(issuer, vec![log]);
        }
        if let Some((timestamps, credentials)) = self.timestamps.as_ref().zip(credentials) {
            timestamps.renew(credentials);
        }
        let before = self.exchange(front);
        for part in due {
            self.journal.info("another one is in use", &[("of", Value::Shown(part))]);
        }
        Ok(before)
    }

    fn say_what_is_kept(&self, kept: &[String]) {
        for what in kept {
            let what = [("what", Value::Text(what))];
            self.journal.warning("nobody says this any more, and clients are told as before", &what);
        }
    }

    fn say_what_people_sign(&self, left: &[String]) {
        left.iter().for_each(|why| self.journal.warning("a ceremony is due", &[("why", Value::Text(why))]));
    }

    fn say_what_is_planned(&self) {
        for part in Part::ALL {
            if let Some(term) = self.instance.planned(part) {
                let fields = [("of", Value::Shown(&part)), ("from", Value::Shown(&term.from))];
                self.journal.info("a rotation goes on", &fields);
            }
        }
    }
}
