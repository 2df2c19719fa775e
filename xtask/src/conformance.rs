//! The public bundle cases, each by path and by digest, through `sealwax-conformance` and through `sealwax verify`.
//!
//! There is no list of expected failures: a case whose name ends in `_fail` must be refused, every other one accepted.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::process::{cargo, root, run as run_command};

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/\
                        .github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// How many cases the suite has; a suite that lost some must not look like a success.
const CASES: usize = 70;

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let suite = match arguments {
        [] => root().join("../shared/conformance/bundle-verify"),
        [flag, directory] if flag == "--suite" => PathBuf::from(directory),
        _ => return Err("usage: cargo xtask conformance [--suite DIR]".into()),
    };
    if !suite.is_dir() {
        return Err(format!("the public cases are not at {}: give --suite DIR", suite.display()).into());
    }
    run_command(cargo().args(["build", "--package", "sealwax", "--package", "sealwax-conformance"]))?;
    let mut failures = Vec::new();
    let mut passed = 0;
    let cases = cases(&suite)?;
    for case in &cases {
        for by in [By::Path, By::Digest] {
            for binary in [Binary::Conformance, Binary::Sealwax] {
                match judge(case, by, binary)? {
                    None => passed += 1,
                    Some(failure) => failures.push(failure),
                }
            }
        }
    }
    for failure in &failures {
        println!("{failure}");
    }
    println!("{} bundle cases, by path and by digest, through both binaries", cases.len());
    println!("{passed} passed, {} failed", failures.len());
    match (failures.is_empty(), cases.len()) {
        (true, CASES..) => Ok(()),
        (true, count) => Err(format!("expected at least {CASES} cases, found {count}").into()),
        (false, _) => Err("the public bundle cases do not all pass".into()),
    }
}

#[derive(Clone, Copy, Debug)]
enum By {
    Path,
    Digest,
}

#[derive(Clone, Copy, Debug)]
enum Binary {
    Conformance,
    Sealwax,
}

struct Case {
    name: String,
    directory: PathBuf,
    artifact: PathBuf,
    digest: String,
}

fn cases(suite: &Path) -> Result<Vec<Case>, Box<dyn std::error::Error>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(suite)? {
        let directory = entry?.path();
        if !directory.join("bundle.sigstore.json").is_file() {
            continue;
        }
        let own = directory.join("artifact");
        let artifact = if own.is_file() { own } else { suite.join("a.txt") };
        let digest = sealwax_crypto::digest(sealwax_crypto::HashAlgorithm::Sha256, &fs::read(&artifact)?);
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        cases.push(Case { name, directory, artifact, digest: digest.to_string() });
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

/// `None` if the verdict is the expected one.
fn judge(case: &Case, by: By, binary: Binary) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let output = command(case, by, binary)?.output()?;
    let expected = if case.name.ends_with("_fail") { 1 } else { 0 };
    // A refusal is exit code 1 or 3, never 2 (a usage error would refuse everything and look like success).
    let as_expected = match output.status.code() {
        Some(0) => expected == 0,
        Some(1 | 3) => expected == 1,
        _ => false,
    };
    Ok((!as_expected).then(|| {
        format!(
            "FAILED {} by {by:?} through {binary:?}: expected {}, got {}\n{}{}",
            case.name,
            if expected == 0 { "verified" } else { "not verified" },
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    }))
}

fn command(case: &Case, by: By, binary: Binary) -> Result<Command, Box<dyn std::error::Error>> {
    let file = |name: &str| Some(case.directory.join(name)).filter(|path| path.is_file());
    let text = |name: &str, default: &str| match file(name) {
        Some(path) => fs::read_to_string(path).map(|text| text.trim().to_owned()),
        None => Ok(default.to_owned()),
    };
    let (program, verb, identity, issuer) = match binary {
        Binary::Conformance => {
            ("sealwax-conformance", "verify-bundle", "--certificate-identity", "--certificate-oidc-issuer")
        }
        Binary::Sealwax => ("sealwax", "verify", "--identity", "--issuer"),
    };
    let mut command = Command::new(root().join("target/debug").join(program));
    command.arg(verb).arg("--bundle").arg(case.directory.join("bundle.sigstore.json"));
    match file("key.pub") {
        Some(key) => command.arg("--key").arg(key),
        None => command.args([identity, &text("identity", IDENTITY)?, issuer, &text("issuer", ISSUER)?]),
    };
    if let Some(trusted_root) = file("trusted_root.json") {
        command.arg("--trusted-root").arg(trusted_root);
    }
    command.arg(match by {
        By::Path => case.artifact.clone().into_os_string(),
        By::Digest => OsString::from(&case.digest),
    });
    command.env("SEALWAX_HOME", root().join("target/no-profiles"));
    Ok(command)
}
