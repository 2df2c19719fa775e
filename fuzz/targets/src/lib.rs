//! Fuzz targets: one function per parser of hostile input.
//!
//! **Job.** Each target takes arbitrary bytes and must return: no panic, no hang, no memory out of proportion. Where a
//! parser has a writer, the target also asserts that what was read is written back and read again as the same thing.
//! `fuzz/` drives the targets with libFuzzer; `tests/replay.rs` drives the same functions with every seed and with every
//! input that ever failed (`fuzz/regressions/TARGET/`), on the stable compiler, as part of `cargo test`.
//!
//! **Non-goals.** No verdicts: that a forgery is refused is for the tests of the crates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a target that panics has found what it looked for"
)]

mod base64;
mod ca;
mod client;
mod ct;
mod formats;
mod idp;
mod index;
mod json;
mod key_file;
mod keys;
mod oidc;
mod pkcs11;
mod pki;
mod program;
mod rekor;
pub mod seeds;
mod server;
mod signatures;
mod tlog;
mod tsa;
mod tuf;
mod tuf_editor;
mod verify;
mod wal;

/// One parser, or one family of parsers that read the same kind of input.
pub struct Target {
    /// As on the command line, and the name of the directory of its regressions.
    pub name: &'static str,
    /// Takes anything. Panics if the code under test breaks a promise.
    pub run: fn(&[u8]),
    /// Whether an input is worth starting from.
    pub likes: fn(&[u8]) -> bool,
    /// What to start from beside the material that is harvested.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target, in the order of the rings.
pub const TARGETS: &[Target] = &[
    Target { name: "json", run: json::run, likes: seeds::is_json, seeds: Vec::new },
    Target { name: "base64", run: base64::run, likes: seeds::none, seeds: base64::seeds },
    Target { name: "keys", run: keys::run, likes: seeds::is_key, seeds: keys::seeds },
    Target { name: "signatures", run: signatures::run, likes: seeds::none, seeds: signatures::seeds },
    Target { name: "note", run: tlog::note, likes: seeds::is_note, seeds: Vec::new },
    Target { name: "policy", run: tlog::policy, likes: seeds::none, seeds: tlog::policy_seeds },
    Target { name: "merkle", run: tlog::merkle, likes: seeds::none, seeds: tlog::merkle_seeds },
    Target { name: "tile", run: tlog::tile, likes: seeds::none, seeds: tlog::tile_seeds },
    Target { name: "certificate", run: pki::certificate, likes: seeds::is_certificate, seeds: Vec::new },
    Target { name: "path", run: pki::path, likes: seeds::is_pem, seeds: pki::path_seeds },
    Target { name: "timestamp", run: pki::timestamp, likes: seeds::is_timestamp, seeds: Vec::new },
    Target { name: "request", run: oidc::request, likes: seeds::none, seeds: oidc::request_seeds },
    Target { name: "bundle", run: formats::bundle, likes: seeds::is_bundle, seeds: Vec::new },
    Target { name: "readers", run: formats::readers, likes: seeds::is_json, seeds: Vec::new },
    Target { name: "detached", run: formats::detached, likes: seeds::none, seeds: formats::detached_seeds },
    Target { name: "trust", run: formats::trust, likes: seeds::is_trust, seeds: Vec::new },
    Target { name: "statement", run: formats::statement, likes: seeds::is_statement, seeds: Vec::new },
    Target { name: "body", run: formats::body, likes: seeds::is_body, seeds: Vec::new },
    Target { name: "rekor-request-json", run: rekor::json, likes: seeds::none, seeds: rekor::json_seeds },
    Target { name: "rekor-request-proto", run: rekor::proto, likes: seeds::none, seeds: rekor::proto_seeds },
    Target { name: "tuf", run: tuf::run, likes: seeds::none, seeds: tuf::seeds },
    Target { name: "tuf-editor", run: tuf_editor::run, likes: seeds::none, seeds: tuf_editor::seeds },
    Target { name: "token", run: oidc::token, likes: seeds::none, seeds: oidc::token_seeds },
    Target { name: "jwks", run: oidc::jwks, likes: seeds::none, seeds: oidc::jwks_seeds },
    Target { name: "config", run: oidc::config, likes: seeds::none, seeds: oidc::config_seeds },
    Target { name: "template", run: oidc::template, likes: seeds::none, seeds: oidc::template_seeds },
    Target { name: "verify", run: verify::bundle, likes: seeds::is_bundle, seeds: verify::seeds },
    Target { name: "verify-trust", run: verify::trust, likes: seeds::is_trust, seeds: Vec::new },
    Target { name: "ca_request_json", run: ca::json, likes: seeds::none, seeds: ca::json_seeds },
    Target { name: "ca_request_proto", run: ca::proto, likes: seeds::none, seeds: ca::proto_seeds },
    Target { name: "ct_request", run: ct::request, likes: seeds::none, seeds: ct::request_seeds },
    Target { name: "ct_tile_leaf", run: ct::tile_leaf, likes: seeds::none, seeds: ct::tile_leaf_seeds },
    Target { name: "index_run", run: index::run, likes: seeds::none, seeds: index::seeds },
    Target { name: "pkcs11_uri", run: pkcs11::uri, likes: seeds::none, seeds: pkcs11::uri_seeds },
    Target { name: "key_file", run: key_file::run, likes: seeds::none, seeds: key_file::seeds },
    Target { name: "idp_request", run: idp::request, likes: seeds::none, seeds: idp::request_seeds },
    Target { name: "idp_state", run: idp::state, likes: seeds::none, seeds: idp::state_seeds },
    Target { name: "wal", run: wal::run, likes: seeds::none, seeds: wal::seeds },
    Target { name: "tsa_request", run: tsa::request, likes: seeds::none, seeds: tsa::request_seeds },
    Target { name: "tsa_request_json", run: tsa::json, likes: seeds::none, seeds: tsa::json_seeds },
    Target { name: "ntp", run: tsa::ntp, likes: seeds::none, seeds: tsa::ntp_seeds },
    Target { name: "forwarded", run: server::forwarded, likes: seeds::none, seeds: server::forwarded_seeds },
    Target {
        name: "client_certificate",
        run: client::certificate,
        likes: seeds::none,
        seeds: client::certificate_seeds,
    },
    Target { name: "client_entry", run: client::entry, likes: seeds::none, seeds: client::entry_seeds },
    Target { name: "client_token", run: client::token, likes: seeds::none, seeds: client::token_seeds },
    Target { name: "profile", run: program::profile, likes: seeds::none, seeds: program::profile_seeds },
    Target { name: "attest", run: program::attest, likes: seeds::is_statement, seeds: program::attest_seeds },
    Target { name: "client_resume", run: client::resume, likes: seeds::none, seeds: client::resume_seeds },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
