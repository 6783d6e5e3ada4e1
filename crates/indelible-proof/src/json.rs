//! Reading events from JSON strictly: unknown fields, duplicate keys, lone surrogates, numbers that a double
//! cannot hold exactly and nesting beyond the limit are refused, and every error names the field's path.
//!
//! Depth, list lengths and the size of the text are bounded while reading, so hostile input costs no more
//! memory than a multiple of [`limits::EVENT_JSON_BYTES_MAX`]. All other limits are those of
//! [`Canonical::checked`](crate::Canonical::checked).

use serde::Deserialize;

use crate::error::{EventError, excerpt};
use crate::event::{Event, Recorded};
use crate::limits;
use crate::spelling::nearest;
use crate::strict::Strict;

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
pub(crate) fn read<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, EventError> {
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

#[cfg(test)]
mod tests;
