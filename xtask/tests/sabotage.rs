//! The switches that leave steps of the log's engine out exist only where the tests of the tests are built.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

/// The features of the log that are built with a package, one to a line.
fn features(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args([
            "tree",
            "--locked",
            "--target",
            "all",
            "--edges",
            "features",
            "--invert",
            "sealwax-log",
            "--package",
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const SWITCHES: &str = r#"sealwax-log feature "sabotage""#;

#[test]
fn the_released_binary_has_no_switches() {
    let features_of_sealwax = features(&["sealwax"]);
    assert!(features_of_sealwax.contains("sealwax-log v"), "the binary has no log");
    assert!(!features_of_sealwax.contains(SWITCHES), "the binary is built with the switches");
    // The words are those that would be there.
    assert!(features(&["sealwax-faults", "--features", "sabotage"]).contains(SWITCHES));
    assert!(!features(&["sealwax-faults"]).contains(SWITCHES));
}
