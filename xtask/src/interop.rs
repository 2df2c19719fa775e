//! `cargo xtask interop`: our services before other people's programs.

pub(crate) mod ca;
pub(crate) mod idp;
pub(crate) mod log;
pub(crate) mod peers;
pub(crate) mod pkcs11;
pub(crate) mod serve;
mod takeover;
pub(crate) mod tsa;
pub(crate) mod tuf_editor;
