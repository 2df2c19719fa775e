//! What `--help` says below the options, laid out so that its commands can be copied from a terminal.
//!
//! clap breaks each line that is longer than the terminal is wide, a command in an example too, and a shell takes what comes after the
//! break for another command. So commands are broken here, with a backslash. Paragraphs are broken in the source already, and joined
//! here, so that they are broken once.

use clap::Command;

/// How wide a terminal is at least.
const COLUMNS: usize = 80;

/// Whether a line of an example is a command, or goes on with one.
fn is_command(line: &str) -> bool {
    line.starts_with("    ") || line.starts_with("  sealwax ")
}

/// Of this command and all below it.
pub fn laid_out(command: Command) -> Command {
    let (short, long) = (command.get_after_help(), command.get_after_long_help());
    let (short, long) = (short.map(ToString::to_string), long.map(ToString::to_string));
    let command = match short {
        Some(text) => command.after_help(lay_out(&text)),
        None => command,
    };
    let command = match long {
        Some(text) => command.after_long_help(lay_out(&text)),
        None => command,
    };
    command.mut_subcommands(laid_out)
}

fn lay_out(text: &str) -> String {
    let is_prose =
        |line: &str| line.starts_with(|first: char| !first.is_whitespace()) && !line.ends_with(':');
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        let goes_on = is_prose(line) && out.last().is_some_and(|last| is_prose(last));
        match out.last_mut().filter(|_| goes_on) {
            Some(last) => *last = format!("{last} {line}"),
            None if is_command(line) && line.chars().count() > COLUMNS => out.extend(broken(line)),
            None => out.push(line.to_owned()),
        }
    }
    out.join("\n")
}

/// A command as lines that a shell takes for one.
fn broken(command: &str) -> Vec<String> {
    let indented = command.len() - command.trim_start().len();
    let mut lines = Vec::new();
    let mut line = " ".repeat(indented);
    let mut is_empty = true;
    for part in parts(command.trim_start()) {
        // A blank and the backslash have room too.
        if !is_empty && line.chars().count() + 1 + part.chars().count() > COLUMNS - 2 {
            lines.push(format!("{line} \\"));
            line = " ".repeat(indented + 2);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&part);
        is_empty = false;
    }
    lines.push(line);
    lines
}

/// What stays on one line: a word, or a flag and its value if they are not too long.
fn parts(line: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in words(line) {
        let is_value = !word.starts_with(['-', '|', '&', '\\']);
        let flag = parts.last_mut().filter(|last| last.starts_with('-') && !last.contains(' '));
        match flag.filter(|flag| is_value && flag.len() + word.len() < COLUMNS - 10) {
            Some(flag) => *flag = format!("{flag} {word}"),
            None => parts.push(word.to_owned()),
        }
    }
    parts
}

/// The words of a command line, with their quotes.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    line.split(move |found: char| {
        match quote {
            Some(open) if found == open => quote = None,
            None if matches!(found, '\'' | '"') => quote = Some(found),
            _ => {}
        }
        found == ' ' && quote.is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn commands_are_broken_for_a_shell_and_paragraphs_for_a_terminal() {
        let key = "'pkcs11:token=a b;object=c?module-path=/usr/lib/vendor/pkcs11.so&pin-source=file:/pin'";
        let text = format!(
            "Examples:\n  Short:\n    a b\n\n  Long, with words and words:\n    sealwax log new /var/lib/log --origin log.acme.example --key {key} --x\n\nSome\nprose:\n\n  0  it is\n  1  it is not"
        );
        let expected = format!(
            "Examples:\n  Short:\n    a b\n\n  Long, with words and words:\n    sealwax log new /var/lib/log --origin log.acme.example --key \\\n      {key} \\\n      --x\n\nSome\nprose:\n\n  0  it is\n  1  it is not"
        );
        assert_eq!(lay_out(&text), expected);
        assert_eq!(lay_out("one\ntwo\n\nthree\n    a"), "one two\n\nthree\n    a");
        let signs =
            "  sealwax attest --subject-checksums SHA256SUMS --type spdx --predicate sbom.spdx.json --once";
        let broken = "  sealwax attest --subject-checksums SHA256SUMS --type spdx \\\n    --predicate sbom.spdx.json --once";
        assert_eq!(lay_out(signs), broken);
    }

    #[test]
    fn no_terminal_breaks_a_command_of_an_example() {
        fn look(command: &Command) {
            for help in [command.get_after_help(), command.get_after_long_help()].into_iter().flatten() {
                for line in help.to_string().lines().filter(|line| is_command(line)) {
                    let is_one_word = words(line.trim_start().trim_end_matches(" \\")).count() == 1;
                    assert!(line.chars().count() <= COLUMNS || is_one_word, "{}: {line}", command.get_name());
                }
            }
            command.get_subcommands().for_each(look);
        }
        look(&laid_out(Cli::command()));
    }
}
