//! Many at once: `--list`.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Scratch, built_in};
use crate::{IDENTITY, ISSUER, example, package};

#[test]
fn a_list_answers_in_order_one_line_each_and_a_bad_line_stops_nothing() {
    let scratch = Scratch::new();
    let package = package();
    let bundle: Value =
        serde_json::from_slice(&fs::read(example("sigstore-5.0.0.tgz.sigstore.json")).unwrap()).unwrap();
    let mut lines = vec![
        json!({"artifact": package, "identity": IDENTITY}).to_string(),
        json!({"artifact": package, "identity": "x"}).to_string(),
        json!({"artifact": package, "identity": IDENTITY, "bundle": bundle}).to_string(),
        json!({"artifact": "missing"}).to_string(),
        json!({"artifact": package, "identiy": IDENTITY}).to_string(),
        "nonsense".to_owned(),
        json!({"artifact": package, "identity": IDENTITY, "type": "x"}).to_string(),
        json!({"artifact": package, "identity": IDENTITY, "trust": "staging"}).to_string(),
        json!({"artifact": package, "identity": IDENTITY, "key": "k"}).to_string(),
        r#"{"artifact": "a", "artifact": "b"}"#.to_owned(),
    ];
    let mut expected = vec![true, false, true, false, false, false, false, false, false, false];
    for _ in 0..200 {
        lines.push(lines[0].clone());
        expected.push(true);
        lines.push(lines[1].clone());
        expected.push(false);
    }
    let file = scratch.write("list.jsonl", lines.join("\n"));
    for (source, input) in [(file.as_str(), String::new()), ("-", lines.join("\n"))] {
        let ran = scratch.run_with(
            &["verify", "--list", source, "--issuer", ISSUER, "--identity", "d"],
            &[],
            input.as_bytes(),
        );
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        let answers: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let verified: Vec<bool> =
            answers.iter().map(|answer| answer["verified"].as_bool().unwrap()).collect();
        assert_eq!(verified, expected);
        assert!(
            answers.iter().all(|answer| answer["verified"] == json!(true) || answer["reason"].is_string())
        );
    }
}

#[test]
fn a_line_of_a_list_never_loses_what_the_flags_demand_of_the_build() {
    let scratch = Scratch::new();
    let line = json!({"artifact": package(), "identity": IDENTITY, "issuer": ISSUER}).to_string();
    let run = |flags: &[&str]| {
        let all = [&["verify", "--list", "-", "--identity", "a", "--issuer", "x"][..], flags].concat();
        scratch.run_with(&all, &[], line.as_bytes()).code
    };
    assert_eq!(run(&[]), Some(0));
    assert_eq!(run(&["--trigger", "push"]), Some(0));
    assert_eq!(run(&["--trigger", "nope"]), Some(1));
    let two = ["--identity", "b", "--issuer", "y"];
    assert_eq!(run(&[&two[..], &["--trigger", "push"]].concat()), Some(0));
    assert_eq!(run(&[&two[..], &["--trigger", "nope"]].concat()), Some(1));
    assert_eq!(run(&[&two[..], &["--repository", "https://nope"]].concat()), Some(1));
}

#[test]
fn a_line_names_a_profile_or_a_file() {
    let scratch = Scratch::new();
    let line = |more: Value| {
        let mut line = json!({"artifact": package(), "identity": IDENTITY, "issuer": ISSUER});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    let run = |flags: &[&str], line: String| {
        let all = [&["verify", "--list", "-"][..], flags].concat();
        scratch.run_with(&all, &[], line.as_bytes())
    };
    let root = built_in("public-good/trusted_root.json");
    assert_eq!(run(&[], line(json!({"trusted_root": root}))).code, Some(0));
    // What a line says replaces what the flags say.
    assert_eq!(run(&["--trust", "staging"], line(json!({"trusted_root": root}))).code, Some(0));
    assert_eq!(run(&["--trusted-root", &root], line(json!({"trust": "staging"}))).code, Some(1));
    run(&[], line(json!({"trust": "public-good", "trusted_root": root})))
        .exits(2)
        .says("drop \\\"trust\\\" to use the file");
}

#[test]
fn an_empty_list_verifies_nothing() {
    let scratch = Scratch::new();
    for input in ["", "\n \n"] {
        let ran = scratch.run_with(
            &["verify", "--list", "-", "--identity", "a", "--issuer", "x"],
            &[],
            input.as_bytes(),
        );
        assert_eq!(ran.code, Some(3), "{}", ran.out);
        assert_eq!(ran.json()["verified"], json!(false));
    }
}
