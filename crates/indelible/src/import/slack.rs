//! Slack audit logs.

use indelible_proof::{Changes, Target};

use super::{
    layout::Layout,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "slack",
    id: &["id"],
    time: &["date_create", "p_event_time"],
    action: &["action"],
    actor_type: &["actor.type"],
    actor_id: &["actor.user.id"],
    actor_name: &["actor.user.name"],
    actor_email: &["actor.user.email"],
    ip: &["context.ip_address"],
    user_agent: &["context.ua"],
    session: &["context.session_id"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let name = record.text("action").unwrap_or_default();
    if name.starts_with("pref.") && event.action.starts_with("slack.") {
        event.action = "settings.updated".to_owned();
    }
    let kind = record.text("entity.type").unwrap_or_default();
    let entity = record.at("entity").at(&kind);
    event.targets = vec![Target {
        r#type: Some(kind.clone()),
        id: entity.first(&["id", "email"]),
        name: entity.first(&["name", "title", "email", "domain"]),
        ..Target::default()
    }];
    event.targets.extend(record.text("context.location.id").map(|id| Target {
        name: record.text("context.location.name"),
        ..Target::new(record.text("context.location.type").unwrap_or_default(), id)
    }));
    if kind == "app" && event.action.starts_with("oauth.") {
        let client = event.client.get_or_insert_default();
        (client.id, client.name) = (entity.text("id"), entity.text("name"));
        let oauth = event.oauth.get_or_insert_default();
        oauth.scopes_granted = match record.words("details.new_scopes") {
            scopes if scopes.is_empty() => entity.words("scopes"),
            scopes => scopes,
        };
    }
    event.changes = Some(changes(record.at("details")));
    Ok(Some(event))
}

/// `previous_value` beside `new_value`, `old_scopes` beside `new_scopes`.
fn changes(details: Record<'_>) -> Changes {
    let mut changes = Changes::default();
    for (key, value) in details.0.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        if let Some(field) = ["previous_", "old_"].iter().find_map(|head| key.strip_prefix(head)) {
            changes.before.insert(field.to_owned(), value.clone());
        } else if let Some(field) = key.strip_prefix("new_") {
            changes.after.insert(field.to_owned(), value.clone());
        }
    }
    changes
}
