//! A whole Sigstore in memory, for tests.
