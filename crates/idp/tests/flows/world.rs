//! A provider on a socket, with two people, a machine, and a clock that can be moved.

use crate::client::{Answer, Browser, FORM, send};
use jiff::{SignedDuration, Timestamp};
use sealwax_idp::account::{Account, AccountId, AccountKind, AccountName, Email, MachineSecret, Person};
use sealwax_idp::issuer::IssuerUrl;
use sealwax_idp::password::PasswordHash;
use sealwax_idp::provider::{Provider, Settings};
use sealwax_idp::site::IdpSite;
use sealwax_idp::state::State;
use sealwax_idp::store::AccountStore;
use sealwax_idp::totp::{Step, TotpSecret};
use sealwax_json::Value;
use sealwax_oidc::{Claims, Discovery, Jwks, Token};
use sealwax_server::journal::Journal;
use sealwax_server::{Options, Router, Server};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) secret: MachineSecret,
    directory: PathBuf,
    ahead: Arc<AtomicI64>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(|settings| settings)
    }

    /// With other settings than those of everybody.
    pub(crate) fn of(change: impl FnOnce(Settings) -> Settings) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        let directory = std::env::temp_dir().join(format!("sealwax-idp-{}-{number}", std::process::id()));
        let state = State::open(&directory, [7; 32]).unwrap();
        let secret = MachineSecret::new([7; 32]);
        let accounts = AccountStore::new(state.clone());
        for account in [
            person("ada", None),
            person("grace", Some(totp())),
            account("ci", AccountKind::Machine { secret: secret.hash() }),
        ] {
            accounts.change(|accounts| accounts.add(account.clone())).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let issuer = IssuerUrl::parse(&format!("http://127.0.0.1:{port}/oidc")).unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let now = Timestamp::now();
        let provider = Provider::open(state, change(Settings::new(issuer)), Journal::silent(), now).unwrap();
        let clock = {
            let ahead = Arc::clone(&ahead);
            move || Timestamp::now() + SignedDuration::from_secs(ahead.load(Relaxed))
        };
        let site = Router::default().with("/oidc", IdpSite::new(Arc::new(provider), clock));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (listening, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let at = SocketAddr::from(([127, 0, 0, 1], port));
                let server = Server::bind(at, site, Options::default()).unwrap();
                listening.send(server.address()).unwrap();
                server.run(async { drop(stopped.await) }).await;
            });
        });
        let address = address.recv().unwrap();
        Self { address, secret, directory, ahead, stop: Some(stop), thread: Some(thread) }
    }

    /// The file of the accounts is replaced by something else.
    pub(crate) fn spoil_accounts(&self) {
        let new = self.directory.join("spoilt");
        std::fs::write(&new, "nothing of ours").unwrap();
        std::fs::rename(new, self.directory.join("accounts.sealed")).unwrap();
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}/oidc", self.address)
    }

    /// The clock goes on.
    pub(crate) fn pass(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Relaxed);
    }

    /// What grace's app shows now.
    pub(crate) fn one_time_code(&self) -> String {
        let now = Timestamp::now().as_second() + self.ahead.load(Relaxed);
        totp().code(Step(u64::try_from(now / 30).unwrap()))
    }

    pub(crate) fn token(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        send(self.address, "POST", "/oidc/token", &[&[FORM], headers].concat(), body)
    }

    pub(crate) fn id(&self, name: &str) -> String {
        id(name).as_str().to_owned()
    }

    /// The claims of a token of the issuer at this path, by what it says of itself, as our certificate authority takes it.
    pub(crate) fn verify(&self, path: &str, algorithm: &str, token: &str) -> Claims {
        let issuer = format!("http://{}{path}", self.address);
        let document =
            send(self.address, "GET", &format!("{path}/.well-known/openid-configuration"), &[], "");
        let discovery = Discovery::parse(document.body.as_bytes(), &issuer).unwrap();
        let (_, keys) = discovery.jwks_uri().split_once(&self.address.to_string()).unwrap();
        let keys = Jwks::parse(send(self.address, "GET", keys, &[], "").body.as_bytes()).unwrap();
        assert_eq!(
            document.json().member("id_token_signing_alg_values_supported"),
            Some(&Value::from(vec![algorithm.to_owned().into()]))
        );
        let now = Timestamp::now() + SignedDuration::from_secs(self.ahead.load(Relaxed));
        let verified =
            Token::parse(token).unwrap().verify(&discovery.with_keys(keys), "sigstore", now).unwrap();
        verified.claims().clone()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
        std::fs::remove_dir_all(&self.directory).unwrap();
    }
}

fn totp() -> TotpSecret {
    TotpSecret::new([9; 20])
}

fn id(name: &str) -> AccountId {
    AccountId::new(sealwax_crypto::sha256(name.as_bytes())[..16].try_into().unwrap())
}

fn person(name: &str, totp: Option<TotpSecret>) -> Account {
    let email = Email::parse(&format!("{name}@example.com")).unwrap();
    let password = PasswordHash::new(PASSWORD, [1; 16]).unwrap();
    account(name, AccountKind::Person(Person { email, email_verified: true, password, totp }))
}

fn account(name: &str, kind: AccountKind) -> Account {
    let created = Timestamp::from_second(1_700_000_000).unwrap();
    Account { name: AccountName::parse(name).unwrap(), id: id(name), created, kind }
}
