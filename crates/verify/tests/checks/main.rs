//! One fixture per check, in which only that check fails.
//!
//! Each fixture is a whole good bundle in which one thing is wrong, and everything that is hashed, signed or logged after it
//! fits. The report must name that one check, with what was expected and what was found; what depends on it is not run. A check
//! that is added to [`CheckId`] without a fixture fails here.

#![allow(clippy::disallowed_methods, reason = "tests start threads; the crate does not")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests may panic")]

mod certificate;
mod content;
mod log;
mod log_trust;
mod scenario;
mod sharing;
mod time;
mod undecided;

use std::collections::BTreeSet;

use sealwax_testkit::cases;
use sealwax_verify::{CheckId, Outcome};

use scenario::Scenario;

/// Checks that cannot fail, with the reason and what they do instead.
const NEVER_FAIL: &[(CheckId, &str)] = &[(
    CheckId::Timestamp,
    "a timestamp that does not verify is skipped, and rejects nothing beside a good one (rule 4); where it was needed, \
     `time.established` fails",
)];

/// A scenario, and all that its report says beyond passed checks.
struct Fixture {
    /// The check that the fixture is about.
    id: CheckId,
    what: &'static str,
    scenario: Scenario,
    lines: Vec<Line>,
}

/// A line of a report. `*` in a text stands for anything: digests, keys and names of the day.
struct Line {
    id: CheckId,
    item: Option<usize>,
    outcome: Outcome,
    expected: &'static str,
    found: &'static str,
}

/// Only this check fails, with these texts.
fn fails(
    id: CheckId,
    what: &'static str,
    scenario: Scenario,
    expected: &'static str,
    found: &'static str,
) -> Fixture {
    Fixture { id, what, scenario, lines: Vec::new() }.line(id, None, Outcome::Failed, expected, found)
}

/// Only this check fails, on the first entry, timestamp or SCT.
fn fails_on_first(
    id: CheckId,
    what: &'static str,
    scenario: Scenario,
    expected: &'static str,
    found: &'static str,
) -> Fixture {
    Fixture { id, what, scenario, lines: Vec::new() }.line(id, Some(0), Outcome::Failed, expected, found)
}

impl Fixture {
    fn line(
        mut self,
        id: CheckId,
        item: Option<usize>,
        outcome: Outcome,
        expected: &'static str,
        found: &'static str,
    ) -> Self {
        self.lines.push(Line { id, item, outcome, expected, found });
        self
    }

    /// A check that is not run, because the one that failed is its ground.
    fn not_run(self, id: CheckId, found: &'static str) -> Self {
        self.line(id, None, Outcome::NotRun, "", found)
    }

    /// Evidence that is skipped, and is no failure.
    fn skipped(self, id: CheckId, item: usize, expected: &'static str, found: &'static str) -> Self {
        self.line(id, Some(item), Outcome::Skipped, expected, found)
    }

    /// Entries of unknown logs, which are skipped.
    fn skipped_entries(mut self, items: std::ops::Range<usize>) -> Self {
        for item in items {
            let (expected, found) = ("an entry of a log of the trusted root", "a log that is not in it");
            self = self.skipped(CheckId::LogKnown, item, expected, found);
        }
        self
    }

    /// Compares the report, line by line in any order; the differences as text.
    fn compare(&self) -> Option<String> {
        let verifier = self.scenario.verifier();
        let Err(refused) = self.scenario.judge_by(&verifier) else {
            return Some("accepted".into());
        };
        let report = refused.report();
        let mut missing: Vec<&Line> = self.lines.iter().collect();
        let mut differences = Vec::new();
        for check in report.checks().iter().filter(|check| check.outcome != Outcome::Passed) {
            let position = missing.iter().position(|line| {
                (line.id, line.item, line.outcome) == (check.id, check.item, check.outcome)
                    && like(line.expected, &check.expected)
                    && like(line.found, &check.found)
            });
            match position {
                Some(position) => drop(missing.remove(position)),
                None => differences.push(format!(
                    "  unforeseen: {} {:?} {}\n    {:?}\n    {:?}",
                    check.id,
                    check.item,
                    check.outcome.name(),
                    check.expected,
                    check.found
                )),
            }
        }
        differences.extend(missing.into_iter().map(|line| {
            format!(
                "  missing: {} {:?} {}\n    {:?}\n    {:?}",
                line.id,
                line.item,
                line.outcome.name(),
                line.expected,
                line.found
            )
        }));
        let only_undecided = self.lines.iter().all(|line| line.outcome != Outcome::Failed);
        if refused.cannot_tell() != only_undecided {
            differences.push(format!("  cannot_tell is {}", refused.cannot_tell()));
        }
        (!differences.is_empty()).then(|| differences.join("\n"))
    }
}

