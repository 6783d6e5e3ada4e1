//! Tokens over HTTP.

mod imports;
mod kill;
mod lives;
mod refused;
mod tenants;
mod usage;
mod verify;

use serde_json::{Value, json};

use crate::server::{Answer, JSON, Server};

/// A token to be issued, with more fields.
fn new(fields: &Value) -> String {
    let mut new = json!({"type": "sk", "name": "ci key", "owner": {"type": "user", "id": "42"}});
    let (Value::Object(new_fields), Value::Object(fields)) = (&mut new, fields) else { panic!("no objects") };
    new_fields.extend(fields.clone());
    new.to_string()
}

/// Issues a token as the administrator: what is answered.
#[track_caller]
fn issue(server: &Server, fields: &Value) -> Value {
    let answer = server.post("/v1/tokens", JSON, new(fields));
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

fn id_of(issued: &Value) -> &str {
    issued["token"]["id"].as_str().unwrap()
}

fn text_of(issued: &Value) -> &str {
    issued["plaintext"].as_str().unwrap()
}

/// Asks for something to be done with a token.
fn ask(server: &Server, issued: &Value, what: &str, body: &Value) -> Answer {
    server.post(&format!("/v1/tokens/{}/{what}", id_of(issued)), JSON, body.to_string())
}

/// What is known of a text.
#[track_caller]
fn verify(server: &Server, text: &str, fields: &Value) -> Value {
    let mut body = fields.clone();
    body["token"] = text.into();
    let answer = server.post("/v1/tokens/verify", JSON, body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Why a text is not good; empty when it is.
#[track_caller]
fn reason(server: &Server, text: &str) -> String {
    verify(server, text, &json!({}))["reason"].as_str().unwrap_or_default().to_owned()
}

/// Actions of the log, oldest first, without those that tell of reading it.
fn actions(server: &Server) -> Vec<String> {
    let events = server.events().into_iter().filter(|event| event["action"] != "audit.log.read");
    events.map(|event| event["action"].as_str().unwrap().to_owned()).collect()
}
