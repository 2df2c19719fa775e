//! The signature log: Rekor v2.
