//! The door to the network and the cache directory.
