//! `cargo xtask ci-tree`: what deny.toml bans is nowhere in the dependency tree, on any target, not even for tests.
//! The lock file is no measure: it also names what optional features, never switched on, would bring.

use std::collections::BTreeSet;

use crate::Outcome;
use crate::process::{cargo, output, root};

pub(crate) fn run() -> Outcome {
    let banned = banned()?;
    let names = package_names(&["--workspace", "--target", "all", "--edges", "normal,build,dev"])?;
    let found: Vec<&str> = banned.iter().map(String::as_str).filter(|name| names.contains(*name)).collect();
    for name in &found {
        println!("{name} is in the dependency tree; `cargo tree --target all -i {name}` shows who brings it");
    }
    if !found.is_empty() {
        return Err("the dependency tree holds what deny.toml bans".into());
    }
    println!("{} packages, none of them {}", names.len(), banned.join(", "));
    Ok(())
}

/// The crates that deny.toml bans, one per line.
fn banned() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(root().join("deny.toml"))?;
    let entries = text.lines().filter_map(|line| line.trim().strip_prefix("{ crate = \""));
    let banned: Vec<String> = entries.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    if banned.is_empty() { Err("deny.toml bans nothing".into()) } else { Ok(banned) }
}

/// The names of all packages that `cargo tree` lists with these arguments.
pub(crate) fn package_names(arguments: &[&str]) -> Result<BTreeSet<String>, Box<dyn std::error::Error>> {
    let mut command = cargo();
    command.args(["tree", "--prefix", "none", "--no-dedupe", "--format", "{p}"]).args(arguments);
    let tree = output(&mut command)?;
    Ok(tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}
