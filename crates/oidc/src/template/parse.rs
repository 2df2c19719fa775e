//! Tokens become a tree.

use super::lex::{Kind, Token};
use super::{Expression, Function, MAX_DEPTH, Node, TemplateError};

pub(super) fn parse(tokens: &[Token]) -> Result<Vec<Node>, TemplateError> {
    let mut parser = Parser { tokens: tokens.iter() };
    match parser.list(0)? {
        (nodes, Stop::Template) => Ok(nodes),
        (_, Stop::Else(offset)) => Err(misplaced("else", offset)),
        (_, Stop::End(offset)) => Err(misplaced("end", offset)),
    }
}

struct Parser<'a> {
    tokens: std::slice::Iter<'a, Token>,
}

/// What ends a list of nodes. After `else` its braces are still open, so that an `if` may follow.
enum Stop {
    Template,
    Else(usize),
    End(usize),
}

impl<'a> Parser<'a> {
    fn list(&mut self, depth: usize) -> Result<(Vec<Node>, Stop), TemplateError> {
        let mut nodes = Vec::new();
        while let Some(token) = self.tokens.next() {
            match &token.kind {
                Kind::Outside(text) => nodes.push(Node::Text(text.clone())),
                Kind::Open => match self.peek_word() {
                    Some("if") => {
                        self.tokens.next();
                        nodes.push(self.condition(token.offset, depth)?);
                    }
                    Some("else") => {
                        self.tokens.next();
                        return Ok((nodes, Stop::Else(token.offset)));
                    }
                    Some("end") => {
                        self.tokens.next();
                        self.close()?;
                        return Ok((nodes, Stop::End(token.offset)));
                    }
                    _ => {
                        let expression = self.expression(depth)?;
                        self.close()?;
                        nodes.push(Node::Output(expression));
                    }
                },
                _ => return Err(unexpected(token)),
            }
        }
        Ok((nodes, Stop::Template))
    }

    /// After `if`, to its `end`.
    fn condition(&mut self, offset: usize, depth: usize) -> Result<Node, TemplateError> {
        let depth = deeper(depth, offset)?;
        let condition = self.expression(depth)?;
        self.close()?;
        let (then, end) = self.list(depth)?;
        let otherwise = match end {
            Stop::End(_) => Vec::new(),
            Stop::Else(_) if self.peek_word() == Some("if") => {
                self.tokens.next();
                vec![self.condition(offset, depth)?] // which takes the `end`
            }
            Stop::Else(_) => {
                self.close()?;
                match self.list(depth)? {
                    (otherwise, Stop::End(_)) => otherwise,
                    (_, Stop::Else(offset)) => return Err(misplaced("else", offset)),
                    (_, Stop::Template) => return Err(TemplateError::Ends { missing: "{{end}}" }),
                }
            }
            Stop::Template => return Err(TemplateError::Ends { missing: "{{end}}" }),
        };
        Ok(Node::If { condition, then, otherwise })
    }

    /// One value, or a function and its arguments.
    fn expression(&mut self, depth: usize) -> Result<Expression, TemplateError> {
        let token = self.tokens.as_slice().first().ok_or(TemplateError::Ends { missing: "a value" })?;
        let Kind::Word(word) = &token.kind else { return self.operand(depth) };
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == word) else {
            return self.operand(depth);
        };
        self.tokens.next();
        let mut arguments = Vec::new();
        while self.peek_starts_operand() {
            arguments.push(self.operand(depth)?);
        }
        let (takes, fits) = function.takes(arguments.len());
        if !fits || (function == Function::Index && arguments.first() != Some(&Expression::Data)) {
            return Err(TemplateError::Arguments { function: function.name(), takes, offset: token.offset });
        }
        Ok(Expression::Call(function, arguments))
    }

    fn operand(&mut self, depth: usize) -> Result<Expression, TemplateError> {
        let token = self.tokens.next().ok_or(TemplateError::Ends { missing: "a value" })?;
        let value = match &token.kind {
            Kind::Text(text) => Expression::Text(text.clone()),
            Kind::Field(name) if name.is_empty() => Expression::Data,
            Kind::Field(name) => Expression::Field(name.clone()),
            Kind::Word(word) if word == "true" || word == "false" => Expression::Bool(word == "true"),
            Kind::LeftParenthesis => {
                let inner = self.expression(deeper(depth, token.offset)?)?;
                match self.tokens.next() {
                    Some(Token { kind: Kind::RightParenthesis, .. }) => inner,
                    Some(other) => return Err(unexpected(other)),
                    None => return Err(TemplateError::Ends { missing: ")" }),
                }
            }
            _ => return Err(unexpected(token)),
        };
        Ok(value)
    }

    fn close(&mut self) -> Result<(), TemplateError> {
        match self.tokens.next() {
            Some(Token { kind: Kind::Close, .. }) => Ok(()),
            Some(other) => Err(unexpected(other)),
            None => Err(TemplateError::Ends { missing: "}}" }),
        }
    }

    fn peek(&self) -> Option<&'a Kind> {
        self.tokens.as_slice().first().map(|token| &token.kind)
    }

    fn peek_word(&self) -> Option<&'a str> {
        match self.peek() {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn peek_starts_operand(&self) -> bool {
        matches!(self.peek(), Some(Kind::Text(_) | Kind::Field(_) | Kind::Word(_) | Kind::LeftParenthesis))
    }
}

fn deeper(depth: usize, offset: usize) -> Result<usize, TemplateError> {
    if depth >= MAX_DEPTH { Err(TemplateError::TooDeep { offset }) } else { Ok(depth + 1) }
}

fn misplaced(found: &str, offset: usize) -> TemplateError {
    TemplateError::Misplaced { found: found.to_owned(), offset }
}

/// Words are parts of the language that we do not have; everything else stands where it should not.
fn unexpected(token: &Token) -> TemplateError {
    let found = match &token.kind {
        Kind::Word(word) if !matches!(&**word, "if" | "else" | "end") => {
            return TemplateError::Unsupported { found: word.clone(), offset: token.offset };
        }
        Kind::Word(word) => word.clone(),
        Kind::Outside(text) | Kind::Text(text) => text.clone(),
        Kind::Field(name) => format!(".{name}"),
        Kind::Open => "{{".to_owned(),
        Kind::Close => "}}".to_owned(),
        Kind::LeftParenthesis => "(".to_owned(),
        Kind::RightParenthesis => ")".to_owned(),
    };
    misplaced(&found, token.offset)
}
