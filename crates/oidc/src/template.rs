//! Templates of certificate extensions: the part of Go's `text/template` that claims need.
//!
//! `{{ .claim }}`, `{{ index . "claim" }}`, `{{ if … }}`, `{{ else if … }}`, `{{ else }}`, `{{ end }}`, the functions `eq`, `ne`,
//! `and`, `or`, `not` and `index`, parentheses, texts in quotes and back quotes, comments, and the dashes that trim white space.
//! The data is a map from names to texts. As Fulcio runs it, `.claim` fails where there is no such claim (`missingkey=error`)
//! and `index` gives an empty text. Everything else of the language (pipelines, variables, loops, numbers, `printf`) is refused
//! when the configuration is read, by name.

mod lex;
mod parse;
mod run;

use std::fmt;

/// The longest template, in bytes. The longest of the public instance has 150.
pub const MAX_TEMPLATE_BYTES: usize = 4 << 10;

/// The longest text that a template may make, in bytes: half of what a certificate may have in all.
pub const MAX_OUTPUT_BYTES: usize = 32 << 10;

/// Levels of `if` and parentheses. The public instance has one.
pub const MAX_DEPTH: usize = 16;

/// A template that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: String,
    nodes: Vec<Node>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Text(String),
    Output(Expression),
    If { condition: Expression, then: Vec<Node>, otherwise: Vec<Node> },
}

/// What stands between braces.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expression {
    /// `"text"`.
    Text(String),
    /// `true`, `false`.
    Bool(bool),
    /// `.claim`.
    Field(String),
    /// `.`, all of the data. Only `index` can do something with it.
    Data,
    /// A function and its arguments.
    Call(Function, Vec<Expression>),
}

/// The functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Eq,
    Ne,
    And,
    Or,
    Not,
    Index,
}

/// Why text is not a template that we run. Offsets are bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Longer than [`MAX_TEMPLATE_BYTES`].
    #[error("a template of {size} bytes, at most {MAX_TEMPLATE_BYTES} are read")]
    TooLong {
        /// Its size in bytes.
        size: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels at byte {offset}")]
    TooDeep {
        /// Where.
        offset: usize,
    },
    /// Braces, a text or a comment that do not end.
    #[error("{what} at byte {offset} does not end")]
    Unterminated {
        /// What it is.
        what: &'static str,
        /// Where it begins.
        offset: usize,
    },
    /// An escape in a text that Go does not know, or that we do not.
    #[error("an unknown escape at byte {offset}")]
    Escape {
        /// Where.
        offset: usize,
    },
    /// Something of the language that is not understood here.
    #[error(
        "{found:?} at byte {offset} is not understood: templates have .NAME, index, eq, ne, and, or, not, if, else, end"
    )]
    Unsupported {
        /// What was found.
        found: String,
        /// Where.
        offset: usize,
    },
    /// `else` or `end` without `if`, or the like.
    #[error("{found:?} at byte {offset} does not belong there")]
    Misplaced {
        /// What was found.
        found: String,
        /// Where.
        offset: usize,
    },
    /// The template ends where more is needed.
    #[error("the template ends in the middle: {missing} is missing")]
    Ends {
        /// What should have followed.
        missing: &'static str,
    },
    /// A function with too few or too many arguments.
    #[error("{function} at byte {offset} takes {takes}")]
    Arguments {
        /// The function.
        function: &'static str,
        /// What it takes.
        takes: &'static str,
        /// Where it stands.
        offset: usize,
    },
}

/// Why a template gives nothing for a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// No claim and no default of that name.
    #[error("neither a claim nor a default value is called {name:?}")]
    Missing {
        /// The name.
        name: String,
    },
    /// Texts compared with conditions, or the data used as a text.
    #[error("{function} cannot take {found}")]
    Type {
        /// What was to be done.
        function: &'static str,
        /// With what.
        found: &'static str,
    },
    /// More than [`MAX_OUTPUT_BYTES`].
    #[error("the template makes more than {MAX_OUTPUT_BYTES} bytes")]
    TooLong,
}

/// Where a template finds its texts.
pub trait Data {
    /// The text of that name.
    fn text(&self, name: &str) -> Option<String>;
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        if source.len() > MAX_TEMPLATE_BYTES {
            return Err(TemplateError::TooLong { size: source.len() });
        }
        let nodes = parse::parse(&lex::tokens(source)?)?;
        Ok(Template { source: source.to_owned(), nodes })
    }

    /// The template as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the template makes of the data.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn run(&self, data: &impl Data) -> Result<String, RunError> {
        let mut output = String::new();
        run::nodes(&self.nodes, data, &mut output)?;
        Ok(output)
    }
}

impl Function {
    const ALL: [Self; 6] = [Self::Eq, Self::Ne, Self::And, Self::Or, Self::Not, Self::Index];

    fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::And => "and",
            Self::Or => "or",
            Self::Not => "not",
            Self::Index => "index",
        }
    }

    /// How many arguments it takes, in words, and whether it takes so many.
    fn takes(self, count: usize) -> (&'static str, bool) {
        match self {
            Self::Eq => ("two texts or more", count >= 2),
            Self::Ne => ("two texts", count == 2),
            Self::And | Self::Or => ("one condition or more", count >= 1),
            Self::Not => ("one condition", count == 1),
            Self::Index => (". and a text", count == 2),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, output: &mut fmt::Formatter<'_>) -> fmt::Result {
        output.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests;
