//! Names of roles and targets, as they stand in URLs and in file names.

/// The file in which the metadata of a role is stored: the whole name percent-encoded, so that `../x` stays inside
/// its directory. The specification is silent about odd names; python-tuf and the public client suite encode them so.
///
/// ```
/// assert_eq!(sealwax_tuf::file_name("../x"), "..%2Fx.json");
/// ```
pub fn file_name(role: &str) -> String {
    format!("{}.json", percent_encode(role, b""))
}

/// The path below the metadata URL of one version of a role.
pub(crate) fn metadata_path(role: &str, version: Option<u64>) -> String {
    let file = file_name(role);
    version.map_or_else(|| file.clone(), |version| format!("{version}.{file}"))
}

/// The path below the targets URL; with consistent snapshots the file name starts with a digest (TUF §5.7.3).
pub(crate) fn target_path(path: &str, digest: Option<&str>) -> String {
    // Sub-delimiters may stand in a path segment as they are (RFC 3986 §3.3).
    let encoded = percent_encode(path, b"/!$&'()*+,;=:@");
    match (digest, encoded.rsplit_once('/')) {
        (None, _) => encoded,
        (Some(digest), None) => format!("{digest}.{encoded}"),
        (Some(digest), Some((directory, name))) => format!("{directory}/{digest}.{name}"),
    }
}

/// Whether a URL made of the path means that path: no segment is empty or a step up.
pub(crate) fn is_plain_path(path: &str) -> bool {
    path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

/// RFC 3986 §2.1: everything but unreserved characters and those in `keep`.
fn percent_encode(text: &str, keep: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_names_are_encoded_whole() {
        let cases = [("?", "%3F.json"), ("#", "%23.json"), ("/a", "%2Fa.json"), ("ü%", "%C3%BC%25.json")];
        for (role, file) in cases {
            assert_eq!(file_name(role), file);
        }
        assert_eq!(metadata_path("../a", Some(7)), "7...%2Fa.json");
        assert_eq!(metadata_path("timestamp", None), "timestamp.json");
    }

    #[test]
    fn the_digest_stands_before_the_last_segment() {
        assert_eq!(target_path("a/b c", Some("00ff")), "a/00ff.b%20c");
        assert_eq!(target_path("a@1", Some("00ff")), "00ff.a@1");
        assert_eq!(target_path("a?b", None), "a%3Fb");
    }

    #[test]
    fn paths_that_a_url_would_shorten_are_told_apart() {
        assert!(is_plain_path("a/b.c/..d"));
        for path in ["", "/a", "a//b", "a/../b", ".", "a/"] {
            assert!(!is_plain_path(path), "{path}");
        }
    }
}
