//! The certificate log: static-ct-api.

pub mod leaf;
