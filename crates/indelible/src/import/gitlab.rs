//! GitLab: audit events, and the requests of its production log that sign in or reset a password.

use indelible_proof::{Changes, Event, Outcome, Target};

use super::{
    Problem,
    layout::{Layout, word},
    record::{Mapped, Record},
};

const AUDIT: Layout = Layout {
    product: "gitlab",
    id: &["id"],
    time: &["created_at", "time"],
    action: &[
        "event_type",
        "event_name",
        "details.event_name",
        "details.custom_message",
        "detail.event_name",
        "detail.custom_message",
    ],
    actor_id: &["author_id"],
    actor_name: &["author_name", "details.author_name", "detail.author_name"],
    actor_email: &["author_email", "details.author_email", "detail.author_email"],
    target_type: &["target_type", "details.target_type", "detail.target_type", "entity_type"],
    target_id: &["target_id", "details.target_id", "detail.target_id", "entity_id"],
    target_name: &["target_details", "details.target_details", "detail.target_details"],
    ip: &["ip_address", "details.ip_address", "detail.ip_address"],
    correlation: &["correlation_id"],
    ..Layout::EMPTY
};

const REQUEST: Layout = Layout {
    product: "gitlab",
    time: &["time"],
    actor_id: &["user_id", "meta.user_id"],
    actor_name: &["username", "meta.user"],
    ip: &["remote_ip", "meta.remote_ip"],
    user_agent: &["ua"],
    correlation: &["correlation_id"],
    method: &["method"],
    path: &["path"],
    status: &["status"],
    ..Layout::EMPTY
};

pub(super) fn map(record: Record<'_>) -> Mapped {
    if let Some(path) = record.text("path") {
        return Ok(request(record, &path));
    }
    if record.first(AUDIT.action).is_none() {
        let details = if record.has("details") { record.at("details") } else { record.at("detail") };
        return details_alone(record, details).map(Some);
    }
    let mut event = AUDIT.read(record)?;
    event.changes = changes(if record.has("details") { record.at("details") } else { record.at("detail") });
    if record.first(AUDIT.action).is_some_and(|name| name.eq_ignore_ascii_case("Ask for password reset")) {
        event.action = "auth.password.reset".to_owned();
    }
    Ok(Some(event))
}

/// Older audit events say what was done as a key: `{"add": "user_access"}`, `{"change": "visibility"}`.
fn details_alone(record: Record<'_>, details: Record<'_>) -> Result<Event, Problem> {
    let found = ["add", "remove", "change", "with"].into_iter().find_map(|verb| Some((verb, details.text(verb)?)));
    let Some((verb, what)) = found else { return Err(Problem::FieldMissing { field: "details" }) };
    let mut event = AUDIT.event(record, &format!("{verb} {what}"));
    if what == "user_access" {
        event.action = format!(
            "permission.{}",
            match verb {
                "add" => "granted",
                "remove" => "revoked",
                _ => "updated",
            }
        );
    }
    if verb == "with" {
        event.action = "auth.login.succeeded".to_owned();
    }
    event.changes = changes(details);
    Ok(event)
}

fn changes(details: Record<'_>) -> Option<Changes> {
    let field = details.text("change").map_or_else(|| "value".to_owned(), |field| word(&field));
    let mut changes = Changes::default();
    changes.before.extend(details.get("from").map(|value| (field.clone(), value.clone())));
    changes.after.extend(details.get("to").map(|value| (field, value.clone())));
    Some(changes)
}

fn request(record: Record<'_>, path: &str) -> Option<Event> {
    let params = record.list("params").find(|pair| pair.is("key", "user"));
    let name = match path {
        "/users/sign_in" => "sign_in",
        "/users/password" => "password reset",
        "/users/sign_out" => "sign_out",
        _ => return None,
    };
    let mut event = REQUEST.event(record, name);
    event.action = match path {
        "/users/sign_in" => "auth.login.succeeded",
        "/users/sign_out" => "auth.logout",
        _ => "auth.password.reset",
    }
    .to_owned();
    // The sign-in answers with a redirect; anything else shows the form again.
    event.outcome = Some(match (path, record.number("status")) {
        ("/users/sign_in", Some(300..=399)) => Outcome::Success,
        ("/users/sign_in", _) => Outcome::Failure,
        (_, Some(status)) if status >= 400 => Outcome::Failure,
        _ => Outcome::Success,
    });
    if event.outcome == Some(Outcome::Failure) && path == "/users/sign_in" {
        let second = params.is_some_and(|user| user.has("value.otp_attempt"));
        event.action = if second { "auth.mfa.failed" } else { "auth.login.failed" }.to_owned();
        event.reason = Some(if second { "mfa_failed" } else { "invalid_credentials" }.to_owned());
    }
    let login = params.and_then(|user| user.first(&["value.login", "value.email.0", "value.email"]));
    if let (None, Some(login)) = (&event.actor, login) {
        let email = Some(login.clone()).filter(|login| login.contains('@'));
        event.actor = Some(indelible_proof::Actor { email, ..indelible_proof::Actor::user(login.clone()).name(login) });
    }
    event.targets = vec![Target { r#type: Some("session".to_owned()), ..Target::default() }];
    Some(event)
}
