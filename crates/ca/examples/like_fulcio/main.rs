//! `like_fulcio FULCIO CONFIG DIRECTORY CLIENT`: certificates of ours beside Fulcio's for the same tokens and keys, byte for byte; and
//! over gRPC, for Fulcio's own client (the program CLIENT).
//!
//! A running Fulcio (the program FULCIO) and this crate get one authority, one configuration and one identity provider on this
//! machine. The configuration takes its CI providers from CONFIG, the public instance's file, which must also load unchanged.
//! `cargo xtask interop ca` installs all that and runs this.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "an example")]

mod cases;
mod fulcio;
mod over_grpc;
mod provider;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sealwax_ca::{
    Authority, CertificateLog, CtLog, HttpProviders, Promise, ProvenKey, Service, Subject, VALIDITY,
    create_root, issue,
};
use sealwax_crypto::{HashAlgorithm, KeyKind, Message, Scheme, SigningKey};
use sealwax_oidc::{Configuration, Discovery, Identity, Jwks, Token};
use sealwax_pki::{Certificate, Sct, certificate_timestamp, oids, precert_log_entry};

use cases::{Case, Expected};
use fulcio::Fulcio;
use provider::Provider;

/// The largest clock difference of two processes on one machine that get a request one after the other.
const LATER: SignedDuration = SignedDuration::from_secs(30);

fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, public_configuration, directory, client] = arguments.as_slice() else {
        panic!("like_fulcio FULCIO CONFIG DIRECTORY CLIENT");
    };
    let public_configuration = std::fs::read_to_string(public_configuration).unwrap();
    let public = Configuration::parse(public_configuration.as_bytes()).unwrap();
    println!(
        "the public configuration loads unchanged: {} issuers, {} patterns",
        public.issuers().count(),
        public.patterns().count()
    );

    let provider = Provider::start();
    let text = cases::configuration(&public_configuration, &provider.url);
    let configuration = Configuration::parse(text.as_bytes()).unwrap();
    let (authority, key) = authority();
    let fulcio = Fulcio::start(program, directory, &text, &authority.chain()[0], &key);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut differences = 0;
    for case in cases::all(&provider.url) {
        let token = provider.token(&case.claims);
        let client = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        let ours = runtime.block_on(ours(&configuration, &authority, &token, &case, &client));
        let proof = client.sign(ES256, Message::Bytes(case.challenge.as_bytes())).unwrap();
        let theirs = fulcio.certificate(&token, client.public_key(), &proof);
        let found = compare(&ours, &theirs);
        let verdict = match (&case.expected, found) {
            (Expected::Same, Found::Same(extensions)) => format!("the same, {extensions} extensions"),
            (Expected::BothRefuse, Found::BothRefuse(why)) => format!("both refuse: {why}"),
            (Expected::WeRefuse(reason), Found::WeRefuse(why)) => format!("we refuse, {reason}: {why}"),
            (Expected::Differ(extension, reason), Found::Differ(list)) if list == [*extension] => {
                format!("{extension} differs, {reason}")
            }
            (_, found) => {
                differences += 1;
                format!("NOT AS EXPECTED: {found:?}")
            }
        };
        println!("{:40} {verdict}", case.name);
    }
    drop(fulcio);
    assert_eq!(differences, 0, "see above");

    let case = cases::all(&provider.url).into_iter().find(|case| matches!(case.expected, Expected::Same));
    let case = case.unwrap();
    let providers = Arc::new(HttpProviders::new().unwrap());
    let service = Service::new(authority, vec![Log::start()], providers, configuration, Timestamp::now);
    let said = over_grpc::ask(client, &Arc::new(service), &provider.token(&case.claims), &case.challenge);
    println!("over gRPC, by Fulcio's client: {said}");
}

const ES256: Scheme = Scheme::Ecdsa(HashAlgorithm::Sha256);

/// How the two compare.
#[derive(Debug)]
#[allow(dead_code, reason = "what is in it is printed")]
enum Found {
    Same(usize),
    Differ(Vec<String>),
    BothRefuse(String),
    WeRefuse(String),
    TheyRefuse(String),
}

