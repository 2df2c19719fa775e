//! Writes the configuration as a file, with what each key means.

use super::{Keys, Section, Setting};

/// Where a line of a comment is broken.
const WIDTH: usize = 100;

/// The whole file. Keys that are not set are comments that show an example.
pub fn print(section: &mut impl Section) -> String {
    let mut printer = Printer { path: String::new(), keys: String::new(), sections: String::new() };
    section.keys(&mut printer);
    format!("{}{}", printer.keys, printer.sections)
}

struct Printer {
    path: String,
    /// TOML wants the keys of a table before the tables in it.
    keys: String,
    sections: String,
}

impl Keys for Printer {
    fn key<T: Setting>(&mut self, name: &'static str, about: &'static str, value: &mut T) {
        if !self.keys.is_empty() {
            self.keys.push('\n');
        }
        comment(&mut self.keys, about);
        let line = match value.write() {
            Some(value) => format!("{name} = {value}\n"),
            None => format!("#{name} = {}\n", T::example()),
        };
        self.keys.push_str(&line);
    }

    fn section(&mut self, name: &'static str, about: &'static str, section: &mut impl Section) {
        let path = format!("{}{name}", self.path);
        let mut inner = Self { path: format!("{path}."), keys: String::new(), sections: String::new() };
        section.keys(&mut inner);
        self.sections.push('\n');
        comment(&mut self.sections, about);
        self.sections.push_str(&format!("[{path}]\n{}{}", inner.keys, inner.sections));
    }
}

fn comment(text: &mut String, about: &str) {
    let mut width = WIDTH;
    for word in about.split_whitespace() {
        width += 1 + word.chars().count();
        if width > WIDTH {
            text.push_str(if text.is_empty() || text.ends_with('\n') { "#" } else { "\n#" });
            width = 2 + word.chars().count();
        }
        text.push(' ');
        text.push_str(word);
    }
    text.push('\n');
}
