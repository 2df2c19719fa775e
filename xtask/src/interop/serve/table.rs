//! The matrix.

use std::fmt::Write as _;
use std::fs;

use super::Round;
use super::check::Signed;
use super::clients::{Account, Content, Way};
use super::place::Place;
use crate::Outcome;

/// What a client makes of a bundle.
pub(super) enum Cell {
    /// It accepts it, and refuses it changed and for somebody else, for that reason.
    Good,
    /// Not so.
    Bad(String),
    /// It cannot have its trust from there, or knows no keys.
    Impossible,
}

pub(super) struct Table<'a> {
    pub(super) clients: Vec<String>,
    pub(super) rows: &'a [Signed],
    /// A column for each client, a cell for each row.
    pub(super) columns: Vec<Vec<Cell>>,
    pub(super) remarks: Vec<&'static str>,
}

impl Table<'_> {
    /// How many cells are not good.
    pub(super) fn bad(&self) -> usize {
        self.columns.iter().flatten().filter(|cell| matches!(cell, Cell::Bad(_))).count()
    }

    /// Prints it, and keeps it.
    pub(super) fn print(&self, title: &str, place: &Place) -> Outcome {
        let text = self.text(title)?;
        print!("\n{text}");
        let file = place.path("matrix.txt");
        let before = fs::read_to_string(&file).unwrap_or_default();
        Ok(fs::write(file, format!("{before}{text}\n"))?)
    }

    fn text(&self, title: &str) -> Result<String, std::fmt::Error> {
        let rows: Vec<String> = self.rows.iter().map(describe).collect();
        let width = rows.iter().map(String::len).max().unwrap_or_default();
        let mut text = format!("{title}: who signed (down), who verifies (across)\n{:width$}", "");
        for client in &self.clients {
            write!(text, "  {client}")?;
        }
        let mut bad = String::new();
        for (at, row) in rows.iter().enumerate() {
            write!(text, "\n{row:width$}")?;
            for (client, column) in self.clients.iter().zip(&self.columns) {
                let shown = match column.get(at) {
                    Some(Cell::Good) => "yes",
                    Some(Cell::Impossible) => "–",
                    Some(Cell::Bad(why)) => {
                        writeln!(bad, "{client}, {row}: {why}")?;
                        "NO"
                    }
                    None => "",
                };
                write!(text, "  {shown:<0$}", client.len())?;
            }
        }
        text += "\nyes: accepted, and refused with one byte changed, and for another identity, for that reason. –: it cannot have its trust from there, or knows no keys.\n";
        for remark in &self.remarks {
            writeln!(text, "{remark}")?;
        }
        Ok(text + &bad)
    }
}

fn describe(signed: &Signed) -> String {
    let content = match signed.content {
        Content::Message => "message",
        Content::Statement => "statement",
    };
    let way = match signed.way {
        Way::Tuf => "TUF",
        Way::Files => "files",
    };
    let account = match signed.account {
        Account::Person => "person",
        Account::Machine => "machine",
        Account::Key => "key",
    };
    let round = match signed.round {
        Round::First => ", before",
        Round::Rotated => ", after",
        Round::Only => "",
    };
    format!("{}, {content}, {way}, {account}{round}", signed.by)
}
