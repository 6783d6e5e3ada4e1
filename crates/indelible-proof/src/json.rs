//! Reading events from JSON strictly: unknown fields, duplicate keys, lone surrogates, numbers that a double
//! cannot hold exactly and nesting beyond the limit are refused, and every error names the field's path.
//!
//! Depth, list lengths and the size of the text are bounded while reading, so hostile input costs no more
//! memory than a multiple of [`limits::EVENT_JSON_BYTES_MAX`]. All other limits are those of
//! [`Canonical::checked`](crate::Canonical::checked).

use std::{fmt, marker::PhantomData};

use serde::de::{self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::error::{EventError, excerpt};
use crate::event::{Event, Object, Outcome, Recorded, Severity};
use crate::limits;
use crate::spelling::nearest;

impl Event {
    /// Reads an event from JSON. Fields that the log assigns (`id`, `seq`, `recorded_at`) are refused.
    ///
    /// This checks the form. The limits of each field are checked by [`Event::validate`].
    ///
    /// ```
    /// use indelible_proof::Event;
    ///
    /// let error = Event::from_json(br#"{"action": "token.revoked", "acter": {"id": "42"}}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "acter: is not a field of an event; did you mean \"actor\"?");
    /// ```
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        if json.len() > limits::EVENT_JSON_BYTES_MAX {
            let problem =
                format!("is {} bytes of JSON; at most {} are allowed", json.len(), limits::EVENT_JSON_BYTES_MAX);
            return Err(EventError::new("", problem));
        }
        let Strict(event) = read::<Strict<Self>>(json)?;
        event.unassigned()
    }

    /// Reads a JSON array of events; an error's path begins with the index, e.g. `[3].actor.id`.
    ///
    /// The caller bounds the length of the text.
    pub fn list_from_json(json: &[u8]) -> Result<Vec<Self>, EventError> {
        let events: Vec<Strict<Self>> = read(json)?;
        let unassigned = |(at, Strict(event)): (usize, Strict<Self>)| {
            event.unassigned().map_err(|error| error.inside(&format!("[{at}]")))
        };
        events.into_iter().enumerate().map(unassigned).collect()
    }

    fn unassigned(self) -> Result<Self, EventError> {
        if self.recorded_at.is_some() { Err(assigned("recorded_at")) } else { Ok(self) }
    }
}

impl Recorded {
    /// The JSON that readers get: `id` and `seq` first, then the event's fields.
    pub fn to_json(&self) -> Vec<u8> {
        // Writing to memory cannot fail, and every map key here is a string.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Parses at full speed; only a failure is parsed again to learn where it is.
pub(crate) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, EventError> {
    serde_json::from_slice(json).map_err(|error| {
        let mut again = serde_json::Deserializer::from_slice(json);
        match serde_path_to_error::deserialize::<_, T>(&mut again) {
            Err(located) => {
                let path = located.path().to_string();
                explain(if path == "." { "" } else { &path }, located.inner())
            }
            // When the value itself has no fault, what follows it does.
            Ok(_) => explain("", &error),
        }
    })
}

fn assigned(field: &str) -> EventError {
    EventError::new(field, "is assigned by the log; leave it out")
}

/// Turns the parser's words into ours. The parser reports unknown names and wrong types only as text.
fn explain(path: &str, error: &serde_json::Error) -> EventError {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&place).unwrap_or(&text);
    if error.classify() != serde_json::error::Category::Data {
        return EventError::new(path, format!("is not valid JSON{place}: {message}"));
    }
    if let Some((name, known)) = unknown(message, "unknown field `") {
        return unknown_field(path, name, known);
    }
    if let Some((word, known)) = unknown(message, "unknown variant `") {
        let known: Vec<&str> = backticked(known).collect();
        return EventError::new(path, format!("\"{}\" is not one of {}", excerpt(word), known.join(", ")));
    }
    if let Some(name) = message.strip_prefix("duplicate field `") {
        return EventError::new(child(path, name.trim_end_matches('`')), "stands twice");
    }
    for kind in ["invalid type: ", "invalid value: "] {
        if let Some((got, expected)) = message.strip_prefix(kind).and_then(|rest| rest.rsplit_once(", expected ")) {
            return EventError::new(path, format!("is {}; write {}", plain(got), plain(expected)));
        }
    }
    EventError::new(path, message)
}

/// The parser's names for things, as the writer of the JSON would call them.
fn plain(name: &str) -> &str {
    match name {
        // The text itself may be a secret in the wrong place.
        _ if name.starts_with("string ") => "a string",
        "sequence" => "a list",
        "map" => "an object",
        "u16" | "u32" | "u64" => "a whole number",
        other => other,
    }
}

fn unknown<'a>(message: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    message.strip_prefix(kind)?.rsplit_once("`, expected ")
}

fn backticked(known: &str) -> impl Iterator<Item = &str> {
    known.split('`').skip(1).step_by(2)
}

fn unknown_field(path: &str, name: &str, known: &str) -> EventError {
    // The path already ends with the name where the parser could tell.
    let field = if path == name || path.ends_with(&format!(".{name}")) { path.to_owned() } else { child(path, name) };
    let holder = field.strip_suffix(name).unwrap_or_default();
    let is_index = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let at_top =
        holder.is_empty() || holder.strip_prefix('[').and_then(|rest| rest.strip_suffix("].")).is_some_and(is_index);
    if at_top && matches!(name, "id" | "seq") && !known.contains("`id`") {
        return assigned(&field);
    }
    let meant = nearest(name, backticked(known)).map(|word| format!("; did you mean \"{word}\"?"));
    let hint = meant.unwrap_or_else(|| "; free data belongs into metadata".to_owned());
    let thing = if at_top { "an event" } else { "this object" };
    EventError::new(field, format!("is not a field of {thing}{hint}"))
}

fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A struct that is read from a JSON object only; serde's own reading of structs also takes arrays.
pub(crate) struct Strict<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct InObject<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InObject<T> {
            type Value = Strict<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Strict<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Strict)
            }
        }
        input.deserialize_map(InObject(PhantomData))
    }
}

/// A section of the event: an object or null.
pub(crate) fn section<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Strict<T>>::deserialize(input)?.map(|Strict(section)| section))
}

/// At most `MAX` objects, or null.
pub(crate) fn sections<'de, const MAX: usize, D, T>(input: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list: List<Strict<T>, MAX> = Option::deserialize(input)?.unwrap_or_default();
    Ok(list.0.into_iter().map(|Strict(section)| section).collect())
}

/// At most `MAX` strings, or null.
pub(crate) fn texts<'de, const MAX: usize, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let list: List<String, MAX> = Option::deserialize(input)?.unwrap_or_default();
    Ok(list.0)
}

struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Bounded<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Bounded<T, MAX> {
            type Value = List<T, MAX>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "a list of at most {MAX} entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T, MAX>, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = seq.next_element()? {
                    if list.len() == MAX {
                        return Err(de::Error::custom(format_args!("has more than {MAX} entries")));
                    }
                    list.push(entry);
                }
                Ok(List(list))
            }
        }
        input.deserialize_seq(Bounded(PhantomData))
    }
}

/// A word of a closed list, or null.
pub(crate) fn word<'de, D: Deserializer<'de>, T: Word>(input: D) -> Result<Option<T>, D::Error> {
    let Some(text) = Option::<std::borrow::Cow<'de, str>>::deserialize(input)? else { return Ok(None) };
    T::read(&text).map(Some).ok_or_else(|| de::Error::unknown_variant(&text, T::WORDS))
}

/// A closed list of words.
pub(crate) trait Word: Sized {
    /// All of them.
    const WORDS: &'static [&'static str];

    /// The meaning of one.
    fn read(word: &str) -> Option<Self>;
}

impl Word for Outcome {
    const WORDS: &'static [&'static str] = &["success", "failure", "denied", "unknown"];

    fn read(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}

impl Word for Severity {
    const WORDS: &'static [&'static str] = &["info", "low", "medium", "high", "critical"];

    fn read(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}

/// Free data of at most `LEVELS` levels, or null.
pub(crate) fn object<'de, const LEVELS: usize, D: Deserializer<'de>>(input: D) -> Result<Object, D::Error> {
    struct FreeObject(Free);
    impl<'de> Visitor<'de> for FreeObject {
        type Value = Object;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<Object, E> {
            Ok(Object::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object, A::Error> {
            self.0.object(map)
        }
    }
    input.deserialize_any(FreeObject(Free { levels_left: LEVELS, key_fault: None }))
}

/// Reads one value of free data.
struct Free {
    levels_left: usize,
    /// What is wrong with the key that the value stands under. Reported here, where the path includes it.
    key_fault: Option<&'static str>,
}

/// Levels beyond the limit.
pub(crate) const TOO_DEEP: &str = "is nested too deep; flatten it";
/// U+0000 ends a string for too many programs downstream.
pub(crate) const NUL: &str = "contains a NUL character (\\u0000); take it out";

impl Free {
    fn inner<E: de::Error>(&self) -> Result<usize, E> {
        self.levels_left.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))
    }

    fn object<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let levels_left = self.inner()?;
        let mut object = Object::new();
        while let Some(key) = map.next_key::<String>()? {
            let key_fault = if object.contains_key(&key) {
                Some("stands twice")
            } else if key.contains('\0') {
                Some("has a key that contains a NUL character (\\u0000)")
            } else {
                None
            };
            let value = map.next_value_seed(Self { levels_left, key_fault })?;
            object.insert(key, value);
        }
        Ok(object)
    }
}

impl<'de> DeserializeSeed<'de> for Free {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        match self.key_fault {
            Some(fault) => Err(de::Error::custom(fault)),
            None => input.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Free {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        if value > limits::INTEGER_MAX { Err(E::custom(INEXACT)) } else { Ok(value.into()) }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > limits::INTEGER_MAX { Err(E::custom(INEXACT)) } else { Ok(value.into()) }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        exact_number(value).ok_or_else(|| E::custom(INEXACT))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        if value.contains('\0') { Err(E::custom(NUL)) } else { Ok(Value::String(value)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let levels_left = self.inner()?;
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(Self { levels_left, key_fault: None })? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        self.object(map).map(Value::Object)
    }
}

/// A number that canonical JSON could not give back as it was written.
pub(crate) const INEXACT: &str =
    "is a number beyond 9007199254740991 (2^53 - 1), which not every reader holds exactly; write it as a string";

/// A whole number becomes an integer, so that `1.0`, `1e0` and `1` are the same value, as they are the same
/// canonical bytes. Beyond 2^53 a double no longer tells which integer was written.
fn exact_number(value: f64) -> Option<Value> {
    if value.is_nan() || value.abs() > limits::INTEGER_MAX as f64 {
        None
    } else if value.fract() == 0.0 {
        Some((value as i64).into())
    } else {
        Some(value.into())
    }
}

#[cfg(test)]
mod tests;
