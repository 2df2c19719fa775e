//! Every field of good bundles of every class flipped, dropped, swapped, doubled and exchanged: whatever may be accepted is listed with
//! the reason why that is harmless, and nothing else is accepted.
//!
//! What reads as the very same bundle is no mutation. A mutation that is accepted must say the same as the original, of the same
//! signer, and no other time. The list is in `accepted.rs` and in `docs/divergences.md`.

#![allow(clippy::disallowed_methods, reason = "tests read files and start threads; the crate does not")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::cast_possible_truncation, clippy::print_stdout, reason = "tests count")]

mod accepted;
mod base64;
mod change;
mod der;
mod issued;
mod logged;
mod made;
mod mix;
mod random;
mod real;
mod subject;
mod trust;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use change::{Change, Place};
use made::Class;
use subject::{Statement, Subject, Verdict};

/// What a bundle may say that it is.
const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
];

/// Mutations that were wrongly accepted, and how many of each kind were judged.
#[derive(Default)]
struct Findings {
    wrong: Mutex<BTreeMap<String, usize>>,
    judged: AtomicUsize,
    same: AtomicUsize,
    accepted: AtomicUsize,
    used: accepted::Used,
}

impl Findings {
    fn wrong(&self, what: String) {
        *self.wrong.lock().unwrap().entry(what).or_default() += 1;
    }
}

/// Judges `jobs` on all cores.
fn in_parallel<T: Sync>(jobs: &[T], judge: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    judge(job);
                }
            });
        }
    });
}

/// The name of the place, and within DER the position of the flipped byte.
fn name(subject: &Subject, place: &Place, change: &Change) -> String {
    let mut name = place.name();
    if let (Change::FlipBit(position, _), true) = (change, name.ends_with("signedTimestamp")) {
        let value = subject.document.pointer(&pointer(place)).and_then(|value| value.as_str());
        let bytes = value.and_then(base64::decode).unwrap_or_default();
        name = format!("{name}>{}", der::position(&bytes, (*position).min(bytes.len().saturating_sub(1))));
    }
    name
}

fn pointer(place: &Place) -> String {
    let step = |step: &change::Step| match step {
        change::Step::Member(member) => format!("/{member}"),
        change::Step::Element(index) => format!("/{index}"),
        _ => "/-".to_owned(),
    };
    place.0.iter().map(step).collect()
}

impl Findings {
    fn judged(&self) {
        self.judged.fetch_add(1, Ordering::Relaxed);
    }

    /// A verdict of yes must be on the list, and must say what the original says.
    fn accepted(&self, bundle: &str, place: &str, change: &str, statement: &Statement, original: &Statement) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        if !statement.is_within(original) {
            self.wrong(format!(
                "says something else: {bundle} | {place} | {change}\n  {original:?}\n  {statement:?}"
            ));
        }
        if !self.used.may_be(bundle, place, change) {
            self.wrong(format!("accepted: {bundle} | {place} | {change}"));
        }
    }
}

/// Every field of the bundles.
fn bundles(subjects: &[Subject], findings: &Findings) {
    let originals: Vec<_> = subjects.iter().map(|subject| (subject.bundle(), subject.original())).collect();
    let mut jobs = Vec::new();
    for (subject, original) in subjects.iter().zip(&originals) {
        let mut changes = change::changes(&subject.document, subject.density);
        for (name, other) in &subject.others {
            changes.extend(change::exchanges(&subject.document, name, other));
        }
        changes.extend(MEDIA_TYPES.map(|media_type| {
            let place = Place(vec![change::Step::Member("mediaType".into())]);
            (place, Change::Put("another version", media_type.into()))
        }));
        jobs.extend(changes.into_iter().map(|(place, change)| (subject, original, place, change)));
    }
    in_parallel(&jobs, |(subject, (bundle, original), place, change)| {
        findings.judged();
        match subject.judge(&change::changed(&subject.document, place, change), bundle) {
            Verdict::No => {}
            Verdict::Same => drop(findings.same.fetch_add(1, Ordering::Relaxed)),
            Verdict::Yes(statement) => {
                let place = name(subject, place, change);
                findings.accepted(&subject.name, &place, change.name(), &statement, original);
            }
        }
    });
}

