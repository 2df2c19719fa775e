//! Not written yet.

use crate::Outcome;

pub(crate) fn run(_arguments: &[String]) -> Outcome {
    Err("this chore is not written yet".into())
}
