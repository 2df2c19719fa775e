//! `ceremony plan`.

use std::io::Write;

use jiff::Timestamp;
use sealwax_tuf::editor::{Edition, Terms};

use super::args::PlanArgs;
use super::{changes, directory, report, repository, targets};
use crate::judge::Status;
use crate::verify::duration;
use crate::{Failure, terminal, trust};

pub(super) fn run(args: &PlanArgs, now: Timestamp, out: &mut impl Write) -> Result<Status, Failure> {
    let lead = duration(&args.lead).map_err(|why| Failure::usage(format!("--lead: {why}")))?;
    let policy = changes::policy(&args.expires, &changes::PEOPLE)?;
    let base = repository::open(&args.repository)?;
    let changes = changes::changes(args, base.as_ref())?;
    targets::check(&args.repository, base.as_ref(), &changes, now, lead)?;
    let terms = Terms { now, policy, step: args.step };
    let edition = Edition::plan(base.as_ref(), &changes, &terms)?;
    if edition.outline().roots.is_empty() && edition.outline().targets.is_none() {
        return Err(Failure::usage(format!(
            "nothing that people sign would change; `sealwax ceremony renew --repository {}` signs the rest",
            terminal::shell_quoted(&args.repository.to_string_lossy())
        )));
    }
    directory::write(&args.plan, base.as_ref(), &edition)?;
    trust::write_node(out, report::plan(&args.plan, base.as_ref(), &edition), args.json)?;
    Ok(Status::Verified)
}
