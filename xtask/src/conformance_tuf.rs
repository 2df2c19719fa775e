//! The public TUF client suite (`theupdateframework/tuf-conformance`), run as it is against `sealwax-conformance`.
//!
//! The suite is given as a directory and never written to; what it needs of Python goes into `target/tuf-conformance`.
//! There is no list of expected failures: the suite would read one beside the binary, so this refuses to run if there is one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::process::{cargo, command, output, root, run as run_command};

/// How many tests the suite has; a suite that lost some must not look like a success.
const TESTS: usize = 113;

const USAGE: &str = "usage: cargo xtask conformance tuf --suite DIR, where DIR is a checkout of \
                     https://github.com/theupdateframework/tuf-conformance; it needs python3 and faketime (`apt install faketime`)";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let [flag, suite] = arguments else { return Err(USAGE.into()) };
    let suite = fs::canonicalize(suite).map_err(|error| format!("cannot open {suite}: {error}"))?;
    if flag != "--suite" || !suite.join("tuf_conformance").is_dir() {
        return Err(USAGE.into());
    }
    output(command("faketime").arg("--version")).map_err(|error| format!("{error}; {USAGE}"))?;
    run_command(cargo().args(["build", "--package", "sealwax-conformance"]))?;
    let client = root().join("target/debug/sealwax-conformance");
    if client.with_extension("xfails").exists() {
        return Err("a list of expected failures stands beside the client".into());
    }
    let report = root().join("target/tuf-conformance/report.json");
    let tests = command(environment(&suite)?)
        .args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider", "--json-report", "--json-report-file"])
        .arg(&report)
        .arg("--entrypoint")
        .arg(&client)
        .arg(suite.join("tuf_conformance"))
        // Compiled files do not belong into the suite either.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONPATH", &suite)
        .status()?;
    let (passed, total) =
        count(&fs::read_to_string(&report)?).ok_or("the suite wrote no report that we understand")?;
    println!("{passed} of {total} tests passed");
    if tests.success() && passed == total && total >= TESTS {
        Ok(())
    } else {
        Err(format!("expected {TESTS} of {TESTS} tests to pass").into())
    }
}

/// A virtual environment with the packages that the suite's `pyproject.toml` asks for; its interpreter.
fn environment(suite: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let directory = root().join("target/tuf-conformance/python");
    let python = directory.join("bin/python");
    if !python.exists() {
        run_command(command("python3").args(["-m", "venv"]).arg(&directory))?;
    }
    let wanted = requirements(&fs::read_to_string(suite.join("pyproject.toml"))?);
    if wanted.is_empty() {
        return Err("the suite's pyproject.toml names no dependencies".into());
    }
    run_command(
        command(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(wanted),
    )?;
    Ok(python)
}

/// The strings of the first `dependencies = [ … ]`.
fn requirements(project: &str) -> Vec<String> {
    let lines = project.lines().skip_while(|line| !line.starts_with("dependencies = ["));
    let entries = lines.skip(1).take_while(|line| !line.starts_with(']'));
    entries.map(|line| line.trim().trim_end_matches(',').trim_matches('"').to_owned()).collect()
}

/// Passed and collected tests of a report by pytest-json-report, whose summary is one flat object.
fn count(report: &str) -> Option<(usize, usize)> {
    let (_, summary) = report.split_once("\"summary\":")?;
    let (summary, _) = summary.split_once('}')?;
    let number = |name: &str| {
        let (_, rest) = summary.split_once(&format!("\"{name}\":"))?;
        let rest = rest.trim_start();
        let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    };
    Some((number("passed").unwrap_or(0), number("total")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_those_of_the_suite_itself() {
        let project = "[project]\ndependencies = [\n    \"tuf==7.0.0\",\n    \"pytest==9.1.1\"\n]\n[x]\nlint = [\n\"ruff\"\n]\n";
        assert_eq!(requirements(project), ["tuf==7.0.0", "pytest==9.1.1"]);
    }

    #[test]
    fn reports_are_counted() {
        let report = r#"{"exitcode": 0, "summary": {"passed": 111, "failed": 2, "total": 113, "collected": 113}, "x": 1}"#;
        assert_eq!(count(report), Some((111, 113)));
        assert_eq!(count(r#"{"summary": {"failed": 2, "total": 2}}"#), Some((0, 2)));
        assert_eq!(count("{}"), None);
    }
}
