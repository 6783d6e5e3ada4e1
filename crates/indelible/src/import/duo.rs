//! Duo: administrator actions and authentications.

use indelible_proof::{Event, Outcome};
use serde_json::Value;

use super::{
    layout::{Layout, credential, reason, word},
    record::{Mapped, Record},
};

const ADMIN: Layout = Layout {
    product: "duo",
    id: &["activity_id"],
    time: &["isotimestamp", "timestamp", "ts"],
    action: &["action.name", "action"],
    actor_name: &["username", "actor.name"],
    actor_id: &["actor.key", "username"],
    target_id: &["target.key", "object"],
    target_name: &["target.name", "object"],
    ip: &["access_device.ip.address", "access_device.ip"],
    ..Layout::EMPTY
};

const AUTHENTICATION: Layout = Layout {
    product: "duo",
    id: &["txid"],
    time: &["isotimestamp", "timestamp"],
    action: &["event_type"],
    actor_id: &["user.key", "user.name"],
    actor_name: &["user.name"],
    actor_email: &["email", "user.name"],
    target_id: &["application.key"],
    target_name: &["application.name"],
    ip: &["access_device.ip", "auth_device.ip"],
    user_agent: &["access_device.browser"],
    country: &["access_device.location.country"],
    region: &["access_device.location.state"],
    city: &["access_device.location.city"],
    request: &["txid"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    if record.has("result") && record.has("event_type") {
        return authentication(record).map(Some);
    }
    admin(record).map(Some)
}

fn authentication(record: Record<'_>) -> Result<Event, super::Problem> {
    let mut event = AUTHENTICATION.read(record)?;
    let enrollment = record.is("event_type", "enrollment");
    event.action = if enrollment { "auth.mfa.enrolled" } else { "auth.mfa.succeeded" }.to_owned();
    event.outcome = Some(match record.text("result").unwrap_or_default().to_ascii_lowercase().as_str() {
        "success" => Outcome::Success,
        "denied" | "fraud" => Outcome::Denied,
        "failure" | "error" => Outcome::Failure,
        _ => Outcome::Unknown,
    });
    event.reason = record.text("reason").and_then(|why| match why.as_str() {
        "user_marked_fraud" | "user_mistake" | "no_response" | "invalid_passcode" => Some("mfa_failed".to_owned()),
        "locked_out" => Some("account_locked".to_owned()),
        why => reason(why),
    });
    for target in &mut event.targets {
        target.r#type = Some("application".to_owned());
    }
    event.credential = record.text("factor").map(|factor| credential(word(&factor), record.text("auth_device.key")));
    event.metadata.extend(record.text("reason").map(|why| ("reason".to_owned(), Value::String(why))));
    Ok(event)
}

fn admin(record: Record<'_>) -> Result<Event, super::Problem> {
    let mut event = ADMIN.read(record)?;
    let name = record.first(ADMIN.action).unwrap_or_default();
    let description = record.json("description").unwrap_or_default();
    let described = Record(&description);
    for target in &mut event.targets {
        target.r#type = Some(name.split('_').next().unwrap_or("object").to_owned());
    }
    event.reason = described.text("error").as_deref().and_then(reason);
    if let Some(ip) = described.ip(&["ip_address"]) {
        event.context.get_or_insert_default().ip = Some(ip);
    }
    if let (Some(actor), Some(email)) =
        (&mut event.actor, described.text("email").filter(|_| name.starts_with("admin")))
    {
        actor.email = Some(email);
    }
    if let (Value::Object(after), true) =
        (&description, event.action.ends_with("updated") || event.action.ends_with("created"))
    {
        event.changes.get_or_insert_default().after = after.clone();
    }
    Ok(event)
}
