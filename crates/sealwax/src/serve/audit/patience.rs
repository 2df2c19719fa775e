//! How many refusals are recorded of whoever has shown no token that is good.

use jiff::Timestamp;

/// So many in a second, on average and at once; the others are counted. Ten lines a second are 400 MB a day at worst.
const PER_SECOND: u32 = 10;

/// The refusals of this second.
#[derive(Debug, Default)]
pub struct Patience {
    second: i64,
    recorded: u32,
    unrecorded: u64,
}

impl Patience {
    /// Whether one more is recorded. If not, it is counted.
    pub fn allows(&mut self, now: Timestamp) -> bool {
        if self.second != now.as_second() {
            self.second = now.as_second();
            self.recorded = 0;
        }
        if self.recorded < PER_SECOND {
            self.recorded += 1;
            return true;
        }
        self.unrecorded += 1;
        false
    }

    /// How many were only counted since this was asked last.
    pub fn take_unrecorded(&mut self) -> u64 {
        std::mem::take(&mut self.unrecorded)
    }
}
