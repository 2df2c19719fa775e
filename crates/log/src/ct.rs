//! The certificate log: static-ct-api.
