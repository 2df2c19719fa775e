//! Writes every case into a directory, to be tried with other clients:
//! `cargo run -p sealwax-testkit --example write_cases -- DIRECTORY`.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a tool for developers")]

use std::{env, fs, path::PathBuf};

use sealwax_testkit::cases::{classes, faults, oddities};

fn main() {
    let directory = PathBuf::from(env::args().nth(1).expect("a directory"));
    for (collection, cases) in [("classes", classes()), ("oddities", oddities()), ("faults", faults())] {
        for (number, case) in cases.iter().enumerate() {
            let directory = directory.join(collection).join(format!("{number:03}"));
            let write = |name: &str, bytes: &[u8]| fs::write(directory.join(name), bytes).expect("a file");
            fs::create_dir_all(&directory).expect("a directory");
            write("name", case.name.as_bytes());
            write("artifact", &case.made.artifact);
            write("bundle.sigstore.json", &case.made.bundle_json());
            write("trusted_root.json", case.trusted_root.to_string().as_bytes());
            write("identity", case.made.identity.as_deref().unwrap_or_default().as_bytes());
            write("issuer", case.made.issuer.as_deref().unwrap_or_default().as_bytes());
            if let Some(policy) = &case.witness_policy {
                write("witness_policy", policy.as_bytes());
            }
            if let Some(key) = &case.managed_key {
                write("key.pem", key.signer.public_key_pem().as_bytes());
            }
        }
        println!("{collection}: {}", cases.len());
    }
}
