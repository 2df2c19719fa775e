//! `sealwax demo`: a whole Sigstore for a minute. Every step is a command of this very program, run as its user would and shown with
//! what it said.

pub(crate) mod args;
mod stage;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sealwax_formats::LogEntry;
use serde_json::json;

use self::args::DemoArgs;
use self::stage::Stage;
use crate::Failure;
use crate::judge::Status;
use crate::sources::read_one_bundle;
use crate::terminal::{BOLD, DIM, Escaped, escaped_json, shell_quoted};

/// What is signed if nobody names anything.
const HELLO: &[u8] = b"Whoever reads this can check who wrote it.\n";

/// Where lines of commands are cut.
const WIDTH: usize = 88;

/// Runs the command.
///
/// # Errors
/// A step did not do what it should.
pub(crate) fn run(args: &DemoArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let begin = Instant::now();
    args.file.as_deref().map_or(Ok(()), readable)?;
    let stage = Stage::set()?;
    let mut tell = Teller { out, is_quiet: args.json, step: 0 };
    match play(args, &stage, &mut tell, begin) {
        // Whatever failed then failed for that.
        Err(_) if stage.is_interrupted() => return Err(stage::interrupted()),
        played => played?,
    }
    if args.keep {
        stage.wait()?;
    } else {
        drop(stage);
    }
    tell.line("All of it is gone again. --keep leaves it running; your own: sealwax serve --dir DIR")?;
    Ok(Status::Verified)
}

/// The story, from the first step to the last.
fn play(
    args: &DemoArgs,
    stage: &Stage,
    tell: &mut Teller<'_, impl Write>,
    begin: Instant,
) -> Result<(), Failure> {
    tell.heading("A whole Sigstore, on this machine alone and for this minute")?;
    tell.line(&format!("serving at {}, on the directory {}", stage.url, stage.path("sigstore").display()))?;
    tell.line(
        "certificate authority, certificate log, signature log, timestamp authority, accounts: one process",
    )?;

    let file = artifact(args, stage)?;
    let name = file.display().to_string();
    tell.heading("Somebody signs in, and signs")?;
    tell.command(
        stage,
        &["account", "add", "demo", "--machine", "--secret-file", "demo.secret", "--dir", "sigstore"],
    )?;
    let token =
        ["token", "--machine", "demo", "--secret-file", "demo.secret", "--issuer", &stage.machine_issuer];
    let token = tell.command_into(stage, &token, "demo.token")?;
    stage.write("demo.token", token.as_bytes())?;
    let config = "client_trust_config.json";
    stage.fetch(&format!("/{config}"), config)?;
    let sign = ["sign", &name, "--token", "@demo.token", "--trust-config", config, "--bundle", "bundle.json"];
    tell.command(stage, &sign)?;
    let bundle = read_one_bundle(&stage.path("bundle.json")).map_err(Failure::cannot)?;

    tell.heading("It is in a log that anybody can check")?;
    let entry = bundle.log_entries.first().ok_or_else(|| Failure::cannot("the bundle has no log entry"))?;
    tell.proof(entry)?;

    tell.heading("Anybody verifies it, without a network")?;
    stage.fetch("/trusted_root.json", "trusted_root.json")?;
    let identity = format!("{}/demo", stage.machine_issuer);
    let who = [
        "--bundle",
        "bundle.json",
        "--identity",
        &identity,
        "--issuer",
        &stage.machine_issuer,
        "--trusted-root",
        "trusted_root.json",
    ];
    tell.command(stage, &[&["verify", &name][..], &who].concat())?;
    let verified_after = begin.elapsed();

    tell.heading("One byte is changed")?;
    let changed = change_a_byte(&file, stage)?;
    let said = stage.run(&[&["verify", &changed][..], &who].concat())?;
    if said.code != Some(1) {
        return Err(Failure::cannot("a changed file was not refused"));
    }
    tell.show(&[&["verify", &changed][..], &who].concat(), &said.out)?;

    if args.json {
        let told = json!({
            "url": stage.url,
            "directory": stage.path("").display().to_string(),
            "artifact": name,
            "identity": identity,
            "issuer": stage.machine_issuer,
            "log_index": entry.log_index,
            "verified": true,
            "changed_byte_refused": true,
            "milliseconds_to_verified": u64::try_from(verified_after.as_millis()).unwrap_or(u64::MAX),
            "kept": args.keep,
        });
        tell.raw(&format!("{}\n", escaped_json(&told.to_string())))?;
    } else {
        tell.others(stage, &name, &identity)?;
        let milliseconds = verified_after.as_millis();
        tell.heading(&format!("That was it: {milliseconds} ms from nothing to a verified signature"))?;
    }
    match args.keep {
        true => tell.line(&format!("Still serving at {}, until Ctrl-C.", stage.url)),
        false => Ok(()),
    }
}

/// Whether it is a file that can be signed: nothing is staged for one that cannot.
fn readable(file: &Path) -> Result<(), Failure> {
    let cannot = |reason: String| Failure::cannot(format!("cannot read {}: {reason}", file.display()));
    if !file.metadata().map_err(|error| cannot(error.to_string()))?.is_file() {
        return Err(cannot("it is not a regular file".to_owned()));
    }
    std::fs::File::open(file).map(drop).map_err(|error| cannot(error.to_string()))
}

/// The file that was named, by a path that holds everywhere; or one that is made.
fn artifact(args: &DemoArgs, stage: &Stage) -> Result<PathBuf, Failure> {
    match &args.file {
        Some(file) => std::path::absolute(file)
            .map_err(|error| Failure::cannot(format!("cannot use {}: {error}", file.display()))),
        None => {
            stage.write("hello.txt", HELLO)?;
            Ok(PathBuf::from("hello.txt"))
        }
    }
}

