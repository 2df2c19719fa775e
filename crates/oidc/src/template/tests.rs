//! What Go 1.26 makes of the same templates, taken down by a program.

use super::*;
use std::collections::BTreeMap;

struct Table(BTreeMap<&'static str, &'static str>);

impl Data for Table {
    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|text| (*text).to_owned())
    }
}

fn data() -> Table {
    let texts = [("a", "A"), ("empty", ""), ("t", "true"), ("x/y", "xy"), ("branch", "branch")];
    Table(BTreeMap::from(texts))
}

#[derive(Clone, Copy, Debug)]
enum Go {
    Says(&'static str),
    NotParsed,
    Fails,
}

#[test]
fn as_go_does() {
    let table: &[(&str, Go)] = &[
        ("", Go::Says("")),
        ("plain", Go::Says("plain")),
        ("}}", Go::Says("}}")),
        ("{ {", Go::Says("{ {")),
        ("{{.a}}", Go::Says("A")),
        ("{{ .a }}", Go::Says("A")),
        ("x{{.a}}y", Go::Says("xAy")),
        ("{{- .a -}}", Go::Says("A")),
        (" {{- .a -}} ", Go::Says("A")),
        ("  {{.a}}  ", Go::Says("  A  ")),
        ("a {{- .a}} b", Go::Says("aA b")),
        ("{{.a -}} b", Go::Says("Ab")),
        ("{{.a}} {{- \" x\"}}", Go::Says("A x")),
        ("{{-.a}}", Go::NotParsed),
        ("{{.a-}}", Go::NotParsed),
        ("{{- .a-}}", Go::NotParsed),
        ("{{/* c */}}x", Go::Says("x")),
        ("x {{- /* c */ -}} y", Go::Says("xy")),
        ("{{ /* c */ }}", Go::NotParsed),
        ("{{/* c }}", Go::NotParsed),
        ("{{/* c */", Go::NotParsed),
        ("{{.missing}}", Go::Fails),
        ("{{index . \"missing\"}}", Go::Says("")),
        ("{{index . \"x/y\"}}", Go::Says("xy")),
        ("{{(index . \"x/y\")}}", Go::Says("xy")),
        ("{{index . .a}}", Go::Says("")),
        ("{{if .a}}y{{end}}", Go::Says("y")),
        ("{{if .empty}}y{{end}}", Go::Says("")),
        ("{{if .empty}}y{{else}}n{{end}}", Go::Says("n")),
        ("{{if .missing}}y{{end}}", Go::Fails),
        ("{{if eq .a \"A\"}}y{{else}}n{{end}}", Go::Says("y")),
        ("{{if eq .a \"B\" \"A\"}}y{{end}}", Go::Says("y")),
        ("{{if ne .a \"B\"}}y{{end}}", Go::Says("y")),
        ("{{if .empty}}1{{else if .a}}2{{else}}3{{end}}", Go::Says("2")),
        ("{{if .empty}}1{{else if .empty}}2{{else}}3{{end}}", Go::Says("3")),
        ("{{if .empty}}1{{else if .empty}}2{{end}}|", Go::Says("|")),
        ("{{if .a}}{{if .empty}}1{{else}}2{{end}}{{end}}", Go::Says("2")),
        ("{{if}}y{{end}}", Go::NotParsed),
        ("{{if .a}}", Go::NotParsed),
        ("{{else}}", Go::NotParsed),
        ("{{end}}", Go::NotParsed),
        ("{{if .a}}{{else}}{{else}}{{end}}", Go::NotParsed),
        ("{{if .a}}x{{end}}{{end}}", Go::NotParsed),
        ("{{if eq (index . \"t\") \"true\"}}ssh{{ else }}\"\"{{end}}", Go::Says("ssh")),
        ("{{eq .a \"A\"}}", Go::Says("true")),
        ("{{eq .t true}}", Go::Fails),
        ("{{and .a .t}}", Go::Says("true")),
        ("{{and .empty .t}}|", Go::Says("|")),
        ("{{and .empty .missing}}|", Go::Says("|")),
        ("{{or .empty .t}}", Go::Says("true")),
        ("{{or .a .missing}}", Go::Says("A")),
        ("{{or .empty}}|", Go::Says("|")),
        ("{{not .empty}}", Go::Says("true")),
        ("{{not .a}}", Go::Says("false")),
        ("{{true}}", Go::Says("true")),
        ("{{\"q\\\"\\\\\\n\\t\"}}", Go::Says("q\"\\\n\t")),
        ("{{`raw \"x\" \\n`}}", Go::Says("raw \"x\" \\n")),
        ("{{\"a\nb\"}}", Go::NotParsed),
        ("{{\"\\q\"}}", Go::NotParsed),
        ("{{\"open}}", Go::NotParsed),
        ("{{`open}}", Go::NotParsed),
        ("{{}}", Go::NotParsed),
        ("{{ }}", Go::NotParsed),
        ("{{.a", Go::NotParsed),
        ("{{.a}", Go::NotParsed),
        ("{{.}}", Go::Fails),
        ("{{\"a\"\"b\"}}", Go::NotParsed),
        ("{{(.a)}}", Go::Says("A")),
        ("{{((.a))}}", Go::Says("A")),
        ("{{(.a}}", Go::NotParsed),
        ("{{.a)}}", Go::NotParsed),
        ("{{eq (.a) (\"A\")}}", Go::Says("true")),
        ("{{(eq .a \"A\")}}", Go::Says("true")),
        ("{{eq .a\"A\"}}", Go::NotParsed),
        ("{{$x}}", Go::NotParsed),
        ("{{.a1_b}}", Go::Fails),
        ("{{if (not .empty)}}y{{end}}", Go::Says("y")),
        ("{{if and .a (eq .t \"true\")}}y{{end}}", Go::Says("y")),
        ("{{.a}}{{.t}}", Go::Says("Atrue")),
        ("{{ .a\n}}", Go::Says("A")),
        ("{{if .a}} x {{- end}}", Go::Says(" x")),
        ("{{eq true true}}", Go::Says("true")),
        ("{{ne .a true}}", Go::Fails),
        ("{{.ü}}", Go::Fails),
        ("refs/{{if eq .branch \"branch\"}}heads/{{ else }}tags/{{end}}{{ .a }}", Go::Says("refs/heads/A")),
        ("{{if .a}}{{else if}}{{end}}", Go::NotParsed),
        ("{{end }}", Go::NotParsed),
        ("{{ifx}}", Go::NotParsed),
        ("{{else if .a}}", Go::NotParsed),
        ("{{.a}}}}", Go::Says("A}}")),
        ("{{{.a}}}", Go::NotParsed),
        ("{{\"}}\"}}", Go::Says("}}")),
        ("{{index . `x/y`}}", Go::Says("xy")),
        ("{{if not .a}}1{{else}}2{{end}}", Go::Says("2")),
    ];
    for (source, go) in table {
        match (Template::parse(source), go) {
            (Err(_), Go::NotParsed) => {}
            (Ok(template), Go::Says(text)) => assert_eq!(template.run(&data()).unwrap(), *text, "{source:?}"),
            (Ok(template), Go::Fails) => assert!(template.run(&data()).is_err(), "{source:?}"),
            (found, go) => panic!("{source:?}: Go {go:?}, we {found:?}"),
        }
    }
}

#[track_caller]
fn refused(source: &str, error: &TemplateError) {
    assert_eq!(Template::parse(source).as_ref(), Err(error), "{source:?}");
}

/// What Go takes, or fails on only when it runs.
#[test]
fn what_is_not_understood_is_named_when_it_is_read() {
    let unsupported = |found: &str, offset| TemplateError::Unsupported { found: found.to_owned(), offset };
    refused("{{.a | print}}", &unsupported("|", 5));
    refused("{{print .a}}", &unsupported("print", 2));
    refused("{{range .}}{{end}}", &unsupported("range", 2));
    refused("{{1}}", &unsupported("1", 2));
    refused("{{$x}}", &unsupported("$", 2));
    refused("{{nil}}", &unsupported("nil", 2));
    refused("{{.a.b}}", &unsupported(".", 4));
    refused("{{\"a\"\"b\"}}", &unsupported("\"", 5));
    let misplaced = |found: &str, offset| TemplateError::Misplaced { found: found.to_owned(), offset };
    refused("{{.a .b}}", &misplaced(".b", 5));
    refused("x{{end}}", &misplaced("end", 3));
    refused("{{else}}", &misplaced("else", 2));
    refused("{{}}", &misplaced("}}", 2));
    let arguments = |function, takes, offset| TemplateError::Arguments { function, takes, offset };
    refused("{{index .}}", &arguments("index", ". and a text", 2));
    refused("{{index .a \"b\"}}", &arguments("index", ". and a text", 2));
    refused("{{index . \"a\" \"b\"}}", &arguments("index", ". and a text", 2));
    refused("{{if eq .a}}{{end}}", &arguments("eq", "two texts or more", 5));
    refused("{{not .a .t}}", &arguments("not", "one condition", 2));
    refused("{{and}}", &arguments("and", "one condition or more", 2));
    refused("{{if .a}}", &TemplateError::Ends { missing: "{{end}}" });
    refused("{{.a", &TemplateError::Unterminated { what: "{{", offset: 2 });
    refused("{{\"a", &TemplateError::Unterminated { what: "a text", offset: 2 });
    refused("{{/* a", &TemplateError::Unterminated { what: "a comment", offset: 2 });
    refused("{{\"\\q\"}}", &TemplateError::Escape { offset: 3 });
}

#[test]
fn why_nothing_comes_of_it() {
    let error = |source: &str| Template::parse(source).unwrap().run(&data()).unwrap_err();
    assert_eq!(error("{{.missing}}"), RunError::Missing { name: "missing".to_owned() });
    assert_eq!(error("{{.}}"), RunError::Type { function: "a template", found: "all of the data" });
    assert_eq!(error("{{eq .a true}}"), RunError::Type { function: "eq", found: "a text and a condition" });
    assert_eq!(error("{{index . true}}"), RunError::Type { function: "index", found: "a condition" });
}

#[test]
fn limits() {
    let long = "a".repeat(MAX_TEMPLATE_BYTES + 1);
    refused(&long, &TemplateError::TooLong { size: long.len() });
    let deep = |levels: usize| format!("{{{{{}.a{}}}}}", "(".repeat(levels), ")".repeat(levels));
    assert!(Template::parse(&deep(MAX_DEPTH)).is_ok());
    refused(&deep(MAX_DEPTH + 1), &TemplateError::TooDeep { offset: 2 + MAX_DEPTH });
    let chain = |levels: usize| format!("{{{{if .a}}}}{}{{{{end}}}}", "{{else if .a}}".repeat(levels - 1));
    assert!(Template::parse(&chain(MAX_DEPTH)).is_ok());
    assert!(matches!(Template::parse(&chain(MAX_DEPTH + 1)), Err(TemplateError::TooDeep { .. })));
    struct Long;
    impl Data for Long {
        fn text(&self, _: &str) -> Option<String> {
            Some("x".repeat(1 << 10))
        }
    }
    let template = Template::parse(&"{{.a}}".repeat(33)).unwrap();
    assert_eq!(template.run(&Long), Err(RunError::TooLong));
}
