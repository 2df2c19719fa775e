//! `cargo xtask interop serve`: deployed clients sign and verify, unmodified, at a fresh `sealwax serve`.
//!
//! Each signs a message and a statement, with trust by TUF and with trust from files, as a person who signs in with a browser, as a
//! machine with its token, and with a key. Each verifies what each other one signed, as do we, with log entry, SCT and timestamp demanded; and must refuse it
//! with one byte changed, and for another identity, for that reason. All of it once more after a rotation of the logs, the authority
//! and the timestamp authority, and a restart: what was signed before, and what is signed then. The matrix is printed, and kept
//! with pictures of the pages that the browser went through.

mod browser;
mod check;
mod clients;
mod instance;
mod place;
mod table;

use self::check::Signed;
use self::clients::{Client, Content};
use self::instance::Instance;
use self::place::Place;
use super::peers;
use crate::running::sealwax::absent;
use crate::{Failure, Outcome};
use std::thread;

const USAGE: &str = "usage: cargo xtask interop serve";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(USAGE.into());
    }
    let directory = super::directory()?;
    let program = super::built(&["-p", "sealwax"], "sealwax")?;
    let node = peers::node(&directory)?;
    let chromium = browser::install()?;
    let clients = clients::all(&directory, &program, &node)?;

    let place = Place::make(absent(&directory, "serve")?, &node, &chromium)?;
    let mut instance = Instance::start(&program, &place)?;
    println!("an instance at {}", instance.url);
    let mut signed = Vec::new();
    let mut bad = 0;
    for round in [Round::First, Round::Rotated] {
        if round == Round::Rotated {
            instance.rotate()?;
            instance.restart()?;
        }
        instance.publish_files()?;
        for client in &clients {
            client.follow(&instance).map_err(|error| format!("{} by TUF: {error}", client.name()))?;
        }
        signed.extend(sign_all(&clients, &instance, round)?);
        let table = check::everything(&clients, &instance, &signed)?;
        bad += table.bad();
        table.print(round.title(), &place)?;
    }
    instance.stop()?;
    println!("pictures of the pages: {}", place.pictures().display());
    if bad == 0 { Ok(()) } else { Err(format!("{bad} cells are not as they must be").into()) }
}

/// When something was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    First,
    Rotated,
}

impl Round {
    fn title(self) -> &'static str {
        match self {
            Self::First => "At first",
            Self::Rotated => "After a rotation and a restart",
        }
    }
}

/// Every client signs both contents for every account in both ways, if it can; one beside the other.
fn sign_all(
    clients: &[Box<dyn Client>],
    instance: &Instance<'_>,
    round: Round,
) -> Result<Vec<Signed>, Failure> {
    let all = |client: &dyn Client| -> Result<Vec<Signed>, String> {
        let mut all = Vec::new();
        for (way, account) in client.ways() {
            for content in [Content::Message, Content::Statement] {
                let signed = Signed::by(client, instance, (content, way, account, round));
                all.push(signed.map_err(|error| {
                    let name = client.name();
                    format!("{name} signs no {content:?} for a {account:?} with trust by {way:?}: {error}")
                })?);
            }
        }
        Ok(all)
    };
    beside(clients, all)?.into_iter().try_fold(Vec::new(), |mut every, one| {
        every.extend(one?);
        Ok(every)
    })
}

/// What all clients do at the same time.
fn beside<T: Send>(
    clients: &[Box<dyn Client>],
    what: impl Fn(&dyn Client) -> T + Sync,
) -> Result<Vec<T>, Failure> {
    let what = &what;
    thread::scope(|scope| {
        let going: Vec<_> = clients.iter().map(|client| scope.spawn(move || what(client.as_ref()))).collect();
        let done = going.into_iter().map(|client| client.join());
        done.map(|client| client.map_err(|_| "a client's thread has failed".into())).collect()
    })
}
