//! Those of tokens.

use indelible::{
    Object,
    tokens::{Abilities, AllowedDomains, AllowedIps, Entity, Standing, Token},
};
use serde_json::{Value, json};

use super::{at, value};
use crate::tokens::TokenView;

/// A token to which everything has happened.
pub(in crate::api) fn token() -> Value {
    shown(Token {
        context: Some(Entity::new("project", "7")),
        boundary: Some(Entity::new("team", "3")),
        rate_limit: std::num::NonZeroU32::new(100),
        group: Some("grp_8hT4kQ2mZ9wXc5vB7nY3dF".to_owned()),
        parent: Some("tok_2mZ9wXc5vB7nY3dF8hT4kQ".to_owned()),
        depth: 1,
        expires_at: Some(at(90 * 86_400)),
        revoked_at: Some(at(3600)),
        is_revoked: false,
        revocation_reason: Some("left the company".to_owned()),
        last_used_at: Some(at(60)),
        rotated_from: Some("tok_5vB7nY3dF8hT4kQ2mZ9wXc".to_owned()),
        rotated_to: Some("tok_Y3dF8hT4kQ2mZ9wXc5vB7n".to_owned()),
        imported_id: Some("7".to_owned()),
        ..plain()
    })
}

/// A token that nothing has happened to yet.
pub(in crate::api) fn new_made_token() -> Value {
    shown(plain())
}

fn plain() -> Token {
    Token {
        id: "tok_8hT4kQ2mZ9wXc5vB7nY3dF".to_owned(),
        tenant: "default".to_owned(),
        kind: "sk".to_owned(),
        environment: "live".to_owned(),
        prefix: "sk".to_owned(),
        last_four: "x7Qp".to_owned(),
        hash: [0; 32],
        sealed: None,
        owner: Entity::user("42"),
        context: None,
        boundary: None,
        name: "ci key".to_owned(),
        abilities: Abilities::new(["orders:*"]).unwrap_or_default(),
        metadata: Object::new(),
        allowed_ips: AllowedIps::new(["203.0.113.0/24"]).unwrap_or_default(),
        allowed_domains: AllowedDomains::new(["*.example.com"]).unwrap_or_default(),
        rate_limit: None,
        group: None,
        parent: None,
        depth: 0,
        created_at: at(0),
        expires_at: None,
        revoked_at: None,
        is_revoked: false,
        revocation_reason: None,
        last_used_at: None,
        rotated_from: None,
        rotated_to: None,
        imported_id: None,
        revision: 1,
    }
}

fn shown(token: Token) -> Value {
    let (state, display) = (Standing::Active, token.display());
    value(TokenView { token, state, display })
}

/// A token with its text.
pub(in crate::api) fn issued() -> Value {
    json!({"token": token(), "plaintext": "sk_live_..."})
}

/// The same of a token that nothing has happened to yet.
pub(in crate::api) fn new_made_issued() -> Value {
    json!({"token": new_made_token(), "plaintext": "sk_live_..."})
}

/// Who has something done.
pub(in crate::api) fn actor() -> Value {
    json!({"type": "user", "id": "7", "name": "Alice", "email": "alice@example.com"})
}

/// A token to be issued.
pub(in crate::api) fn new_token() -> Value {
    json!({
        "type": "sk",
        "name": "ci key",
        "owner": {"type": "user", "id": "42"},
        "environment": "live",
        "context": {"type": "project", "id": "7"},
        "boundary": {"type": "team", "id": "3"},
        "abilities": ["orders:*"],
        "metadata": {"ticket": "SEC-118"},
        "allowed_ips": ["203.0.113.0/24"],
        "allowed_domains": ["*.example.com"],
        "rate_limit": 100,
        "expires": "90d",
        "actor": actor(),
    })
}

/// The least that it takes.
pub(in crate::api) fn least_new_token() -> Value {
    json!({"type": "sk", "name": "ci key", "owner": {"type": "user", "id": "42"}})
}

/// A token to be taken over.
pub(in crate::api) fn imported() -> Value {
    json!({
        "hash": "5f".repeat(32),
        "token": new_token(),
        "id": "7",
        "created_at": at(0),
        "revoked_at": at(60),
        "last_used_at": at(30),
    })
}

/// The least that it takes.
pub(in crate::api) fn least_imported() -> Value {
    json!({"hash": "5f".repeat(32), "token": least_new_token()})
}

/// A revocation.
pub(in crate::api) fn revocation(mode: &str) -> Value {
    json!({"mode": mode, "at": "1h", "reason": "left the company", "actor": actor()})
}

/// A token to be derived.
pub(in crate::api) fn derivation() -> Value {
    json!({"name": "build 118", "abilities": ["orders:read"], "metadata": {}, "expires": "1h", "actor": actor()})
}

/// A token that somebody presented.
pub(in crate::api) fn verification() -> Value {
    json!({
        "token": "sk_live_...",
        "needs": {
            "all": ["orders:read"],
            "any": ["orders:write", "orders:refund"],
            "types": ["sk"],
            "environments": ["live"],
        },
        "boundary": {"type": "team", "id": "3"},
        "origin": "https://app.example.com",
        "referer": "https://app.example.com/orders",
        "context": {"ip": "203.0.113.9", "user_agent": "curl/8.5"},
        "http": {"method": "GET", "route": "/orders/{id}", "path": "/orders/7", "status": 200, "latency_us": 1200},
        "metadata": {},
        "request_id": "req_1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
    })
}

/// That a token is not good.
pub(in crate::api) fn refused() -> Value {
    json!({
        "valid": false,
        "action": "token.authentication_failed",
        "reason": "token_revoked",
        "message": "the token was revoked",
        "status": 401,
        "retry_after_s": null,
    })
}

/// That a token was used too often.
pub(in crate::api) fn rate_limited() -> Value {
    json!({
        "valid": false,
        "action": "token.rate_limited",
        "reason": "rate_limited",
        "message": "the rate limit of 100 requests a minute is exceeded; retry after 7 seconds",
        "status": 429,
        "retry_after_s": 7,
    })
}
