//! The transcript in the README of the crate `log` runs as it stands.

use crate::common::Scratch;
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

#[test]
fn the_readme_runs() {
    let there =
        |tool| Command::new(tool).arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !["curl", "openssl", "bash"].into_iter().all(there) {
        assert!(std::env::var_os("CI").is_none(), "curl, openssl and bash are needed");
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../log/README.md");
    let readme = fs::read_to_string(path).unwrap();
    let script = readme.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    // The port may be taken here.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let script = script.replace(":3000", &format!(":{port}"));
    let scratch = Scratch::new();
    let binary = Path::new(env!("CARGO_BIN_EXE_sealwax"));
    let search = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-m", "-e", "-u", "-o", "pipefail", "-c", &script])
        .env("PATH", search)
        .env("SEALWAX_HOME", scratch.home())
        .current_dir(scratch.path("."))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    for words in ["verified", "good", "\"index\":0"] {
        assert!(out.contains(words), "no {words:?} in {out}\n{err}");
    }
}
