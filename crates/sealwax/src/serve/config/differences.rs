//! Which keys two configurations differ in.

use std::collections::BTreeMap;

use super::{Keys, Section, Setting};

/// The names of all keys with their values, as `section.key`.
pub fn values(section: &mut impl Section) -> BTreeMap<String, Option<String>> {
    let mut values = Values { path: String::new(), found: BTreeMap::new() };
    section.keys(&mut values);
    values.found
}

struct Values {
    path: String,
    found: BTreeMap<String, Option<String>>,
}

impl Keys for Values {
    fn key<T: Setting>(&mut self, name: &'static str, _: &'static str, value: &mut T) {
        self.found.insert(format!("{}{name}", self.path), value.write());
    }

    fn section(&mut self, name: &'static str, _: &'static str, section: &mut impl Section) {
        let outer = self.path.clone();
        self.path = format!("{outer}{name}.");
        section.keys(self);
        self.path = outer;
    }
}
