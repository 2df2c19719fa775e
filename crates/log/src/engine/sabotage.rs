/// The steps whose order keeps the log whole. Each can be left out, or done at the wrong time, by a switch that exists only
/// with the feature `sabotage`: the tests must fail for every one of them (`docs/log-faults.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The batch is staged before the swap that names it.
    StageBeforeSwap,
    /// The swap is conditional on the value that the batch was built on.
    SwapConditionally,
    /// The lock value is read back before anything is signed.
    ReadBack,
    /// The checkpoint is signed after the swap, not before.
    SignAfterSwap,
    /// Tiles are put before the checkpoint is published.
    ApplyBeforePublish,
    /// Tiles are flushed before the next swap (several replicas).
    FlushBeforeNextSwap,
    /// The reply is sent after publication.
    PublishBeforeReply,
    /// Settled sizes count after the flush, not when it begins.
    FlushBeforeSettled,
    /// Staged batches are deleted after the lock value says that they are settled, not before.
    SettledBeforeDelete,
    /// A hit of the index is compared with the leaf.
    CompareLeaf,
    /// A miss is believed only once the index has absorbed the log up to the lock value.
    AbsorbBeforeMiss,
    /// A lost swap takes the batch's entries out of the tree again.
    TakeBackLostBatch,
    /// What others swapped in is rolled forward before our next swap.
    RollForward,
    /// The published size never falls.
    PublishOnlyUpwards,
    /// Of the same size, a checkpoint does not take the place of a newer one, nor one that is not frozen that of one that is.
    PublishOnlyNewer,
    /// The timestamp of a round is not before the last one's.
    TimestampsRise,
    /// Batches are replayed on opening.
    ReplayOnOpen,
    /// Every attempt has a new round number and batch name.
    FreshNames,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::StageBeforeSwap,
        Self::SwapConditionally,
        Self::ReadBack,
        Self::SignAfterSwap,
        Self::ApplyBeforePublish,
        Self::FlushBeforeNextSwap,
        Self::PublishBeforeReply,
        Self::FlushBeforeSettled,
        Self::SettledBeforeDelete,
        Self::CompareLeaf,
        Self::AbsorbBeforeMiss,
        Self::TakeBackLostBatch,
        Self::RollForward,
        Self::PublishOnlyUpwards,
        Self::PublishOnlyNewer,
        Self::TimestampsRise,
        Self::ReplayOnOpen,
        Self::FreshNames,
    ];
}