/// Everything that can be put together of two bundles.
fn mixtures(subjects: &[Subject], findings: &Findings) {
    let originals: Vec<_> = subjects.iter().map(|subject| (subject.bundle(), subject.original())).collect();
    let mut jobs = Vec::new();
    for (subject, original) in subjects.iter().zip(&originals) {
        for (change, other) in &subject.others {
            let mixtures = mix::mixtures(&subject.document, other).into_iter();
            jobs.extend(mixtures.map(|(names, text)| (subject, original, *change, names, text)));
        }
    }
    in_parallel(&jobs, |(subject, (bundle, original), change, names, text)| {
        findings.judged();
        match subject.judge(text, bundle) {
            Verdict::No => {}
            Verdict::Same => drop(findings.same.fetch_add(1, Ordering::Relaxed)),
            Verdict::Yes(statement) => findings.accepted(&subject.name, names, change, &statement, original),
        }
    });
}

/// Every field of the bodies of entries, before they are logged.
fn bodies(classes: &[Class], findings: &Findings) {
    in_parallel(&logged::jobs(classes), |job| {
        findings.judged();
        if let Some(statement) = job.judge() {
            let (bundle, place, change) = job.names();
            findings.accepted(bundle, &place, change, &statement, &statement);
        }
    });
}

/// Certificates as an authority might issue them behind the certificate log's back.
fn certificates(classes: &[Class], findings: &Findings) {
    let issued = issued::Issued::new(classes);
    assert!(issued.is_accepted(None), "the certificate that the log has seen");
    in_parallel(&issued.changes, |change| {
        findings.judged();
        if issued.is_accepted(Some(*change))
            && !findings.used.may_be(issued::CLASS, "certificate as issued", change.name())
        {
            findings.wrong(format!("accepted: certificate as issued | {change:?}"));
        }
    });
}

/// Every field of the trusted roots and keys; and the artifact.
fn trust(subjects: &[Subject], findings: &Findings) {
    let originals: BTreeMap<&str, Statement> =
        subjects.iter().map(|subject| (subject.name.as_str(), subject.original())).collect();
    in_parallel(&trust::jobs(subjects), |job| {
        findings.judged();
        match job.judge() {
            Verdict::No => {}
            Verdict::Same => drop(findings.same.fetch_add(1, Ordering::Relaxed)),
            Verdict::Yes(statement) => {
                let (bundle, place, change) = job.names();
                findings.accepted(bundle, &place, change, &statement, &originals[bundle]);
            }
        }
    });
    in_parallel(subjects, |subject| {
        for accepted in trust::other_artifacts(subject, || findings.judged()) {
            findings.wrong(format!("accepted: {accepted}"));
        }
    });
}

#[test]
fn no_mutation_is_accepted_but_those_on_the_list() {
    let findings = Findings::default();
    let classes = made::classes();
    let made: Vec<Subject> = classes.iter().map(Class::subject).collect();
    let real = real::subjects();
    let mut start = Instant::now();
    let mut took = |what: &str| {
        println!("{what}: {:?}", start.elapsed());
        start = Instant::now();
    };
    bundles(&made, &findings);
    took("made bundles");
    bundles(&real, &findings);
    took("real bundles");
    mixtures(&made, &findings);
    mixtures(&real, &findings);
    took("mixtures");
    bodies(&classes, &findings);
    took("bodies as logged");
    certificates(&classes, &findings);
    took("certificates as issued");
    trust(&made, &findings);
    took("trust and artifacts");

    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let (judged, same) = (count(&findings.judged), count(&findings.same));
    println!("{judged} mutations, {same} read as the same, {} accepted", count(&findings.accepted));
    let wrong = findings.wrong.lock().unwrap().clone();
    let wrong: Vec<String> = wrong.into_iter().map(|(what, times)| format!("{times} × {what}")).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let stale = findings.used.stale();
    assert!(stale.is_empty(), "lines that nothing needed:\n{}", stale.join("\n"));
    assert!(judged > 25_000, "only {judged} mutations");
}

#[test]
fn the_documentation_lists_them_too() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/divergences.md");
    let differences = accepted::differences(&std::fs::read_to_string(path).unwrap());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
