use super::{OverBucket, Starts, Subject, lives};
use crate::{
    Random,
    crash::{Script, Work},
    simulate::{self, Failure, Report},
};
use sealwax_log::engine::{Kind, Step};
use std::sync::OnceLock;

/// The engine, over the bucket or a directory: which, where it begins and everything else follows from a seed.
pub struct Seeds {
    signature: Starts,
    certificate: Starts,
    scripts: [OnceLock<Script>; 4],
    /// The step that is left out; only with the feature `sabotage`.
    pub sabotage: Option<Step>,
}

impl Seeds {
    /// The engine as it is.
    #[must_use]
    pub fn new() -> Self {
        let (signature, certificate) = (Starts::new(Kind::Signature), Starts::new(Kind::Certificate));
        Self { signature, certificate, scripts: Default::default(), sabotage: None }
    }

    /// One run.
    ///
    /// # Errors
    /// What it showed that may never be.
    pub fn run(&self, seed: u64) -> Result<Report, Failure> {
        let mut random = Random::new(!seed);
        let (kind, starts) = match random.below(10) {
            0..7 => (Kind::Signature, &self.signature),
            _ => (Kind::Certificate, &self.certificate),
        };
        if random.chance(300) {
            let from = if random.chance(500) { 0 } else { 253 };
            return self.on_a_directory(seed, Work { kind, from });
        }
        let start = starts.of(match random.below(100) {
            0..60 => 0,
            60..98 => 253,
            _ => 65_533,
        });
        let subject = Subject { sabotage: self.sabotage, ..Subject::new(kind) };
        // The other starts were made without a second key.
        let is_twice_signed = start.base.size() == 0 && random.chance(80);
        let subject = if is_twice_signed { subject.with_second_key() } else { subject };
        let mut report = simulate::run(seed, &OverBucket { subject, batch_entries: 8 }, start)?;
        report.second_signatures = u64::from(is_twice_signed);
        Ok(report)
    }

    fn on_a_directory(&self, seed: u64, work: Work) -> Result<Report, Failure> {
        let place = usize::from(work.kind == Kind::Certificate) * 2 + usize::from(work.from > 0);
        let Some(script) = self.scripts.get(place) else { return Ok(Report::default()) };
        let script = script.get_or_init(|| {
            let mut script = Script::new(work);
            script.subject.sabotage = self.sabotage;
            script
        });
        lives::run(seed, script)
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self::new()
    }
}
