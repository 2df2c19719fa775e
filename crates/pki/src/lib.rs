//! X.509, SCTs, path validation, CMS and RFC 3161 timestamps.
