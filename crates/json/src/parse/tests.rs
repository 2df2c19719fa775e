use super::*;
use crate::Number;
use std::borrow::Cow;

const LIMITS: Limits = Limits { bytes: 1 << 16, depth: 64, values: 1 << 12, members: 1 << 10 };

/// `parse` and `check` must agree; so every test goes through both.
fn check_both(text: &str) -> Result<Value<'_>, Error> {
    let read = parse(text.as_bytes(), &LIMITS);
    let skipped = check(text.as_bytes(), &LIMITS);
    assert_eq!(read.as_ref().err(), skipped.as_ref().err(), "{text}");
    read
}

fn refused(text: &str) -> Error {
    check_both(text).unwrap_err()
}

#[test]
fn every_kind() {
    let text = r#" { "a" : [ 1 , -2 , 1.5e3 , true , false , null , "x\ny" , [] , {} ] } "#;
    let value = check_both(text).unwrap();
    let array = value.member("a").unwrap().as_array().unwrap();
    assert_eq!(array[0].as_u64(), Some(1));
    assert_eq!(array[1].as_i64(), Some(-2));
    assert_eq!(array[2].as_number(), Some(Number::Float(1500.0)));
    assert_eq!(array[3].as_bool(), Some(true));
    assert!(array[5].is_null());
    assert_eq!(array[6].as_str(), Some("x\ny"));
    assert_eq!(crate::compact(&value), r#"{"a":[1,-2,1500.0,true,false,null,"x\ny",[],{}]}"#);
}

#[test]
fn strings_without_escapes_are_borrowed() {
    let text = r#"["plain ☃","esc\u0061ped"]"#;
    let Value::Array(elements) = check_both(text).unwrap() else { panic!("no array") };
    assert!(matches!(&elements[0], Value::String(Cow::Borrowed("plain ☃"))));
    assert!(matches!(&elements[1], Value::String(Cow::Owned(s)) if s == "escaped"));
}

#[test]
fn duplicates_at_any_depth_and_in_any_spelling() {
    for text in [r#"{"a":1,"a":2}"#, r#"[{"x":[{"a":1,"b":2,"\u0061":3}]}]"#, r#"{"a":{"a":1},"a":1}"#] {
        assert!(matches!(refused(text), Error::Duplicate { name, .. } if name == "a"), "{text}");
    }
    check_both(r#"{"a":{"a":1},"b":{"a":1}}"#).unwrap();
    check_both(r#"{"a":1,"A":2}"#).unwrap();
}

#[test]
fn duplicates_among_many() {
    for count in [15, 16, 17, 18, 100] {
        let mut members: Vec<_> = (0..count).map(|i| format!("\"k{i}\":{i}")).collect();
        check_both(&format!("{{{}}}", members.join(","))).unwrap();
        members.push("\"k3\":0".to_owned());
        let text = format!("{{{}}}", members.join(","));
        assert!(matches!(refused(&text), Error::Duplicate { name, .. } if name == "k3"), "{count}");
    }
}

#[test]
fn grammar() {
    assert_eq!(refused(""), Error::UnexpectedEnd);
    assert_eq!(refused("[1"), Error::UnexpectedEnd);
    assert_eq!(refused("\"abc"), Error::UnexpectedEnd);
    assert!(matches!(refused("[1,]"), Error::Unexpected { offset: 3, found: b']', .. }));
    assert!(matches!(refused("{\"a\":1,}"), Error::Unexpected { offset: 7, .. }));
    assert!(matches!(refused("{a:1}"), Error::Unexpected { offset: 1, .. }));
    assert!(matches!(refused("[1 2]"), Error::Unexpected { offset: 3, .. }));
    assert!(matches!(refused("nul"), Error::Unexpected { .. }));
    assert!(matches!(refused("'a'"), Error::Unexpected { .. }));
    assert!(matches!(refused("\u{feff}{}"), Error::Unexpected { offset: 0, .. }));
    assert!(matches!(refused("// c\n1"), Error::Unexpected { .. }));
    assert!(matches!(refused("NaN"), Error::Unexpected { .. }));
    assert_eq!(refused("{} {}"), Error::TrailingData { offset: 3 });
    assert_eq!(refused("truee"), Error::TrailingData { offset: 4 });
}

#[test]
fn strings() {
    assert_eq!(refused("\"a\nb\""), Error::ControlCharacter { offset: 2 });
    assert_eq!(refused(r#""\x""#), Error::BadEscape { offset: 1 });
    assert_eq!(refused(r#""\u12g4""#), Error::BadEscape { offset: 1 });
    assert_eq!(refused(r#""ab\ud800""#), Error::LoneSurrogate { offset: 3 });
    assert_eq!(refused(r#""\ud800\u0041""#), Error::LoneSurrogate { offset: 1 });
    assert_eq!(refused(r#""\udc00\ud800""#), Error::LoneSurrogate { offset: 1 });
    assert_eq!(refused(r#""\u12"#), Error::UnexpectedEnd);
    assert_eq!(
        check_both(r#""\ud83d\ude00\"\\\/\b\f\n\r\t""#).unwrap().as_str(),
        Some("😀\"\\/\u{8}\u{c}\n\r\t")
    );
    assert_eq!(parse(b"\"\xff\"", &LIMITS), Err(Error::NotUtf8 { offset: 1 }));
}

#[test]
fn numbers() {
    for text in ["01", "-", "-01", "1.", ".5", "1e", "1e+", "+1", "--1"] {
        assert!(matches!(refused(text), Error::BadNumber { .. } | Error::Unexpected { .. }), "{text}");
    }
    assert_eq!(refused("1e999"), Error::NumberOutOfRange { offset: 0 });
    let number = |text| check_both(text).unwrap().as_number().unwrap();
    assert_eq!(number("-0"), Number::Unsigned(0));
    assert_eq!(number("18446744073709551615"), Number::Unsigned(u64::MAX));
    assert_eq!(number("18446744073709551616"), Number::Float(18446744073709551616.0));
    assert_eq!(number("-9223372036854775808"), Number::Negative(i64::MIN));
    assert_eq!(number("1e2"), Number::Float(100.0));
}

#[test]
fn limits() {
    let nested = |levels| "[".repeat(levels) + &"]".repeat(levels);
    check_both(&nested(64)).unwrap();
    assert_eq!(refused(&nested(65)), Error::TooDeep { limit: 64, offset: 64 });
    assert!(matches!(refused(&nested(30_000)), Error::TooDeep { .. }));

    let numbers = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
    check_both(&numbers(LIMITS.values - 1)).unwrap();
    assert!(matches!(refused(&numbers(LIMITS.values)), Error::TooManyValues { .. }));

    let members: Vec<_> = (0..=LIMITS.members).map(|i| format!("\"{i}\":0")).collect();
    check_both(&format!("{{{}}}", members[1..].join(","))).unwrap();
    assert!(matches!(refused(&format!("{{{}}}", members.join(","))), Error::TooManyMembers { .. }));

    let long = vec![b' '; LIMITS.bytes + 1];
    assert_eq!(parse(&long, &LIMITS), Err(Error::TooLong { limit: LIMITS.bytes, found: LIMITS.bytes + 1 }));
}

#[test]
fn documents_with_and_without_lines() {
    let read = |text: &str| -> Result<Vec<String>, Error> {
        documents(text.as_bytes(), 1 << 16, &LIMITS)?.map(|d| Ok(d?.1.to_owned())).collect()
    };
    assert_eq!(read("{\"a\":1}\n\n [2]\r\n3\n").unwrap(), ["{\"a\":1}", "[2]", "3"]);
    assert_eq!(read("{}{}[]").unwrap(), ["{}", "{}", "[]"]);
    assert_eq!(read(" \n").unwrap(), Vec::<String>::new());
    assert!(matches!(read("{}\n{").unwrap_err(), Error::UnexpectedEnd));
    let (value, rest) = parse_prefix(b" [1] \n {}", &LIMITS).unwrap();
    assert_eq!((crate::compact(&value), rest), ("[1]".to_owned(), b"{}".as_slice()));
}

#[test]
fn skip_returns_the_text() {
    let mut reader = Reader::new(br#"{"a": [1, {"b":"c"}] , "d":"e"}"#, &LIMITS).unwrap();
    let mut seen = Vec::new();
    reader
        .members(|name, reader| {
            seen.push((name.into_owned(), reader.skip()?));
            Ok::<(), Error>(())
        })
        .unwrap();
    assert_eq!(seen, [("a".to_owned(), r#"[1, {"b":"c"}]"#), ("d".to_owned(), "\"e\"")]);
    reader.end().unwrap();
}
