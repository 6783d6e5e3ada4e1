//! Free data from outside, as an event may carry it.

use indelible_proof::{Object, limits::INTEGER_MAX};
use serde::Serialize;
use serde_json::Value;

/// Makes fields fit: no NUL, no integer that a double cannot hold, nothing deeper than `levels`, the object itself being
/// the first. A deeper part stays as its JSON text.
pub(crate) fn fit(fields: &mut Object, levels: usize) {
    let bad_names: Vec<String> = fields.keys().filter(|name| name.contains('\0')).cloned().collect();
    for name in bad_names {
        if let Some(value) = fields.remove(&name) {
            fields.insert(without_nul(&name), value);
        }
    }
    fields.values_mut().for_each(|value| fit_value(value, levels - 1));
}

fn fit_value(value: &mut Value, levels: usize) {
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => *value = value.to_string().into(),
        Value::Array(items) => items.iter_mut().for_each(|item| fit_value(item, levels - 1)),
        Value::Object(fields) => fit(fields, levels),
        Value::String(text) if text.contains('\0') => *text = without_nul(text),
        Value::Number(number) if number.as_f64().is_none_or(|double| double.abs() > INTEGER_MAX as f64) => {
            *value = number.to_string().into();
        }
        _ => {}
    }
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Bytes of a value as JSON, whose canonical form, which counts, may be somewhat longer.
pub(crate) fn size(json: &impl Serialize) -> usize {
    // A map with text keys always serializes.
    serde_json::to_vec(json).map_or(usize::MAX, |bytes| bytes.len())
}
