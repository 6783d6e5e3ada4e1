//! Values that show what the interface takes and gives. Struct literals name every field: the compiler asks for an
//! example of a new one.

mod oauth;
mod resources;
mod tokens;
mod usage;

use indelible::{
    Actor, Changes, Client, Context, Credential, Event, EventId, Geo, Http, OAuth, Object, Outcome, Recorded, Severity,
    Source, Target, Timestamp,
};
use serde_json::{Value, json};

use crate::keys::{Ability, ApiKey, Reach};
pub(in crate::api) use oauth::oauth_answers;
pub(in crate::api) use resources::resources;
pub(in crate::api) use tokens::*;
pub(in crate::api) use usage::usage;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::saturating_from_micros((1_795_176_000 + seconds) * 1_000_000)
}

fn free(key: &str, value: &str) -> Object {
    Object::from_iter([(key.to_owned(), value.into())])
}

fn full_event() -> Event {
    Event {
        occurred_at: Some(at(0)),
        recorded_at: None,
        tenant: text("default"),
        source: Some(Source {
            service: text("billing"),
            version: text("2.4.0"),
            host: text("web-1"),
            environment: text("production"),
        }),
        action: "token.revoked".to_owned(),
        outcome: Some(Outcome::Success),
        reason: text("policy_denied"),
        severity: Some(Severity::Medium),
        actor: Some(Actor::user("42").name("Alice").email("alice@example.com")),
        on_behalf_of: vec![Actor::service("ci").name("CI").email("alice@example.com")],
        credential: Some(Credential {
            kind: text("api_key"),
            id: text("tok_7"),
            r#type: text("sk"),
            environment: text("live"),
            prefix: text("sk_live_9x"),
            fingerprint: text("b64f1c"),
            scopes: texts(&["tokens:write"]),
            expires_at: Some(at(86_400)),
        }),
        session_id: text("s_81"),
        client: Some(Client { id: text("web"), name: text("Web application") }),
        oauth: Some(oauth()),
        targets: vec![Target {
            r#type: text("token"),
            id: text("tok_7"),
            name: text("ci key"),
            attrs: free("owner", "42"),
        }],
        changes: Some(Changes { before: free("state", "active"), after: free("state", "revoked") }),
        context: Some(Context {
            ip: Some(std::net::IpAddr::from([203, 0, 113, 9])),
            forwarded_for: text("203.0.113.9"),
            user_agent: text("curl/8.5.0"),
            geo: Some(Geo { country: text("AT"), region: text("Vienna"), city: text("Vienna") }),
            asn: Some(64_496),
            device_id: text("d_1"),
        }),
        http: Some(Http {
            method: text("DELETE"),
            route: text("/tokens/{id}"),
            path: text("/tokens/tok_7"),
            status: Some(204),
            latency_us: Some(1_830),
        }),
        request_id: text("r_1"),
        trace_id: text("4bf92f3577b34da6a3ce929d0e0e4736"),
        span_id: text("00f067aa0ba902b7"),
        correlation_id: text("c_1"),
        tags: texts(&["manual"]),
        metadata: free("ticket", "SEC-118"),
        count: Some(1),
        first_at: Some(at(0)),
        last_at: Some(at(0)),
        idempotency_key: text("0b9f-1"),
    }
}

fn oauth() -> OAuth {
    OAuth {
        grant_type: text("authorization_code"),
        response_type: text("code"),
        scopes_requested: texts(&["read", "write"]),
        scopes_granted: texts(&["read"]),
        redirect_uri: text("https://app.example.com/callback"),
        token_type: text("Bearer"),
        token_family: text("fam_1"),
        issuer: text("https://login.example.com"),
        audience: text("https://api.example.com"),
    }
}

fn value(value: impl serde::Serialize) -> Value {
    // Strings and numbers alone: cannot fail.
    serde_json::to_value(value).unwrap_or_default()
}

/// An event as it is sent, with every field.
pub(in crate::api) fn event() -> Value {
    value(full_event())
}

