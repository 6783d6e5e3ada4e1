//! The description of the interface, OpenAPI 3.1, made from the routes and from values of the very types they use.

pub(super) mod examples;
mod schema;

use indelible_proof::limits::IDEMPOTENCY_KEY_BYTES_MAX;
use serde_json::{Map, Value, json};

use super::{
    app::TENANT_HEADER,
    operation::{Answer, Operation},
    params::Parameter,
};
use crate::keys::Ability;

/// The description of some operations.
pub(super) fn description(operations: &[Operation]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(template(operation.path)).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(operation.method.to_owned(), describe(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Indelible",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The audit log for authentication, API tokens, OAuth 2.0 and resource changes.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key: ik_..."}},
            "schemas": {
                "Event": schema::event(),
                "RecordedEvent": schema::recorded(),
                "Problem": schema::of_all(&[examples::problem(), examples::least_problem()]),
            },
        },
    })
}

fn describe(operation: &Operation) -> Value {
    let mut description = json!({
        "summary": operation.summary,
        "operationId": operation_id(operation),
        "parameters": parameters(operation),
        "responses": responses(operation),
    });
    let Some(fields) = description.as_object_mut() else { return description };
    if let Some(ability) = operation.ability {
        fields.insert("security".to_owned(), json!([{"key": []}]));
        fields.insert("description".to_owned(), format!("Takes an API key with `{}`.", ability.as_str()).into());
    }
    if let Some(example) = operation.request.first() {
        fields.insert("requestBody".to_owned(), request(operation, example));
    }
    description
}

fn responses(operation: &Operation) -> Value {
    let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
    let mut responses = json!({
        "default": {
            "description": "What went wrong, and what to do (RFC 9457)",
            "content": {"application/problem+json": problem},
        },
    });
    for Answer { status, media_type, examples } in &operation.answers {
        let is_success = *status < 400;
        let description = if is_success { "Success" } else { "What was sent is refused, or the request" };
        if examples.is_empty() {
            schema::set(&mut responses, &status.to_string(), json!({"description": description}));
            continue;
        }
        let content = json!({"schema": schema::of_all(examples), "example": examples.first()});
        match responses.pointer_mut(&format!("/{status}/content")) {
            Some(others) => schema::set(others, media_type, content),
            None => {
                let mut response = json!({"description": description, "content": {*media_type: content}});
                if !is_success {
                    schema::set(&mut response["content"], "application/problem+json", problem.clone());
                }
                schema::set(&mut responses, &status.to_string(), response);
            }
        }
    }
    responses
}

/// A route's path as OpenAPI writes it, which has no name for a parameter with slashes in it.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

fn operation_id(operation: &Operation) -> String {
    let path = template(operation.path);
    let words = path.split(['/', '{', '}', '.']).filter(|word| !word.is_empty() && *word != "v1");
    words.fold(operation.method.to_owned(), |id, word| format!("{id}_{word}"))
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let in_path = in_path(operation.path).map(|(name, schema, meaning)| {
        json!({"name": name, "in": "path", "required": true, "schema": schema, "description": meaning})
    });
    let in_query = operation.parameters.iter().map(|Parameter { name, meaning, example, schema }| {
        let example: Value = serde_json::from_str(example).unwrap_or_else(|_| Value::from(*example));
        json!({"name": name, "in": "query", "description": meaning.trim(), "schema": schema(), "example": example})
    });
    let whose = if operation.ability.is_some_and(Ability::is_of_tokens) {
        Some("Whose tokens, for an API key of all tenants. Default: those of the tenant default.")
    } else {
        operation.of_tenant.then_some("Whose events, for an API key of all tenants. Default: those of all together.")
    };
    let of_tenant = whose.map(|whose| {
        json!({
            "name": TENANT_HEADER,
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            "description": whose,
        })
    });
    let key = (operation.method == "post" && operation.path == "/v1/events").then(|| {
        json!({
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_BYTES_MAX},
            "description": "Of a single event: the same as its `idempotency_key`. Within 24 hours, and in one tenant, the same key \
                stores nothing and is answered with the receipt of the first event, `duplicate` true. Events are not compared: \
                another event with a key that was used is not stored either, so make a new key for each.",
        })
    });
    in_path.into_iter().chain(in_query).chain(of_tenant).chain(key).collect()
}

/// Name, schema and meaning of the parameter in a path.
fn in_path(path: &str) -> Option<(&'static str, Value, &'static str)> {
    if path.contains("{*path}") {
        let schema = json!({"type": "string", "pattern": TILE_PATH});
        return Some((
            "path",
            schema,
            "Level, or `entries`, index and width of a tile; its slashes are sent as they are.",
        ));
    }
    if path.contains("{name}") {
        return Some(("name", json!({"type": "string"}), "Its name in the configuration."));
    }
    let of_event = path.starts_with("/v1/events");
    path.contains("{id}").then(|| match of_event {
        true => ("id", json!({"type": "string", "pattern": EVENT_ID}), "Its id, or its sequence number."),
        false => ("id", json!({"type": "string"}), "Its id."),
    })
}

/// As C2SP tlog-tiles writes it.
const TILE_PATH: &str = r"^(entries|[0-9]|[1-5][0-9]|6[0-3])(/x[0-9]{3})*/[0-9]{3}(\.p/[0-9]{1,3})?$";
/// A UUIDv7, or a sequence number.
const EVENT_ID: &str = "^([0-9]{1,19}|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$";

fn request(operation: &Operation, example: &Value) -> Value {
    if operation.path != "/v1/events" {
        let schema = if operation.path == "/v1/keys" { schema::new_key } else { schema::request };
        return json!({
            // No body is as good as an empty object.
            "required": !operation.request.contains(&json!({})),
            "content": {operation.takes: {"schema": schema(&operation.request), "example": example}},
        });
    }
    let event = json!({"$ref": "#/components/schemas/Event"});
    json!({
        "required": true,
        "description": "May be compressed: content-encoding gzip or zstd.",
        "content": {
            "application/json": {
                "schema": {"oneOf": [event, {"type": "array", "items": event}]},
                "example": example,
            },
            "application/x-ndjson": {"schema": {"description": "An event on each line"}, "example": format!("{example}\n")},
        },
    })
}

#[cfg(test)]
mod tests;
