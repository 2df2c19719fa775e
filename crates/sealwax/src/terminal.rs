//! Text for people: nothing that comes from outside reaches the terminal unescaped.

use std::fmt;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};

/// Good news.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Bad news.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What may be skipped in reading.
pub const DIM: Style = Style::new().dimmed();
/// What names a thing.
pub const BOLD: Style = Style::new().bold();

/// Text from outside, made harmless: control, bidirectional, zero-width and line-separating characters are shown as
/// `\u{…}`, so that a bundle can neither move the cursor nor turn a line around.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_harmful(character) {
                write!(f, "\\u{{{:x}}}", u32::from(character))?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        Ok(())
    }
}

fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// JSON that may be shown on a terminal: what could fool it is written as `\uXXXX`, which means the same to a program.
pub fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            // Raw, these stand between the values only, where no escape may, and a space means the same.
            '\t' | '\r' => escaped.push(' '),
            '\n' => escaped.push(character),
            _ if is_harmful(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A line for the person at the terminal, on standard error, beside what the command writes.
pub fn notice(text: &str) {
    // Who has closed standard error does not want to read it.
    let _ = writeln!(io::stderr(), "sealwax: {}", Escaped(text));
}

/// `text` as one word of a POSIX shell.
pub fn shell_quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else if text.chars().any(is_harmful) {
        // $'…' is the only quoting that survives control characters.
        let mut quoted = String::from("$'");
        for character in text.chars() {
            match character {
                '\'' | '\\' => quoted.extend(['\\', character]),
                _ if is_harmful(character) => {
                    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                        quoted.push_str(&format!("\\x{byte:02x}"));
                    }
                }
                _ => quoted.push(character),
            }
        }
        quoted + "'"
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A span of time in the largest unit that says enough: `3 days`, `1 hour`.
pub fn rough_duration(seconds: i64) -> String {
    let (count, unit) = match seconds.unsigned_abs() {
        seconds @ 0..120 => (seconds, "second"),
        seconds @ 120..7_200 => (seconds / 60, "minute"),
        seconds @ 7_200..172_800 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_fool_a_terminal_is_shown_by_number() {
        assert_eq!(Escaped("a\u{1b}[31mb").to_string(), "a\\u{1b}[31mb");
        assert_eq!(Escaped("x\u{202e}y\u{2066}\n").to_string(), "x\\u{202e}y\\u{2066}\\u{a}");
        assert_eq!(Escaped("Grüße — 你好").to_string(), "Grüße — 你好");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value = serde_json::json!({ "a": "x\u{202e}y\u{9b}\u{7f}\u{e0041}", "b": [1, "Grüße"] });
        let escaped = escaped_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!escaped.chars().any(|c| is_harmful(c) && c != '\n'), "{escaped}");
        assert!(escaped.contains("Grüße"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        assert_eq!(escaped_json("{\t\"a\":\r\n\"\u{7f}\\t\"}"), "{ \"a\": \n\"\\u007f\\t\"}");
    }

    #[test]
    fn quoting_gives_back_the_word() {
        for word in ["plain@example.com", "", "it's", "a b", "$(id)", "`x`", "a\nb", "\u{202e}x'\\"] {
            let output = std::process::Command::new("bash")
                .args(["-c", &format!("printf %s {}", shell_quoted(word))])
                .output()
                .expect("bash runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), word);
        }
    }

    #[test]
    fn durations_are_rough() {
        assert_eq!(rough_duration(1), "1 second");
        assert_eq!(rough_duration(7_300), "2 hours");
        assert_eq!(rough_duration(-200_000), "2 days");
    }
}
