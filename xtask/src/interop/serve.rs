//! `cargo xtask interop serve`: deployed clients sign and verify, unmodified, at a fresh `sealwax serve`.
//!
//! Each signs a message and a statement, with trust by TUF and with trust from files, as a person who signs in with a browser, as a
//! machine with its token, and with a key. Each verifies what each other one signed, as do we, with log entry, SCT and timestamp
//! demanded; and must refuse it with one byte changed, and for another identity, for that reason. All of it once more after a
//! rotation of the logs, the authority and the timestamp authority, and a restart: what was signed before, and what is signed
//! then. A shorter round each is at an instance whose services have host names of their own, and at one of three processes. The
//! matrix is printed, and kept with pictures of the pages that the browser went through.

mod browser;
mod certificates;
mod check;
mod clients;
mod instance;
mod names;
mod place;
mod rekor_v1;
mod table;

use std::path::PathBuf;
use std::thread;

use self::check::Signed;
use self::clients::{Account, Client, Content, Way};
use self::instance::theirs::Theirs;
use self::instance::{Instance, Whole, named, parts};
use self::place::Place;
use super::peers::{self, Node};
use crate::running::sealwax::absent;
use crate::{Failure, Outcome};

const USAGE: &str = "usage: cargo xtask interop serve [whole] [named] [parts]";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let parts: Vec<&str> = match arguments {
        [] => vec!["whole", "named", "parts"],
        some => some.iter().map(String::as_str).collect(),
    };
    let job = Job::prepare("serve")?;
    let mut bad = 0;
    for part in parts {
        bad += match part {
            "whole" => job.whole()?,
            "named" => job.named()?,
            "parts" => job.parts()?,
            _ => return Err(USAGE.into()),
        };
    }
    job.end(bad)
}

/// `cargo xtask interop peers`: the same clients, ours among them, at other people's services.
pub(crate) fn run_at_peers(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask interop peers".into());
    }
    let job = Job::prepare("peers")?;
    let bad = job.theirs()?;
    job.end(bad)
}

/// `cargo xtask interop rekor-v1`: the same with a signature log of the first generation, and what it alone does.
pub(crate) fn run_at_rekor_v1(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask interop rekor-v1".into());
    }
    let job = Job::prepare("rekor-v1")?;
    let bad = job.rekor_v1()?;
    job.end(bad)
}

/// What is installed, and where everything is kept.
struct Job {
    installed: PathBuf,
    directory: PathBuf,
    program: PathBuf,
    node: Node,
    chromium: PathBuf,
    /// Those with a command line of their own.
    programs: Vec<Box<dyn Client>>,
    all: Vec<Box<dyn Client>>,
}

/// Who signs where it is short.
const SHORT: [(Way, Account); 2] = [(Way::Tuf, Account::Person), (Way::Files, Account::Machine)];

impl Job {
    fn prepare(name: &str) -> Result<Self, Failure> {
        let installed = super::directory()?;
        let program = super::built(&["-p", "sealwax"], "sealwax")?;
        let node = peers::node(&installed)?;
        let chromium = browser::install()?;
        let programs = clients::programs(&installed, &program)?;
        let all = clients::all(&installed, &program, &node)?;
        let directory = absent(&installed, name)?;
        Ok(Self { installed, directory, program, node, chromium, programs, all })
    }

    fn end(self, bad: usize) -> Outcome {
        println!("matrices and pictures of the pages: {}", self.directory.display());
        if bad == 0 { Ok(()) } else { Err(format!("{bad} cells are not as they must be").into()) }
    }

    fn place(&self, name: &str) -> Result<Place, Failure> {
        Place::make(self.directory.join(name), &self.node, &self.chromium)
    }

    /// One process, with every client, before and after a rotation and a restart. How many cells are bad.
    fn whole(&self) -> Result<usize, Failure> {
        let place = self.place("whole")?;
        let mut whole = Whole::start(&self.program, &place)?;
        let ways = clients::ways();
        let mut signed = round(&self.all, &whole.instance, &ways, Round::First)?;
        let mut bad = check(&self.all, &whole.instance, &signed, "At first")?;
        whole.rotate()?;
        whole.restart()?;
        signed.extend(round(&self.all, &whole.instance, &ways, Round::Rotated)?);
        bad += check(&self.all, &whole.instance, &signed, "After a rotation and a restart")?;
        whole.instance.stop()?;
        Ok(bad)
    }

