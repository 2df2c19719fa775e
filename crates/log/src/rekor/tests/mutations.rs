//! Every part of a good request, changed in every way: it is refused, or says the same as before.

use super::super::validate::ValidEntry;
use super::*;

/// What does not count, with the reason. Nothing else may be changed.
const HARMLESS: &[(&str, &str)] =
    &[("dsseRequestV002.envelope.signatures[0].keyid", "a hint, which nobody signs and the log leaves out")];

#[test]
fn every_field() {
    for request in [Signs::p256().hashed_rekord(), Signs::p256().dsse()] {
        let good = to_json(&request);
        let body = judge(&good).unwrap();
        let mut tried = 0;
        for path in paths(&good) {
            for (what, changed) in mutations(&good, &path) {
                tried += 1;
                let name = name(&path);
                match judge(&changed) {
                    Err(error) => assert!(error.len() > 20, "{name}, {what}: {error}"),
                    Ok(found) => {
                        assert!(is_harmless(&name), "{name}, {what}: taken");
                        assert_eq!(found, body, "{name}, {what}: another entry");
                    }
                }
            }
        }
        assert!(tried > 100, "{tried}");
    }
}

/// The whole way of a request, short of the engine.
fn judge(request: &Value) -> Result<Vec<u8>, String> {
    let request =
        CreateEntryRequest::from_json(request.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let entry = ValidEntry::check(&request).map_err(|error| error.to_string())?;
    Ok(entry.body().to_vec())
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.iter().any(|(harmless, _)| *harmless == name)
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Member(String),
    Element(usize),
}

fn paths(value: &Value) -> Vec<Vec<Step>> {
    let below = |step: Step, value: &Value| {
        let longer = move |path: Vec<Step>| [vec![step.clone()], path].concat();
        paths(value).into_iter().map(longer).collect::<Vec<_>>()
    };
    let mut all = vec![Vec::new()];
    match value {
        Value::Object(members) => {
            all.extend(members.iter().flat_map(|(name, value)| below(Step::Member(name.clone()), value)));
        }
        Value::Array(elements) => {
            all.extend(elements.iter().enumerate().flat_map(|(i, value)| below(Step::Element(i), value)));
        }
        _ => {}
    }
    all
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Member(name) => &mut value[name.as_str()],
        Step::Element(i) => &mut value[*i],
    })
}

fn mutations(good: &Value, path: &[Step]) -> Vec<(String, Value)> {
    let here = at(&mut good.clone(), path).clone();
    let mut values: Vec<(String, Value)> = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(""),
        json!("?"),
        json!([]),
        json!({}),
        json!([[]]),
        json!({"unknown": 1}),
    ]
    .into_iter()
    .filter(|value| *value != here)
    .map(|value| (value.to_string(), value))
    .collect();
    match &here {
        Value::String(text) => {
            for (i, letter) in text.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
                let other = if letter == 'A' { 'B' } else { 'A' };
                let mut changed = text.clone();
                changed.replace_range(i..=i, other.encode_utf8(&mut [0; 4]));
                values.push((format!("letter {i}"), json!(changed)));
            }
            values.push(("longer".to_owned(), json!(format!("{text}AAAA"))));
        }
        Value::Object(members) => {
            for name in members.keys() {
                let mut changed = here.clone();
                let member = changed.as_object_mut().unwrap().remove(name).unwrap();
                values.push((format!("without {name}"), changed.clone()));
                changed[name.to_uppercase()] = member;
                values.push((format!("{name} in capitals"), changed));
            }
            let mut changed = here.clone();
            changed["unknown"] = json!(null);
            values.push(("a member more".to_owned(), changed));
        }
        Value::Array(elements) => {
            values.push(("twice".to_owned(), [elements.clone(), elements.clone()].concat().into()));
        }
        _ => {}
    }
    let replace = |value: Value| {
        let mut changed = good.clone();
        *at(&mut changed, path) = value;
        changed
    };
    values
        .into_iter()
        // Dropping a harmless member is a change of the object that holds it.
        .filter(|(what, _)| what != "without keyid")
        .map(|(what, value)| (what, replace(value)))
        .collect()
}

fn name(path: &[Step]) -> String {
    let mut name = String::new();
    for step in path {
        match step {
            Step::Member(member) if name.is_empty() => name.push_str(member),
            Step::Member(member) => name.push_str(&format!(".{member}")),
            Step::Element(i) => name.push_str(&format!("[{i}]")),
        }
    }
    name
}