fn compare(ours: &Result<Certificate, String>, theirs: &Result<Certificate, String>) -> Found {
    let (ours, theirs) = match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(why), Err(_)) => return Found::BothRefuse(why.clone()),
        (Err(why), Ok(_)) => return Found::WeRefuse(why.clone()),
        (Ok(_), Err(why)) => return Found::TheyRefuse(why.clone()),
    };
    let mut differences = Vec::new();
    let mut same = |what: &str, same: bool| {
        if !same {
            differences.push(what.to_owned());
        }
    };
    same("issuer", ours.issuer() == theirs.issuer());
    same("subject", ours.subject() == theirs.subject());
    same("key", ours.public_key_spki() == theirs.public_key_spki());
    same("algorithm", ours.signature_algorithm() == theirs.signature_algorithm());
    same("validity", theirs.not_before().duration_until(theirs.not_after()) == VALIDITY);
    same("start", ours.not_before().duration_until(theirs.not_before()).abs() < LATER);
    let listed = |certificate: &Certificate| -> Vec<(String, bool, Vec<u8>)> {
        let logged = certificate.extensions().filter(|extension| extension.oid != oids::SCT_LIST);
        logged.map(|one| (one.oid.to_string(), one.critical, one.value.to_vec())).collect()
    };
    let (our_list, their_list) = (listed(ours), listed(theirs));
    let names = |list: &[(String, bool, Vec<u8>)]| list.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
    same("order of extensions", names(&our_list) == names(&their_list));
    for (our, their) in our_list.iter().zip(&their_list) {
        same(&our.0, our == their);
    }
    if differences.is_empty() { Found::Same(our_list.len()) } else { Found::Differ(differences) }
}

/// What this crate makes of the token. The provider's documents are fetched as it serves them.
async fn ours(
    configuration: &Configuration,
    authority: &Authority,
    token: &str,
    case: &Case,
    client: &SigningKey,
) -> Result<Certificate, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let parsed = Token::parse(token).map_err(|error| text(&error))?;
    let issuer = parsed.claimed_issuer().to_owned();
    let settings = configuration.issuer(&issuer).ok_or("no such issuer")?;
    let document = provider::get(&Discovery::url(&issuer));
    let discovery = Discovery::parse(&document, &issuer).map_err(|error| text(&error))?;
    let keys = Jwks::parse(&provider::get(discovery.jwks_uri())).map_err(|error| text(&error))?;
    let verified = parsed
        .verify(&discovery.with_keys(keys), &settings.client_id, Timestamp::now())
        .map_err(|error| text(&error))?;
    let identity = Identity::of(&verified, configuration).map_err(|error| text(&error))?;
    let proof = client.sign(ES256, Message::Bytes(case.challenge.as_bytes())).unwrap();
    let key = ProvenKey::by_challenge(client.public_key().clone(), &proof, &identity)
        .map_err(|error| text(&error))?;
    let issued = issue(authority, &[Log::start()], &identity, key, &Timestamp::now).await;
    Ok(issued.map_err(|error| text(&error))?.certificate().clone())
}

fn authority() -> (Authority, SigningKey) {
    let key = SigningKey::generate(KeyKind::EcdsaP384).unwrap();
    let copy = SigningKey::from_pkcs8_der(&key.to_pkcs8_der().unwrap()).unwrap();
    let now = Timestamp::now();
    let name = Subject {
        organization: "sealwax.test",
        common_name: "like Fulcio",
        not_before: now - SignedDuration::from_hours(1),
        not_after: now + SignedDuration::from_hours(24),
    };
    let root = create_root(&key, name).unwrap();
    (Authority::new(vec![root], Arc::new(key)).unwrap(), copy)
}

/// A log that promises and keeps nothing: what it says is not compared.
struct Log(SigningKey);

impl Log {
    fn start() -> CertificateLog {
        let key = SigningKey::generate(KeyKind::EcdsaP256).unwrap();
        let public = key.public_key().clone();
        CertificateLog {
            name: "log".to_owned(),
            key: public,
            writes_leaf_index: false,
            log: Arc::new(Log(key)),
        }
    }
}

impl CtLog for Log {
    fn add_pre_chain<'a>(&'a self, chain: &'a [Certificate]) -> Promise<'a> {
        let timestamp_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap();
        let entry = precert_log_entry(chain).unwrap();
        let message = certificate_timestamp(timestamp_ms, &entry, &[]).unwrap();
        let sct = Sct {
            log_id: self.0.public_key().spki_sha256(),
            timestamp_ms,
            extensions: Vec::new(),
            hash_algorithm: 4,
            signature_algorithm: 3,
            signature: self.0.sign(ES256, Message::Bytes(&message)).unwrap(),
        };
        Box::pin(async { Ok(sct) })
    }
}