    fn named(&self) -> Result<usize, Failure> {
        let place = self.place("named")?.with_names(&named::names())?;
        self.short(named::start(&self.program, &place)?, "Services with host names of their own, over TLS")
    }

    fn parts(&self) -> Result<usize, Failure> {
        let place = self.place("parts")?;
        self.short(parts::start(&self.program, &place)?, "Three processes, each with some of the parts")
    }

    fn theirs(&self) -> Result<usize, Failure> {
        let place = self.place("theirs")?;
        let instance = Theirs::with_tiles(&self.installed)?.start(&self.program, &place)?;
        let title = "Fulcio with a certificate log of ours, rekor-tiles, timestamp-authority";
        // The libraries verify alone: sigstore-js logs statements as entries that rekor-tiles 2.3 does not take.
        let bad = self.matrix(&instance, &self.programs, title)?;
        instance.stop()?;
        Ok(bad)
    }

    fn rekor_v1(&self) -> Result<usize, Failure> {
        let place = self.place("theirs")?;
        let instance = Theirs::with_rekor_v1(&self.installed)?.start(&self.program, &place)?;
        let title = "Fulcio with a certificate log of ours, Rekor v1, timestamp-authority";
        let bad = self.matrix(&instance, &self.all, title)?;
        rekor_v1::what_it_does(&instance, &self.all, &peers::cosign(&self.installed)?)?;
        instance.stop()?;
        Ok(bad)
    }

    /// At other people's services, which have no repository.
    fn matrix(
        &self,
        instance: &Instance<'_>,
        signers: &[Box<dyn Client>],
        title: &str,
    ) -> Result<usize, Failure> {
        let ways: Vec<_> = clients::ways().into_iter().filter(|(way, _)| *way == Way::Files).collect();
        // sigstore-python reads no bundle without an index, and cosign and sigstore-go leave out that of the first entry, a 0.
        // Logs of ours begin with one of their own; here somebody has to be the first, and it is us.
        let first = (Content::Message, Way::Files, Account::Key, Round::First);
        let ours = self.programs.last().ok_or("no clients")?;
        Signed::by(ours.as_ref(), instance, first)?;
        let signed = round(signers, instance, &ways, Round::Only)?;
        check(&self.all, instance, &signed, title)
    }

    fn short(&self, instance: Instance<'_>, title: &str) -> Result<usize, Failure> {
        let signed = round(&self.programs, &instance, &SHORT, Round::Only)?;
        let bad = check(&self.programs, &instance, &signed, title)?;
        instance.stop()?;
        Ok(bad)
    }
}

/// When something was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    First,
    Rotated,
    Only,
}

/// Every client brings its trust up to date, and signs both contents in each of these ways that it knows; one beside the other.
fn round(
    clients: &[Box<dyn Client>],
    instance: &Instance<'_>,
    ways: &[(Way, Account)],
    round: Round,
) -> Result<Vec<Signed>, Failure> {
    instance.publish_files()?;
    let by_tuf = ways.iter().any(|(way, _)| *way == Way::Tuf);
    for client in clients.iter().filter(|_| by_tuf) {
        client.follow(instance).map_err(|error| format!("{} by TUF: {error}", client.name()))?;
    }
    let all = |client: &dyn Client| -> Result<Vec<Signed>, String> {
        let mut all = Vec::new();
        for &(way, account) in ways.iter().filter(|(way, account)| client.signs(*way, *account)) {
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
    let all: Result<Vec<_>, _> = beside(clients, all)?.into_iter().collect();
    Ok(all?.into_iter().flatten().collect())
}

/// Prints who accepts what, and returns how many cells are bad.
fn check(
    clients: &[Box<dyn Client>],
    instance: &Instance<'_>,
    signed: &[Signed],
    title: &str,
) -> Result<usize, Failure> {
    let table = check::everything(clients, instance, signed)?;
    table.print(title, instance.place)?;
    Ok(table.bad())
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
