//! A template as tokens: texts outside of braces, words and texts inside.

use super::TemplateError;

/// One token, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) offset: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What stands outside of braces.
    Outside(String),
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// `(`
    LeftParenthesis,
    /// `)`
    RightParenthesis,
    /// `.name`, without the dot; empty for the dot alone.
    Field(String),
    /// `if`, `eq` and the like.
    Word(String),
    /// A text in quotes, read.
    Text(String),
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// What Go takes for white space between braces.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

pub(super) fn tokens(source: &str) -> Result<Vec<Token>, TemplateError> {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new() };
    let mut trimmed = false; // by the braces before
    while let Some((before, _)) = lexer.rest().split_once(OPEN) {
        let (before, offset) = (before.to_owned(), lexer.at);
        lexer.at += before.len() + OPEN.len();
        // `{{- ` trims what stands before it; the dash needs its space.
        let trims = lexer.rest().strip_prefix('-').is_some_and(|rest| rest.starts_with(is_space));
        lexer.at += if trims { 2 } else { 0 };
        lexer.outside(offset, &before, trimmed, trims);
        trimmed = lexer.inside()?;
    }
    let (rest, offset) = (lexer.rest().to_owned(), lexer.at);
    lexer.outside(offset, &rest, trimmed, false);
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, offset: usize, kind: Kind) {
        self.tokens.push(Token { offset, kind });
    }

    fn outside(&mut self, offset: usize, text: &str, trim_start: bool, trim_end: bool) {
        let text = if trim_start { text.trim_start_matches(is_space) } else { text };
        let text = if trim_end { text.trim_end_matches(is_space) } else { text };
        if !text.is_empty() {
            self.push(offset, Kind::Outside(text.to_owned()));
        }
    }

    /// What stands between braces; true if the closing ones trim what follows.
    fn inside(&mut self) -> Result<bool, TemplateError> {
        let open = self.at;
        if self.rest().starts_with("/*") {
            return self.comment();
        }
        self.push(open, Kind::Open);
        loop {
            self.spaces();
            let offset = self.at;
            if let Some(trims) = self.close() {
                self.push(offset, Kind::Close);
                return Ok(trims);
            }
            let Some(letter) = self.rest().chars().next() else {
                return Err(TemplateError::Unterminated { what: "{{", offset: open });
            };
            // `.a.b` and `"a""b"` are something else in Go, and an error for us.
            if letter != ')' && self.touches_operand() {
                return Err(TemplateError::Unsupported { found: letter.to_string(), offset });
            }
            match letter {
                '(' | ')' => {
                    self.at += 1;
                    let kind = if letter == '(' { Kind::LeftParenthesis } else { Kind::RightParenthesis };
                    self.push(offset, kind);
                }
                '"' => self.quoted()?,
                '`' => self.raw()?,
                '.' => {
                    self.at += 1;
                    let name = self.name();
                    self.push(offset, Kind::Field(name));
                }
                letter if is_name(letter) => {
                    let word = self.name();
                    self.push(offset, Kind::Word(word));
                }
                other => return Err(TemplateError::Unsupported { found: other.to_string(), offset }),
            }
        }
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(is_space).len();
    }

    /// Whether an operand ends right here, without white space.
    fn touches_operand(&self) -> bool {
        let spaced = self.source.get(..self.at).is_some_and(|before| before.ends_with(is_space));
        let operand = |token: &Token| {
            matches!(token.kind, Kind::Field(_) | Kind::Word(_) | Kind::Text(_) | Kind::RightParenthesis)
        };
        !spaced && self.tokens.last().is_some_and(operand)
    }

    /// The end of braces, if it is here: `}}`, or ` -}}`, which trims. The white space has been skipped.
    fn close(&mut self) -> Option<bool> {
        let spaced = self.source.get(..self.at).is_some_and(|before| before.ends_with(is_space));
        if let Some(rest) = self.rest().strip_prefix('-')
            && spaced
            && rest.starts_with(CLOSE)
        {
            self.at += 1 + CLOSE.len();
            return Some(true);
        }
        let closed = self.rest().starts_with(CLOSE);
        self.at += if closed { CLOSE.len() } else { 0 };
        closed.then_some(false)
    }

    /// `{{/* … */}}`: the comment fills the braces, and only the space of a dash may follow it.
    fn comment(&mut self) -> Result<bool, TemplateError> {
        let offset = self.at;
        let unterminated = TemplateError::Unterminated { what: "a comment", offset };
        let end = self.rest().find("*/").ok_or(unterminated.clone())?;
        self.at += end + 2;
        if self.rest().starts_with(CLOSE) {
            self.at += CLOSE.len();
            return Ok(false);
        }
        self.spaces();
        self.close().filter(|trims| *trims).ok_or(unterminated)
    }

    fn name(&mut self) -> String {
        let name: String = self.rest().chars().take_while(|letter| is_name(*letter)).collect();
        self.at += name.len();
        name
    }

    fn quoted(&mut self) -> Result<(), TemplateError> {
        let offset = self.at;
        let unterminated = TemplateError::Unterminated { what: "a text", offset };
        let mut text = String::new();
        let mut letters = self.rest().char_indices().skip(1);
        loop {
            let (place, letter) = letters.next().ok_or(unterminated.clone())?;
            match letter {
                '"' => {
                    self.at += place + 1;
                    self.push(offset, Kind::Text(text));
                    return Ok(());
                }
                '\n' => return Err(unterminated),
                '\\' => {
                    let (_, escaped) = letters.next().ok_or(unterminated.clone())?;
                    text.push(match escaped {
                        '"' | '\\' => escaped,
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        _ => return Err(TemplateError::Escape { offset: offset + place }),
                    });
                }
                other => text.push(other),
            }
        }
    }

    fn raw(&mut self) -> Result<(), TemplateError> {
        let offset = self.at;
        let (text, _) = (self.rest().get(1..).and_then(|rest| rest.split_once('`')))
            .ok_or(TemplateError::Unterminated { what: "a text", offset })?;
        self.at += text.len() + 2;
        self.push(offset, Kind::Text(text.to_owned()));
        Ok(())
    }
}

fn is_name(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}
