//! Every dependency's licence is one that deny.toml allows. `cargo deny check licenses` says the same with more detail;
//! this test needs nothing installed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

mod metadata;

use std::collections::BTreeSet;

use metadata::{Metadata, repository};

#[test]
fn every_licence_is_allowed() {
    let allowed = list("allow");
    let mut refused = Vec::new();
    for package in Metadata::read().packages {
        let licence = package.license.as_deref().unwrap_or("none declared");
        if !is_allowed(licence, &allowed) {
            refused.push(format!("{} {}: {licence}", package.name, package.version));
        }
    }
    assert!(refused.is_empty(), "not allowed by deny.toml: {refused:#?}");
}

#[test]
fn no_allowed_licence_is_stale() {
    let mut used = BTreeSet::new();
    for package in Metadata::read().packages {
        let licence = package.license.unwrap_or_default().replace(['(', ')', '/'], " ");
        used.extend(licence.split_whitespace().map(str::to_owned));
    }
    let stale: Vec<String> = list("allow").into_iter().filter(|licence| !used.contains(licence)).collect();
    assert!(stale.is_empty(), "deny.toml allows what nothing uses: {stale:?}");
}

#[test]
fn expressions_are_read_as_spdx_reads_them() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for expression in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "ISC AND (GPL-3.0 OR MIT)", "ISC AND MIT"] {
        assert!(is_allowed(expression, &allowed), "{expression}");
    }
    for expression in
        ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "none declared", "", "MIT WITH X"]
    {
        assert!(!is_allowed(expression, &allowed), "{expression}");
    }
}

/// `AND` binds tighter than `OR`; the old `/` means `OR`; an exception (`WITH`) is allowed only as a whole, never
/// implied by the licence before it.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced =
        expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "-WITH-");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest, allowed) && rest.is_empty()
}

fn any_of(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut result = all_of(words, allowed);
    while let ["OR", rest @ ..] = words {
        *words = rest;
        result |= all_of(words, allowed);
    }
    result
}

fn all_of(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut result = one(words, allowed);
    while let ["AND", rest @ ..] = words {
        *words = rest;
        result &= one(words, allowed);
    }
    result
}

fn one(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    match words {
        ["(", rest @ ..] => {
            *words = rest;
            let result = any_of(words, allowed);
            let [")", rest @ ..] = words else { return false };
            *words = rest;
            result
        }
        [licence, rest @ ..] => {
            *words = rest;
            allowed.contains(*licence)
        }
        [] => false,
    }
}

/// The first string of each line of deny.toml between `NAME = [` and `]`.
fn list(name: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join("deny.toml")).unwrap();
    let items: BTreeSet<String> = text
        .lines()
        .skip_while(|line| *line != format!("{name} = ["))
        .skip(1)
        .take_while(|line| *line != "]")
        .filter_map(|line| line.split('"').nth(1).map(str::to_owned))
        .collect();
    assert!(!items.is_empty(), "deny.toml has no list {name}");
    items
}
