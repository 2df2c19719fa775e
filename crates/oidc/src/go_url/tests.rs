//! What Go 1.26 says, taken down by a program.

use super::*;

#[test]
fn read_and_written_as_go_does() {
    let table: &[(&str, Option<(&str, &str)>)] = &[
        ("", Some(("", ""))),
        ("*", Some(("*", ""))),
        ("https://a.example/b", Some(("https://a.example/b", "a.example"))),
        ("HTTPS://A.example/b", Some(("https://A.example/b", "A.example"))),
        ("https://a.example", Some(("https://a.example", "a.example"))),
        ("https://a.example/", Some(("https://a.example/", "a.example"))),
        ("https://a.example//b//c/../d/.", Some(("https://a.example//b//c/../d/.", "a.example"))),
        ("https://a/b c", Some(("https://a/b%20c", "a"))),
        ("https://a/b%20c", Some(("https://a/b%20c", "a"))),
        ("https://a/b%2fc", Some(("https://a/b%2fc", "a"))),
        ("https://a/b%2Fc d", Some(("https://a/b/c%20d", "a"))),
        ("https://a/(b)", Some(("https://a/(b)", "a"))),
        ("https://a/b!c*'", Some(("https://a/b!c*'", "a"))),
        ("https://a/ü", Some(("https://a/%C3%BC", "a"))),
        ("https://a/%C3%BC", Some(("https://a/%C3%BC", "a"))),
        ("https://a/b?c d", Some(("https://a/b?c d", "a"))),
        ("https://a/b?", Some(("https://a/b?", "a"))),
        ("https://a/b??", Some(("https://a/b??", "a"))),
        ("https://a/b?c?", Some(("https://a/b?c?", "a"))),
        ("https://a/b#c d", Some(("https://a/b#c%20d", "a"))),
        ("https://a/b#", Some(("https://a/b", "a"))),
        ("https://a/b#'x'", Some(("https://a/b#'x'", "a"))),
        ("https://a/b#(c)[d]", Some(("https://a/b#(c)[d]", "a"))),
        ("https://a/[b]", Some(("https://a/[b]", "a"))),
        ("https://a/b|c", Some(("https://a/b%7Cc", "a"))),
        ("https://a/b\"c", Some(("https://a/b%22c", "a"))),
        ("https://a/b<c>", Some(("https://a/b%3Cc%3E", "a"))),
        ("https://ü.example/x", Some(("https://%C3%BC.example/x", "ü.example"))),
        ("https://a b/c", None),
        ("https://a%20b/c", None),
        ("https://a%C3%BC/c", Some(("https://a%C3%BC/c", "aü"))),
        ("https://a:80/c", Some(("https://a:80/c", "a"))),
        ("https://a:/c", Some(("https://a:/c", "a"))),
        ("https://a:x/c", None),
        ("https://a:1:2/c", None),
        ("spiffe://a:1:2/c", Some(("spiffe://a:1:2/c", "a:1"))),
        ("https://[::1]/c", Some(("https://[::1]/c", "::1"))),
        ("https://[::1]:80/c", Some(("https://[::1]:80/c", "::1"))),
        ("https://[::1%25eth0]/c", Some(("https://[::1%25eth0]/c", "::1%eth0"))),
        ("https://[::1%25e%20h]/c", Some(("https://[::1%25e%20h]/c", "::1%e h"))),
        ("https://[1.2.3.4]/c", None),
        ("https://[x]/c", None),
        ("https://a[::1]/c", None),
        ("https://[::1", None),
        ("https://[::ffff:1.2.3.4]/c", Some(("https://[::ffff:1.2.3.4]/c", "::ffff:1.2.3.4"))),
        ("https://u@a/c", Some(("https://u@a/c", "a"))),
        ("https://u:p@a/c", Some(("https://u:p@a/c", "a"))),
        ("https://u:p:q@a/c", Some(("https://u:p%3Aq@a/c", "a"))),
        ("https://u%40v@a/c", Some(("https://u%40v@a/c", "a"))),
        ("https://u v@a/c", None),
        ("https://u@v@a/c", Some(("https://u%40v@a/c", "a"))),
        ("https://@a/c", Some(("https://@a/c", "a"))),
        ("https://:@a/c", Some(("https://:@a/c", "a"))),
        ("mailto:a@b", Some(("mailto:a@b", ""))),
        ("a:b", Some(("a:b", ""))),
        ("a:/b", Some(("a:/b", ""))),
        ("a:///b", Some(("a:///b", ""))),
        ("a://", Some(("a:", ""))),
        ("a:", Some(("a:", ""))),
        (":a", None),
        ("1a:b", None),
        ("a/b:c", Some(("a/b:c", ""))),
        ("a:b/c", Some(("a:b/c", ""))),
        ("b c:d", None),
        ("//a/b", Some(("//a/b", "a"))),
        ("///a/b", Some(("///a/b", ""))),
        ("/a b", Some(("/a%20b", ""))),
        ("a b", Some(("a%20b", ""))),
        ("./a:b", Some(("./a:b", ""))),
        ("file:///etc", Some(("file:///etc", ""))),
        ("repo:org/x:ref:refs/heads/main", Some(("repo:org/x:ref:refs/heads/main", ""))),
        (
            "gitlab.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main",
            Some(("gitlab.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main", "")),
        ),
        ("gitlab.com:80/x", Some(("gitlab.com:80/x", ""))),
        (
            "https://gitlab.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main",
            Some(("https://gitlab.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main", "gitlab.com")),
        ),
        ("https://a/%zz", None),
        ("https://a/%", None),
        ("a\x7fb", None),
        ("a\nb", None),
        ("https://a/b;c,d=e&f$g+h:i@j", Some(("https://a/b;c,d=e&f$g+h:i@j", "a"))),
        ("https://a/b\\c", Some(("https://a/b%5Cc", "a"))),
        ("https://a/b^c`d{e}f", Some(("https://a/b%5Ec%60d%7Be%7Df", "a"))),
        ("https://a/~b_c-d.e", Some(("https://a/~b_c-d.e", "a"))),
        ("https://a!$&'()*+,;=\"<>b/c", Some(("https://a!$&'()*+,;=\"<>b/c", "a!$&'()*+,;=\"<>b"))),
        ("https://a/b%41", Some(("https://a/b%41", "a"))),
        ("?a", Some(("?a", ""))),
        ("#a", Some(("#a", ""))),
        ("https://?a", Some(("https:?a", ""))),
        ("a?b:c", Some(("a?b:c", ""))),
    ];
    for (text, expected) in table {
        let found = GoUrl::parse(text).ok();
        let found = found.map(|url| (url.to_string(), String::from_utf8(url.host_name().to_vec()).unwrap()));
        assert_eq!(found, expected.map(|(url, host)| (url.to_owned(), host.to_owned())), "{text:?}");
    }
}

