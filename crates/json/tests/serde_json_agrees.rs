//! Against `serde_json`: whatever both accept means the same, and we accept no text that it refuses.

use proptest::prelude::*;
use sealwax_json::{Limits, Number, Value, check, compact, jcs, parse, pretty};

const LIMITS: Limits = Limits::of_bytes(1 << 20);

fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::String(a), serde_json::Value::String(b)) => a == b,
        (Value::Number(n), serde_json::Value::Number(m)) => match n {
            Number::Unsigned(n) => m.as_u64() == Some(*n) || (*n == 0 && m.as_f64() == Some(0.0)),
            Number::Negative(n) => m.as_i64() == Some(*n),
            // serde_json is not exact in the last places unless asked to be; the smallest numbers have few of them.
            Number::Float(n) => {
                m.as_f64().is_some_and(|m| (n - m).abs() <= (m.abs() * 1e-15).max(f64::from_bits(4)))
            }
        },
        (Value::Array(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => false,
    }
}

fn compare(text: &[u8]) {
    let ours = parse(text, &LIMITS);
    assert_eq!(ours.as_ref().err(), check(text, &LIMITS).as_ref().err());
    let theirs = serde_json::from_slice::<serde_json::Value>(text);
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => assert!(same(ours, theirs), "{ours:?} is not {theirs:?}"),
        (Ok(_), Err(e)) => panic!("we accept {:?}, serde_json says {e}", String::from_utf8_lossy(text)),
        (Err(_), _) => {}
    }
    if let Ok(value) = ours {
        assert_eq!(parse(compact(&value).as_bytes(), &LIMITS).as_ref(), Ok(&value));
        assert_eq!(parse(pretty(&value).as_bytes(), &LIMITS).as_ref(), Ok(&value));
        let canonical = jcs(&value);
        let Ok(again) = parse(&canonical, &LIMITS) else { panic!("canonical text is refused") };
        assert_eq!(jcs(&again), canonical);
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>()
            .prop_map(|n| serde_json::Number::from_f64(n).map_or(serde_json::Value::Null, Into::into)),
        ".*".prop_map(serde_json::Value::String),
    ];
    scalar.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::Array),
            prop::collection::vec((".{0,6}", inner), 0..24).prop_map(|m| m.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_reads_the_same(value in json()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert!(parse(text.as_bytes(), &LIMITS).is_ok(), "{}", text);
            compare(text.as_bytes());
        }
    }

    #[test]
    fn nearly_json(text in r#"([\[\]{}:,"\\ \n]|true|null|-|0|1|\.|e|u00|d83d|a|"a"|"b":|é){0,40}"#) {
        compare(text.as_bytes());
    }

    #[test]
    fn damaged_json(value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = serde_json::to_vec(&value).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        compare(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        compare(&bytes);
    }
}
