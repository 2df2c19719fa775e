//! Which entries are there already: an index by identity, on disk, that can be rebuilt from the log.
