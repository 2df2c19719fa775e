use super::Contents;
use crate::Random;
use std::io;

/// Which operation fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its number, from 1.
    pub operation: u64,
    /// What happens although it fails.
    pub effect: Effect,
    /// What comes after.
    pub then: Then,
    /// What it fails with.
    pub error: io::ErrorKind,
}

/// What an operation does that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing. Of a sync: what it should have made durable is forgotten, and no later sync knows of it.
    NotApplied,
    /// Everything.
    Applied,
    /// A part: the beginning of a write, some of the changes that a sync should have made durable.
    Torn,
}

/// What becomes of the operations after the one that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Then {
    /// They work.
    GoesOn,
    /// They fail, without effect: the disk is gone.
    Fails,
}

/// How one operation goes.
pub(super) struct Course<'a> {
    failure: Option<(Effect, io::ErrorKind)>,
    random: &'a mut Random,
    pub(super) capacity: u64,
}

pub(super) fn course<'a>(
    plan: Option<Plan>,
    number: u64,
    is_dead: &mut bool,
    random: &'a mut Random,
    capacity: u64,
) -> Course<'a> {
    let mut failure = is_dead.then_some((Effect::NotApplied, io::ErrorKind::Other));
    if let Some(Plan { effect, then, error, .. }) = plan.filter(|plan| plan.operation == number) {
        *is_dead |= then == Then::Fails;
        failure = Some((effect, error));
    }
    Course { failure, random, capacity }
}

impl Course<'_> {
    /// An operation that has no parts.
    pub(super) fn all_or_nothing<T>(
        self,
        contents: &mut Contents,
        apply: impl FnOnce(&mut Contents) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some((effect, error)) = self.failure else { return apply(contents) };
        if effect == Effect::Applied || (effect == Effect::Torn && self.random.chance(500)) {
            apply(contents)?;
        }
        Err(error.into())
    }

    /// An operation on a range of bytes: does a prefix of it.
    pub(super) fn prefix(self, length: usize, apply: impl FnOnce(usize)) -> io::Result<()> {
        let Some((effect, error)) = self.failure else {
            apply(length);
            return Ok(());
        };
        match effect {
            Effect::NotApplied => {}
            Effect::Applied => apply(length),
            Effect::Torn => apply(self.random.index(length)),
        }
        Err(error.into())
    }

    /// An operation on several things: says of each whether it is kept.
    pub(super) fn each<T>(
        self,
        things: impl Iterator<Item = T>,
        mut apply: impl FnMut(T, bool),
    ) -> io::Result<()> {
        let Self { failure, random, .. } = self;
        things.for_each(|thing| {
            let is_kept = match failure {
                None | Some((Effect::Applied, _)) => true,
                Some((Effect::NotApplied, _)) => false,
                Some((Effect::Torn, _)) => random.chance(500),
            };
            apply(thing, is_kept);
        });
        failure.map_or(Ok(()), |(_, error)| Err(error.into()))
    }
}
