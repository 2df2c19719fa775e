//! `sealwax trust`.

use std::io::Write;

use crate::Failure;
use crate::args::TrustCommand;
use crate::judge::Status;

pub(crate) fn run(_command: TrustCommand, _out: &mut impl Write) -> Result<Status, Failure> {
    Err(Failure::cannot("trust is being written"))
}
