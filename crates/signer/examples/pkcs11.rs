//! Signs with a key in a PKCS#11 token:
//!
//! ```text
//! $ cargo run -p sealwax-signer --example pkcs11 -- 'pkcs11:token=…;object=…?module-path=/…/module.so&pin-source=file:/…'
//! ECDSA P-256
//! ```
//!
//! and then one command per line of standard input, each answered by `ok` or `error: …`:
//!
//! ```text
//! public FILE                  writes the public key
//! sign SCHEME FILE SIGNATURE   signs a file: ed25519, ecdsa-sha256, rsa-pkcs1-sha384, rsa-pss-sha512, …
//! threads THREADS COUNT        signs COUNT messages in each of THREADS threads, and says how long it took
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use sealwax_crypto::{HashAlgorithm, Message, Scheme};
use sealwax_signer::Signer;
use sealwax_signer::pkcs11::{TokenKey, Uri};
use std::error::Error;
use std::time::Instant;
use std::{fs, io, thread};

fn main() -> Result<(), Box<dyn Error>> {
    let uri = std::env::args().nth(1).ok_or("which key? pkcs11:…")?;
    let key = match Uri::parse(&uri).map(|uri| TokenKey::open(&uri)) {
        Ok(Ok(key)) => key,
        Ok(Err(error)) => return refuse(&error),
        Err(error) => return refuse(&error),
    };
    println!("{}", key.public_key().kind());
    for line in io::stdin().lines() {
        match obey(&key, &line?) {
            Ok(said) => println!("ok{said}"),
            Err(error) => println!("error: {error}"),
        }
    }
    Ok(())
}

fn refuse(error: &dyn Error) -> Result<(), Box<dyn Error>> {
    println!("error: {error}");
    Ok(())
}

fn obey(key: &TokenKey, line: &str) -> Result<String, Box<dyn Error>> {
    let words: Vec<&str> = line.split(' ').collect();
    match *words {
        ["public", file] => fs::write(file, key.public_key().to_pem())?,
        ["sign", scheme, file, signature] => {
            let message = fs::read(file)?;
            fs::write(signature, key.sign(named(scheme)?, Message::Bytes(&message))?)?;
        }
        ["threads", threads, count] => return sign_much(key, threads.parse()?, count.parse()?),
        _ => return Err("public FILE, sign SCHEME FILE SIGNATURE, or threads THREADS COUNT".into()),
    }
    Ok(String::new())
}

fn sign_much(key: &TokenKey, threads: u32, count: u32) -> Result<String, Box<dyn Error>> {
    let scheme = *key.public_key().default_schemes().first().ok_or("this kind of key does not sign")?;
    let started = Instant::now();
    // Every signature is verified where it is made.
    let work = |thread: u32| {
        (0..count).try_for_each(|number| {
            let message = format!("message {number} of thread {thread}");
            key.sign(scheme, Message::Bytes(message.as_bytes())).map(drop)
        })
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        running.into_iter().try_for_each(|thread| {
            thread.join().map_err(|_| "a thread panicked")?.map_err(Box::<dyn Error>::from)
        })
    })?;
    Ok(format!(" {} signatures in {} ms", threads * count, started.elapsed().as_millis()))
}

fn named(name: &str) -> Result<Scheme, Box<dyn Error>> {
    let hash = |name| HashAlgorithm::from_name(name).ok_or("which hash?");
    Ok(match name.rsplit_once('-') {
        None if name == "ed25519" => Scheme::Ed25519,
        None if name == "ed25519ph" => Scheme::Ed25519ph,
        Some(("ecdsa", name)) => Scheme::Ecdsa(hash(name)?),
        Some(("rsa-pkcs1", name)) => Scheme::RsaPkcs1(hash(name)?),
        Some(("rsa-pss", name)) => Scheme::RsaPss(hash(name)?),
        _ => return Err("which scheme?".into()),
    })
}
