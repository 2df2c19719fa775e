use super::{OverBucket, Starts, Subject};
use crate::{
    Random,
    simulate::{self, Failure, Report},
};
use sealwax_log::engine::{Kind, Step};

/// The engine over the bucket: which log, where it begins and everything else follows from a seed.
pub struct Seeds {
    signature: Starts,
    certificate: Starts,
    /// The step that is left out; only with the feature `sabotage`.
    pub sabotage: Option<Step>,
}

impl Seeds {
    /// The engine as it is.
    #[must_use]
    pub fn new() -> Self {
        let (signature, certificate) = (Starts::new(Kind::Signature), Starts::new(Kind::Certificate));
        Self { signature, certificate, sabotage: None }
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
        let start = starts.of(match random.below(100) {
            0..60 => 0,
            60..98 => 253,
            _ => 65_533,
        });
        let subject = Subject { sabotage: self.sabotage, ..Subject::new(kind) };
        simulate::run(seed, &OverBucket { subject, batch_entries: 8 }, start)
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self::new()
    }
}
