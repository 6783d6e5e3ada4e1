//! Reads a text that may be JSON, with an eye on what a plain reader would hide from redaction: keys that occur twice,
//! and nesting without end.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What a text turned out to be.
pub(super) enum Reading {
    /// JSON. When a key occurred twice, the value lacks what the text holds.
    Json { value: Value, repeats: bool },
    /// JSON, as far as one looked, that is nested beyond the limit.
    TooDeep,
    /// Something else.
    NotJson,
}

/// Reads a text as JSON of at most so many levels.
pub(super) fn read(text: &str, levels: usize) -> Reading {
    let found = Found::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Level { left: levels, found: &found }.deserialize(&mut reader);
    match value.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => Reading::Json { value, repeats: found.repeats.get() },
        Err(_) if found.too_deep.get() => Reading::TooDeep,
        Err(_) => Reading::NotJson,
    }
}

#[derive(Default)]
struct Found {
    repeats: Cell<bool>,
    too_deep: Cell<bool>,
}

#[derive(Clone, Copy)]
struct Level<'a> {
    left: usize,
    found: &'a Found,
}

impl Level<'_> {
    fn below<E: Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => {
                self.found.too_deep.set(true);
                Err(E::custom("too deep"))
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = input.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut fields = Map::new();
        while let Some(name) = input.next_key::<String>()? {
            if fields.insert(name, input.next_value_seed(below)?).is_some() {
                self.found.repeats.set(true);
            }
        }
        Ok(Value::Object(fields))
    }
}
