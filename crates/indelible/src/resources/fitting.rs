//! Changes that weigh too much: what is long is cut, with a mark.

use indelible_proof::{Changes, limits::CHANGES_BYTES_MAX};
use serde_json::Value;

use crate::{
    free_data::size,
    redaction::{HASH_PREFIX, MASK},
};

/// Bytes of JSON that may be told: less than an event may have, for its canonical form may be longer.
pub(super) const BYTES_MAX: usize = CHANGES_BYTES_MAX / 4 * 3;
/// Where changes weigh too much, values longer than the first of these are cut, then those longer than the next.
const CUTS: [usize; 4] = [4096, 1024, 256, 64];

/// Changes of at most so many bytes; `None` when even their names are too many.
pub(super) fn fit(mut changes: Changes, bytes_max: usize) -> Option<Changes> {
    let bytes = |changes: &Changes| size(&changes.before) + size(&changes.after);
    for longest in CUTS {
        if bytes(&changes) <= bytes_max {
            return Some(changes);
        }
        let values = changes.before.values_mut().chain(changes.after.values_mut());
        values.for_each(|value| cut(value, longest));
    }
    (bytes(&changes) <= bytes_max).then_some(changes)
}

/// Cuts what is too long in a value, from its leaves up.
fn cut(value: &mut Value, longest: usize) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| cut(value, longest)),
        Value::Array(items) => items.iter_mut().for_each(|item| cut(item, longest)),
        _ => {}
    }
    if size(value) > longest {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let beginning: String = text.chars().take(longest / 8).collect();
        *value = format!("{beginning}... [{} characters]", text.chars().count()).into();
    }
}

/// Whether a text is not the value itself: cut, here or by the triggers of an outbox, or redacted.
pub(super) fn is_mark(text: &str) -> bool {
    let length = text.strip_suffix(" characters]").or_else(|| text.strip_suffix(" bytes]"));
    let length = length.and_then(|rest| rest.rsplit_once('['));
    length.is_some_and(|(_, length)| !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()))
        || text.contains(MASK)
        || text.contains(HASH_PREFIX)
}

/// Whether a value is, or holds, what is not the value itself.
pub(super) fn is_marked(value: &Value) -> bool {
    match value {
        Value::String(text) => is_mark(text),
        Value::Array(items) => items.iter().any(is_marked),
        Value::Object(fields) => fields.values().any(is_marked),
        _ => false,
    }
}
