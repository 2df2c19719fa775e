//! One change at one place of a JSON document.
//!
//! Places reach into what a string holds: the JSON under base64 of a log entry's body, the lines of a checkpoint.

use serde_json::{Value, json};

use crate::base64::{decode, encode, unwrap, wrap};
use crate::random::Random;

/// A step from a value to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    Element(usize),
    /// Into the JSON document whose base64 this string is.
    Document,
    /// Into the lines of this text.
    Lines,
}

/// Steps from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) Vec<Step>);

impl Place {
    fn to(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Whether it is a member or an element, and not a whole document.
    fn is_a_part(&self) -> bool {
        matches!(self.0.last(), Some(Step::Member(_) | Step::Element(_)))
    }

    /// As the list of accepted mutations names it.
    pub(crate) fn name(&self) -> String {
        let mut name = String::new();
        for step in &self.0 {
            match step {
                Step::Member(member) if name.is_empty() || name.ends_with('>') => name.push_str(member),
                Step::Member(member) => name.extend([".", member]),
                Step::Element(index) => name.push_str(&format!("[{index}]")),
                Step::Document => name.push('>'),
                Step::Lines => name.push_str(">line"),
            }
        }
        name
    }
}

/// What is done to the value at a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// It is taken out of its object or array.
    Drop,
    /// Its member is written twice, or its element stands twice.
    Twice,
    /// It changes places with a later element of its array.
    Swap(usize),
    /// Something else stands there; the name says what.
    Put(&'static str, Value),
    /// Its bytes or characters are fewer or more.
    Reshape(Shape),
    /// One bit of the bytes whose base64 it is: byte (or [`LAST`]) and bit.
    FlipBit(usize, u8),
    /// One bit of a character of the text.
    FlipCharacter(usize, u8),
}

/// How a text, or the bytes whose base64 it is, gets another length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Cut,
    CutInHalf,
    Extend,
    Doubled,
}

impl Shape {
    const ALL: [Self; 4] = [Self::Cut, Self::CutInHalf, Self::Extend, Self::Doubled];

    fn of<T: Copy>(self, items: &[T], more: T) -> Vec<T> {
        match self {
            Self::Cut => items[..items.len().saturating_sub(1)].to_vec(),
            Self::CutInHalf => items[..items.len() / 2].to_vec(),
            Self::Extend => [items, &[more]].concat(),
            Self::Doubled => items.repeat(2),
        }
    }
}

impl Change {
    /// As the list of accepted mutations names it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Twice => "twice",
            Self::Swap(_) => "swap",
            Self::Put(name, _) => name,
            Self::Reshape(Shape::Cut) => "cut",
            Self::Reshape(Shape::CutInHalf) => "cut in half",
            Self::Reshape(Shape::Extend) => "extend",
            Self::Reshape(Shape::Doubled) => "doubled",
            Self::FlipBit(..) | Self::FlipCharacter(..) => "flip",
        }
    }
}

/// The last byte or character, wherever that is: signatures and what contains them vary in length.
pub(crate) const LAST: usize = usize::MAX;

/// How many bytes of each base64 text and characters of each other text are changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Density {
    /// Every one.
    Every,
    /// So many, always with the first and the last.
    Sample(usize),
}

impl Density {
    /// The same positions for the same place and length in every run.
    fn positions(self, length: usize, place: &Place) -> Vec<usize> {
        match self {
            Self::Sample(count) if count < length => {
                let mut random = Random::seeded(&place.name());
                let mut positions = vec![0, length - 1];
                positions.extend((2..count).map(|_| random.below(length)));
                positions.sort_unstable();
                positions.dedup();
                positions
            }
            _ => (0..length).collect(),
        }
    }
}

/// Every change of every place of a document.
pub(crate) fn changes(document: &Value, density: Density) -> Vec<(Place, Change)> {
    let mut found = Vec::new();
    walk(document, &Place::default(), density, &mut found);
    found
}

