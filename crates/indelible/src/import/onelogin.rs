//! OneLogin events, which are named by number.

use indelible_proof::{Actor, Target, action_of_product, vocabulary};

use super::{
    layout::Layout,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "onelogin",
    id: &["uuid", "id"],
    time: &["event_timestamp", "created_at", "p_event_time"],
    action: &["event_type_id"],
    actor_id: &["actor_user_id", "user_id"],
    actor_name: &["actor_user_name", "user_name"],
    ip: &["ipaddr"],
    user_agent: &["user_agent"],
    session: &["login_id"],
    target_id: &["user_id"],
    target_name: &["user_name"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let number = record.text("event_type_id").unwrap_or_default();
    event.action = match (action_of_product("onelogin", &number), further(&number)) {
        (Some(known), _) | (None, Some(known)) => known.to_owned(),
        (None, None) => format!("onelogin.event_{number}"),
    };
    event.outcome = Some(vocabulary::outcome_of(&event.action));
    for target in &mut event.targets {
        target.r#type = Some("user".to_owned());
    }
    for (kind, id, name) in [
        ("application", "app_id", "app_name"),
        ("role", "role_id", "role_name"),
        ("privilege", "privilege_id", "privilege_name"),
        ("policy", "policy_id", "policy_name"),
    ] {
        if let Some(id) = record.first(&[id, name]) {
            event.targets.push(Target { name: record.text(name), ..Target::new(kind, id) });
        }
    }
    if let Some(assumed) = record.text("assuming_acting_user_id") {
        event.on_behalf_of.push(Actor::user(assumed));
    }
    Ok(Some(event))
}

/// Numbers of the event types resource of OneLogin's API that the alias table lacks.
fn further(number: &str) -> Option<&'static str> {
    Some(match number {
        "4" => "session.impersonation.ended",
        "7" => "auth.logout",
        "8" => "token.authenticated",
        "13" => "account.created",
        "14" => "account.updated",
        "15" | "16" => "account.enabled",
        "73" => "permission.admin_revoked",
        "90" => "access.denied",
        "172" => "auth.mfa.removed",
        "211" => "auth.password.changed",
        "240" => "secret.read",
        "551" => "account.disabled",
        "553" => "account.locked",
        _ => return None,
    })
}
