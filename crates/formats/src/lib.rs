//! Bundles, trusted roots, signing configs, DSSE, in-toto statements and log entries.
