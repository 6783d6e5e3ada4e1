//! The placeholders of a description: `:subject.name`, `:causer.email`, `:properties.a.b`.

use std::borrow::Cow;

use indelible_proof::{Actor, Event, Object, Target};
use serde_json::Value;

use crate::limits::DESCRIPTION_BYTES_MAX;

/// The description with its placeholders filled in from the event. What the event does not tell stays as it is; so does what
/// would make it too long, for a short one can name a long value many times.
pub(super) fn fill<'a>(description: &'a str, event: &Event) -> Cow<'a, str> {
    let mut filled = String::new();
    let mut copied = 0;
    for (colon, _) in description.match_indices(':') {
        let name = name(&description[colon + 1..]);
        let fits = |value: &String| filled.len() + value.len() <= DESCRIPTION_BYTES_MAX;
        if let Some(value) = value(name, event).filter(fits) {
            filled.push_str(&description[copied..colon]);
            filled.push_str(&value);
            copied = colon + 1 + name.len();
        }
    }
    if copied == 0 { Cow::Borrowed(description) } else { Cow::Owned(filled + &description[copied..]) }
}

/// The dotted name at the beginning of a text, without the full stop of a sentence.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-')).unwrap_or(text.len());
    text[..end].trim_end_matches('.')
}

fn value(name: &str, event: &Event) -> Option<String> {
    let (whose, path) = name.split_once('.')?;
    match whose {
        "properties" => nested(&event.metadata, path),
        "causer" => {
            let Actor { r#type, id, name, email } = event.actor.as_ref()?;
            [("type", r#type), ("id", id), ("name", name), ("email", email)]
                .into_iter()
                .find(|it| it.0 == path)?
                .1
                .clone()
        }
        "subject" => {
            let Target { r#type, id, name, attrs } = event.targets.first()?;
            let own = [("type", r#type), ("id", id), ("name", name)].into_iter().find(|it| it.0 == path);
            own.map_or_else(|| nested(attrs, path), |it| it.1.clone())
        }
        _ => None,
    }
}

/// What stands at a path, if it is one value.
fn nested(fields: &Object, path: &str) -> Option<String> {
    let mut names = path.split('.');
    let first = fields.get(names.next()?)?;
    match names.try_fold(first, |value, name| value.get(name))? {
        Value::String(text) => Some(text.clone()),
        value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
