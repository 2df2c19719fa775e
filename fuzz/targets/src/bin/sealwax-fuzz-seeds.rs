//! `sealwax-fuzz-seeds DIRECTORY SOURCE…` writes DIRECTORY/TARGET/NUMBER for each seed that a target likes, and
//! DIRECTORY/words.dict for libFuzzer, and prints the names of the targets. Without arguments it only prints them.
#![allow(clippy::print_stdout, reason = "the names of the targets are its output")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sealwax_fuzz_targets::{TARGETS, seeds};

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if let [directory, sources @ ..] = paths.as_slice()
        && let Err(error) = write(directory, sources)
    {
        eprintln!("{}: {error}", directory.display());
        return ExitCode::FAILURE;
    }
    TARGETS.iter().for_each(|target| println!("{}", target.name));
    ExitCode::SUCCESS
}

fn write(directory: &Path, sources: &[PathBuf]) -> io::Result<()> {
    let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    let seeds = seeds::harvest(&sources);
    for target in TARGETS {
        let directory = directory.join(target.name);
        std::fs::create_dir_all(&directory)?;
        let own = (target.seeds)();
        let liked = seeds.iter().filter(|seed| (target.likes)(seed));
        for (number, seed) in own.iter().chain(liked).enumerate() {
            std::fs::write(directory.join(number.to_string()), seed)?;
        }
    }
    std::fs::write(directory.join("words.dict"), dictionary(&seeds::words(&seeds)))
}

/// libFuzzer's format: one quoted string per line, everything but letters and digits as `\xNN`.
fn dictionary<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("\\x{other:02X}"),
    };
    words.into_iter().map(|word| format!("\"{}\"\n", word.bytes().map(escape).collect::<String>())).collect()
}
