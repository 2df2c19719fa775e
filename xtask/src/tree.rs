//! `cargo xtask ci-tree`: what must not be anywhere in the dependency tree, on any target, not even for tests.

use std::collections::BTreeSet;

use crate::Outcome;
use crate::process::{cargo, output};

/// Name and reason. `ring` and OpenSSL: there is one native provider of cryptography, and it is aws-lc.
const ABSENT: &[(&str, &str)] = &[
    ("ring", "aws-lc-rs is the one native provider"),
    ("openssl-sys", "aws-lc-rs is the one native provider"),
    ("native-tls", "TLS is rustls over aws-lc-rs"),
];

pub(crate) fn run() -> Outcome {
    let names = package_names(&["--workspace", "--target", "all", "--edges", "normal,build,dev"])?;
    let mut found = false;
    for (name, reason) in ABSENT {
        if names.contains(*name) {
            found = true;
            println!(
                "{name} is in the dependency tree ({reason}); `cargo tree --target all -i {name}` shows who brings it"
            );
        }
    }
    if found {
        return Err("the dependency tree holds what it must not".into());
    }
    let absent: Vec<&str> = ABSENT.iter().map(|(name, _)| *name).collect();
    println!("{} packages, none of them {}", names.len(), absent.join(", "));
    Ok(())
}

/// The names of all packages that `cargo tree` lists with these arguments.
pub(crate) fn package_names(arguments: &[&str]) -> Result<BTreeSet<String>, Box<dyn std::error::Error>> {
    let mut command = cargo();
    command.args(["tree", "--prefix", "none", "--no-dedupe", "--format", "{p}"]).args(arguments);
    let tree = output(&mut command)?;
    Ok(tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}
