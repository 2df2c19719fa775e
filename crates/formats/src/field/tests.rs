use super::*;
use sealwax_json::{Limits, parse};

fn read<T>(text: &str, f: impl FnOnce(Message<'_, '_>) -> Result<T>) -> std::result::Result<T, FieldError> {
    let value = parse(text.as_bytes(), &Limits::of_bytes(1 << 16)).unwrap();
    Message::of(&value).and_then(f)
}

#[test]
fn names() {
    assert!(is_proto_name("log_id", "logId"));
    assert!(is_proto_name("rfc3161_timestamps", "rfc3161Timestamps"));
    for (key, name) in
        [("logid", "logId"), ("log_id_", "logId"), ("log_", "logId"), ("log__id", "logId"), ("", "logId")]
    {
        assert!(!is_proto_name(key, name), "{key}");
    }
    assert!(is_proto_name("hint", "hint"));
    let twice = read(r#"{"logId":"1","log_id":"2"}"#, |m| m.string("logId").map(str::to_owned));
    assert_eq!(twice, Err(FieldCause::Spellings.at("logId")));
    // A null spelling counts too: two readers would differ on it.
    let null = read(r#"{"logId":"1","log_id":null}"#, |m| m.string("logId").map(str::to_owned));
    assert_eq!(null, Err(FieldCause::Spellings.at("logId")));
}

#[test]
fn integers() {
    let natural = |text: &str| read(&format!("{{\"n\":{text}}}"), |m| m.natural("n"));
    for (text, expected) in [("7", 7), ("\"7\"", 7), ("7.0", 7), ("7e2", 700), ("null", 0), ("\"0\"", 0)] {
        assert_eq!(natural(text), Ok(expected), "{text}");
    }
    assert_eq!(natural("\"9223372036854775807\""), Ok(i64::MAX.unsigned_abs()));
    let refused = Err(FieldCause::Integer { least: 0, most: i64::MAX }.at("n"));
    for text in [
        "-1",
        "\"-1\"",
        "1.5",
        "\"1.5\"",
        "\"\"",
        "\"+1\"",
        "\"01\"",
        "\" 1\"",
        "\"9223372036854775808\"",
        "1e300",
    ] {
        assert_eq!(natural(text), refused, "{text}");
    }
    assert!(matches!(natural("true").unwrap_err().cause, FieldCause::Type { found: Kind::Bool, .. }));
}

#[test]
fn instants() {
    for text in ["2021-01-12T11:53:27Z", "2021-01-12T11:53:27.000Z", "2021-01-12T12:53:27.000000000+01:00"] {
        assert_eq!(rfc3339(text), Some(Timestamp::from_second(1_610_452_407).unwrap()), "{text}");
    }
    for text in [
        "",
        "2021-01-12",
        "2021-01-12 11:53:27Z",
        "2021-01-12t11:53:27z",
        "2021-01-12T11:53:27",
        "2021-01-12T11:53:60Z",
        "2021-01-12T11:53:27.Z",
        "2021-01-12T11:53:27.0000000000Z",
        "2021-13-12T11:53:27Z",
        "2021-01-12T11:53:27+01",
        "2021-01-12T11:53:27Z[UTC]",
        "2021-02-30T11:53:27Z",
        "1610452407",
    ] {
        assert_eq!(rfc3339(text), None, "{text}");
    }
}

#[test]
fn one_of_and_paths() {
    let both = read(r#"{"a":{},"b":{}}"#, |m| m.one_of(&["a", "b"]).map(drop));
    assert_eq!(both, Err(FieldCause::OneOf { other: "a" }.at("b")));
    assert_eq!(
        read(r#"{"a":null,"b":{}}"#, |m| m.one_of(&["a", "b"]).map(|o| o.map(|o| o.0))),
        Ok(Some("b"))
    );
    let deep = read(r#"{"list":[{},{"inner":{"n":true}}]}"#, |m| {
        m.messages("list", 2, |m| m.message("inner", |m| m.natural("n")))
    });
    assert_eq!(deep.unwrap_err().path, "list[1].inner.n");
    let many = read(r#"{"list":[{},{},{}]}"#, |m| m.messages("list", 2, |_| Ok(())));
    assert_eq!(many, Err(FieldCause::TooMany { limit: 2, found: 3 }.at("list")));
    assert_eq!(
        read(r#"{"list":[null]}"#, |m| m.messages("list", 2, |_| Ok(()))).unwrap_err().path,
        "list[0]"
    );
}
