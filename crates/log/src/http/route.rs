//! From a path to what it names.

use crate::Kind;
use sealwax_server::Route;
use sealwax_tlog::tile::{EntryBundle, Tile};

/// A submission by JSON.
pub const ADD: Route = Route::submission("add");
/// A submission, or a question about health, by gRPC.
pub const GRPC: Route = Route::submission("grpc");
/// The accepted roots.
pub const ROOTS: Route = Route::read("roots");
/// The checkpoint.
pub const CHECKPOINT: Route = Route::read("checkpoint");
/// A tile of hashes.
pub const TILE: Route = Route::read("tile");
/// A bundle of entries, or data tile.
pub const ENTRIES: Route = Route::read("entries");
/// An issuer.
pub const ISSUER: Route = Route::read("issuer");
/// `/healthz` and `/readyz`.
pub const HEALTH: Route = Route::read("health");

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// The process answers.
    Health,
    /// The log takes entries.
    Ready,
    Checkpoint,
    Tile(Tile),
    /// An entry bundle of a signature log, or data tile of a certificate log.
    Entries(EntryBundle),
    /// An object's name: `issuer/` and 64 hex digits.
    Issuer(&'a str),
    Roots,
    /// `POST /api/v2/log/entries`
    Entry,
    /// A gRPC call of this method.
    Call(&'a str),
    AddChain,
    AddPreChain,
}

impl Target<'_> {
    /// Finds what `path` names in a log of this kind whose own path is `base`: empty, or with a leading slash and
    /// without one at the end. Paths are taken to the letter: nothing is unescaped, no slash too many is forgiven.
    pub(super) fn of<'a>(kind: Kind, base: &str, path: &'a str) -> Option<Target<'a>> {
        match path {
            "/healthz" => return Some(Target::Health),
            "/readyz" => return Some(Target::Ready),
            _ => {}
        }
        let path = path.strip_prefix(base)?.strip_prefix('/')?;
        match kind {
            Kind::Signature => signature(path),
            Kind::Certificate => certificate(path),
        }
    }

    /// How it is counted, and what it takes. Calls come with a body, whatever they ask for.
    pub(super) fn route(&self) -> Route {
        match self {
            Self::Health | Self::Ready => HEALTH,
            Self::Checkpoint => CHECKPOINT,
            Self::Tile(_) => TILE,
            Self::Entries(_) => ENTRIES,
            Self::Issuer(_) => ISSUER,
            Self::Roots => ROOTS,
            Self::Call(_) => GRPC,
            Self::Entry | Self::AddChain | Self::AddPreChain => ADD,
        }
    }
}

/// The reads are at the root and below `api/v2/`: deployed clients want either.
fn signature(path: &str) -> Option<Target<'_>> {
    if path == "api/v2/log/entries" {
        return Some(Target::Entry);
    }
    let path = path.strip_prefix("api/v2/").unwrap_or(path);
    if path == "checkpoint" {
        return Some(Target::Checkpoint);
    }
    if path.starts_with("tile/entries/") {
        return path.parse().ok().map(Target::Entries);
    }
    path.parse().ok().map(Target::Tile)
}

fn certificate(path: &str) -> Option<Target<'_>> {
    match path {
        "ct/v1/add-chain" => return Some(Target::AddChain),
        "ct/v1/add-pre-chain" => return Some(Target::AddPreChain),
        "ct/v1/get-roots" => return Some(Target::Roots),
        "checkpoint" => return Some(Target::Checkpoint),
        _ => {}
    }
    if let Some(place) = path.strip_prefix("tile/data/") {
        // Cut like the bundles of tlog-tiles, under another name.
        return format!("tile/entries/{place}").parse().ok().map(Target::Entries);
    }
    if let Some(fingerprint) = path.strip_prefix("issuer/") {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        return (fingerprint.len() == 64 && fingerprint.bytes().all(is_hex)).then_some(Target::Issuer(path));
    }
    path.parse().ok().map(Target::Tile)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(level: u8, index: u64, width: u16) -> Target<'static> {
        Target::Tile(Tile::new(level, index, width).unwrap())
    }

    fn entries(index: u64, width: u16) -> Target<'static> {
        Target::Entries(EntryBundle::new(index, width).unwrap())
    }

    #[test]
    fn signature_log() {
        fn of(path: &str) -> Option<Target<'_>> {
            Target::of(Kind::Signature, "", path)
        }
        for prefix in ["/", "/api/v2/"] {
            assert_eq!(of(&format!("{prefix}checkpoint")), Some(Target::Checkpoint));
            assert_eq!(of(&format!("{prefix}tile/0/x001/x234/067")), Some(tile(0, 1_234_067, 256)));
            assert_eq!(of(&format!("{prefix}tile/3/000.p/7")), Some(tile(3, 0, 7)));
            assert_eq!(of(&format!("{prefix}tile/entries/x001/000.p/255")), Some(entries(1_000, 255)));
        }
        assert_eq!(of("/api/v2/log/entries"), Some(Target::Entry));
        assert_eq!(of("/healthz"), Some(Target::Health));
        for unknown in [
            "",
            "*",
            "/",
            "//checkpoint",
            "/checkpoint/",
            "/api/v2",
            "/api/v2/",
            "/api/v2/api/v2/checkpoint",
            "/log/entries",
            "/tile/00/000",
            "/tile/64/000",
            "/tile/0/000.p/0",
            "/tile/0/000.p/256",
            "/tile/0/x000/000",
            "/tile/0/%30%30%30",
            "/tile/data/000",
            "/tile/0/../0/000",
            "/ct/v1/get-roots",
        ] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn certificate_log_below_a_path() {
        fn of(path: &str) -> Option<Target<'_>> {
            Target::of(Kind::Certificate, "/2026h1", path)
        }
        let issuer = format!("issuer/{}", "0f".repeat(32));
        assert_eq!(of("/2026h1/ct/v1/add-chain"), Some(Target::AddChain));
        assert_eq!(of("/2026h1/ct/v1/add-pre-chain"), Some(Target::AddPreChain));
        assert_eq!(of("/2026h1/ct/v1/get-roots"), Some(Target::Roots));
        assert_eq!(of("/2026h1/checkpoint"), Some(Target::Checkpoint));
        assert_eq!(of("/2026h1/tile/0/000"), Some(tile(0, 0, 256)));
        assert_eq!(of("/2026h1/tile/data/000.p/9"), Some(entries(0, 9)));
        assert_eq!(of(&format!("/2026h1/{issuer}")), Some(Target::Issuer(&issuer)));
        assert_eq!(of("/readyz"), Some(Target::Ready));
        for unknown in [
            "/checkpoint".to_owned(),
            "/2026h1".to_owned(),
            "/2026h1checkpoint".to_owned(),
            "/2026h1/tile/entries/000".to_owned(),
            format!("/2026h1/{}", issuer.to_uppercase()),
            format!("/2026h1/issuer/{}", "0F".repeat(32)),
            format!("/2026h1/{issuer}0"),
        ] {
            assert_eq!(of(&unknown), None, "{unknown}");
        }
    }
}
