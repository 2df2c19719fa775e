//! `ceremony sign` and `ceremony status`.

use std::io::Write;

use super::args::{SignArgs, StatusArgs};
use super::directory::Planned;
use super::{open_key, report, sign_all};
use crate::judge::Status;
use crate::{Failure, trust};

pub(super) fn status(args: &StatusArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let planned = Planned::read(&args.plan)?;
    let base = planned.base(args.root.as_deref())?;
    let edition = planned.edition(base.as_ref())?;
    trust::write_node(out, report::plan(&args.plan, base.as_ref(), &edition), args.json)?;
    let complete = report::is_complete(&edition.standing());
    Ok(if complete { Status::Verified } else { Status::NotVerified })
}

pub(super) fn run(args: &SignArgs, out: &mut impl Write) -> Result<Status, Failure> {
    let planned = Planned::read(&args.plan)?;
    let base = planned.base(args.root.as_deref())?;
    let mut edition = planned.edition(base.as_ref())?;
    let signer = open_key(&args.key)?;
    let signed = sign_all(&mut edition, signer.as_ref())?;
    if signed.is_empty() {
        return Err(Failure::cannot(format!(
            "{} is asked for no signature in {}: it has signed already, or does not sign any of its files",
            args.key,
            args.plan.display()
        )));
    }
    for (file, keyid, signature) in &signed {
        planned.keep(file, keyid, signature)?;
    }
    let files: Vec<&str> = signed.iter().map(|(file, ..)| file.as_str()).collect();
    let node = report::plan(&args.plan, base.as_ref(), &edition).with("signed_now", files);
    trust::write_node(out, node, args.json)?;
    Ok(Status::Verified)
}
