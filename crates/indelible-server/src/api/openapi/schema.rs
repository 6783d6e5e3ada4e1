//! JSON Schemas from values: what an example holds, its schema allows. Examples are built from the types themselves
//! with every field set, so a new field cannot be forgotten.

use indelible::Severity;
use serde_json::{Map, Value, json};

use super::examples;
use crate::keys::Ability;

/// The schema of values like this one: every field of it is there.
fn of(example: &Value) -> Value {
    match example {
        Value::Null => json!({"type": "null"}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_f64() => json!({"type": "number"}),
        Value::Number(_) => json!({"type": "integer"}),
        Value::String(text) if text.parse::<indelible::Timestamp>().is_ok() => {
            json!({"type": "string", "format": "date-time"})
        }
        Value::String(_) => json!({"type": "string"}),
        Value::Array(items) if items.is_empty() => json!({"type": "array"}),
        Value::Array(items) => json!({"type": "array", "items": of_all(items)}),
        // Described once, more exactly than an example tells.
        Value::Object(fields) if fields.contains_key("recorded_at") && fields.contains_key("action") => {
            json!({"$ref": "#/components/schemas/RecordedEvent"})
        }
        Value::Object(fields) => object(fields),
    }
}

fn object(fields: &Map<String, Value>) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|(name, value)| (name.clone(), of(value))).collect();
    json!({"type": "object", "properties": properties, "required": fields.keys().collect::<Vec<_>>()})
}

/// The schema of values like any of these: what one of them has not may be left out.
pub(super) fn of_all(examples: &[Value]) -> Value {
    examples.iter().map(of).reduce(either).unwrap_or_default()
}

/// The schema of what one schema or the other allows.
fn either(a: Value, b: Value) -> Value {
    let (Value::Object(mut a), Value::Object(b)) = (a, b) else { return json!({}) };
    for (name, b) in b {
        let merged = match (name.as_str(), a.remove(&name)) {
            (_, None) => b,
            ("type", Some(a)) => types(&a, &b),
            ("required", Some(a)) => common(&a, &b),
            ("properties", Some(Value::Object(mut a))) => {
                if let Value::Object(b) = b {
                    for (name, b) in b {
                        let merged = match a.remove(&name) {
                            Some(a) => either(a, b),
                            None => b,
                        };
                        a.insert(name, merged);
                    }
                }
                a.into()
            }
            ("items", Some(a)) => either(a, b),
            (_, Some(a)) => a,
        };
        a.insert(name, merged);
    }
    a.into()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// The types of both, one alone without a list.
fn types(a: &Value, b: &Value) -> Value {
    let mut all = list(a);
    all.extend(list(b).into_iter().filter(|one| !list(a).contains(one)));
    if let [one] = all.as_slice() { one.clone() } else { all.into() }
}

fn common(a: &Value, b: &Value) -> Value {
    let b = list(b);
    list(a).into_iter().filter(|name| b.contains(name)).collect()
}

/// The schema of an event as it is sent: null is as good as left out.
pub(super) fn event() -> Value {
    let mut schema = strict(&examples::event());
    set(&mut schema, "required", json!(["action"]));
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.iter_mut().filter(|(name, _)| *name != "action").for_each(|(_, property)| allow_null(property));
    }
    schema
}

/// The schema of an event as it is read.
pub(super) fn recorded() -> Value {
    let mut schema = strict(&examples::recorded());
    set(&mut schema, "required", json!(["id", "seq", "recorded_at", "occurred_at", "tenant", "action"]));
    schema
}

/// The schema of a body that makes an API key.
pub(super) fn new_key(examples: &[Value]) -> Value {
    let mut schema = of_all(examples);
    set(&mut schema, "additionalProperties", json!(false));
    if let Some(properties) = schema.get_mut("properties") {
        let abilities = json!({"type": "array", "items": {"enum": Ability::ALL}, "minItems": 1});
        let text = json!({"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"});
        set(properties, "abilities", abilities);
        set(properties, "name", text.clone());
        set(properties, "tenant", text);
    }
    schema
}

/// The schema of any other body: null is as good as left out, and what is unknown is refused, except in free data.
pub(super) fn request(examples: &[Value]) -> Value {
    let mut schema = of_all(examples);
    close(&mut schema);
    schema
}

fn close(schema: &mut Value) {
    let required = schema.get("required").map(list).unwrap_or_default();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties {
            // Parts of an event, of which nothing is required.
            if matches!(name.as_str(), "actor" | "http") {
                set(property, "required", json!([]));
            }
            match name.as_str() {
                "metadata" => *property = json!({"type": ["object", "null"]}),
                _ => close(property),
            }
            if !required.contains(&name.as_str().into()) {
                allow_null_itself(property);
            }
        }
        set(schema, "additionalProperties", json!(false));
    } else if let Some(items) = schema.get_mut("items") {
        close(items);
    }
}

fn allow_null_itself(schema: &mut Value) {
    if let Some(own) = schema.get("type").cloned() {
        set(schema, "type", types(&own, &json!("null")));
    }
}

fn allow_null(schema: &mut Value) {
    allow_null_itself(schema);
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(allow_null);
    }
    if let Some(items) = schema.pointer_mut("/items/properties") {
        items.as_object_mut().into_iter().flatten().for_each(|(_, property)| allow_null(property));
    }
}

/// Unknown fields are refused, except in free data.
fn strict(example: &Value) -> Value {
    let mut schema = example.as_object().map(object).unwrap_or_default();
    refuse_unknown(&mut schema);
    if let Some(properties) = schema.get_mut("properties") {
        set(properties, "outcome", json!({"enum": ["success", "failure", "denied", "unknown"]}));
        set(properties, "severity", json!({"enum": Severity::ALL.map(Severity::as_str)}));
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
        set(schema, "required", json!([]));
        set(schema, "additionalProperties", json!(false));
    } else if let Some(items) = schema.get_mut("items") {
        refuse_unknown(items);
    }
}

pub(super) fn set(schema: &mut Value, name: &str, value: Value) {
    if let Some(fields) = schema.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}
