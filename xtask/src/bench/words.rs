//! The command line of a bench: which of its parts are measured, and how.

use std::path::PathBuf;
use std::str::FromStr;

use crate::{Failure, Outcome};

/// One thing that is measured: its name, and how.
pub(super) type Part<B> = (&'static str, fn(&mut B) -> Outcome);

/// What a bench can be told.
pub(super) struct Known<B: 'static> {
    pub(super) usage: &'static str,
    /// What is measured when no part is named.
    pub(super) usual: &'static [Part<B>],
    /// What is measured only when it is named.
    pub(super) by_hand: &'static [Part<B>],
    /// Options without a value.
    pub(super) flags: &'static [&'static str],
    /// Options with one.
    pub(super) options: &'static [&'static str],
    /// Whose programs are given by `--peer NAME=PATH`.
    pub(super) peers: &'static [&'static str],
}

/// What it was told.
pub(super) struct Told<'a, B> {
    usage: &'static str,
    parts: Vec<Part<B>>,
    flags: Vec<&'a str>,
    values: Vec<(&'a str, &'a str)>,
    peers: Vec<(&'a str, &'a str)>,
}

impl<B> Known<B> {
    /// Reads a command line; `None` if it asked for help, which it then has.
    pub(super) fn read<'a>(&self, arguments: &'a [String]) -> Result<Option<Told<'a, B>>, Failure> {
        let (mut parts, mut flags) = (Vec::new(), Vec::new());
        let (mut values, mut peers) = (Vec::new(), Vec::new());
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let part = self.usual.iter().chain(self.by_hand).find(|(name, _)| *name == word);
            match part {
                Some(part) => parts.push(*part),
                None if word == "--help" => {
                    println!("{}", self.usage);
                    return Ok(None);
                }
                None if self.flags.contains(&word) => flags.push(word),
                None if self.options.contains(&word) => {
                    values.push((word, words.next().ok_or(self.usage)?));
                }
                None if word == "--peer" => {
                    let given = words.next().and_then(|given| given.split_once('='));
                    peers.push(given.filter(|(peer, _)| self.peers.contains(peer)).ok_or(self.usage)?);
                }
                None => return Err(self.usage.into()),
            }
        }
        if parts.is_empty() {
            parts.extend(self.usual);
        }
        Ok(Some(Told { usage: self.usage, parts, flags, values, peers }))
    }
}

impl<B> Told<'_, B> {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }

    /// The value of an option that was given.
    pub(super) fn value<T: FromStr>(&self, option: &str) -> Result<Option<T>, Failure> {
        let given = self.values.iter().rev().find(|(name, _)| *name == option);
        given.map(|(_, value)| value.parse().map_err(|_| self.usage.into())).transpose()
    }

    /// Something that is there, given by an option.
    pub(super) fn path(&self, option: &str) -> Result<Option<PathBuf>, Failure> {
        Ok(self.value::<PathBuf>(option)?.map(|path| path.canonicalize()).transpose()?)
    }

    /// The program of a peer.
    pub(super) fn peer(&self, name: &str) -> Result<Option<PathBuf>, Failure> {
        let given = self.peers.iter().rev().find(|(peer, _)| *peer == name);
        Ok(given.map(|(_, path)| PathBuf::from(path).canonicalize()).transpose()?)
    }

    /// Measures what was named, one after the other.
    pub(super) fn measure(&self, bench: &mut B) -> Outcome {
        for (_, measure) in &self.parts {
            println!();
            measure(bench)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known<Vec<&'static str>> = Known {
        usage: "usage",
        usual: &[("one", |seen| done(seen, "one")), ("two", |seen| done(seen, "two"))],
        by_hand: &[("three", |seen| done(seen, "three"))],
        flags: &["--alone"],
        options: &["--turns"],
        peers: &["this", "that"],
    };

    #[expect(clippy::unnecessary_wraps, reason = "as parts are")]
    fn done(seen: &mut Vec<&'static str>, part: &'static str) -> Outcome {
        seen.push(part);
        Ok(())
    }

    fn told(words: &[String]) -> Result<Told<'_, Vec<&'static str>>, Failure> {
        Ok(KNOWN.read(words)?.ok_or("help")?)
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn parts_are_the_usual_ones_or_those_that_are_named() {
        for (line, expected) in [
            ("", vec!["one", "two"]),
            ("--turns 3 three one", vec!["three", "one"]),
            ("--alone two", vec!["two"]),
        ] {
            let (words, mut seen) = (words(line), Vec::new());
            told(&words).unwrap().measure(&mut seen).unwrap();
            assert_eq!(seen, expected, "{line}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let given = words("--alone --turns 3 --turns 4 --peer that=/");
        let given = told(&given).unwrap();
        assert!(given.has("--alone") && given.value::<u32>("--turns").unwrap() == Some(4));
        assert_eq!((given.peer("this").unwrap(), given.peer("that").unwrap()), (None, Some("/".into())));
        for line in ["four", "--turns", "--other 3", "--peer other=/", "--peer this"] {
            assert!(told(&words(line)).is_err(), "{line}");
        }
        assert!(told(&words("--turns three")).unwrap().value::<u32>("--turns").is_err());
    }
}
