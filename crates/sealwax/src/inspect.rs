//! `sealwax inspect`.

use std::io::Write;

use crate::Failure;
use crate::args::InspectArgs;
use crate::judge::Status;

pub(crate) fn run(_args: &InspectArgs, _out: &mut impl Write) -> Result<Status, Failure> {
    Err(Failure::cannot("inspect is being written"))
}
