//! `cargo xtask interop tsa`: other people's programs ask our time-stamping authority for tokens, and verify them: OpenSSL,
//! rfc3161-client (which sigstore-python stands on), and timestamp-authority's own client (whose verifier cosign and
//! sigstore-go have). Every hash and both curves; each token must not verify over another file.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::peers;
use crate::process::{output, root, run as run_command};
use crate::running::sealwax::absent;
use crate::{Failure, Outcome};

const USAGE: &str = "usage: cargo xtask interop tsa";

const HASHES: [&str; 3] = ["sha256", "sha384", "sha512"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err(USAGE.into());
    }
    let directory = super::directory()?;
    let program = super::built(&["-p", "sealwax-tsa", "--example", "authority"], "authority")?;
    let python = peers::rfc3161_client(&directory)?;
    let client = peers::timestamp_cli(&directory)?;
    for curve in ["p256", "p384"] {
        let authority = Authority::start(&program, &directory, curve)?;
        println!("openssl, {curve}: {} tokens", authority.verified_by_openssl()?);
        let mut script = Command::new(&python);
        script.arg(root().join("peers/python/timestamp.py")).arg(&authority.url).arg(&authority.directory);
        println!("rfc3161-client, {curve}: {}", output(&mut script)?.trim());
        println!("timestamp-cli, {curve}: {} tokens", authority.verified_by_timestamp_cli(&client)?);
        authority.stop()?;
    }
    Ok(())
}

/// A running authority, with its certificates in its directory.
struct Authority {
    url: String,
    directory: PathBuf,
    child: Child,
}

impl Authority {
    fn start(program: &Path, directory: &Path, curve: &str) -> Result<Self, Failure> {
        let directory = absent(directory, &format!("tsa-{curve}"))?;
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("message"), "message")?;
        fs::write(directory.join("other"), "another message")?;
        // It ends with its standard input, so whatever happens to this process, it does not stay.
        let mut command = Command::new(program);
        command.arg(&directory).arg(curve).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut url = String::new();
        let said = child.stdout.take().ok_or("the authority has no output")?;
        BufReader::new(said).read_line(&mut url)?;
        Ok(Self { url: url.trim().to_owned(), directory, child })
    }

    fn stop(mut self) -> Outcome {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the authority ended with {status}").into()) }
    }

    fn verified_by_openssl(&self) -> Result<usize, Failure> {
        let mut count = 0;
        for hash in HASHES {
            for further in [&["-cert"][..], &["-cert", "-no_nonce"], &["-no_nonce"], &[]] {
                let mut query = self.openssl(&["ts", "-query", "-data", "message", "-out", "query"]);
                run_command(query.arg(format!("-{hash}")).args(further).stderr(Stdio::null()))?;
                let mut post = Command::new("curl");
                post.current_dir(&self.directory).args(["-sSf", "-o", "reply", "--data-binary", "@query"]);
                run_command(post.args(["-H", "Content-Type: application/timestamp-query", &self.url]))?;
                let verifies = |over: &[&str]| -> Result<bool, Failure> {
                    let mut verify = self.openssl(&["ts", "-verify", "-in", "reply", "-CAfile", "root.pem"]);
                    verify.args(["-untrusted", "leaf.pem"]).args(over);
                    Ok(verify.output()?.status.success())
                };
                if !verifies(&["-queryfile", "query"])? || !verifies(&["-data", "message"])? {
                    return Err(format!("openssl refuses a token, {hash} {further:?}").into());
                }
                if verifies(&["-data", "other"])? {
                    return Err("openssl takes a token of another file".into());
                }
                count += 1;
            }
        }
        Ok(count)
    }

    fn openssl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(&self.directory);
        command
    }

    fn verified_by_timestamp_cli(&self, client: &Path) -> Result<usize, Failure> {
        let host = self.url.trim_end_matches("/api/v1/timestamp");
        let mut count = 0;
        for hash in HASHES {
            for certificate in ["--certificate=true", "--certificate=false"] {
                let mut ask =
                    self.client(client, &["--timestamp_server", host, "timestamp", "--artifact", "message"]);
                output(ask.args(["--hash", hash, "--out", "reply", certificate]))?;
                let verifies = |artifact: &str| -> Result<bool, Failure> {
                    let mut verify =
                        self.client(client, &["verify", "--timestamp", "reply", "--artifact", artifact]);
                    verify.args(["--certificate", "leaf.pem", "--root-certificates", "root.pem"]);
                    Ok(verify.output()?.status.success())
                };
                if !verifies("message")? {
                    return Err(format!("timestamp-cli refuses a token, {hash} {certificate}").into());
                }
                if verifies("other")? {
                    return Err("timestamp-cli takes a token of another file".into());
                }
                count += 1;
            }
        }
        Ok(count)
    }

    fn client(&self, client: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(client);
        command.args(arguments).current_dir(&self.directory);
        command
    }
}
