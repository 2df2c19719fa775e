//! A provider on a socket, with two people, a machine, and a clock that can be moved.

use crate::client::{Answer, Browser, FORM, send};
use jiff::{SignedDuration, Timestamp};
use sealwax_crypto::{HashAlgorithm, Message, PublicKey, Scheme};
use sealwax_idp::account::{Account, AccountId, AccountKind, AccountName, Email, MachineSecret, Person};
use sealwax_idp::issuer::IssuerUrl;
use sealwax_idp::password::PasswordHash;
use sealwax_idp::provider::{Provider, Settings};
use sealwax_idp::site::IdpSite;
use sealwax_idp::state::State;
use sealwax_idp::store::AccountStore;
use sealwax_idp::totp::{Step, TotpSecret};
use sealwax_json::Value;
use sealwax_server::journal::Journal;
use sealwax_server::{Options, Router, Server};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};

pub const PASSWORD: &str = "correct horse battery";

pub struct World {
    pub address: SocketAddr,
    pub secret: MachineSecret,
    directory: PathBuf,
    ahead: Arc<AtomicI64>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl World {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        let directory = std::env::temp_dir().join(format!("sealwax-idp-{}-{number}", std::process::id()));
        let state = State::open(&directory).unwrap();
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
        let provider = Provider::open(state, Settings::new(issuer), Journal::silent(), now).unwrap();
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

    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    pub fn issuer(&self) -> String {
        format!("http://{}/oidc", self.address)
    }

    /// The clock goes on.
    pub fn pass(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Relaxed);
    }

    /// What grace's app shows now.
    pub fn one_time_code(&self) -> String {
        let now = Timestamp::now().as_second() + self.ahead.load(Relaxed);
        totp().code(Step(u64::try_from(now / 30).unwrap()))
    }

    pub fn token(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        send(self.address, "POST", "/oidc/token", &[&[FORM], headers].concat(), body)
    }

    pub fn id(&self, name: &str) -> String {
        id(name).as_str().to_owned()
    }

    /// The claims of a token that a key of this issuer has signed.
    pub fn verify(&self, path: &str, algorithm: &str, token: &str) -> Value<'static> {
        use base64::Engine as _;
        let decode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
        let limits = sealwax_json::Limits::of_bytes(1 << 16);
        let parse = |bytes: &[u8]| sealwax_json::parse(bytes, &limits).unwrap().into_owned();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let header = parse(&decode(header));
        assert_eq!(header.member("alg").and_then(Value::as_str), Some(algorithm));
        let keys = send(self.address, "GET", &format!("{path}/keys"), &[], "").json();
        let keys = keys.member("keys").and_then(Value::as_array).unwrap();
        let key = keys.iter().find(|key| key.member("kid") == header.member("kid")).unwrap();
        let key = PublicKey::from_jwk(&sealwax_json::compact(key)).unwrap();
        let (scheme, signature) = match algorithm {
            "RS256" => (Scheme::RsaPkcs1(HashAlgorithm::Sha256), decode(signature)),
            _ => (Scheme::Ecdsa(HashAlgorithm::Sha256), der(&decode(signature))),
        };
        key.verify(scheme, Message::Bytes(signed.as_bytes()), &signature).unwrap();
        parse(&decode(claims))
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

/// The DER of an ECDSA signature of two numbers of 32 bytes.
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
        [&[2, u8::try_from(sign.len() + number.len()).unwrap()], sign, &number].concat()
    };
    let (r, s) = signature.split_at(32);
    let content = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat()
}
