use super::*;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn read(text: &str) -> Result<Statement<'_>, StatementError> {
    Statement::parse(text.as_bytes())
}

#[test]
fn whole() {
    let text = format!(
        r#"{{"predicate": {{"a": [1, "x\"y"]}}, "_type": "https://in-toto.io/Statement/v1", "subject":
        [{{"name": "a\u002etxt", "digest": {{"sha256": "{HEX}", "gitCommit": "00"}}}}, {{"digest": {{}}}}],
        "predicateType": "https://slsa.dev/provenance/v1", "other": 1}}"#
    );
    let statement = read(&text).unwrap();
    assert_eq!(statement.version, StatementVersion::V1);
    assert_eq!(statement.predicate_type, "https://slsa.dev/provenance/v1");
    assert_eq!(statement.predicate, Some(r#"{"a": [1, "x\"y"]}"#));
    assert_eq!(statement.subjects.len(), 2);
    assert_eq!(statement.subjects[0].name, "a.txt");
    let digests: Vec<_> = statement.subjects[0].digests.iter().map(SubjectDigest::digest).collect();
    assert_eq!(digests, [Some(format!("sha256:{HEX}").parse().unwrap()), None]);
    assert_eq!(statement.subjects[1], Subject::default());
}

/// WIRE §12 (20).
#[test]
fn what_may_be_missing() {
    for rest in [
        "",
        r#","subject":null,"predicate":null,"predicateType":null"#,
        r#","subject":[],"predicateType":"""#,
    ] {
        let text = format!(r#"{{"_type":"https://in-toto.io/Statement/v0.1"{rest}}}"#);
        let statement = read(&text).unwrap();
        assert_eq!(statement.version, StatementVersion::V01);
        assert_eq!((statement.subjects.as_slice(), statement.predicate), ([].as_slice(), None));
        assert_eq!(statement.predicate_type, "");
    }
    let text = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":null,"digest":null}]}"#;
    assert_eq!(read(text).unwrap().subjects, [Subject::default()]);
}

/// VERIFY rule 9: only lower-case hexadecimal of the right length counts.
#[test]
fn digests_that_do_not_count() {
    let digest = |algorithm: &str, value: &str| {
        let digest = SubjectDigest { algorithm: algorithm.to_owned().into(), value: value.to_owned().into() };
        digest.digest().is_some()
    };
    assert!(digest("sha256", HEX));
    assert!(digest("sha512", &"0".repeat(128)));
    assert!(digest("sha384", &"0".repeat(96)));
    assert!(!digest("sha256", &HEX.to_uppercase()));
    assert!(!digest("sha256", &HEX[2..]));
    assert!(!digest("sha512", HEX));
    assert!(!digest("sha256", ""));
    for algorithm in ["SHA256", "sha1", "gitCommit", "sha3_256", ""] {
        assert!(!digest(algorithm, HEX), "{algorithm}");
    }
}

#[test]
fn types() {
    for kind in ["", "https://in-toto.io/Statement/v2", "https://in-toto.io/Statement/v1 "] {
        let text = format!("{{\"_type\":{kind:?}}}");
        assert_eq!(read(&text), Err(StatementError::Type { found: kind.to_owned() }));
    }
    assert_eq!(read("{}"), Err(StatementError::Type { found: String::new() }));
    for text in [
        "[]",
        "3",
        r#"{"subject":{}}"#,
        r#"{"subject":[[]]}"#,
        r#"{"subject":[{"digest":{"sha256":1}}]}"#,
        r#"{"_type":1}"#,
    ] {
        assert!(matches!(read(text), Err(StatementError::Json(JsonError::Unexpected { .. }))), "{text}");
    }
}

/// Duplicates are refused wherever they stand, the skipped predicate included.
#[test]
fn duplicates() {
    let kind = r#""_type":"https://in-toto.io/Statement/v1""#;
    for text in [
        format!("{{{kind},{kind}}}"),
        format!(r#"{{{kind},"predicate":{{"x":[{{"a":1,"\u0061":2}}]}}}}"#),
        format!(r#"{{{kind},"subject":[{{"digest":{{"sha256":"","sha256":""}}}}]}}"#),
        format!(r#"{{{kind},"subject":[{{"name":"","name":""}}]}}"#),
    ] {
        assert!(matches!(read(&text), Err(StatementError::Json(JsonError::Duplicate { .. }))), "{text}");
    }
}

#[test]
fn limits() {
    let kind = r#""_type":"https://in-toto.io/Statement/v1""#;
    let subjects = |count: usize| format!("{{{kind},\"subject\":[{}]}}", vec!["{}"; count].join(","));
    assert_eq!(read(&subjects(MAX_SUBJECTS)).unwrap().subjects.len(), MAX_SUBJECTS);
    assert_eq!(
        read(&subjects(MAX_SUBJECTS + 1)),
        Err(StatementError::TooManySubjects { limit: MAX_SUBJECTS })
    );
    let digests: Vec<_> = (0..=MAX_DIGESTS).map(|i| format!("\"d{i}\":\"\"")).collect();
    let text = format!("{{{kind},\"subject\":[{{\"digest\":{{{}}}}}]}}", digests.join(","));
    assert_eq!(read(&text), Err(StatementError::TooManyDigests { limit: MAX_DIGESTS }));
    let names: Vec<_> = (0..32).map(|i| format!("\"{i}\":\"\"")).collect();
    let subject = format!("{{\"digest\":{{{}}}}}", names.join(","));
    let all = |count: usize| format!("{{{kind},\"subject\":[{}]}}", vec![subject.as_str(); count].join(","));
    assert!(read(&all(MAX_DIGESTS_IN_ALL / 32)).is_ok());
    let in_all = StatementError::TooManyDigestsInAll { limit: MAX_DIGESTS_IN_ALL };
    assert_eq!(read(&all(MAX_DIGESTS_IN_ALL / 32 + 1)), Err(in_all));
    let deep = format!("{{{kind},\"predicate\":{}{}}}", "[".repeat(64), "]".repeat(64));
    assert!(matches!(read(&deep), Err(StatementError::Json(JsonError::TooDeep { .. }))));
}