/// Every place where `other` has something else, which is then put there. The root is left out.
pub(crate) fn exchanges(document: &Value, name: &'static str, other: &Value) -> Vec<(Place, Change)> {
    let mut found = Vec::new();
    exchange(document, other, &Place::default(), name, &mut found);
    found
}

fn walk(value: &Value, place: &Place, density: Density, found: &mut Vec<(Place, Change)>) {
    if place.is_a_part() {
        found.extend([(place.clone(), Change::Drop), (place.clone(), Change::Twice)]);
        let others = [
            ("null", Value::Null),
            ("true", json!(true)),
            ("zero", json!(0)),
            ("empty text", json!("")),
            ("empty list", json!([])),
            ("empty object", json!({})),
        ];
        put(place, value, others, found);
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                walk(member, &place.to(Step::Member(name.clone())), density, found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                let here = place.to(Step::Element(index));
                found.extend((index + 1..elements.len()).map(|later| (here.clone(), Change::Swap(later))));
                walk(element, &here, density, found);
            }
        }
        Value::String(text) => walk_text(text, place, density, found),
        Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                walk_number(number, false, place, value, found);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn walk_text(text: &str, place: &Place, density: Density, found: &mut Vec<(Place, Change)>) {
    let value = Value::from(text);
    if let Ok(number) = text.parse::<i64>() {
        return walk_number(number, true, place, &value, found);
    }
    if let Some(inner) = inside(&value) {
        let step = if matches!(inner, Value::Array(_)) { Step::Lines } else { Step::Document };
        walk(&inner, &place.to(step.clone()), density, found);
        if step == Step::Lines {
            return; // Each line has its own.
        }
    }
    let bytes = unwrap(text);
    let length = bytes.as_ref().map_or_else(|| text.chars().count(), |(bytes, _)| bytes.len());
    if length == 0 {
        return;
    }
    for position in density.positions(length, place) {
        let (position, bit) = match position + 1 < length {
            true => (position, (position % 8) as u8),
            false => (LAST, 0),
        };
        let flip = if bytes.is_some() { Change::FlipBit } else { Change::FlipCharacter };
        found.push((place.clone(), flip(position, bit)));
    }
    found.extend(Shape::ALL.map(|shape| (place.clone(), Change::Reshape(shape))));
}

fn walk_number(number: i64, is_text: bool, place: &Place, value: &Value, found: &mut Vec<(Place, Change)>) {
    let write = |number: i128| if is_text { json!(number.to_string()) } else { json!(number as i64) };
    let number = i128::from(number);
    let others = [
        ("one more", write(number + 1)),
        ("one less", write(number - 1)),
        ("zero", write(0)),
        ("negative", write(-number.max(1))),
        ("huge", write(i128::from(i64::MAX))),
        ("beyond 64 bits", json!("36893488147419103232")),
    ];
    put(place, value, others, found);
}

fn put<const N: usize>(
    place: &Place,
    value: &Value,
    others: [(&'static str, Value); N],
    found: &mut Vec<(Place, Change)>,
) {
    let different = others.into_iter().filter(|(_, other)| other != value);
    found.extend(different.map(|(name, other)| (place.clone(), Change::Put(name, other))));
}

fn exchange(
    value: &Value,
    other: &Value,
    place: &Place,
    name: &'static str,
    found: &mut Vec<(Place, Change)>,
) {
    if value == other {
        return;
    }
    if place.is_a_part() {
        found.push((place.clone(), Change::Put(name, other.clone())));
    }
    match (value, other) {
        (Value::Object(members), Value::Object(others)) => {
            for (member, value) in members {
                if let Some(other) = others.get(member) {
                    exchange(value, other, &place.to(Step::Member(member.clone())), name, found);
                }
            }
        }
        (Value::Array(elements), Value::Array(others)) => {
            for (index, (value, other)) in elements.iter().zip(others).enumerate() {
                exchange(value, other, &place.to(Step::Element(index)), name, found);
            }
        }
        (Value::String(_), Value::String(_)) => {
            if let (Some(value), Some(other)) = (inside(value), inside(other)) {
                let step = if matches!(value, Value::Array(_)) { Step::Lines } else { Step::Document };
                exchange(&value, &other, &place.to(step), name, found);
            }
        }
        _ => {}
    }
}

/// The document under base64, or the lines of a note.
fn inside(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    if text.contains("\n\n\u{2014} ") {
        return Some(text.split_inclusive('\n').map(Value::from).collect());
    }
    serde_json::from_slice(&decode(text)?).ok().filter(Value::is_object)
}

/// What a member's name ends in to be written twice.
const TWICE: &str = "@@twice";

/// The document with the change, as JSON text.
pub(crate) fn changed(document: &Value, place: &Place, change: &Change) -> String {
    let mut document = document.clone();
    apply(&mut document, &place.0, change);
    text(&document)
}

pub(crate) fn text(document: &Value) -> String {
    document.to_string().replace(&format!("{TWICE}\""), "\"")
}

/// Makes the change.
pub(crate) fn apply(value: &mut Value, steps: &[Step], change: &Change) {
    let (step, rest) = steps.split_first().expect("a place below the root");
    match (step, rest) {
        (Step::Document, _) => {
            let mut document = inside(value).expect("a document under base64");
            apply(&mut document, rest, change);
            *value = encode(text(&document).as_bytes()).into();
        }
        (Step::Lines, _) => {
            let mut lines = inside(value).expect("a note");
            apply(&mut lines, rest, change);
            let lines = lines.as_array().expect("lines");
            let lines: String = lines.iter().map(|line| line.as_str().unwrap_or_default()).collect();
            *value = lines.into();
        }
        (Step::Member(name), []) => {
            let members = value.as_object_mut().expect("an object");
            match change {
                Change::Drop => drop(members.remove(name)),
                Change::Twice => {
                    let again = members[name].clone();
                    members.insert(format!("{name}{TWICE}"), again);
                }
                Change::Swap(_) => unreachable!("members have no order"),
                change => put_value(&mut members[name], change),
            }
        }
        (Step::Element(index), []) => {
            let elements = value.as_array_mut().expect("an array");
            match change {
                Change::Drop => drop(elements.remove(*index)),
                Change::Twice => elements.insert(*index, elements[*index].clone()),
                Change::Swap(later) => elements.swap(*index, *later),
                change => put_value(&mut elements[*index], change),
            }
        }
        (Step::Member(name), rest) => apply(&mut value[name.as_str()], rest, change),
        (Step::Element(index), rest) => apply(&mut value[*index], rest, change),
    }
}

fn put_value(value: &mut Value, change: &Change) {
    match change {
        Change::Put(_, other) => *value = other.clone(),
        Change::FlipBit(position, bit) => {
            let (mut bytes, times) = value.as_str().and_then(unwrap).expect("base64");
            let last = bytes.len() - 1;
            bytes[(*position).min(last)] ^= 1 << bit;
            *value = wrap(&bytes, times).into();
        }
        Change::FlipCharacter(position, bit) => {
            let mut characters: Vec<char> = value.as_str().expect("text").chars().collect();
            let last = characters.len() - 1;
            let character = &mut characters[(*position).min(last)];
            *character = char::from_u32(*character as u32 ^ (1 << (bit % 5))).expect("a character");
            *value = characters.into_iter().collect::<String>().into();
        }
        Change::Reshape(shape) => {
            let text = value.as_str().expect("text");
            *value = match unwrap(text) {
                Some((bytes, times)) => wrap(&shape.of(&bytes, 0), times).into(),
                None => {
                    let characters: Vec<char> = text.chars().collect();
                    shape.of(&characters, 'x').into_iter().collect::<String>().into()
                }
            };
        }
        Change::Drop | Change::Twice | Change::Swap(_) => unreachable!("changes of the parent"),
    }
}
