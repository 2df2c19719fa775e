//! docs/spec-map.md is true as far as a machine can see: every file that it names exists, and every function and test that
//! it names before a file stands in that file.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

#[test]
fn every_name_in_the_map_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let map = fs::read_to_string(root.join("docs/spec-map.md")).unwrap();
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
    assert!(files > 50, "only {files} files were found in the map");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
