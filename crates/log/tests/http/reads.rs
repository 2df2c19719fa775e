//! What readers of a log get.

use crate::server::Running;
use bytes::Bytes;
use sealwax_server::Limits;
use sealwax_tlog::tile::encode_entries;
use std::io::Read;

const FULL: usize = 256;
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

fn bundle(entries: &[Bytes]) -> Vec<u8> {
    encode_entries(&entries.iter().map(|entry| &entry[..]).collect::<Vec<_>>()).unwrap()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut found).unwrap();
    found
}

#[test]
fn checkpoint_tiles_and_bundles() {
    let server = Running::start(Limits::default());
    let entries = server.fill(FULL + 44, 200);
    let leaves: Vec<[u8; 32]> = entries.iter().map(|entry| sealwax_tlog::leaf_hash(entry)).collect();
    let mut client = server.client();
    for prefix in ["", "/api/v2"] {
        let answer = client.get(&format!("{prefix}/checkpoint"), "");
        assert_eq!(answer.status, 200);
        assert!(answer.text().starts_with("log.example\n300\n"), "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));

        // Twice: from the engine, and from memory.
        for _ in 0..2 {
            let answer = client.get(&format!("{prefix}/tile/0/000"), "");
            assert_eq!((answer.status, &answer.body[..]), (200, leaves[..FULL].as_flattened()));
            assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
            assert_eq!(answer.header("cache-control"), Some(IMMUTABLE));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));

            let answer = client.get(&format!("{prefix}/tile/entries/000"), "");
            assert_eq!(answer.header("vary"), Some("accept-encoding"));
            assert_eq!(answer.body, bundle(&entries[..FULL]));
        }
        // Any width that ever was, also of a tile that is full by now.
        for (tile, width) in [("000", 1), ("000", 255), ("001", 1), ("001", 44)] {
            let start = if tile == "000" { 0 } else { FULL };
            let answer = client.get(&format!("{prefix}/tile/0/{tile}.p/{width}"), "");
            assert_eq!(answer.body, leaves[start..start + width].as_flattened(), "{tile}.p/{width}");
            assert_eq!(answer.header("cache-control"), Some(IMMUTABLE));
            let answer = client.get(&format!("{prefix}/tile/entries/{tile}.p/{width}"), "");
            assert_eq!(answer.body, bundle(&entries[start..start + width]));
        }
        assert_eq!(client.get(&format!("{prefix}/tile/1/000.p/1"), "").body.len(), 32);
        for missing in ["0/001", "0/001.p/45", "0/002.p/1", "1/000", "1/000.p/2", "2/000.p/1", "entries/001"]
        {
            let answer = client.get(&format!("{prefix}/tile/{missing}"), "");
            assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")), "{missing}");
        }
    }
    assert!(server.metrics.cache_hits.value() >= 6);
    assert_eq!(server.metrics.cache_misses.value(), 2);
}

#[test]
fn a_log_below_a_path() {
    let server = Running::below("shards/2026/", Limits::default());
    server.fill(1, 10);
    let mut client = server.client();
    assert_eq!(client.get("/shards/2026/checkpoint", "").status, 200);
    assert_eq!(client.get("/shards/2026/api/v2/tile/0/000.p/1", "").status, 200);
    assert_eq!(client.get("/checkpoint", "").status, 404);
    assert_eq!(client.request("POST", "/shards/2026/api/v2/log/entries", "", b"{}").status, 400);
    assert_eq!(client.get("/readyz", "").status, 200);
}

#[test]
fn head_conditions_and_ranges() {
    let server = Running::start(Limits::default());
    server.fill(FULL + 1, 50);
    let mut client = server.client();
    for (path, length) in [
        ("/checkpoint", None),
        ("/tile/0/000", Some(8_192)),
        ("/tile/0/001.p/1", Some(32)),
        ("/tile/entries/000", None),
    ] {
        let whole = client.get(path, "");
        let tag = whole.header("etag").unwrap();
        assert!(length.is_none_or(|length| whole.body.len() == length));

        let head = client.request("HEAD", path, "", b"");
        assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, Some(tag)));
        let length = whole.body.len().to_string();
        assert_eq!(head.header("content-length"), Some(length.as_str()), "{path}");

        let known = client.get(path, &format!("if-none-match: {tag}\r\n"));
        assert_eq!((known.status, known.header("etag")), (304, Some(tag)));
        assert_eq!(known.header("access-control-allow-origin"), Some("*"));
        assert_eq!(client.get(path, "if-none-match: \"other\"\r\n").status, 200);

        let part = client.get(path, "range: bytes=5-20\r\n");
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[5..=20]));
        assert_eq!(part.header("content-range"), Some(format!("bytes 5-20/{length}").as_str()));
        let part = client.get(path, &format!("range: bytes=-7\r\nif-range: {tag}\r\n"));
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[whole.body.len() - 7..]));
        let part = client.get(path, &format!("range: bytes={length}-\r\n"));
        assert_eq!(
            (part.status, part.header("content-range")),
            (416, Some(format!("bytes */{length}").as_str()))
        );
        assert_eq!(client.get(path, "range: bytes=0-1,5-6\r\n").body, whole.body);
    }
    // The checkpoint changes, and so does its tag.
    let before = client.get("/checkpoint", "");
    let tag = format!("if-none-match: {}\r\n", before.header("etag").unwrap());
    let added = server.fill(FULL + 1, 50).len();
    assert_eq!((added, client.get("/checkpoint", &tag).status), (FULL + 1, 304));
}

#[test]
fn gzip_for_entries_only() {
    let server = Running::start(Limits::default());
    server.fill(FULL + 20, 300);
    let mut client = server.client();
    for path in ["/tile/entries/000", "/tile/entries/001.p/20"] {
        let plain = client.get(path, "accept-encoding: identity\r\n");
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
        for _ in 0..2 {
            let packed = client.get(path, "accept-encoding: gzip\r\n");
            assert_eq!(packed.header("content-encoding"), Some("gzip"));
            assert_eq!(packed.header("vary"), Some("accept-encoding"));
            assert!(packed.body.len() < plain.body.len() / 2);
            assert_eq!(gunzip(&packed.body), plain.body);
            assert_ne!(packed.header("etag"), plain.header("etag"));
            let tag =
                format!("accept-encoding: gzip\r\nif-none-match: {}\r\n", packed.header("etag").unwrap());
            assert_eq!(client.get(path, &tag).status, 304);
        }
        let head = client.request("HEAD", path, "accept-encoding: gzip\r\n", b"");
        assert_eq!(head.header("content-encoding"), Some("gzip"));
        let part = client.get(path, "accept-encoding: gzip\r\nrange: bytes=0-9\r\n");
        assert_eq!(
            (part.status, part.header("content-encoding"), &part.body[..]),
            (206, None, &plain.body[..10])
        );
    }
    for path in ["/tile/0/000", "/checkpoint"] {
        let answer = client.get(path, "accept-encoding: gzip\r\n");
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None));
    }
}
