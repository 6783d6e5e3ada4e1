//! Values inside JSON columns.

use serde_json::Value;

/// Whether a value at a path passes a test. JSON that does not parse has no values.
pub(super) fn any(json: &[u8], path: &[String], test: &mut dyn FnMut(&str) -> bool) -> bool {
    serde_json::from_slice(json).is_ok_and(|value| any_of(&value, path, test))
}

/// Visits the values at a path.
pub(super) fn each(json: &[u8], path: &[String], visit: &mut dyn FnMut(&str)) {
    any(json, path, &mut |text| {
        visit(text);
        false
    });
}

/// A list on the way stands for each of its elements. `null` and objects at the end are no values.
fn any_of(value: &Value, path: &[String], test: &mut dyn FnMut(&str) -> bool) -> bool {
    match (value, path.split_first()) {
        (Value::Array(all), _) => all.iter().any(|one| any_of(one, path, test)),
        (Value::Object(object), Some((name, rest))) => object.get(name).is_some_and(|value| any_of(value, rest, test)),
        (Value::String(text), None) => test(text),
        (Value::Bool(yes), None) => test(if *yes { "true" } else { "false" }),
        (Value::Number(number), None) => test(&number.to_string()),
        _ => false,
    }
}
