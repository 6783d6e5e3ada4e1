//! 1Password Events API: sign-in attempts, item usage, audit events.

use indelible_proof::{Event, Outcome, Target};

use super::{
    Problem,
    layout::{Layout, word},
    naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "onepassword",
    id: &["uuid"],
    time: &["timestamp"],
    actor_id: &["target_user.uuid", "user.uuid", "actor_uuid", "actor_details.uuid"],
    actor_name: &["target_user.name", "user.name", "actor_details.name"],
    actor_email: &["target_user.email", "user.email", "actor_details.email"],
    ip: &["client.ip_address", "session.ip", "location.ip"],
    user_agent: &["client.app_name"],
    country: &["country", "location.country"],
    region: &["location.region"],
    city: &["location.city"],
    session: &["session_uuid", "session.uuid"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    if record.has("category") {
        return Ok(Some(sign_in(record)));
    }
    if let Some(item) = record.text("item_uuid") {
        let name = format!("item.{}", record.text("action").unwrap_or_else(|| "usage".to_owned()));
        let mut event = LAYOUT.event(record, &name);
        event.action = "resource.read".to_owned();
        event.targets = vec![Target::new("item", item)];
        event.targets.extend(record.text("vault_uuid").map(|vault| Target::new("vault", vault)));
        return Ok(Some(event));
    }
    let (Some(action), Some(kind)) = (record.text("action"), record.text("object_type")) else {
        return Err(Problem::FieldMissing { field: "category" });
    };
    let name = format!("{action} {kind}");
    let mut event = LAYOUT.event(record, &name);
    event.action = naming::action("onepassword", &name);
    event.outcome = Some(Outcome::Success);
    event.targets.extend(record.text("object_uuid").map(|id| Target::new(word(&kind), id)));
    Ok(Some(event))
}

fn sign_in(record: Record<'_>) -> Event {
    let kind = record.text("type").unwrap_or_default();
    let category = record.text("category").unwrap_or_default();
    let mut event = LAYOUT.event(record, &format!("sign_in.{category}.{kind}"));
    event.action = "auth.login.succeeded".to_owned();
    let (outcome, reason) = match (category.as_str(), kind.as_str()) {
        ("success" | "firewall_reported_success", _) => (Outcome::Success, None),
        ("credentials_failed", _) => (Outcome::Failure, Some("invalid_credentials")),
        ("mfa_failed", _) => (Outcome::Failure, Some("mfa_failed")),
        ("modern_version_failed" | "sso_failed", _) => (Outcome::Failure, None),
        ("firewall_failed", _) => (Outcome::Denied, Some("ip_blocked")),
        _ => (Outcome::Unknown, None),
    };
    event.outcome = Some(outcome);
    event.reason = reason.map(str::to_owned);
    event
}
