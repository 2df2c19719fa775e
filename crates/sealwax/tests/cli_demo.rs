//! `sealwax demo`, as a newcomer runs it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "cli_demo/interrupted.rs"]
mod interrupted;
#[path = "cli_demo/transcript.rs"]
mod transcript;

mod common;

use std::path::Path;

use common::Scratch;

/// A place for temporary files, of this test alone.
fn place(scratch: &Scratch) -> String {
    let place = scratch.path("tmp");
    std::fs::create_dir_all(&place).unwrap();
    place.to_str().unwrap().to_owned()
}

#[track_caller]
fn nothing_is_left(place: &str) {
    let left: Vec<_> =
        std::fs::read_dir(Path::new(place)).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_demo_signs_a_file_of_mine_and_leaves_nothing_beside_it() {
    let scratch = Scratch::new();
    let place = place(&scratch);
    let variables = [("TMPDIR", place.as_str())];
    let file = scratch.write("my file", b"content");
    let said = scratch.run_with(&["demo", &file, "--json"], &variables, b"").exits(0).json();
    assert_eq!(
        (said["verified"].as_bool(), said["changed_byte_refused"].as_bool()),
        (Some(true), Some(true))
    );
    assert_eq!(said["artifact"].as_str(), Some(file.as_str()));
    assert!(!scratch.path("my file.sigstore.json").exists());
    nothing_is_left(&place);

    scratch.run_with(&["demo", "/nowhere"], &variables, b"").exits(3).complains("cannot read /nowhere");
    scratch.run_with(&["demo", &place], &variables, b"").exits(3).complains("not a regular file");
    nothing_is_left(&place);
}
