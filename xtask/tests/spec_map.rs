//! docs/spec-map.md and docs/log-rules.md are true as far as a machine can see: every file that they name exists, and every function and test that
//! they name before a file stands in that file.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

#[test]
fn every_name_in_the_map_exists() {
    check("docs/spec-map.md", 50);
}

#[test]
fn every_rule_of_the_log_names_code_and_tests_that_exist() {
    check("docs/log-rules.md", 28);
}

/// `least`: how many files are named at least, so that a change of form is noticed.
fn check(document: &str, least: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let map = fs::read_to_string(root.join(document)).unwrap();
    let mut files = 0;
    let mut wrong = Vec::new();
    for cell in map.lines().filter(|line| line.starts_with('|')).flat_map(|line| line.split('|')) {
        // Code spans of a cell, in order: names, then the file that has them.
        let mut names: Vec<&str> = Vec::new();
        for span in cell.split('`').skip(1).step_by(2) {
            if !span.contains('/') {
                names.push(span);
                continue;
            }
            files += 1;
            let path = root.join(span);
            if !path.exists() {
                wrong.push(format!("{span} does not exist"));
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            for name in names.drain(..) {
                if !text.contains(&format!("fn {name}")) {
                    wrong.push(format!("{span} has no function {name}"));
                }
            }
        }
    }
    assert!(files >= least, "only {files} files were found in {document}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
