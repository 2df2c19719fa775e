//! Writes one good bundle of every class into a directory, to be tried with other clients:
//! `cargo run -p sealwax-testkit --example write_classes -- DIRECTORY`.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a tool for developers")]

use std::{env, fs, path::PathBuf};

use sealwax_testkit::classes::classes;

fn main() {
    let directory = PathBuf::from(env::args().nth(1).expect("a directory"));
    for (number, class) in classes().iter().enumerate() {
        let directory = directory.join(format!("{number:02}"));
        let write = |name: &str, bytes: &[u8]| fs::write(directory.join(name), bytes).expect("a file");
        fs::create_dir_all(&directory).expect("a directory");
        write("name", class.name.as_bytes());
        write("artifact", &class.made.artifact);
        write("bundle.sigstore.json", &class.made.bundle_json());
        write("trusted_root.json", &class.instance.trusted_root_json());
        write("policy", class.instance.witness_policy(class.instance.witnesses.len()).as_bytes());
        if let Some(key) = &class.managed_key {
            write("key.pem", key.signer.public_key_pem().as_bytes());
        }
        println!("{number:02} {}", class.name);
    }
}
