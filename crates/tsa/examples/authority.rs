//! A time-stamping authority on the loopback, with a root and a key of its own in memory: what `cargo xtask interop tsa` asks.
//!
//! ```text
//! cargo run -p sealwax-tsa --example authority -- DIR p256|p384
//! ```
//!
//! It writes `root.pem` and `leaf.pem` into DIR, prints its URL, and ends when its standard input does.
#![allow(clippy::print_stdout, reason = "it says where it is")]

use jiff::SignedDuration;
use sealwax_crypto::{KeyKind, SigningKey};
use sealwax_server::{Options, Server};
use sealwax_tsa::{
    Credentials, Embedded, LastStamp, Metrics, Settings, Subject, TimestampAuthority,
    clock::{Clock, Reading},
    issue_leaf, issue_root, router,
};
use std::{error::Error, fs, path::Path, sync::Arc};
use tokio::io::AsyncReadExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (directory, kind) = match arguments.as_slice() {
        [directory, curve] if curve == "p256" => (Path::new(directory), KeyKind::EcdsaP256),
        [directory, curve] if curve == "p384" => (Path::new(directory), KeyKind::EcdsaP384),
        _ => return Err("usage: authority DIR p256|p384".into()),
    };
    let credentials = credentials(kind)?;
    let last = LastStamp::open(directory)?;
    for (name, certificate) in ["leaf.pem", "root.pem"].into_iter().zip(credentials.chain()) {
        fs::write(directory.join(name), certificate.to_pem())?;
    }
    let clock = Clock::new(None, Reading::take(), last.stored());
    let authority = Arc::new(TimestampAuthority::new(credentials, clock, last, Settings::default()));
    let site = router(Arc::clone(&authority), Arc::<Metrics>::default());

    let server = Server::bind("127.0.0.1:0".parse()?, site, Options::default())?;
    println!("http://{}/api/v1/timestamp", server.address());
    let stop = async {
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    };
    server.run(stop).await;
    Ok(authority.stop()?)
}

/// A root and a leaf, valid for an hour.
fn credentials(kind: KeyKind) -> Result<Credentials, Box<dyn Error>> {
    let (root_key, key) = (SigningKey::generate(KeyKind::EcdsaP384)?, Arc::new(SigningKey::generate(kind)?));
    let not_before = sealwax_net::now();
    let not_after = not_before + SignedDuration::from_hours(1);
    let subject = |common_name| Subject { organization: "example.com", common_name, not_before, not_after };
    let root = issue_root(&root_key, subject("Example Root"))?;
    let leaf = issue_leaf(&root_key, &root, key.public_key(), subject("Example Time-Stamping Authority"))?;
    Ok(Credentials::new(key, vec![leaf, root], Embedded::Leaf)?)
}
