//! Google Workspace activities of the Reports API, one event each or several under one head.

use indelible_proof::{Actor, Changes, OAuth, Object, Outcome, Target, vocabulary};
use serde_json::Value;

use super::{
    layout::{Layout, reason},
    limits, naming,
    record::{Mapped, Record},
};

const LAYOUT: Layout = Layout {
    product: "google-workspace",
    time: &["id.time", "p_event_time"],
    action: &["name", "type", "id.applicationName"],
    actor_type: &["actor.callerType"],
    actor_id: &["actor.profileId", "actor.email", "actor.key"],
    actor_email: &["actor.email"],
    ip: &["ipAddress"],
    user_agent: &["parameters.user_agent"],
    session: &["parameters.session_id"],
    client_id: &["parameters.client_id"],
    client_name: &["parameters.app_name"],
    ..Layout::EMPTY
};

/// One record for each element of `events`, with the head that they share.
pub(super) fn split(value: Value) -> Vec<Value> {
    if let Some(items) = value.get("items").and_then(Value::as_array) {
        return items.iter().cloned().flat_map(split).collect();
    }
    let Some(events) = value.get("events").and_then(Value::as_array).filter(|list| !list.is_empty()) else {
        return vec![value];
    };
    let mut head = value.as_object().cloned().unwrap_or_default();
    head.remove("events");
    let bytes = serde_json::to_vec(&head).map_or(0, |json| json.len());
    if bytes.saturating_mul(events.len()) > limits::HEADS_BYTES_MAX {
        return vec![value];
    }
    let with_head = |event: &Value| {
        let mut record = head.clone();
        record.extend(event.as_object().cloned().unwrap_or_default());
        if let Some(Value::Array(list)) = record.get("parameters") {
            record.insert("parameters".to_owned(), Value::Object(parameters(list)));
        }
        Value::Object(record)
    };
    events.iter().map(with_head).collect()
}

/// `[{"name": "app_name", "value": "x"}]` as the object that it stands for.
fn parameters(list: &[Value]) -> Object {
    let pair = |item: &Value| {
        let value = ["value", "multiValue", "boolValue", "intValue", "multiIntValue", "messageValue"]
            .iter()
            .find_map(|key| item.get(key))?;
        Some((item.get("name")?.as_str()?.to_owned(), value.clone()))
    };
    list.iter().filter_map(pair).collect()
}

pub(super) fn map(record: Record<'_>) -> Mapped {
    let mut event = LAYOUT.read(record)?;
    let name = record.first(LAYOUT.action).unwrap_or_default();
    let application = record.text("id.applicationName").unwrap_or_default();
    event.metadata.insert("application".to_owned(), application.clone().into());
    event.idempotency_key = record
        .text("id.uniqueQualifier")
        .map(|id| format!("{}:{id}:{name}", record.text("id.time").unwrap_or_default().replace(' ', "T")));
    let given = record.at("parameters");
    let (action, outcome) = action(&application, name.trim(), given);
    event.action = action;
    event.outcome = Some(outcome.unwrap_or_else(|| naming::outcome(&name)));
    event.reason = given.first(&["login_failure_type", "failure_type"]).as_deref().and_then(reason);
    event.targets = targets(given);
    event.changes = Some(changes(given));
    if application == "token" {
        let scopes = given.words("scope");
        event.oauth = Some(OAuth { scopes_granted: scopes, ..OAuth::default() });
    }
    // Google itself noticed it; whose account it is stands among the targets.
    if event.actor.is_none() && record.is("type", "account_warning") && !event.action.starts_with("auth.login.") {
        event.actor = Some(Actor::new("system", "google"));
    }
    if application == "access_transparency" {
        event.actor.get_or_insert_default().r#type = Some("service".to_owned());
    }
    Ok(Some(event))
}

fn action(application: &str, name: &str, given: Record<'_>) -> (String, Option<Outcome>) {
    let (action, outcome) = match (application, name) {
        ("token", "authorize") => ("oauth.consent.granted", Outcome::Success),
        ("token", "revoke") => ("oauth.consent.revoked", Outcome::Success),
        ("token", "request") => ("oauth.authorization.requested", Outcome::Success),
        ("token", "activity") => ("token.authenticated", Outcome::Success),
        ("gmail", "delivery") if given.is("event_info.success", "false") => {
            ("google-workspace.delivery", Outcome::Failure)
        }
        ("gmail", "delivery") => ("google-workspace.delivery", Outcome::Success),
        (_, "FAILED_PASSWORD_ATTEMPTS_EVENT") => ("auth.login.failed", Outcome::Failure),
        (_, "SUSPICIOUS_ACTIVITY_EVENT" | "DEVICE_COMPROMISED_EVENT") => {
            ("auth.suspicious_activity.detected", Outcome::Success)
        }
        (_, name)
            if name.starts_with("change_user_access")
                || name.starts_with("change_document_")
                || name.starts_with("shared_drive_settings") =>
        {
            ("permission.updated", Outcome::Success)
        }
        (_, name) => {
            let action = naming::action("google-workspace", name);
            let usual = vocabulary::outcome_of(&action);
            return (action, Some(usual).filter(|outcome| *outcome != Outcome::Unknown));
        }
    };
    (action.to_owned(), Some(outcome))
}

fn targets(given: Record<'_>) -> Vec<Target> {
    let of = |kind: &str, id: &[&str], name: &[&str]| {
        Some(Target { name: given.first(name), ..Target::new(kind, given.first(id)?) })
    };
    [
        of("document", &["doc_id"], &["doc_title"]),
        of("user", &["USER_EMAIL", "target_user", "affected_email_address", "email_address"], &[]),
        of("group", &["group_id", "GROUP_EMAIL", "group_email"], &[]),
        of("role", &["ROLE_ID", "ROLE_NAME"], &["ROLE_NAME"]),
        of("setting", &["SETTING_NAME"], &["SETTING_NAME"]),
        of(
            "application",
            &["APPLICATION_NAME", "MOBILE_APP_PACKAGE_ID", "APP_NAME"],
            &["APPLICATION_NAME", "APP_NAME"],
        ),
        of("domain", &["DOMAIN_NAME"], &[]),
        of("device", &["DEVICE_ID"], &["DEVICE_MODEL"]),
        of("calendar", &["calendar_id"], &[]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn changes(given: Record<'_>) -> Changes {
    let field = given.first(&["SETTING_NAME"]).unwrap_or_else(|| "value".to_owned());
    let mut changes = Changes::default();
    changes.before.extend(given.get("old_value").map(|old| (field.clone(), old.clone())));
    changes.after.extend(given.get("new_value").map(|new| (field, new.clone())));
    if let Some(old) = given.get("old_visibility") {
        changes.before.insert("visibility".to_owned(), old.clone());
        changes.after.extend(given.get("visibility").map(|new| ("visibility".to_owned(), new.clone())));
    }
    changes
}
