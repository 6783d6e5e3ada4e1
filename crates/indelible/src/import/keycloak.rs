//! Keycloak: login events and admin events, as the server log writes them, as JSON, and as `ext-event-webhook` sends them,
//! which puts `access.` or `admin.` before their types and who did it under `authDetails`.
//!
//! Source: `AdminEvent` and `Event` of Keycloak's events API; the README of github.com/p2-inc/keycloak-events.

use indelible_proof::{Changes, Credential, Event, OAuth, Object, Outcome, Target};
use serde_json::Value;

use super::{
    Options, Problem,
    layout::{Layout, presented, reason},
    logfmt, naming,
    record::{Mapped, Record, words},
    when,
};

const LAYOUT: Layout = Layout {
    product: "keycloak",
    id: &["uid", "id"],
    time: &["time", "timestamp"],
    action: &["type", "operationType"],
    actor_id: &["userId", "authDetails.userId", "details.username", "username"],
    actor_name: &["details.username", "username", "authDetails.username"],
    actor_email: &["details.username", "username", "email"],
    ip: &["ipAddress", "authDetails.ipAddress"],
    session: &["sessionId", "authDetails.sessionId", "details.code_id", "code_id"],
    client_id: &["clientId", "authDetails.clientId"],
    ..Layout::EMPTY
};

pub(super) fn map_text(line: &str, _: &Options) -> Mapped {
    let event_at = line.find("type=").filter(|_| line.contains("realmId=") || line.contains("operationType="));
    let (pairs, begins) = match (event_at, line.find('{')) {
        (Some(at), _) => (Some(pairs(line.get(at..).unwrap_or_default())), at),
        (None, Some(at)) => (serde_json::from_str(line.get(at..).unwrap_or_default()).ok(), at),
        (None, None) => (None, 0),
    };
    let Some(record @ Value::Object(_)) = pairs.filter(|record| record.get("realmId").is_some()) else {
        let server_log =
            line.contains("INFO") || line.contains("WARN") || line.contains("ERROR") || line.contains("DEBUG");
        let expected = "a line of Keycloak's server log";
        return if server_log { Ok(None) } else { Err(Problem::NotOfThisForm { expected }) };
    };
    let mut event = map(Record(&record))?;
    if let (Some(event), Some(head)) = (&mut event, line.get(..begins)) {
        event.occurred_at = event.occurred_at.or_else(|| head_time(head));
    }
    Ok(event)
}

/// `2023-05-25 22:24:19,357`; a time of day alone is no time.
fn head_time(head: &str) -> Option<indelible_proof::Timestamp> {
    when::parse(head.get(..23)?)
}

/// `key=value, key="value"`; Keycloak writes what is absent as `null`.
fn pairs(text: &str) -> Value {
    let mut pairs = logfmt::parse(text);
    pairs.retain(|_, value| value != "null");
    Value::Object(pairs)
}

pub(super) fn map(record: Record<'_>) -> Mapped {
    if record.has("operationType") {
        let mut event = LAYOUT.read(record)?;
        admin(record, &mut event);
        return Ok(Some(event));
    }
    let Some(name) = record.text("type") else { return Err(Problem::FieldMissing { field: "type" }) };
    let name = name.strip_prefix("access.").unwrap_or(&name);
    let mut event = LAYOUT.event(record, name);
    let failed = name.ends_with("_ERROR");
    event.outcome = Some(if failed { Outcome::Failure } else { Outcome::Success });
    event.reason = record.text("error").and_then(|error| match error.as_str() {
        "user_disabled" => Some("account_disabled".to_owned()),
        "user_temporarily_disabled" => Some("account_locked".to_owned()),
        "invalid_redirect_uri" => Some("redirect_uri_mismatch".to_owned()),
        "client_not_found" | "invalid_client_credentials" => Some("invalid_client".to_owned()),
        "invalid_token" | "invalid_code" => Some("invalid_grant".to_owned()),
        "expired_code" => Some("token_expired".to_owned()),
        "rejected_by_user" => Some("access_denied".to_owned()),
        "not_allowed" => Some("policy_denied".to_owned()),
        error => reason(error),
    });
    if failed && record.is("error", "rejected_by_user") {
        event.outcome = Some(Outcome::Denied);
    }
    let detail = |name: &str| record.text(&format!("details.{name}")).or_else(|| record.text(name));
    event.oauth = Some(OAuth {
        grant_type: detail("grant_type"),
        response_type: detail("response_type"),
        scopes_granted: detail("scope").map(|scope| words(&scope)).unwrap_or_default(),
        redirect_uri: detail("redirect_uri"),
        audience: detail("audience"),
        ..OAuth::default()
    });
    event.changes = record.object("details").map(changes);
    tokens(detail, &mut event);
    if let Some(impersonator) = detail("impersonator") {
        event.on_behalf_of = event.actor.replace(indelible_proof::Actor::user(impersonator)).into_iter().collect();
    }
    realm(record, &mut event);
    Ok(Some(event))
}

/// `previous_email` and `updated_email`. The id of a token is none of what an account has.
fn changes(details: &Object) -> Changes {
    let sides = |prefix: &str| {
        let of_side = |(key, value): (&String, &Value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone()));
        details.iter().filter_map(of_side).filter(|(field, _)| !field.ends_with("token_id")).collect()
    };
    Changes { before: sides("previous_"), after: sides("updated_") }
}

/// The token or code that was presented, and the tokens that came of it.
fn tokens(detail: impl Fn(&str) -> Option<String>, event: &mut Event) {
    let refreshed = event.action == "oauth.token.refreshed";
    let grant = if refreshed { Some("refresh_token".to_owned()) } else { detail("grant_type") };
    if let Some(presented) = grant.as_deref().and_then(presented).filter(|_| event.action.starts_with("oauth.token.")) {
        event.credential = Some(Credential { id: detail("refresh_token_id").filter(|_| refreshed), ..presented });
    }
    let fresh = if refreshed { "updated_refresh_token_id" } else { "refresh_token_id" };
    for (kind, id) in [("access_token", "token_id"), ("refresh_token", fresh)] {
        event.targets.extend(detail(id).map(|id| Target::new(kind, id)));
    }
}

fn admin(record: Record<'_>, event: &mut Event) {
    let operation = record.text("operationType").unwrap_or_default();
    let kind = record.text("resourceType").unwrap_or_default();
    let path = record.text("resourcePath").unwrap_or_default();
    event.action = admin_action(&operation, &kind, &path);
    event.metadata.insert("original_action".to_owned(), format!("{operation}:{kind}").into());
    event.outcome = Some(if record.has("error") { Outcome::Failure } else { Outcome::Success });
    event.reason = record.text("error").and_then(|error| reason(&error));
    let id = path.split('/').nth(1).unwrap_or(&path).to_owned();
    event.targets = vec![Target::new(kind.to_ascii_lowercase(), id).attr("path", path)];
    if let Some(Value::Object(after)) = record.json("representation") {
        event.changes.get_or_insert_default().after = after;
    }
    realm(record, event);
}

fn realm(record: Record<'_>, event: &mut Event) {
    if let Some(id) = record.text("realmId") {
        event.targets.push(Target { name: record.text("realmName"), ..Target::new("realm", id) });
    }
}

fn admin_action(operation: &str, kind: &str, path: &str) -> String {
    if path.ends_with("/reset-password") {
        "auth.password.reset".to_owned()
    } else if path.ends_with("/impersonation") {
        "session.impersonation.started".to_owned()
    } else {
        let verb = if operation == "ACTION" { "UPDATE" } else { operation };
        naming::action("keycloak", &format!("{verb}:{kind}"))
    }
}
