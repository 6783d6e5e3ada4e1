//! JSON Schemas from values: what an example holds, its schema allows. Examples are built from the types themselves
//! with every field set, so a new field cannot be forgotten.

use indelible::Severity;
use serde_json::{Map, Value, json};

use super::examples;

/// The schema of values like this one.
pub(super) fn of(example: &Value) -> Value {
    match example {
        Value::Null => json!({}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_f64() => json!({"type": "number"}),
        Value::Number(_) => json!({"type": "integer"}),
        Value::String(text) if text.parse::<indelible::Timestamp>().is_ok() => {
            json!({"type": "string", "format": "date-time"})
        }
        Value::String(_) => json!({"type": "string"}),
        Value::Array(items) => json!({"type": "array", "items": items.first().map_or(json!({}), of)}),
        Value::Object(fields) => {
            let properties: Map<String, Value> = fields.iter().map(|(name, value)| (name.clone(), of(value))).collect();
            json!({"type": "object", "properties": properties})
        }
    }
}

/// The schema of an event as it is sent.
pub(super) fn event() -> Value {
    let mut schema = strict(&examples::event());
    set(&mut schema, "required", json!(["action"]));
    schema
}

/// The schema of an event as it is read.
pub(super) fn recorded() -> Value {
    let mut schema = strict(&examples::recorded());
    set(&mut schema, "required", json!(["id", "seq", "recorded_at", "occurred_at", "tenant", "action"]));
    schema
}

/// Unknown fields are refused, except in free data.
fn strict(example: &Value) -> Value {
    let mut schema = of(example);
    refuse_unknown(&mut schema);
    if let Some(properties) = schema.get_mut("properties") {
        set(properties, "outcome", json!({"type": "string", "enum": ["success", "failure", "denied", "unknown"]}));
        set(properties, "severity", json!({"type": "string", "enum": Severity::ALL.map(Severity::as_str)}));
    }
    schema
}

fn refuse_unknown(schema: &mut Value) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties {
            match name.as_str() {
                "metadata" | "attrs" | "before" | "after" => *property = json!({"type": "object"}),
                _ => refuse_unknown(property),
            }
        }
        set(schema, "additionalProperties", json!(false));
    } else if let Some(items) = schema.get_mut("items") {
        refuse_unknown(items);
    }
}

fn set(schema: &mut Value, name: &str, value: Value) {
    if let Some(fields) = schema.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}