#[test]
fn joined_as_go_does() {
    let table: &[(&str, &[&str], &str)] = &[
        (
            "https://github.com/",
            &["o/r/.github/workflows/x.yml@refs/heads/main"],
            "https://github.com/o/r/.github/workflows/x.yml@refs/heads/main",
        ),
        ("https://github.com/", &["o/r"], "https://github.com/o/r"),
        (
            "https://github.com/",
            &["o/r", "actions/runs", "1", "attempts", "2"],
            "https://github.com/o/r/actions/runs/1/attempts/2",
        ),
        ("https://gitlab.com/", &["g/p", "/-/jobs/", "7"], "https://gitlab.com/g/p/-/jobs/7"),
        ("https://gitlab.com/", &["g//p/"], "https://gitlab.com/g/p/"),
        ("https://a", &["b"], "https://a/b"),
        ("https://a", &[""], "https://a"),
        ("https://a", &["/"], "https://a/"),
        ("https://a/b", &["../../c"], "https://a/c"),
        ("https://a/b/", &["./c/."], "https://a/b/c"),
        ("https://a/b", &["c d"], "https://a/b/c%20d"),
        ("https://a/b", &["ü"], "https://a/b/%C3%BC"),
        ("https://a/b", &["c%20d"], "https://a/b/c%20d"),
        ("https://a/b", &["c?d#e"], "https://a/b/c%3Fd%23e"),
        ("https://a/b?x=y", &["c"], "https://a/b/c?x=y"),
        ("https://a/b", &["(c)"], "https://a/b/(c)"),
        ("https://a/b", &["c", ""], "https://a/b/c"),
        ("https://a/b", &["", "p:1/2"], "https://a/b/p:1/2"),
        ("https://a/b%2Fc", &["d"], "https://a/b%2Fc/d"),
        ("a/b", &["../../../c"], "c"),
        ("a", &["/"], "a/"),
        ("a", &["../"], "/"),
        ("mailto:a", &["b"], "mailto:a"),
        ("", &["b"], "b"),
        ("https://a/b", &["c*d'"], "https://a/b/c*d'"),
    ];
    for (base, elements, expected) in table {
        let joined = GoUrl::parse(base).unwrap().join(elements).unwrap();
        assert_eq!(joined.to_string(), *expected, "{base:?} {elements:?}");
    }
    // Go gives the base back, without a word. Nobody means that.
    assert_eq!(GoUrl::parse("https://a/b").unwrap().join(&["%zz"]), Err(UrlError::Escape));
}

#[test]
fn each_cause_has_its_name() {
    for (text, error) in [
        ("a\nb", UrlError::ControlCharacter),
        (":a", UrlError::Scheme),
        ("b c:d", UrlError::FirstSegment),
        ("https://a/%zz", UrlError::Escape),
        ("https://u v@a/c", UrlError::User),
        ("https://a b/c", UrlError::Host),
        ("https://a:x/c", UrlError::Port),
    ] {
        assert_eq!(GoUrl::parse(text), Err(error), "{text:?}");
    }
}
