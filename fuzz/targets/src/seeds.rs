//! Inputs to start from, harvested from whatever real material there is: every file, and out of JSON every string and what
//! it holds in base64, so that a bundle also yields its certificate, its timestamp, its checkpoint and its log body.

use std::collections::BTreeSet;
use std::path::Path;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use sealwax_json::{Limits, Value};

/// Larger files make a fuzzer slow and teach it nothing.
const MAXIMUM_BYTES: usize = 256 * 1024;

/// base64 in JSON in base64 in JSON: a log body inside a bundle inside an attestations document, and one to spare.
const MAXIMUM_NESTING: usize = 4;

/// Shorter strings are names, not material.
const MINIMUM_STRING: usize = 24;

/// Everything worth trying from these files and directories, each thing once. What does not exist is skipped.
#[must_use]
pub fn harvest(paths: &[&Path]) -> BTreeSet<Vec<u8>> {
    let mut seeds = BTreeSet::new();
    for path in paths {
        visit(path, &mut seeds);
    }
    seeds
}

/// What a fuzzer would not guess: the member names of all JSON seeds, and their short strings.
#[must_use]
pub fn words<'a>(seeds: impl IntoIterator<Item = &'a Vec<u8>>) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for seed in seeds {
        if let Ok(value) = sealwax_json::parse(seed, &Limits::of_bytes(MAXIMUM_BYTES)) {
            add_words(&value, &mut words);
        }
    }
    words
}

fn add_words(value: &Value<'_>, words: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() < MINIMUM_STRING && !text.is_empty() => {
            words.insert(text.to_string());
        }
        Value::Array(items) => items.iter().for_each(|item| add_words(item, words)),
        Value::Object(members) => {
            for (name, item) in members.iter().filter(|(name, _)| name.len() < MINIMUM_STRING) {
                words.insert(format!("\"{name}\":"));
                add_words(item, words);
            }
        }
        _ => {}
    }
}

fn visit(path: &Path, seeds: &mut BTreeSet<Vec<u8>>) {
    if let Ok(entries) = std::fs::read_dir(path) {
        for entry in entries.flatten() {
            visit(&entry.path(), seeds);
        }
    } else if let Ok(bytes) = std::fs::read(path) {
        add(bytes, MAXIMUM_NESTING, seeds);
    }
}

fn add(bytes: Vec<u8>, nesting: usize, seeds: &mut BTreeSet<Vec<u8>>) {
    if bytes.len() > MAXIMUM_BYTES || seeds.contains(&bytes) {
        return;
    }
    if nesting > 0
        && let Ok(value) = sealwax_json::parse(&bytes, &Limits::of_bytes(MAXIMUM_BYTES))
    {
        add_strings(&value, nesting - 1, seeds);
    }
    seeds.insert(bytes);
}

fn add_strings(value: &Value<'_>, nesting: usize, seeds: &mut BTreeSet<Vec<u8>>) {
    match value {
        Value::String(text) if text.len() >= MINIMUM_STRING => {
            if let Ok(decoded) = STANDARD.decode(text.as_bytes()) {
                add(decoded, nesting, seeds);
            } else {
                add(text.as_bytes().to_vec(), nesting, seeds);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| add_strings(item, nesting, seeds)),
        Value::Object(members) => members.iter().for_each(|(_, item)| add_strings(item, nesting, seeds)),
        _ => {}
    }
}

pub(crate) fn is_json(input: &[u8]) -> bool {
    matches!(input.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// For targets whose inputs occur nowhere.
pub(crate) fn none(_input: &[u8]) -> bool {
    false
}

pub(crate) fn is_key(input: &[u8]) -> bool {
    input.len() < 8192 && (is_pem(input) || is_der(input))
}

pub(crate) fn is_pem(input: &[u8]) -> bool {
    input.starts_with(b"-----BEGIN ")
}

/// A SEQUENCE of the length of the input.
pub(crate) fn is_der(input: &[u8]) -> bool {
    input.len() > 32 && input.first() == Some(&0x30)
}

pub(crate) fn is_certificate(input: &[u8]) -> bool {
    input.len() < 8192 && (is_pem(input) || is_der(input) && !contains(input, TST_INFO))
}

pub(crate) fn is_timestamp(input: &[u8]) -> bool {
    is_der(input) && contains(input, TST_INFO)
}

/// id-ct-TSTInfo, as it stands in every token.
const TST_INFO: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x04];

pub(crate) fn is_bundle(input: &[u8]) -> bool {
    is_json(input) && contains(input, b"erificationMaterial")
}

pub(crate) fn is_trust(input: &[u8]) -> bool {
    is_json(input)
        && [&b"tlogs"[..], b"rekorTlog", b"tufRoot", b"keyUsage"].iter().any(|word| contains(input, word))
}

pub(crate) fn is_statement(input: &[u8]) -> bool {
    is_json(input) && contains(input, b"predicateType")
}

pub(crate) fn is_body(input: &[u8]) -> bool {
    is_json(input) && contains(input, b"apiVersion")
}

fn contains(input: &[u8], word: &[u8]) -> bool {
    input.windows(word.len()).any(|window| window == word)
}

/// Has a signature line of a signed note.
pub(crate) fn is_note(input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(|text| !is_json(input) && text.contains("\n\n\u{2014} "))
}
