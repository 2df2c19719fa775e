//! The README shows what the demo says. `SEALWAX_WRITE_README=1 cargo test -p sealwax --test cli_demo` writes it anew.

use std::fs;
use std::path::Path;

use crate::common::Scratch;
use crate::{nothing_is_left, place};

/// What stands before the transcript, and after it.
const FRONT: &str = "```console\n$ cargo run -- demo\n";
const BACK: &str = "```\n";

#[test]
fn the_readme_shows_what_the_demo_says() {
    let scratch = Scratch::new();
    let place = place(&scratch);
    let ran = scratch.run_with(&["demo"], &[("TMPDIR", &place)], b"").exits(0);
    assert!(!ran.out.contains('\u{1b}'), "colours without a terminal: {}", ran.out);
    assert_eq!(ran.err, "");
    nothing_is_left(&place);

    let said = ran.out.replace(&place, "/tmp");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(FRONT).unwrap();
    let (shown, after) = rest.split_once(BACK).unwrap();
    if std::env::var_os("SEALWAX_WRITE_README").is_some() {
        fs::write(&path, format!("{before}{FRONT}{said}{BACK}{after}")).unwrap();
        return;
    }
    assert_eq!(
        settled(shown),
        settled(&said),
        "README.md shows another transcript; SEALWAX_WRITE_README=1 cargo test -p sealwax --test cli_demo writes this one"
    );
}

/// The text without what is different each time.
fn settled(text: &str) -> String {
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let settled = words.iter().enumerate().map(|(at, word)| match words.get(at + 1) {
            Some(&"ms") => "N".to_owned(),
            _ => settled_word(word),
        });
        settled.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn settled_word(word: &str) -> String {
    let bare = word.trim_end_matches(',');
    let is_time = bare.len() >= 20 && bare.ends_with('Z') && bare.as_bytes()[10] == b'T';
    let is_hex = bare.len() >= 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    let in_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let is_base64 = bare.len() >= 40 && bare.bytes().all(in_base64);
    if is_time || is_hex || is_base64 {
        return word.replace(bare, if is_time { "TIME" } else { "BYTES" });
    }
    let port = without(word, "localhost:", |character| character.is_ascii_digit());
    without(&port, "sealwax-demo-", |character| character.is_ascii_hexdigit())
}

/// Without what follows the front.
fn without(word: &str, front: &str, what: impl Fn(char) -> bool) -> String {
    match word.split_once(front) {
        Some((before, after)) => format!("{before}{front}…{}", after.trim_start_matches(what)),
        None => word.to_owned(),
    }
}

#[test]
fn what_is_different_each_time_is_left_out_and_nothing_else() {
    for (text, expected) in [
        ("at http://localhost:33049/x in", "at http://localhost:…/x in"),
        ("/tmp/sealwax-demo-37ea2e6a33896912/s", "/tmp/sealwax-demo-…/s"),
        ("created 2026-11-22T16:55:29Z", "created TIME"),
        ("f27dcc848071e76050524b119db436edc88c42c151b86678233886eabe6d5ed8,", "BYTES,"),
        ("8n3MhIBx52BQUksRnbQ27ciMQsFRuGZ4IziG6r5tXtg=", "BYTES"),
        ("That was it: 1401 ms from", "That was it: N ms from"),
        ("entry 1 of a tree of 2", "entry 1 of a tree of 2"),
        ("--trust-config client_trust_config.json", "--trust-config client_trust_config.json"),
    ] {
        assert_eq!(settled(text), expected);
    }
}
