use crate::StoreError;
use std::{
    io,
    sync::{Arc, OnceLock},
};

/// The end of all writing, shared by everything that writes: after a failure whose effect is unknown nothing may be
/// written or flushed until the store has been opened again and has looked at what is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<OnceLock<Arc<StoreError>>>);

impl Stop {
    /// # Errors
    /// [`StoreError::Stopped`] if the end has come.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.0.get().map_or(Ok(()), |error| Err(StoreError::Stopped(error.clone())))
    }

    /// Ends all writing.
    pub(super) fn now(&self, what: &str, error: io::Error) -> StoreError {
        let error = StoreError::Unknown { what: what.to_owned(), cause: Arc::new(error) };
        // Of two failures at once, the first is the reason.
        let _ = self.0.set(Arc::new(error.clone()));
        error
    }

    /// Ends all writing, unless it is certain that nothing happened. Not for a flush, whose failure is always the end.
    pub(super) fn unless_harmless(&self, what: &str, error: io::Error) -> StoreError {
        if is_harmless(&error) {
            return StoreError::Failed { what: what.to_owned(), cause: Arc::new(error) };
        }
        self.now(what, error)
    }
}

/// What a system says when it lacks something that may come back: space, memory, file descriptors.
fn is_harmless(error: &io::Error) -> bool {
    use io::ErrorKind::{OutOfMemory, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | OutOfMemory) || lacks_descriptors(error)
}

#[cfg(unix)]
fn lacks_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    Errno::from_io_error(error).is_some_and(|error| matches!(error, Errno::MFILE | Errno::NFILE))
}

#[cfg(not(unix))]
fn lacks_descriptors(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_harmless_and_an_unknown_effect_is_the_end() {
        let stop = Stop::default();
        let full = io::ErrorKind::StorageFull;
        assert!(matches!(stop.unless_harmless("a", full.into()), StoreError::Failed { .. }));
        #[cfg(unix)]
        assert!(matches!(
            stop.unless_harmless("a", rustix::io::Errno::MFILE.into()),
            StoreError::Failed { .. }
        ));
        stop.check().unwrap();
        assert!(matches!(stop.unless_harmless("a", io::Error::other("I/O")), StoreError::Unknown { .. }));
        assert!(matches!(stop.now("b", full.into()), StoreError::Unknown { .. }));
        let Err(StoreError::Stopped(reason)) = stop.clone().check() else { panic!() };
        assert!(matches!(&*reason, StoreError::Unknown { what, .. } if what == "a"));
    }
}
