//! Strict JSON: one reader that refuses what is ambiguous, and two canonical writers (RFC 8785, OLPC).
//!
//! **Job.** Everything signed in this ecosystem is JSON somewhere. Two readers that disagree about one text are a
//! forger's tool, so this one takes RFC 8259 to the letter and refuses what that leaves open: member names that
//! occur twice (compared after unescaping), lone surrogates, numbers beyond a double, a byte order mark, anything
//! after the value. Every reading has a limit on bytes, depth, values and members.
//!
//! **Specification.** RFC 8259; RFC 7493 (I-JSON) for duplicates and surrogates; RFC 8785 for [`jcs`]; for [`olpc`]
//! the canonical JSON of the OLPC wiki as TUF uses it.
//!
//! **How it reads.** [`Reader`] walks the text once and borrows from it: a string without escapes is never copied,
//! and [`Reader::skip`] checks a value of any size as strictly as [`Reader::read`] would while storing only the
//! names of the members that are open. The tokeniser is our own because a feature of `serde_json` that some other
//! crate of the build turns on (`arbitrary_precision`) changes what its visitors see, and because `RawValue` skips
//! without these checks.
//!
//! **Non-goals.** Serde, comments, trailing commas, streaming from a socket: the text is in memory, whole.
//!
//! **Tests.** Unit tests per refusal; proptest against `serde_json` (same values, same verdicts but for what we
//! refuse on purpose); the vectors of RFC 8785.

mod canonical;
mod error;
mod number;
mod parse;
mod reader;
mod text;
mod value;
mod write;

pub use canonical::{OlpcError, jcs, olpc};
pub use error::Error;
pub use number::Number;
pub use parse::{Documents, Limits, check, documents, parse, parse_prefix};
pub use reader::Reader;
pub use value::{Kind, Object, Value};
pub use write::{compact, pretty};
