//! Claims as texts, as Go's `fmt` prints what its `encoding/json` has read.
//!
//! Fulcio's newest way: a number that is a claim is written out in full; inside of lists and objects Go's own habit holds, with
//! exponents from 10^6. (Fulcio 1.8.8 writes whole numbers so too; later ones do not.)

use sealwax_json::Value;
use std::collections::BTreeMap;

/// A claim.
pub(super) fn claim(value: &Value<'_>) -> String {
    match value {
        // Every number has been a double, whatever it was in the token.
        Value::Number(number) => number.as_f64().to_string(),
        other => nested(other),
    }
}

fn nested(value: &Value<'_>) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::String(text) => text.clone().into_owned(),
        Value::Number(number) => shortest(number.as_f64()),
        Value::Array(elements) => format!("[{}]", elements.iter().map(nested).collect::<Vec<_>>().join(" ")),
        Value::Object(object) => {
            let sorted: BTreeMap<&str, &Value<'_>> = object.iter().collect();
            let members: Vec<String> =
                sorted.iter().map(|(name, member)| format!("{name}:{}", nested(member))).collect();
            format!("map[{}]", members.join(" "))
        }
    }
}

/// `%v` of a double: the fewest digits, with an exponent of two digits or more where it is below -4 or from 6 on.
fn shortest(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return number.to_string() };
    match exponent.parse::<i32>() {
        Ok(exponent) if number != 0.0 && !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => number.to_string(),
    }
}
