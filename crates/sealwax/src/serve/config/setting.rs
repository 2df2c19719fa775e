//! What a key of the configuration can have for a value, and how sections name their keys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealwax_server::{ForwardedField, Network};
use toml::de::DeValue;

use super::super::places::Service;
use crate::log::args::LogFormat;

/// Keys that belong together.
pub trait Section {
    /// Names every key, with what it means and where its value is.
    fn keys(&mut self, keys: &mut impl Keys);
}

/// Who is told the keys of a section: the reader of a file, or its writer.
pub trait Keys {
    /// A key. `about`: what it means, and what holds if it is not set, in a sentence or two.
    fn key<T: Setting>(&mut self, name: &'static str, about: &'static str, value: &mut T);

    /// A section below this one.
    fn section(&mut self, name: &'static str, about: &'static str, section: &mut impl Section);
}

/// A value of a key.
pub trait Setting: Sized {
    /// What is expected, for whoever wrote something else.
    const EXPECTED: &'static str;

    /// One, in TOML.
    const EXAMPLE: &'static str;

    /// What is expected, in the case at hand.
    fn expected() -> String {
        Self::EXPECTED.to_owned()
    }

    /// An example of it.
    fn example() -> String {
        Self::EXAMPLE.to_owned()
    }

    /// The value, if it is one; paths are relative to `folder`.
    fn read(value: &DeValue<'_>, folder: &Path) -> Option<Self>;

    /// In TOML; `None` if it is not set.
    fn write(&self) -> Option<String>;
}

impl<T: Setting> Setting for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const EXAMPLE: &'static str = T::EXAMPLE;

    fn expected() -> String {
        T::expected()
    }

    fn example() -> String {
        T::example()
    }

    fn read(value: &DeValue<'_>, folder: &Path) -> Option<Self> {
        T::read(value, folder).map(Some)
    }

    fn write(&self) -> Option<String> {
        self.as_ref().and_then(T::write)
    }
}

impl<T: Setting> Setting for Vec<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const EXAMPLE: &'static str = T::EXAMPLE;

    fn expected() -> String {
        format!("a list, of which each is {}", T::expected())
    }

    fn example() -> String {
        format!("[{}]", T::example())
    }

    fn read(value: &DeValue<'_>, folder: &Path) -> Option<Self> {
        value.as_array()?.iter().map(|value| T::read(value.get_ref(), folder)).collect()
    }

    fn write(&self) -> Option<String> {
        let values: Vec<String> = self.iter().filter_map(T::write).collect();
        Some(format!("[{}]", values.join(", ")))
    }
}

impl Setting for String {
    const EXPECTED: &'static str = "a text";
    const EXAMPLE: &'static str = "\"…\"";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn write(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Setting for bool {
    const EXPECTED: &'static str = "true or false";
    const EXAMPLE: &'static str = "true";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        value.as_bool()
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Setting for u32 {
    const EXPECTED: &'static str = "a whole number";
    const EXAMPLE: &'static str = "100";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        whole(value)?.try_into().ok()
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Setting for u64 {
    const EXPECTED: &'static str = u32::EXPECTED;
    const EXAMPLE: &'static str = u32::EXAMPLE;

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        whole(value)
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Setting for usize {
    const EXPECTED: &'static str = u32::EXPECTED;
    const EXAMPLE: &'static str = u32::EXAMPLE;

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        whole(value)?.try_into().ok()
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// A rate: above 0, and finite.
impl Setting for f64 {
    const EXPECTED: &'static str = "a number above 0";
    const EXAMPLE: &'static str = "20.0";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        let number: Self = match value {
            DeValue::Float(float) => float.as_str().parse().ok()?,
            integer => u32::try_from(whole(integer)?).ok()?.into(),
        };
        (number.is_finite() && number > 0.0).then_some(number)
    }

    fn write(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

impl Setting for Duration {
    const EXPECTED: &'static str = "a time with its unit (ms, s, m, h, d)";
    const EXAMPLE: &'static str = "\"24h\"";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        let text = value.as_str()?;
        let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
        let number: u64 = number.parse().ok()?;
        let (_, unit_ms) = UNITS_MS.iter().find(|(name, _)| *name == unit.trim_start())?;
        number.checked_mul(*unit_ms).map(Self::from_millis)
    }

    fn write(&self) -> Option<String> {
        let ms = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let whole = UNITS_MS.iter().rev().find(|(_, unit_ms)| ms.is_multiple_of(*unit_ms));
        // Zero is a multiple of all; seconds are what people expect of it.
        let (name, unit_ms) = whole.filter(|_| ms > 0).unwrap_or(&("s", 1000));
        Some(quoted(&format!("{}{name}", ms / unit_ms)))
    }
}

const UNITS_MS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Setting for PathBuf {
    const EXPECTED: &'static str = "a path";
    const EXAMPLE: &'static str = "\"/etc/sealwax/…\"";

    fn read(value: &DeValue<'_>, folder: &Path) -> Option<Self> {
        value.as_str().filter(|path| !path.is_empty()).map(|path| folder.join(path))
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl Setting for SocketAddr {
    const EXPECTED: &'static str = "an address and a port";
    const EXAMPLE: &'static str = "\"127.0.0.1:8080\"";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        value.as_str()?.parse().ok()
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Setting for LogFormat {
    const EXPECTED: &'static str = "\"human\" or \"json\"";
    const EXAMPLE: &'static str = "\"json\"";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        match value.as_str()? {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn write(&self) -> Option<String> {
        let name = match self {
            Self::Human => "human",
            Self::Json => "json",
        };
        Some(quoted(name))
    }
}

impl Setting for Network {
    const EXPECTED: &'static str = "an address or a network";
    const EXAMPLE: &'static str = "\"10.0.0.0/8\"";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        value.as_str()?.parse().ok()
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Setting for Service {
    const EXPECTED: &'static str = "one of \"ca\", \"ct\", \"log\", \"tsa\", \"idp\", \"tuf\", \"page\"";
    const EXAMPLE: &'static str = "\"tsa\"";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        value.as_str()?.parse().ok()
    }

    fn write(&self) -> Option<String> {
        Some(quoted(self.name()))
    }
}

impl Setting for ForwardedField {
    const EXPECTED: &'static str = "\"x-forwarded-for\" or \"forwarded\"";
    const EXAMPLE: &'static str = "\"forwarded\"";

    fn read(value: &DeValue<'_>, _: &Path) -> Option<Self> {
        match value.as_str()? {
            "x-forwarded-for" => Some(Self::XForwardedFor),
            "forwarded" => Some(Self::Forwarded),
            _ => None,
        }
    }

    fn write(&self) -> Option<String> {
        let name = match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        };
        Some(quoted(name))
    }
}

fn whole(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// As a basic string of TOML.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push_str(&format!("\\U{:08X}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
