//! Security Event Tokens, as the claims in them: CAEP, RISC and the framework that carries them.
//!
//! One token may tell of several events; each becomes one of ours. Who is concerned is a target of each kind that the
//! subject names. Actor is the person where the token says that they did it themselves, else the issuer.
//!
//! Source: RFC 8417 (the token), RFC 9493 (subjects), OpenID CAEP 1.0, OpenID RISC 1.0, OpenID Shared Signals
//! Framework 1.0, and Google's Cross-Account Protection for the events of OAuth tokens and the older form of subjects.

use indelible_proof::{Actor, Changes, OAuth, Outcome, Target};
use serde_json::Value;

use super::{
    layout::{Layout, word},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "security-events",
    time: &["event.event_timestamp", "toe", "iat"],
    action: &["event_type"],
    ip: &["event.current_ip", "event.ips.0", "event.last_known_ip"],
    user_agent: &["event.current_user_agent", "event.last_known_user_agent", "event.fp_ua"],
    correlation: &["txn"],
    ..Layout::EMPTY
};

/// One record for each element of `events`, with the claims that they share.
pub(super) fn split(value: Value) -> Vec<Value> {
    let Value::Object(mut claims) = value else { return vec![value] };
    let events = match claims.get("events") {
        Some(Value::Object(events)) if !events.is_empty() => events.clone(),
        _ => return vec![Value::Object(claims)],
    };
    claims.remove("events");
    let of_event = |(uri, event): (String, Value)| {
        let mut record = claims.clone();
        record.insert("event_type".to_owned(), uri.into());
        record.insert("event".to_owned(), event);
        Value::Object(record)
    };
    events.into_iter().map(of_event).collect()
}

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let uri = record.text("event_type").unwrap_or_default();
    let name = uri.rsplit('/').next().unwrap_or_default();
    let told = record.at("event");
    event.action = action(name, told);
    event.outcome = Some(Outcome::Success);
    let issuer = record.text("iss");
    event.idempotency_key = record.text("jti").map(|jti| format!("{}:{jti}:{uri}", issuer.clone().unwrap_or_default()));
    event.targets = subject(record, told);
    event.session_id =
        event.targets.iter().find(|target| target.r#type.as_deref() == Some("session")).and_then(|it| it.id.clone());
    let user = event.targets.iter().find(|target| target.r#type.as_deref() == Some("user"));
    event.actor = match (told.is("initiating_entity", "user"), user) {
        (true, Some(user)) => Some(Actor {
            email: user.id.clone().filter(|id| id.contains('@')),
            ..Actor::user(user.id.clone().unwrap_or_default())
        }),
        _ => issuer.clone().map(|issuer| Actor::new("system", issuer)),
    };
    event.oauth = Some(OAuth { issuer, audience: record.words("aud").into_iter().next(), ..OAuth::default() });
    event.changes = Some(changes(told));
    for field in ["initiating_entity", "reason", "state"] {
        event.metadata.extend(told.text(field).map(|text| (field.to_owned(), Value::from(text))));
    }
    Ok(Some(event))
}

fn action(name: &str, told: Record<'_>) -> String {
    let secret = matches!(told.text("credential_type").as_deref(), None | Some("password" | "pin"));
    let ended = matches!(told.text("change_type").as_deref(), Some("revoke" | "delete"));
    let known = match name {
        "credential-change" if secret => "auth.password.changed",
        "credential-change" if ended => "auth.mfa.removed",
        "credential-change" if told.is("change_type", "create") => "auth.mfa.enrolled",
        "credential-change" => "auth.mfa.updated",
        "credential-compromise" if secret => "auth.password.leaked",
        "credential-compromise" => "token.leaked",
        "identifier-changed" if told.text("new-value").is_some_and(|id| id.contains('@')) => "account.email_changed",
        "account-credential-change-required" => "auth.password.expired",
        "assurance-level-change" => "session.assurance_changed",
        "device-compliance-change" => "device.compliance_changed",
        "risk-level-change" => "account.risk_changed",
        "verification" => "stream.verified",
        "stream-updated" => "stream.updated",
        // A name of one word would not tell of whom it is.
        _ => match indelible_proof::action_of_product(LAYOUT.product, name) {
            Some(action) => action,
            None => return naming::own(LAYOUT.product, &naming::words(name)),
        },
    };
    known.to_owned()
}

/// Whom the event is about: `sub_id` of the token, `subject` of the event in older forms.
fn subject(record: Record<'_>, told: Record<'_>) -> Vec<Target> {
    let found = ["sub_id", "event.subject", "subject"].into_iter().find(|path| record.object(path).is_some());
    let Some(path) = found else {
        return record.text("sub").map(|sub| Target::new("user", sub)).into_iter().collect();
    };
    let subject = record.at(path);
    if let Some(how) = subject.text("token_identifier_alg") {
        let kind = subject.text("token_type").unwrap_or_else(|| "token".to_owned());
        // The token itself and its beginning are secrets.
        let hashed = subject.text("token").filter(|_| how.starts_with("hash"));
        return hashed.map(|hash| Target::new(kind, hash)).into_iter().collect();
    }
    let parts: Vec<Target> = ["user", "group", "session", "device", "application", "tenant", "org_unit"]
        .into_iter()
        .filter_map(|kind| simple(kind, Record(subject.get(kind)?)))
        .collect();
    if !parts.is_empty() {
        return parts;
    }
    // What is concerned is told by the event where the subject is not a complex one.
    let kind = if told.has("current_status") { "device" } else { "user" };
    simple(kind, subject).into_iter().collect()
}

/// A subject of one of the formats of RFC 9493.
fn simple(kind: &str, subject: Record<'_>) -> Option<Target> {
    if !subject.0.is_object() {
        return None;
    }
    if let Some(alias) = subject.list("identifiers").find_map(|alias| simple(kind, alias)) {
        return Some(alias);
    }
    let id = subject.first(&["sub", "id", "email", "phone_number", "uri", "url", "jti", "assertion_id"])?;
    let kind = if subject.has("jti") { "token" } else { kind };
    let mut target = Target::new(word(kind), id);
    target.name = subject.text("email");
    if let Some(issuer) = subject.first(&["iss", "issuer"]) {
        target = target.attr("issuer", issuer);
    }
    Some(target)
}

/// What CAEP says in pairs, and RISC of identifiers.
fn changes(told: Record<'_>) -> Changes {
    let mut sides = Changes::default();
    let mut pair = |field: &str, before: &str, after: &str| {
        let side = |path: &str| told.get(path).map(|value| (field.to_owned(), value.clone()));
        sides.before.extend(side(before));
        sides.after.extend(side(after));
    };
    pair("level", "previous_level", "current_level");
    pair("status", "previous_status", "current_status");
    pair("identifier", "old-value", "new-value");
    sides.after.extend(told.object("claims").cloned().unwrap_or_default());
    sides
}
