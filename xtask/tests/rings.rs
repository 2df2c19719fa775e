//! The ring table in ARCHITECTURE.md is true: every crate is in it, each uses only the workspace crates its row allows,
//! nothing asynchronous lives below ring 4, and each pure crate bans the clock, randomness, files, sockets and threads.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests")]

mod metadata;

use std::collections::{BTreeMap, BTreeSet};

use metadata::{Metadata, Package, repository};

/// One row of the table. Development crates (`ring` is none) may use anything.
struct Row {
    ring: Option<u8>,
    may_use: BTreeSet<String>,
}

/// What starts threads, opens sockets or brings a reactor: ring 4 and above only.
const IMPURE: &[&str] =
    &["tokio", "mio", "socket2", "hyper", "reqwest", "rustix", "async-std", "smol", "rand", "rayon"];

/// The last ring whose crates take bytes and `now` and nothing else.
const LAST_PURE_RING: u8 = 3;

#[test]
fn every_crate_is_in_the_table_and_the_table_has_no_others() {
    let listed: BTreeSet<String> = table().into_keys().collect();
    let actual: BTreeSet<String> = Metadata::read().members().map(short_name).collect();
    assert_eq!(listed, actual, "left: the table in ARCHITECTURE.md; right: cargo metadata");
}

#[test]
fn crates_use_only_what_their_row_allows() {
    let table = table();
    let metadata = Metadata::read();
    let members: BTreeSet<String> = metadata.members().map(short_name).collect();
    for package in metadata.members() {
        let name = short_name(package);
        let row = &table[&name];
        if row.ring.is_none() {
            continue;
        }
        for dependency in &package.dependencies {
            let used = strip_prefix(&dependency.name);
            if dependency.is_for_development || !members.contains(&used) {
                continue;
            }
            assert!(row.may_use.contains(&used), "{name} uses {used}, which its row does not allow");
        }
    }
}

#[test]
fn the_table_points_inwards() {
    let table = table();
    for (name, row) in &table {
        let Some(ring) = row.ring else { continue };
        for used in &row.may_use {
            let used_ring = table.get(used).and_then(|row| row.ring);
            let used_ring = used_ring.unwrap_or_else(|| panic!("{name} may use {used}, which has no ring"));
            assert!(used_ring <= ring, "{name} in ring {ring} may use {used} in ring {used_ring}");
        }
    }
}

#[test]
fn nothing_below_ring_4_does_input_or_output() {
    let metadata = Metadata::read();
    for name in pure_crates() {
        let reached = metadata.reached_by_normal_dependencies(&format!("sealwax-{name}"));
        assert!(reached.len() > 1, "{name} reaches nothing: the walk is broken");
        for impure in IMPURE {
            assert!(!reached.contains(*impure), "{name} is in a pure ring and reaches {impure}");
        }
    }
}

#[test]
fn every_pure_crate_has_the_ban_list() {
    let mut lists = BTreeMap::new();
    for name in pure_crates() {
        let path = repository().join("crates").join(&name).join("clippy.toml");
        let list =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for banned in
            ["std::time::SystemTime::now", "std::fs::File", "std::env::var", "std::thread::spawn", "HashMap"]
        {
            assert!(list.contains(banned), "{} does not ban {banned}", path.display());
        }
        lists.insert(list, name);
    }
    assert_eq!(lists.len(), 1, "the pure crates' ban lists differ, see {:?}", lists.values());
}

#[test]
fn the_wasm_check_covers_exactly_the_pure_crates() {
    let source = std::fs::read_to_string(repository().join("xtask/src/wasm.rs")).unwrap();
    let list =
        source.split("PURE_CRATES: &[&str] = &[").nth(1).and_then(|rest| rest.split("];").next()).unwrap();
    let checked: BTreeSet<String> = list.split('"').skip(1).step_by(2).map(strip_prefix).collect();
    assert_eq!(checked, pure_crates());
}

fn pure_crates() -> BTreeSet<String> {
    let pure = |row: &Row| row.ring.is_some_and(|ring| ring <= LAST_PURE_RING);
    table().into_iter().filter(|(_, row)| pure(row)).map(|(name, _)| name).collect()
}

/// Reads `| ring | crate | job | may use |` rows: the ring is a number, perhaps with a word behind it, or `dev`; crates
/// are in backticks; `all` stands for every crate that has a ring.
fn table() -> BTreeMap<String, Row> {
    let text = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip_while(|line| !line.starts_with("| Ring |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(!rows.is_empty(), "ARCHITECTURE.md has no ring table");
    let ring_of = |cell: &str| cell.split_whitespace().next().and_then(|word| word.parse::<u8>().ok());
    let all: BTreeSet<String> = rows
        .iter()
        .filter(|cells| ring_of(cells[0]).is_some())
        .map(|cells| cells[1].replace('`', ""))
        .collect();
    let mut table = BTreeMap::new();
    for cells in rows {
        let [ring, name, _job, may_use] = cells.as_slice() else { panic!("not four cells: {cells:?}") };
        let name = name.replace('`', "");
        assert!(ring_of(ring).is_some() || *ring == "dev", "{name}: no such ring: {ring}");
        let mut may_use: BTreeSet<String> = match *may_use {
            "all" => all.clone(),
            "–" => BTreeSet::new(),
            list => list.split(',').map(|name| name.trim().replace('`', "")).collect(),
        };
        may_use.remove(&name);
        let row = Row { ring: ring_of(ring), may_use };
        assert!(table.insert(name.clone(), row).is_none(), "{name} is listed twice");
    }
    table
}

fn short_name(package: &Package) -> String {
    strip_prefix(&package.name)
}

fn strip_prefix(name: &str) -> String {
    name.strip_prefix("sealwax-").unwrap_or(name).to_owned()
}
