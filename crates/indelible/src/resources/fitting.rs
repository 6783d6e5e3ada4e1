//! Values as the log can hold them: what a double would not hold is text, and what is long is cut, with a mark.

use indelible_proof::{
    Changes, Object,
    limits::{CHANGES_BYTES_MAX, CHANGES_DEPTH_MAX, INTEGER_MAX},
};
use serde_json::Value;

use crate::redaction::{HASH_PREFIX, MASK};

/// Bytes of JSON that may be told: the canonical form of it, which counts, may be somewhat longer.
pub(super) const BYTES_MAX: usize = CHANGES_BYTES_MAX / 4 * 3;
/// Where changes weigh too much, values longer than the first of these are cut, then those longer than the next.
const CUTS: [usize; 4] = [4096, 1024, 256, 64];

/// Fields without what the log refuses.
pub(super) fn tidy(fields: Object) -> Object {
    tidy_fields(fields, CHANGES_DEPTH_MAX)
}

fn tidy_fields(fields: Object, levels: usize) -> Object {
    fields.into_iter().map(|(name, value)| (tidy_text(name), tidy_value(value, levels - 1))).collect()
}

fn tidy_value(value: Value, levels: usize) -> Value {
    match value {
        Value::String(text) => tidy_text(text).into(),
        Value::Number(number) if number.as_f64().is_none_or(|double| double.abs() > INTEGER_MAX as f64) => {
            number.to_string().into()
        }
        Value::Object(_) | Value::Array(_) if levels == 0 => value.to_string().into(),
        Value::Object(fields) => tidy_fields(fields, levels).into(),
        Value::Array(items) => items.into_iter().map(|item| tidy_value(item, levels - 1)).collect(),
        other => other,
    }
}

fn tidy_text(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

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

fn size(json: &impl serde::Serialize) -> usize {
    // A map with text keys always serializes.
    serde_json::to_vec(json).map_or(usize::MAX, |bytes| bytes.len())
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
