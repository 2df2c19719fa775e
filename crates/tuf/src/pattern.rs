//! Path patterns of delegations (TUF §4.5, "PATHPATTERN").

/// Why a pattern cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// Whether the pattern covers the path: `*` is any run of characters within one segment, `?` is one of them, case
/// counts.
///
/// # Errors
/// [`Ambiguous`] for a bracket in a segment that matters: some clients read a set of characters there, others do not,
/// and whoever guesses wrongly asks the wrong role.
pub(crate) fn covers(pattern: &str, path: &str) -> Result<bool, Ambiguous> {
    if pattern.split('/').count() != path.split('/').count() {
        return Ok(false);
    }
    for (pattern, segment) in pattern.split('/').zip(path.split('/')) {
        if pattern.contains('[') {
            return Err(Ambiguous);
        }
        if !covers_segment(pattern, segment) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Greedy with one point to come back to, the last `*`: at most pattern × text steps.
fn covers_segment(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (rest_of_pattern, rest_of_text) = (pattern.clone(), text.clone());
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                // The star takes nothing; to come back means that it takes one character more.
                text = rest_of_text.clone();
                retry = Some((rest_of_pattern, rest_of_text));
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((star, mut rest)) = retry.take() else { return false };
                if rest.next().is_none() {
                    return false;
                }
                (pattern, text) = (star, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stop_at_slashes() {
        let yes = [
            ("*", "a"),
            ("*", ""),
            ("*.md", "README.md"),
            ("foo-?.tgz", "foo-1.tgz"),
            ("releases/*/*", "releases/x/y"),
            ("a*b*c", "aXbXbc"),
            ("*?", "é"),
            ("targets/*.tgz", "targets/foo.tgz"),
        ];
        let no = [
            ("*", "a/b"),
            ("*.md", "releases/README.md"),
            ("foo-?.tgz", "foo-alpha.tgz"),
            ("*.md", "README.MD"),
            ("releases/*/*", "releases/x"),
            ("a*b*c", "aXbXb"),
            ("?", ""),
            ("", "a"),
        ];
        for (pattern, path) in yes {
            assert_eq!(covers(pattern, path), Ok(true), "{pattern} {path}");
        }
        for (pattern, path) in no {
            assert_eq!(covers(pattern, path), Ok(false), "{pattern} {path}");
        }
    }

    #[test]
    fn brackets_are_refused_where_they_matter() {
        assert_eq!(covers("[ab]", "a"), Err(Ambiguous));
        assert_eq!(covers("x/[ab]", "a"), Ok(false));
        assert_eq!(covers("x/[ab]", "y/a"), Ok(false));
    }

    #[test]
    fn many_stars_are_not_exponential() {
        let pattern = "*a".repeat(200);
        assert_eq!(covers(&pattern, &"a".repeat(5_000)), Ok(true));
        assert_eq!(covers(&format!("{pattern}b"), &"a".repeat(5_000)), Ok(false));
    }
}
