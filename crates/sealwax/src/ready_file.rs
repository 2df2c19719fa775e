//! `--ready-file`: it is there while a server answers, and says where.

use std::path::Path;

use sealwax_json::{Object, Value};

use crate::{Failure, output_file};

/// Writes what is known; where no file was asked for, nothing.
///
/// # Errors
/// It cannot be written.
pub fn write<'a>(
    path: Option<&Path>,
    fields: impl IntoIterator<Item = (&'a str, Option<String>)>,
) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let mut ready = Object::new();
    for (name, value) in fields {
        if let Some(value) = value {
            ready.insert(name, Value::from(value));
        }
    }
    let text = format!("{}\n", sealwax_json::compact(&Value::Object(ready)));
    output_file::write(path, text.as_bytes(), true)
}

/// Nobody answers any more.
pub fn remove(path: Option<&Path>) {
    if let Some(path) = path {
        let _ = std::fs::remove_file(path);
    }
}