/// A copy of the file, with one bit of its first byte turned; an empty file gets a byte.
fn change_a_byte(file: &Path, stage: &Stage) -> Result<String, Failure> {
    let cannot = |error: std::io::Error| Failure::cannot(format!("cannot read {}: {error}", file.display()));
    let mut from = std::fs::File::open(stage.path("").join(file)).map_err(cannot)?;
    // Not as the file is: one that nobody may write to could not be changed.
    let mut copy = std::fs::File::create(stage.path("changed")).map_err(cannot)?;
    std::io::copy(&mut from, &mut copy).map_err(cannot)?;
    stage.turn_a_bit("changed").map_err(cannot)?;
    Ok("changed".to_owned())
}

/// Tells the story, or nothing of it where a program listens.
struct Teller<'a, W> {
    out: &'a mut W,
    is_quiet: bool,
    step: u32,
}

impl<W: Write> Teller<'_, W> {
    fn heading(&mut self, text: &str) -> Result<(), Failure> {
        self.step += 1;
        let front = if self.step == 1 { "" } else { "\n" };
        self.text(&format!("{front}{BOLD}{}. {text}{BOLD:#}\n", self.step))
    }

    fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.text(format!("   {}", Escaped(text)).trim_end())?;
        self.text("\n")
    }

    /// Runs a step, shows it with what it said, and ends if it did not succeed.
    fn command(&mut self, stage: &Stage, arguments: &[&str]) -> Result<(), Failure> {
        let said = stage.done(arguments)?;
        self.show(arguments, &said)
    }

    /// The same of a step whose output goes into a file.
    fn command_into(&mut self, stage: &Stage, arguments: &[&str], file: &str) -> Result<String, Failure> {
        let said = stage.done(arguments)?;
        self.show(&[arguments, &[">", file]].concat(), "")?;
        Ok(said)
    }

    fn show(&mut self, arguments: &[&str], said: &str) -> Result<(), Failure> {
        let mut front = "   $ sealwax";
        for line in in_lines(arguments) {
            self.text(&format!("{DIM}{front} {line}{DIM:#}\n"))?;
            front = "      ";
        }
        // What a command of ours says is escaped already.
        said.lines().try_for_each(|line| self.text(&format!("   {line}\n")))
    }

    fn proof(&mut self, entry: &LogEntry) -> Result<(), Failure> {
        let Some(proof) = &entry.inclusion_proof else {
            return Err(Failure::cannot("the entry has no proof of inclusion"));
        };
        let (index, size) = (proof.log_index, proof.tree_size);
        let hashes = match proof.hashes.len() {
            1 => "one hash leads".to_owned(),
            several => format!("{several} hashes lead"),
        };
        self.line(&format!("It is entry {index} of a tree of {size}: {hashes} from it to the root"))?;
        self.line(&format!("{},", sealwax_crypto::hex(&proof.root_hash)))?;
        self.line("and the log has signed that:")?;
        let checkpoint = proof.checkpoint.as_deref().unwrap_or_default();
        checkpoint.lines().try_for_each(|line| self.line(&format!("  {line}")))
    }

    /// How other clients do the same.
    fn others(&mut self, stage: &Stage, name: &str, identity: &str) -> Result<(), Failure> {
        self.heading("The same with cosign, while --keep leaves it running")?;
        let name = shell_quoted(name);
        let lines = [
            format!("cd {}", shell_quoted(&stage.path("").display().to_string())),
            format!("curl -fsSO {}/trusted_root.json", stage.url),
            format!("curl -fsSO {}/signing_config.json", stage.url),
            format!(
                "cosign sign-blob {name} --yes --identity-token \"$(cat demo.token)\" --bundle cosign.json \\"
            ),
            "  --trusted-root trusted_root.json --signing-config signing_config.json".to_owned(),
            format!("cosign verify-blob {name} --bundle cosign.json --trusted-root trusted_root.json \\"),
            format!("  --certificate-identity {} \\", shell_quoted(identity)),
            format!("  --certificate-oidc-issuer {}", shell_quoted(&stage.machine_issuer)),
        ];
        lines.iter().try_for_each(|line| self.line(line))
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        if self.is_quiet { Ok(()) } else { self.raw(text) }
    }

    fn raw(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(|error| Failure::cannot(format!("cannot write the result: {error}")))
    }
}

/// A command in lines that fit, each option with its value.
fn in_lines(arguments: &[&str]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in arguments {
        let text = if *word == ">" { ">".to_owned() } else { shell_quoted(word) };
        match parts.last_mut() {
            Some(last) if is_open(last) && !word.starts_with("--") => *last = format!("{last} {text}"),
            _ => parts.push(text),
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(last) if last.len() + part.len() < WIDTH => *last = format!("{last} {part}"),
            Some(last) => {
                last.push_str(" \\");
                lines.push(part);
            }
            None => lines.push(part),
        }
    }
    lines
}

/// Whether a value may follow.
fn is_open(part: &str) -> bool {
    part == ">" || part.starts_with("--") && !part.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_cut_before_options() {
        let (long, value) = ("--identity", "x".repeat(64));
        let words = ["verify", "a b", long, &value, "--issuer", &value, "--machine", "--json", ">", "out"];
        let lines = in_lines(&words);
        assert_eq!(lines[0], format!("verify 'a b' {long} {value} \\"));
        assert_eq!(lines[1], format!("--issuer {value} --machine \\"));
        assert_eq!(lines[2], "--json > out");
        assert!(lines.iter().all(|line| line.len() <= WIDTH + 2));
    }
}
