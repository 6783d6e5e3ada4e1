//! What a session may say that happened.

use indelible_proof::{Event, Object, Outcome, Severity, Source, aliases, limits as event_limits, vocabulary};
use serde_json::Value;

use super::{
    answer::Refusal,
    entry::{ORIGINAL_ACTION, Status},
};
use crate::{identity::Identity, limits};

/// The `source.service` of what a session asserts and nobody has observed.
const SERVICE: &str = "client";
/// A first word that is the log's own, beside those of the vocabulary.
const OWN_WORD: &str = "indelible";

/// An entry, as a session sent it. What else it says, such as `userId` or `createdAt`, is not for it to say.
#[derive(Debug, PartialEq)]
pub(super) struct Insert {
    action: String,
    status: Status,
    severity: Severity,
    metadata: Object,
}

impl Insert {
    /// Reads a body; `None` when there is none.
    pub(super) fn parse(body: Option<Value>) -> Result<Self, Refusal> {
        let mut fields = match body {
            Some(Value::Object(fields)) => fields,
            other => {
                let kind = kind(other.as_ref());
                return Err(Refusal::Invalid(format!("[body] Invalid input: expected object, received {kind}")));
            }
        };
        let mut wrong = Vec::new();
        let action = noted(&mut wrong, "action", action(fields.remove("action")));
        let status = noted(&mut wrong, "status", fields.get("status").map_or(Ok(Status::Success), status));
        let severity = noted(&mut wrong, "severity", fields.get("severity").map_or(Ok(Severity::Low), severity));
        let metadata = noted(&mut wrong, "metadata", fields.remove("metadata").map_or(Ok(Object::new()), record));
        match (action, status, severity, metadata) {
            (Some(action), Some(status), Some(severity), Some(metadata)) => {
                Ok(Self { action, status, severity, metadata })
            }
            _ => Err(Refusal::Invalid(wrong.join("; "))),
        }
    }

    /// The event that a session may record, or why it may not.
    pub(super) fn into_event(mut self, who: Identity) -> Result<Event, Refusal> {
        if is_reserved(&self.action) {
            return Err(Refusal::Reserved);
        }
        if depth(self.metadata.values()) > limits::METADATA_DEPTH_MAX {
            return Err(Refusal::TooDeep(limits::METADATA_DEPTH_MAX));
        }
        let bytes = serde_json::to_vec(&self.metadata).map_or(usize::MAX, |json| json.len());
        if bytes > event_limits::METADATA_BYTES_MAX {
            return Err(Refusal::TooLarge(event_limits::METADATA_BYTES_MAX));
        }
        let action = dotted(&self.action);
        // Under this name readers are shown another than the one that was checked.
        self.metadata.remove(ORIGINAL_ACTION);
        if action != self.action {
            self.metadata.insert(ORIGINAL_ACTION.to_owned(), self.action.into());
        }
        let event = Event {
            outcome: Some(match self.status {
                Status::Success => Outcome::Success,
                Status::Failed => Outcome::Failure,
            }),
            severity: Some(self.severity),
            source: Some(Source { service: Some(SERVICE.to_owned()), ..Source::default() }),
            actor: Some(who.actor().clone()),
            on_behalf_of: who.on_behalf_of(),
            session_id: who.session_id,
            credential: who.credential,
            tenant: who.tenant,
            metadata: self.metadata,
            ..Event::new(action)
        };
        Ok(event)
    }
}

/// The value, or a note of what is wrong with it.
fn noted<T>(wrong: &mut Vec<String>, name: &str, value: Result<T, String>) -> Option<T> {
    value.map_err(|problem| wrong.push(format!("[body.{name}] {problem}"))).ok()
}

fn action(value: Option<Value>) -> Result<String, String> {
    let max = event_limits::ACTION_BYTES_MAX;
    match value {
        Some(Value::String(text)) if text.is_empty() => Err("Too small: expected string to have >=1 characters".into()),
        // As JavaScript counts.
        Some(Value::String(text)) if text.encode_utf16().count() > max => {
            Err(format!("Too big: expected string to have <={max} characters"))
        }
        Some(Value::String(text)) => Ok(text),
        other => Err(format!("Invalid input: expected string, received {}", kind(other.as_ref()))),
    }
}

fn status(value: &Value) -> Result<Status, String> {
    value.as_str().and_then(Status::parse).ok_or_else(|| Status::OPTIONS.to_owned())
}

fn severity(value: &Value) -> Result<Severity, String> {
    let word = value.as_str().and_then(Severity::parse).filter(|severity| *severity != Severity::Info);
    word.ok_or_else(|| r#"Invalid option: expected one of "low"|"medium"|"high"|"critical""#.to_owned())
}

fn record(value: Value) -> Result<Object, String> {
    match value {
        Value::Object(metadata) => Ok(metadata),
        other => Err(format!("Invalid input: expected record, received {}", kind(Some(&other)))),
    }
}

/// What JavaScript calls a value.
pub(super) const fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

/// Levels: those of `{}` are 0, those of `{"a":1}` are 1.
fn depth<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    let of = |value: &Value| match value {
        Value::Array(values) => depth(values.iter()),
        Value::Object(values) => depth(values.values()),
        _ => 0,
    };
    values.map(|value| 1 + of(value)).max().unwrap_or(0)
}

/// Any name as an action: two or more lower-case words with dots between. An action is itself.
pub(super) fn dotted(name: &str) -> String {
    let mut words: Vec<String> = words(name)
        .map(|word| {
            word.chars().map(|c| if matches!(c, 'a'..='z' | '0'..='9' | '_' | '-') { c } else { '_' }).collect()
        })
        .collect();
    match words.len() {
        0 => words.extend([SERVICE.to_owned(), "unnamed".to_owned()]),
        1 => words.insert(0, SERVICE.to_owned()),
        _ => {}
    }
    let mut action = words.join(".");
    action.truncate(event_limits::ACTION_BYTES_MAX);
    let end = action.trim_end_matches('.').len();
    action.truncate(end);
    if action.contains('.') { action } else { format!("{SERVICE}.unnamed") }
}

fn words(name: &str) -> impl Iterator<Item = String> {
    let words = name.split(|c: char| matches!(c, ':' | '.' | '/') || c.is_whitespace());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether an action is of the log's own vocabulary or an endpoint of Better Auth, or looks like it: nobody but who
/// observed it may say that it happened.
fn is_reserved(name: &str) -> bool {
    let looks = look(name);
    let first = looks.first().map(String::as_str).unwrap_or_default();
    let is_own = |word: &str| word == OWN_WORD || vocabulary::actions().any(|known| first_word(known.name) == word);
    // As it looks, and as it is written; a word of the log's alone says nothing yet.
    let is_known = (looks.len() > 1 && is_own(first)) || is_own(first_word(&dotted(name)));
    is_known || aliases("better-auth").any(|(endpoint, _)| look(endpoint) == looks)
}

fn first_word(action: &str) -> &str {
    action.split('.').next().unwrap_or_default()
}

/// What is seen of a name: letters and digits.
fn look(name: &str) -> Vec<String> {
    let letters = |word: String| word.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    words(name).map(letters).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests;
