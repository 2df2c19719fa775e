//! `sealwax bundle`.

use std::io::Write;

use crate::Failure;
use crate::args::BundleCommand;
use crate::judge::Status;

pub(crate) fn run(_command: BundleCommand, _out: &mut impl Write) -> Result<Status, Failure> {
    Err(Failure::cannot("bundle is being written"))
}