/// Whether `text` is `pattern`, in which `*` stands for anything.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(position) = rest.find(part) else { return false };
        rest = &rest[position + part.len()..];
    }
    rest.ends_with(last)
}

fn fixtures() -> Vec<Fixture> {
    [content::fixtures(), certificate::fixtures(), log::fixtures(), log_trust::fixtures(), time::fixtures()]
        .into_iter()
        .flatten()
        .collect()
}

#[track_caller]
fn compare_all(fixtures: &[Fixture]) {
    let wrong: Vec<String> = fixtures
        .iter()
        .filter_map(|fixture| Some(format!("{}, {}:\n{}", fixture.id, fixture.what, fixture.compare()?)))
        .collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn in_each_fixture_one_check_fails_and_says_why() {
    compare_all(&fixtures());
}

#[test]
fn what_cannot_be_decided_is_said_to_be_so() {
    compare_all(&undecided::fixtures());
}

#[test]
fn every_check_has_a_fixture_in_which_it_alone_fails() {
    let fixtures = fixtures();
    let alone: BTreeSet<CheckId> = fixtures
        .iter()
        .filter(|fixture| {
            let mut failed = fixture.lines.iter().filter(|line| line.outcome == Outcome::Failed);
            failed.next().is_some_and(|line| line.id == fixture.id) && failed.next().is_none()
        })
        .map(|fixture| fixture.id)
        .collect();
    for id in CheckId::ALL {
        let reason = NEVER_FAIL.iter().find(|(listed, _)| listed == id).map(|(_, reason)| reason);
        match reason {
            None => assert!(alone.contains(id), "{id} has no fixture in which it alone fails"),
            Some(reason) => assert!(!alone.contains(id), "{id} fails, and it is said not to, since {reason}"),
        }
    }
}

/// What cannot fail is skipped where it is bad; this is asserted in the fixtures.
#[test]
fn what_never_fails_is_skipped_somewhere() {
    let fixtures = fixtures();
    for (id, _) in NEVER_FAIL {
        let skipped = |line: &Line| line.id == *id && line.outcome == Outcome::Skipped;
        assert!(fixtures.iter().any(|fixture| fixture.lines.iter().any(skipped)), "{id} is never skipped");
    }
}

/// The ground on which the fixtures stand: unchanged, such bundles are good, and their reports have only passed checks.
#[test]
fn good_bundles_of_every_class_pass_every_check() {
    let mut passed = BTreeSet::new();
    for case in cases::classes() {
        let scenario = Scenario::of(&case.instance, &case.made);
        let verifier = scenario.verifier();
        let verified = scenario.judge_by(&verifier).unwrap_or_else(|refused| {
            panic!("{}: {:#?}", case.name, refused.report().failed().collect::<Vec<_>>())
        });
        for check in verified.report().checks() {
            assert_eq!(check.outcome, Outcome::Passed, "{}: {check:?}", case.name);
            assert!(!check.expected.is_empty() && !check.found.is_empty(), "{}: {check:?}", case.name);
            passed.insert(check.id);
        }
    }
    // No class demands a witness, an age or a predicate type, and duplicates are looked for among all entries at once.
    let not_asked_for =
        [CheckId::StatementPredicateType, CheckId::LogDuplicate, CheckId::LogWitnesses, CheckId::TrustAge];
    for id in CheckId::ALL {
        assert_eq!(passed.contains(id), !not_asked_for.contains(id), "{id}");
    }
}

#[test]
fn patterns_stand_for_the_whole_text() {
    assert!(like("", "") && like("*", "") && like("*", "a") && like("a*c", "abc") && like("a*", "a"));
    assert!(like("*b*", "abc") && like("abc", "abc"));
    assert!(!like("", "a") && !like("b", "abc") && !like("a*d", "abc") && !like("*bc*c", "abc"));
}
