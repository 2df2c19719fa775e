//! `sealwax demo`, as a newcomer runs it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::Scratch;

#[test]
fn the_demo_signs_verifies_refuses_and_cleans_up() {
    let scratch = Scratch::new();
    let place = scratch.path("tmp");
    std::fs::create_dir(&place).unwrap();
    let variables = [("TMPDIR", place.to_str().unwrap())];
    let ran = scratch.run_with(&["demo"], &variables, b"").exits(0);
    for part in [
        "A whole Sigstore",
        "signed  hello.txt",
        "entry 0 of a tree of 1",
        "verified  hello.txt",
        "not verified  changed",
        "cosign sign-blob hello.txt",
        "gone again",
    ] {
        assert!(ran.out.contains(part), "no {part:?} in {}", ran.out);
    }
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);

    let file = scratch.write("my file", b"content");
    let said = scratch.run_with(&["demo", &file, "--json"], &variables, b"").exits(0).json();
    assert_eq!(
        (said["verified"].as_bool(), said["changed_byte_refused"].as_bool()),
        (Some(true), Some(true))
    );
    assert_eq!(said["artifact"].as_str(), Some(file.as_str()));
    // Neither is anything left beside the file.
    assert!(!scratch.path("my file.sigstore.json").exists());
    scratch.run_with(&["demo", "/nowhere"], &variables, b"").exits(3).complains("sealwax sign");
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
}
