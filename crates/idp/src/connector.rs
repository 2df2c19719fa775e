//! How it is found out who somebody is: the seam between the protocol and those who know people.
//!
//! The protocol (requests, codes, tokens, pages, cross-site safety) is the provider's. A connector is asked in steps, and
//! keeps nothing between them but the memory that it is handed back. The local accounts ([`crate::local`]) are one; one that
//! sends the browser to a provider elsewhere will add a step that does, and an input that brings it back.

use crate::form::Form;
use jiff::{SignedDuration, Timestamp};
use std::net::IpAddr;

/// Somebody who knows people.
pub trait Connector: Send + Sync {
    /// What is asked first.
    fn begin(&self) -> Question;

    /// What comes of an answer. May take its time: called from a thread that may wait.
    fn answer(&self, answer: &Answer<'_>) -> Step;
}

/// What somebody answered.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The fields of the form.
    pub fields: &'a Form,
    /// What the connector wanted to remember when it asked; empty after [`Connector::begin`]. It is what was given: nobody
    /// can have changed it.
    pub memory: &'a [u8],
    /// From where, if that is known.
    pub address: Option<IpAddr>,
    /// The time.
    pub now: Timestamp,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// It is known who it is.
    Known(Identity),
    /// Something has to be asked.
    Ask {
        /// What.
        question: Question,
        /// What to remember meanwhile. Not secret: the browser carries it.
        memory: Vec<u8>,
        /// What was wrong with the last answer.
        trouble: Option<Trouble>,
    },
    /// Not now.
    Later {
        /// After so long.
        wait: SignedDuration,
    },
    /// The connector has a problem of its own, which the operator should hear of.
    Broken {
        /// What it is.
        cause: String,
    },
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What tokens call them, for ever.
    pub subject: String,
    /// Their address.
    pub email: String,
    /// Whether somebody made sure that it is theirs.
    pub email_verified: bool,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its fields, from the top. None is called `step` or `cancel`.
    pub fields: Vec<Field>,
    /// What the button says.
    pub submit: &'static str,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What stands above it.
    pub label: &'static str,
    /// How it is filled in.
    pub kind: FieldKind,
    /// What it holds already.
    pub value: String,
}

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// What somebody is called.
    UserName,
    /// Something that nobody else may see.
    Password,
    /// Six digits.
    OneTimeCode,
}

/// What was wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The name, or the password. It is not told which.
    Password,
    /// The one-time code.
    Code,
}
