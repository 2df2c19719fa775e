//! `cargo xtask interop tuf-editor`: other people's TUF clients follow what `sealwax ceremony` publishes.
//!
//! Ten ceremonies in which every key is rotated, and a machine's key that is lost; an expiry, and its end. After each, every
//! peer comes twice: one that has been there all along, and one that has nothing but the first root.

mod clients;
mod office;

use std::fs;
use std::path::Path;
use std::time::Duration;

use self::clients::Client;
use self::office::Office;
use crate::running::sealwax::absent;
use crate::running::web;
use crate::{Failure, Outcome};

const USAGE: &str = "usage: cargo xtask interop tuf-editor";

/// Ceremonies in which every key changes.
const ROTATIONS: u64 = 10;

/// The target that is fetched.
const TARGET: &str = "contents.txt";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(USAGE.into());
    }
    let directory = super::directory()?;
    let program = super::built(&["-p", "sealwax"], "sealwax")?;
    let clients = clients::all(&directory)?;
    let place = absent(&directory, "tuf-editor")?;
    fs::create_dir_all(&place)?;
    let mut office = Office::new(&program, &place)?;
    let url = format!("http://{}", web::serve(office.repository())?);

    office.first("contents 0")?;
    // A ceremony that replaces the machine's key publishes two roots.
    let mut root = 1;
    everybody_has(&clients, &place, &url, root, "contents 0")?;
    println!("a first repository: {}", names(&clients));
    for round in 1..=ROTATIONS {
        let contents = format!("contents {round}");
        office.rotate_everything(&contents)?;
        root += 2;
        everybody_has(&clients, &place, &url, root, &contents)?;
    }
    println!("{ROTATIONS} rotations of every key, root {root}");

    office.renew("2s")?;
    std::thread::sleep(Duration::from_secs(3));
    for client in &clients {
        for store in ["old", "fresh"] {
            if let Ok(said) = client.follow(&place, store, &url) {
                return Err(format!("{} accepted a timestamp that has expired: {said}", client.name).into());
            }
        }
    }
    println!("an expired timestamp: refused by all");
    office.renew("7d")?;
    let contents = format!("contents {ROTATIONS}");
    everybody_has(&clients, &place, &url, root, &contents)?;
    println!("renewed: accepted again");

    office.lose_the_machine()?;
    root += 2;
    everybody_has(&clients, &place, &url, root, &contents)?;
    println!("a machine's key that was lost, replaced through root {root}");

    office.restored(1_000)?;
    everybody_has(&clients, &place, &url, root, &contents)?;
    println!("versions that jump by 1000");
    Ok(())
}

/// The old client of each kind, and one that begins with the first root.
fn everybody_has(clients: &[Client], place: &Path, url: &str, root: u64, contents: &str) -> Outcome {
    let expected = format!("{root} {contents}");
    for client in clients {
        for store in ["old", "fresh"] {
            let said = client.follow(place, store, url)?;
            if said != expected {
                let name = &client.name;
                return Err(format!("{name} ({store}) has {said:?}, and {expected:?} is published").into());
            }
        }
    }
    Ok(())
}

fn names(clients: &[Client]) -> String {
    clients.iter().map(|client| client.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// A command that must succeed, quietly.
fn quietly(command: &mut std::process::Command) -> Result<String, Failure> {
    let done = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if done.status.success() {
        return Ok(String::from_utf8(done.stdout)?);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr).trim()).into())
}