/// An event as it is read.
pub(in crate::api) fn recorded() -> Value {
    let mut event = full_event();
    event.recorded_at = Some(at(1));
    value(Recorded { id: EventId::new(at(1), 7, 1234), seq: 1234, event })
}

/// What recording answers; a receipt is null for an event that a hook suppressed.
pub(in crate::api) fn receipts() -> Value {
    let id = EventId::new(at(1), 7, 1234);
    json!({"receipts": [{"id": id, "seq": 1234, "leaf_hash": "5f".repeat(32), "duplicate": false}, null]})
}

/// The same with proofs.
pub(in crate::api) fn receipts_with_proofs() -> Value {
    let id = EventId::new(at(1), 7, 1);
    let receipt =
        json!({"id": id, "seq": 1, "leaf_hash": "5f".repeat(32), "duplicate": false, "proof": ["0b".repeat(32)]});
    json!({"receipts": [receipt, null], "size": 2, "checkpoint": "indelible\n2\n..."})
}

/// The same where lines were left out.
pub(in crate::api) fn receipts_and_rejected() -> Value {
    let rejected =
        json!([{"line": 1, "field": "acter", "detail": "is not a field of an event"}, {"line": 2, "detail": "..."}]);
    json!({"receipts": [], "rejected_count": 2, "rejected": rejected})
}

/// What an aggregate gives.
pub(in crate::api) fn table() -> Value {
    json!({"columns": ["action", "count"], "rows": [["token.revoked", 12], [null, 3]], "exact": true, "groups": 2})
}

/// A key as it is listed.
pub(in crate::api) fn key() -> Value {
    value(ApiKey {
        id: "key_5h1v9g0m2k3n4p6q".to_owned(),
        name: "billing service".to_owned(),
        tenant: Reach::Tenant("default".to_owned()),
        abilities: vec![Ability::EventsWrite],
        prefix: "ik_7d2kq".to_owned(),
        created_at: at(0),
        expires_at: Some(at(86_400)),
        revoked_at: None,
        last_used_at: Some(at(60)),
    })
}

/// A key that nothing has happened to yet.
pub(in crate::api) fn new_made_key() -> Value {
    let mut key = key();
    for later in ["expires_at", "revoked_at", "last_used_at"] {
        if let Some(time) = key.get_mut(later) {
            *time = Value::Null;
        }
    }
    key
}

/// A key that was revoked.
pub(in crate::api) fn revoked_key() -> Value {
    let mut key = key();
    if let Some(time) = key.get_mut("revoked_at") {
        *time = value(at(120));
    }
    key
}

/// A key to be made, with what cannot be left out.
pub(in crate::api) fn least_new_key() -> Value {
    json!({"name": "billing service", "abilities": ["events:write"]})
}

/// A key to be made that does not expire.
pub(in crate::api) fn lasting_new_key() -> Value {
    json!({"name": "billing service", "abilities": ["events:write"], "expires_at": null})
}

/// A key to be made.
pub(in crate::api) fn new_key() -> Value {
    json!({"name": "billing service", "tenant": "default", "abilities": ["events:write"], "expires_at": at(86_400)})
}

/// A failure of which little is known.
pub(in crate::api) fn least_problem() -> Value {
    json!({"type": "urn:indelible:problem:internal", "title": "Internal error", "status": 500, "detail": "..."})
}

/// A failure.
pub(in crate::api) fn problem() -> Value {
    json!({
        "type": "urn:indelible:problem:invalid-event",
        "title": "Invalid event",
        "status": 422,
        "detail": "acter: is not a field of an event; did you mean \"actor\"? (nothing was stored)",
        "field": "acter",
        "index": 0,
        "line": 1,
        "column": 1,
        "suggestion": "actor",
    })
}

/// What retention has removed, or goes on to remove.
pub(in crate::api) fn retained(done: bool) -> Value {
    json!({
        "days": 90, "dry_run": false, "done": done, "recorded_before": "2026-08-22T00:00:00Z", "first_seq": 1000,
        "events": 1000, "segments": 1, "bytes": 81920,
    })
}
